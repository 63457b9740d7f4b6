"""What longer waits leave out of the attempts that were paid for: by hand, by law, and against a slow twin."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from costctl.documents.price_settings import PriceSettings
from costctl.levers.plan import ClassPlan, Plan
from costctl.rebill.attempts import attempts_of
from costctl.rebill.bill import bill
from costctl.rebill.calls import BoughtCalls
from costctl.rebill.rates import PriceList
from costctl.rebill.waits import Waited, waited_of
from tests.rebill.made_calls import Made, bought
from tests.thoroughness import how_many

LIST = PriceList(PriceSettings())
SEEDS = range(how_many(20, thorough=200))
PROMPT = (("p", 1000),)


def waiting(wait_s: float, most_attempts: int | None = None) -> Plan:
    return Plan({"chat": ClassPlan(least_wait_s=wait_s, most_attempts=most_attempts)})


def storm(request: int, at_s: float = 0.0) -> list[Made]:
    """Three attempts of 10 s that fail, 1 s apart, and the one at 33 s that succeeds."""
    tries = [at_s + 11.0 * nth for nth in range(4)]
    return [Made(request, start_s, 10.0, parts=PROMPT, is_failed=start_s < tries[-1]) for start_s in tries]


def calm(requests: int) -> list[Made]:
    """Calls that succeed at once."""
    return [Made(100 + number, 1000.0 + 20 * number, parts=PROMPT) for number in range(requests)]


@pytest.mark.parametrize(
    ("wait_s", "left_out", "later_s"),
    [
        (1.0, [], 0.0),  # as long as was waited
        (5.0, [], 12.0),  # at 15 and 30 s, then at 45 s
        (11.5, [2], 10.0),  # at 21.5 s and then at 43 s, when the one at 33 s had succeeded
        (22.0, [2], 31.0),  # the second at 32 s, which is still before
        (23.0, [1, 2], 0.0),  # the second at 33 s
        (60.0, [1, 2], 37.0),
    ],
)
def test_a_wait_leaves_out_what_would_begin_after_the_attempt_that_succeeded(
    wait_s: float, left_out: list[int], later_s: float
) -> None:
    found = waited_of(bought([*storm(1), *calm(1)]), waiting(wait_s))
    assert np.flatnonzero(found.is_left_out).tolist() == left_out
    assert found.later_s[3] == pytest.approx(0.0 if wait_s == 1.0 else later_s)


def test_what_is_moved_may_fail_as_often_as_first_attempts_do() -> None:
    calls = bought([*storm(1), *calm(3)])  # one first attempt of four failed: a third of a failure more
    today = bill(calls, Plan(), LIST).usd
    then = bill(calls, waiting(60.0), LIST).usd
    assert then.tolist() == pytest.approx([today[0], 0.0, 0.0, today[3] + today[0] / 3, *today[4:]])


def test_where_failures_have_nothing_to_do_with_time_a_wait_saves_nothing() -> None:
    # 4,000 calls that fail with a chance of 0.3 each, whenever they are made: 0.43 failures each, as first ones have.
    rng = np.random.default_rng(3)
    made, at_s = [], 0.0
    for request in range(4000):
        fails = int(rng.geometric(0.7)) - 1
        for nth in range(fails + 1):
            made.append(Made(request, at_s, 5.0, parts=PROMPT, is_failed=nth < fails))
            at_s += 6.0
    calls = bought(made)
    today, then = (float(bill(calls, plan, LIST).usd.sum()) for plan in (Plan(), waiting(300.0)))
    assert then == pytest.approx(today, rel=0.01)


def test_a_call_that_was_never_answered_stays_as_it_is() -> None:
    lost = [Made(1, 11.0 * nth, 10.0, is_failed=True, parts=PROMPT) for nth in range(4)]
    nothing_changes([*lost, *calm(2)], 60.0)


def test_where_every_first_attempt_fails_nothing_is_known_of_another_time() -> None:
    nothing_changes([*storm(1), *storm(2, 100.0)], 60.0)


def test_an_attempt_that_began_before_the_one_before_had_ended_followed_no_failure() -> None:
    hedged = [
        Made(1, 0.0, 10.0, is_failed=True, parts=PROMPT),
        Made(1, 5.0, 10.0, attempt=2, is_failed=True, parts=PROMPT),
        Made(1, 16.0, attempt=3, parts=PROMPT),
    ]
    nothing_changes([*hedged, *calm(2)], 60.0)


def nothing_changes(made: Sequence[Made], wait_s: float) -> None:
    calls = bought(made)
    np.testing.assert_array_equal(bill(calls, waiting(wait_s), LIST).usd, bill(calls, Plan(), LIST).usd)


def test_a_budget_counts_the_attempts_that_are_made() -> None:
    calls = bought([*storm(1), *calm(3)])
    out = bill(calls, waiting(60.0, most_attempts=2), LIST).left_out
    assert np.flatnonzero(out.is_any).tolist() == [1, 2]
    assert np.flatnonzero(bill(calls, waiting(1.0, most_attempts=2), LIST).left_out.is_any).tolist() == [2, 3]


def drawn(seed: int) -> list[Made]:
    """Calls that are made again until they succeed or are given up, after waits of all lengths; some overlap."""
    rng = np.random.default_rng([seed, 9])
    made = []
    for request in range(25):
        at_s, is_answered = 50.0 * request, False
        for nth in range(int(rng.integers(1, 6))):
            lasts_s = float(rng.integers(0, 8))
            is_answered = bool(rng.random() < 0.4)
            made.append(
                Made(request, at_s, lasts_s, attempt=nth + 1, is_failed=not is_answered, parts=PROMPT)
            )
            if is_answered:
                break
            at_s += lasts_s + float(rng.integers(-1, 9))
    return sorted(made, key=lambda call: call.at_s)


def slow_left_out(calls: Sequence[Made], firsts: Sequence[int], wait_s: float) -> list[int]:
    """Each call from its first attempt on, on a clock of its own, until the time at which it was answered is past."""
    found: list[int] = []
    for opening in sorted(set(firsts)):
        tried = [at for at, first in enumerate(firsts) if first == opening]
        tried.sort(key=lambda at: calls[at].attempt or 0)
        until = next((place for place, at in enumerate(tried) if not calls[at].is_failed), None)
        if not until:
            continue
        tried = tried[: until + 1]
        ends_s = [calls[at].at_s + calls[at].lasts_s for at in tried]
        gaps_s = [calls[at].at_s - end_s for at, end_s in zip(tried[1:], ends_s[:-1], strict=True)]
        if min(gaps_s) < 0:
            continue
        clock_s, made = calls[tried[0]].at_s, 1
        for at, gap_s in zip(tried, gaps_s, strict=False):
            clock_s += calls[at].lasts_s + max(gap_s, wait_s)
            if clock_s >= calls[tried[-1]].at_s:
                break
            made += 1
        found += tried[made:-1]
    return sorted(found)


def found_in(calls: BoughtCalls, wait_s: float) -> Waited:
    return waited_of(calls, waiting(wait_s))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("wait_s", [0.5, 3.0, 7.0, 40.0])
def test_what_is_left_out_is_that_of_a_slow_twin(seed: int, wait_s: float) -> None:
    made = drawn(seed)
    calls = bought(made)
    found = np.flatnonzero(found_in(calls, wait_s).is_left_out).tolist()
    assert found == slow_left_out(made, attempts_of(calls).first.tolist(), wait_s)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_longer_wait_never_makes_an_attempt_more_and_each_success_stays(seed: int) -> None:
    calls = bought(drawn(seed))
    is_failed = calls.frame["is_failed"].to_numpy()
    waits = [found_in(calls, wait_s) for wait_s in (0.5, 1.0, 2.0, 5.0, 10.0, 100.0)]
    for shorter, longer in pairwise(waits):
        assert not (shorter.is_left_out & ~longer.is_left_out).any()
    for each in waits:
        assert not (each.is_left_out & ~is_failed).any()
        assert not each.later_s[is_failed].any()
        assert (each.later_s >= 0.0).all()
