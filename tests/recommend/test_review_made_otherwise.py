"""Another change was made than the one that was advised: what it delivered, and what the advised one would have.

In the small world a call costs 0.04 USD at gpt-4.1, a fifth of that at gpt-4.1-mini and a twentieth at gpt-4.1-nano.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from costctl.documents.changes import SettingChange
from costctl.documents.estimate import Estimate
from costctl.documents.review import ReviewedPromise
from costctl.levers.settings import change_of, setting
from costctl.render.review_words import outcome
from costctl.synth.shop.later import Remedy, later
from costctl.synth.shop.presets import shop
from costctl.synth.shop.traffic import traffic_of
from costctl.synth.shop.truth import bill_usd
from tests.recommend.calls_by_hand import promise_of, review_of, study_of, study_of_calls
from tests.synth.later_shops import Pairs, first_period, reviewed

LARGE, MINI, NANO = "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano"
USD = {LARGE: 0.04, MINI: 0.008, NANO: 0.002}
OTHERWISE = Pairs(
    shop,
    {
        "prompt_cache.support": ({"caching": "1h"}, {"caching": "none"}),
        "model_choice.triage": ({"model": NANO}, {"model": LARGE}),
    },
    {"support": 112.0, "triage": 100.0},
)
MADE = {"support": {"caching": "5m"}, "triage": {"model": MINI}}


def of_models_since(*models: str, change: SettingChange | None = None) -> ReviewedPromise:
    """What comes of the advice to replace gpt-4.1 by nano, after a hundred calls to gpt-4.1."""
    return of_models([LARGE] * 100, models, change)


def of_models(
    before: Sequence[str], since: Sequence[str], change: SettingChange | None = None
) -> ReviewedPromise:
    study = study_of_calls([{"model_served": each} for each in (*before, *since)])
    (name,) = study.calls.classes
    advised = change or change_of(setting("class", "model", name, NANO), LARGE)
    usd = (USD[LARGE] - USD[NANO]) * before.count(LARGE)
    promise = replace(promise_of(study, len(before), usd), change=(replace(advised, request_class=name),))
    (found,) = review_of(study, promise).promises
    return found


def mid(told: Estimate | None) -> float:
    assert told is not None
    return told.mid


def test_another_model_than_the_advised_one_is_told_with_what_both_save() -> None:
    found = of_models_since(*[MINI] * 60)
    assert (found.outcome, found.made, found.taken_ratio) == ("otherwise", MINI, 0.0)
    assert mid(found.delivered_usd) == pytest.approx(60 * (USD[LARGE] - USD[MINI]))
    assert mid(found.advised_usd) == pytest.approx(60 * (USD[LARGE] - USD[NANO]))
    assert outcome(found).startswith("another change made; advised: $")
    assert "they go to gpt-4.1-mini; advised was that they go to gpt-4.1-nano. It saves." in found.reason


def test_a_model_with_the_date_of_a_version_is_the_advised_one() -> None:
    assert of_models_since(*["gpt-4.1-nano-2025-04-14"] * 60).outcome == "delivered"


def test_what_is_done_as_advised_by_more_is_partly_done() -> None:
    found = of_models_since(*[NANO, NANO, MINI] * 20)
    assert (found.outcome, found.made) == ("partly", None)
    assert found.taken_ratio == pytest.approx(2 / 3)


def test_a_dearer_model_made_instead_is_said_to_cost_more_and_not_to_be_the_advice() -> None:
    found = of_models_since(*["gpt-4-turbo"] * 60)
    assert (found.outcome, found.made) == ("otherwise", "gpt-4-turbo")
    assert mid(found.delivered_usd) < 0.0 < mid(found.advised_usd)
    assert found.reason.endswith("Under the old setting they would have cost less.")


def test_another_tier_at_the_same_price_is_not_the_advised_one() -> None:
    study = study_of([*["default"] * 100, *["flex"] * 60], model_served="gpt-5")
    (found,) = review_of(study, promise_of(study, 100, 2.0, "batch")).promises
    assert (found.outcome, found.made) == ("otherwise", "flex")
    assert mid(found.delivered_usd) == pytest.approx(mid(found.advised_usd))


def test_of_one_model_of_several_the_calls_that_went_there_since_are_told() -> None:
    part = replace(change_of(setting("class", "model", "chat", NANO), LARGE), instead_of=LARGE)
    found = of_models([LARGE, MINI] * 50, [NANO, MINI] * 50, part)
    assert (found.outcome, found.taken_ratio) == ("delivered", 1.0)
    assert mid(found.delivered_usd) == pytest.approx(50 * (USD[LARGE] - USD[NANO]))


def test_where_the_advised_model_had_calls_before_nobody_knows_which_the_change_brought() -> None:
    part = replace(change_of(setting("class", "model", "chat", MINI), LARGE), instead_of=LARGE)
    found = of_models([LARGE, MINI] * 50, [MINI] * 100, part)
    assert (found.outcome, found.delivered_usd) == ("not_observable", None)


def test_worlds_that_did_something_else_have_the_savings_that_they_would_have_billed(tmp_path: Path) -> None:
    """Prompts kept for five minutes, not an hour; mini, not nano. The truth is the providers' own bill."""
    world, question = first_period(OTHERWISE, 3, tmp_path)
    after = later(world, [Remedy(name, choices) for name, choices in MADE.items()])
    calls = traffic_of(after)
    for each in reviewed(after, calls, question, tmp_path / "since").promises:
        app = str(each.promise.request_class)
        advised, before = OTHERWISE.remedies[each.promise.id]
        old = bill_usd(after.changed(app, **before), calls)
        assert (each.outcome, each.made) == ("otherwise", *MADE[app].values())
        assert each.delivered_usd is not None
        truth = old - bill_usd(after, calls)
        assert each.delivered_usd.low - 1e-9 <= truth <= each.delivered_usd.high + 1e-9
        would = old - bill_usd(after.changed(app, **advised), calls)
        assert mid(each.advised_usd) == pytest.approx(would, rel=0.02)
