"""Which promises are kept, which of them calls are held to, and how a change is told from calls."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pytest
from msgspec.structs import replace

from costctl.documents.estimate import Estimate
from costctl.documents.review import Promise, ReviewedPromise
from costctl.levers.plan import ClassPlan, plan_of
from costctl.levers.settings import change_of, setting, settings_in
from costctl.recommend.bought.review.adoption import Adoption
from costctl.recommend.bought.review.document import past_of
from costctl.recommend.bought.review.observable import rules_of
from costctl.recommend.bought.review.promises import standing
from costctl.recommend.bought.review.undo import undo_of
from costctl.store.database import open_store
from costctl.store.promises import keep_outcomes, keep_promises, promises_of

BATCH: Final = change_of(setting("class", "service_tier", "digest", "batch"), "default")
CACHED: Final = (
    change_of(setting("class", "prompt_cache", "support", "5m"), "none"),
    change_of(setting("class", "prompt_cache.until", "support", "conversation"), None),
)
USD: Final = Estimate(low=8.0, mid=10.0, high=12.0, level=0.95, method="a bill")
PROMISE: Final = Promise(
    id="service_tier.digest",
    kind="service_tier",
    request_class="digest",
    pool=None,
    advised_as="recommended",
    change=(BATCH,),
    promised_usd=USD,
    window_from="2026-11-23T00:00:00.000000Z",
    window_to="2026-11-25T00:00:00.000000Z",
    calls=200,
    reversal="Send the calls at the default tier again.",
    made="2026-11-25T08:00:00Z",
    document_sha256="a" * 64,
)
LATER: Final = replace(PROMISE, window_to="2026-11-27T00:00:00.000000Z")


def test_the_same_advice_on_the_same_window_is_kept_once_as_it_was_first_made(tmp_path: Path) -> None:
    with open_store(tmp_path / "s.duckdb") as connection:
        assert keep_promises(connection, [PROMISE, LATER])
        assert not keep_promises(
            connection, [replace(PROMISE, made="2026-12-01T00:00:00Z", document_sha256="b" * 64)]
        )
        assert promises_of(connection) == (PROMISE, LATER)


def test_advice_that_says_something_else_takes_the_place_of_what_was_said_of_that_window(
    tmp_path: Path,
) -> None:
    dearer = replace(PROMISE, promised_usd=USD.scaled(2.0))
    with open_store(tmp_path / "s.duckdb") as connection:
        keep_promises(connection, [PROMISE, LATER])
        assert keep_promises(connection, [dearer])
        assert promises_of(connection) == (dearer, LATER)


def test_what_came_of_a_promise_is_news_once(tmp_path: Path) -> None:
    reviewed = ReviewedPromise(PROMISE, "delivered", "", promised_usd=USD, delivered_usd=USD.scaled(0.5))
    asked = "SELECT outcome, promised_since_usd, delivered_since_usd FROM promises ORDER BY window_to"
    with open_store(tmp_path / "s.duckdb") as connection:
        keep_promises(connection, [PROMISE, LATER])
        assert keep_outcomes(connection, [reviewed])
        assert not keep_outcomes(connection, [reviewed])
        assert connection.execute(asked).fetchall() == [("delivered", 10.0, 5.0), (None, None, None)]


def test_advice_that_is_repeated_is_held_to_its_first_promise() -> None:
    (held,) = standing([LATER, PROMISE])
    assert (held.promise, held.until_ns) == (PROMISE, None)


def test_other_advice_of_the_same_name_ends_the_time_of_the_one_before() -> None:
    flex = replace(LATER, change=(replace(BATCH, to="flex"),))
    first, second = standing([flex, PROMISE])
    assert (first.promise, second.promise) == (PROMISE, flex)
    assert (first.until_ns, second.until_ns) == (second.from_ns, None)


def test_of_two_windows_that_end_at_once_what_was_said_last_stands() -> None:
    flex = replace(
        PROMISE,
        change=(replace(BATCH, to="flex"),),
        window_from="2026-11-24T00:00:00.000000Z",
        made="2026-11-25T09:00:00Z",
    )
    (held,) = standing([flex, PROMISE])
    assert held.promise == flex


def test_a_change_taken_back_is_the_plan_before() -> None:
    undo = undo_of(replace(PROMISE, id="prompt_cache.support", request_class="support", change=CACHED))
    assert plan_of(settings_in(undo.change, undo.id)).classes == {"support": ClassPlan(caching="none")}
    assert undo.not_a_setting == ()  # up to where is of no matter where nothing is kept
    assert [(each.from_, each.to) for each in undo_of(PROMISE).change] == [("batch", "default")]


def test_a_setting_that_nobody_knows_is_named_and_not_invented() -> None:
    mixed = replace(PROMISE, change=(replace(BATCH, from_=None),))
    undo = undo_of(mixed)
    assert (undo.change, undo.not_a_setting) == ((), ("class.digest.service_tier",))
    assert undo.reversal == PROMISE.reversal
    assert "no one old bill" in rules_of(mixed).why_not


@pytest.mark.parametrize(
    ("lever", "value", "told_by"),
    [
        ("affinity", "prefix", None),
        ("output.most_tokens", 100, None),
        ("response_cache.ttl", 3600.0, "answers"),
        ("retry.attempts", 2, "reach"),
        ("retry.wait", 30.0, "reach"),
        ("loop.steps", 9, "reach"),
        ("context.most_tokens", 9000, "reach"),
    ],
)
def test_a_call_that_is_not_in_the_traces_has_no_old_bill_and_is_told_otherwise_or_not(
    lever: str, value: str | float, told_by: str | None
) -> None:
    change = change_of(setting("class", lever, "digest", value), None)
    rules = rules_of(replace(PROMISE, change=(change,)))
    assert (rules.told_by, rules.before) == (told_by, ())
    assert rules.why_not.endswith(".") == (told_by is None)


def test_of_several_changes_that_are_told_in_different_ways_nothing_is_said() -> None:
    steps = change_of(setting("class", "loop.steps", "digest", 9), None)
    rules = rules_of(replace(PROMISE, change=(BATCH, steps)))
    assert (rules.told_by, rules.before) == (None, ())
    assert "different ways" in rules.why_not


def test_prompts_that_were_kept_are_billed_both_ways_that_they_may_have_been() -> None:
    hour = replace(CACHED[0], from_="5m", to="1h")
    (conversation, system) = rules_of(replace(PROMISE, change=(hour, CACHED[1]))).before
    assert [plan_of(each).classes["support"].breakpoints for each in (conversation, system)] == [
        "conversation",
        "system",
    ]


def shown(*quarters: float) -> Adoption:
    """A hundred calls each of which that part shows the change."""
    return Adoption(np.concatenate([np.arange(100) < 100 * each for each in quarters]))


@pytest.mark.parametrize(
    ("quarters", "is_gone", "is_hardly_seen", "lately"),
    [
        ((0.0, 0.0, 0.0, 0.0), False, True, 0.0),
        ((1.0, 1.0, 1.0, 1.0), False, False, 1.0),
        ((0.0, 0.0, 1.0, 1.0), False, False, 1.0),
        ((1.0, 1.0, 0.2, 0.0), True, False, 0.0),
        ((0.3, 0.3, 0.3, 0.0), False, False, 0.0),
    ],
)
def test_a_change_is_seen_and_may_go_away(
    quarters: tuple[float, ...], is_gone: bool, is_hardly_seen: bool, lately: float
) -> None:
    found = shown(*quarters)
    assert (found.is_gone, found.is_hardly_seen, found.lately) == (is_gone, is_hardly_seen, lately)
    assert found.ratio == pytest.approx(np.mean(quarters))


def test_of_no_calls_nothing_is_known() -> None:
    nothing = Adoption(np.zeros(0, np.bool_))
    assert (nothing.ratio, nothing.lately) == (None, None)
    assert not nothing.is_hardly_seen


def test_past_advice_counts_what_was_taken_alone() -> None:
    half = ReviewedPromise(PROMISE, "partly", "", promised_usd=USD, delivered_usd=USD.scaled(0.5))
    full = ReviewedPromise(PROMISE, "delivered", "", promised_usd=USD, delivered_usd=USD)
    none = ReviewedPromise(PROMISE, "not_taken", "", promised_usd=USD, delivered_usd=USD.scaled(0.0))
    past = past_of([half, full, none])
    assert past is not None
    assert (past.taken, past.delivered, past.ratio) == (2, 1, 0.75)
    assert past_of([none]) is None
