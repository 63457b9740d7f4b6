"""A world of known truth: each amount that a source names is right, or off for a planted reason.

That reason is named, or none is: never another.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costctl.documents.settings import Settings
from costctl.documents.witness import Witness
from costctl.verbs.witness import witness_of
from tests.pricing.planted_witness import EVERY, OWN, PLANTS, UNRECORDED, Usage, drawn, standard
from tests.relations.span_rows import engine_of
from tests.thoroughness import how_many

CALLS_A_PLANT = 4
AGREEING = 40


def compared(spans: list[dict[str, object]]) -> Witness:
    found = witness_of(engine_of(spans, Settings(prices=OWN)), OWN)
    assert found is not None
    return found


@pytest.mark.parametrize("seed", range(how_many(4, thorough=8)))
def test_the_planted_cause_is_named_or_none_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    spans, planted = [], {}
    for name, plant in PLANTS.items():
        for model in rng.choice(plant.models, CALLS_A_PLANT):
            used = drawn(rng, str(model))
            source = f"source {len(spans)}"  # each its own: no planted call speaks for another
            planted[source] = name
            spans.append(used.span(len(spans), float(plant.recorded(used, rng)), dialect=source))
            for _ in range(3):
                right = drawn(rng, str(model))
                spans.append(right.span(len(spans), float(standard(right)), dialect=source))
    found = compared(spans)
    named: Counter[tuple[str, str]] = Counter()
    for cause, source in ((cause, group.source) for group in found.groups for cause in group.causes):
        named[planted[source], cause.kind] += cause.calls
    assert sum(named.values()) == len(planted)
    assert {(name, kind) for name, kind in named if kind != "none"} <= {
        (name, plant.kind) for name, plant in PLANTS.items()
    }
    assert {name for name, kind in named if kind == PLANTS[name].kind} == set(PLANTS)
    rightly = sum(count for (name, kind), count in named.items() if kind == PLANTS[name].kind)
    assert rightly >= 0.9 * len(planted)


@settings(
    max_examples=how_many(2, thorough=4),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(seed=st.integers(0, 2**32 - 1), names=st.sets(st.sampled_from(sorted(PLANTS)), min_size=1, max_size=5))
def test_among_calls_that_agree_the_few_that_are_off_are_found(seed: int, names: set[str]) -> None:
    rng = np.random.default_rng(seed)
    spans = []
    for model in rng.choice(EVERY, AGREEING):
        used = drawn(rng, str(model))
        spans.append(used.span(len(spans), float(standard(used))))
    off = Counter()
    total = 0.0
    for name in sorted(names):
        plant = PLANTS[name]
        used = drawn(rng, str(rng.choice(plant.models)))
        recorded = float(plant.recorded(used, rng))
        total += float(standard(used)) - recorded
        spans.append(used.span(len(spans), recorded))
        off[plant.kind] += 1
    found = compared(spans)
    assert (found.named_calls, found.agreeing_calls) == (len(spans), AGREEING)
    causes = [cause for group in found.groups for cause in group.causes]
    assert sum(cause.calls for cause in causes) == len(names)
    assert sum(cause.difference_usd for cause in causes) == pytest.approx(total)
    said = Counter()
    for cause in causes:
        said[cause.kind] += cause.calls
    assert all(said[kind] <= off[kind] for kind in said if kind != "none")
    assert found.usd == pytest.approx(found.recorded_usd + total)


@pytest.mark.parametrize("digits", [4, 5, 6, 8])
def test_a_source_that_rounds_agrees(digits: int) -> None:
    rng = np.random.default_rng(digits)
    spans = []
    for number in range(40):
        used = drawn(rng, str(rng.choice(EVERY)))
        spans.append(used.span(number, round(float(standard(used)), digits)))
    found = compared(spans)
    assert found.agreeing_calls == 40
    assert not any(group.causes for group in found.groups)


@pytest.mark.parametrize("factor", [1.055, 0.83, 1.2])
def test_a_factor_on_every_call_is_a_margin_or_another_currency(factor: float) -> None:
    rng = np.random.default_rng(7)
    used = [drawn(rng, model) for model in (*EVERY, *EVERY)]
    found = compared([each.span(n, float(standard(each)) * factor) for n, each in enumerate(used)])
    kinds = Counter(cause.kind for group in found.groups for cause in group.causes)
    assert set(kinds) == {"constant_factor"}
    assert f"{factor:g}" in found.groups[0].causes[0].said


def test_half_of_every_price_is_a_batch_or_a_discount_and_the_data_do_not_show_which() -> None:
    rng = np.random.default_rng(3)
    used = [drawn(rng, "gpt-4o") for _ in range(6)]
    found = compared([each.span(n, float(standard(each)) / 2) for n, each in enumerate(used)])
    ((cause,),) = (group.causes for group in found.groups)
    assert cause.kind == "none"
    assert "the price of a batch" in cause.said
    assert "a constant factor of 0.5" in cause.said


def test_tokens_that_are_not_in_the_record_are_seldom_taken_for_a_cause() -> None:
    """Whole numbers of tokens at prices that divide each other come to the same now and then; rarely is not never."""
    rng = np.random.default_rng(11)
    spans = []
    for name in UNRECORDED:
        plant = UNRECORDED[name]
        for model in rng.choice(plant.models, 100):
            used = drawn(rng, str(model))
            recorded = float(plant.recorded(used, rng))
            spans.append(used.span(len(spans), recorded, dialect=f"source {len(spans)}"))
    kinds = Counter(cause.kind for group in compared(spans).groups for cause in group.causes)
    assert kinds["none"] >= 0.99 * len(spans)


def test_a_cache_that_one_call_might_show_by_chance_is_shown_by_two() -> None:
    used = [Usage("anthropic", "claude-sonnet-4-5", 50_003 + 1_009 * n, output=907 + n) for n in range(7)]
    right = [each.span(n, float(standard(each))) for n, each in enumerate(used[:4])]
    seen = [replace(each, cached=each.input // 3 | 1) for each in used[4:]]  # by the source alone
    off = [
        each.span(n, float(standard(cached)))
        for n, (each, cached) in enumerate(zip(used[4:], seen, strict=True), 4)
    ]
    for count, kind in ((1, "none"), (2, "cache_key"), (3, "cache_key")):
        ((cause,),) = (group.causes for group in compared([*right, *off[:count]]).groups)
        assert (cause.kind, cause.calls) == (kind, count)
        assert "were cache reads" in cause.said


def test_two_calls_are_too_few_for_a_factor() -> None:
    used = [Usage("openai", "gpt-4o", 10_007, output=1_003), Usage("openai", "gpt-4o", 20_011, output=307)]
    found = compared([each.span(n, float(standard(each)) * 1.0437) for n, each in enumerate(used)])
    assert {cause.kind for group in found.groups for cause in group.causes} == {"none"}
