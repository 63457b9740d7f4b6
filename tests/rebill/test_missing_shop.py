"""Each cause of cache misses, planted in a world: what is said of it is what the world says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from costctl import verbs
from costctl.documents.analysis import Analysis
from costctl.documents.cache_misses import UNAVOIDABLE, CacheMisses, Missed
from costctl.observation import Question
from costctl.progress import silent
from costctl.render.cache_misses import CAUSE_WORDS, cache_miss_sections
from costctl.render.sections import Notes, Table
from costctl.synth.shop.traffic import Call, traffic_of
from costctl.synth.shop.world import Shop
from tests.rebill.missing_shop import PUT_RIGHT, missed_tokens, missing_shop, read_and_whole
from tests.synth.written_shop import written

PART = 0.02  # sizes of prefixes are estimates


@pytest.fixture(scope="module")
def world() -> tuple[Shop, tuple[Call, ...]]:
    shop = missing_shop()
    return shop, traffic_of(shop)


@pytest.fixture(scope="module")
def question(world: tuple[Shop, tuple[Call, ...]], tmp_path_factory: pytest.TempPathFactory) -> Question:
    folder = tmp_path_factory.mktemp("missing")
    return replace(written(*world, folder), store=folder / "s.duckdb")


@pytest.fixture(scope="module")
def analysis(question: Question) -> Analysis:
    return verbs.analyze(question, silent)


@pytest.fixture(scope="module")
def found(analysis: Analysis) -> CacheMisses:
    assert analysis.cache_misses is not None
    return analysis.cache_misses


def all_of(found: CacheMisses) -> Iterator[Missed]:
    yield found.total
    yield from found.by_class.values()


@pytest.mark.parametrize("app", PUT_RIGHT)
def test_a_cause_is_found_with_the_tokens_and_the_money_that_the_world_says(
    world: tuple[Shop, tuple[Call, ...]], found: CacheMisses, app: str
) -> None:
    cause, usd_per_mtok, _ = PUT_RIGHT[app]
    (own,) = (each for each in found.by_class[app].causes if each.cause == cause)
    expected = missed_tokens(*world, app)
    assert expected > 10_000
    assert own.tokens == pytest.approx(expected, rel=PART)
    assert own.usd == pytest.approx(expected * usd_per_mtok / 1e6, rel=PART)
    assert own.unpriced_calls == 0


@pytest.mark.parametrize("app", [*PUT_RIGHT, "short"])
def test_no_other_cause_is_named(found: CacheMisses, app: str) -> None:
    planted = PUT_RIGHT[app][0] if app in PUT_RIGHT else "below_minimum"
    missed = found.by_class[app]
    others = [each.tokens for each in missed.causes if each.cause not in {planted, *UNAVOIDABLE}]
    assert sum(others) <= PART * missed.avoidable_tokens


def test_what_is_read_and_what_is_missed_is_all_that_went_in(
    world: tuple[Shop, tuple[Call, ...]], found: CacheMisses
) -> None:
    for name, missed in found.by_class.items():
        assert (missed.read_tokens, missed.input_tokens) == read_and_whole(*world, name)
    for missed in all_of(found):
        assert missed.read_tokens + sum(each.tokens for each in missed.causes) == missed.input_tokens


def test_causes_sum_to_the_class_and_classes_to_the_total(found: CacheMisses) -> None:
    for missed in all_of(found):
        avoidable = [each for each in missed.causes if each.cause not in UNAVOIDABLE]
        assert missed.avoidable_usd == pytest.approx(sum(each.usd or 0.0 for each in avoidable), rel=1e-12)
    classes = found.by_class.values()
    assert found.total.avoidable_usd == pytest.approx(sum(each.avoidable_usd or 0.0 for each in classes))
    assert found.total.input_tokens == sum(each.input_tokens for each in classes)


def test_it_is_said_where_prompts_change(found: CacheMisses) -> None:
    for app in ("stamped", "stamped_gpt"):
        (place,) = found.by_class[app].changed_at
        assert (place.part, place.is_block) == (0, False)
    assert found.by_class["paused"].changed_at == ()


def test_the_finding_names_the_classes_and_the_cause_of_most_money(
    analysis: Analysis, found: CacheMisses
) -> None:
    (finding,) = (each for each in analysis.checks if each.kind == "cache_misses")
    assert set(finding.subjects) == set(PUT_RIGHT) - {"spread"}  # which is less than a hundredth of the bill
    named = [found.by_class[name] for name in finding.subjects]
    assert finding.usd == pytest.approx(sum(each.avoidable_usd or 0.0 for each in named))
    assert finding.count == sum(each.avoidable_tokens for each in named)
    assert finding.cause == "prefix_changed"
    assert not [each for each in analysis.checks if each.kind == "prompt_cache"]


def test_a_class_is_explained_with_its_dearest_calls_and_a_call_with_its_cause(
    question: Question, found: CacheMisses
) -> None:
    explained = verbs.explain("paused", question, silent).request_class
    assert explained is not None
    assert explained.missed == found.by_class["paused"]
    money = [each.avoidable_usd for each in explained.missed_calls]
    assert money == sorted(money, key=lambda usd: -(usd or 0.0))
    worst = explained.missed_calls[0]
    (request,) = verbs.explain(worst.trace_id, question, silent).requests
    assert request.caches == (worst,)
    assert "expired" in {each.cause for each in worst.causes}
    assert worst.since_s is not None
    assert worst.since_s > 300.0


def test_the_tables_name_each_class_with_its_cause_and_where_prompts_change(found: CacheMisses) -> None:
    table, changed, _ = cache_miss_sections(found)
    assert isinstance(table, Table)
    assert isinstance(changed, Notes)
    first_rows = {str(row[0]): str(row[1]) for row in table.rows if row[0]}
    assert {name: CAUSE_WORDS[cause] for name, (cause, *_) in PUT_RIGHT.items()}.items() <= first_rows.items()
    assert any(line.startswith("stamped: in system prompt or tools (") for line in changed.lines)
