"""Calls that a plan does not make: attempts beyond a budget and steps beyond a cap, by hand and against slow twins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from costctl.documents.price_settings import PriceSettings
from costctl.levers.plan import ClassPlan, Plan
from costctl.rebill.attempts import attempts_of
from costctl.rebill.bill import bill
from costctl.rebill.left_out import left_out
from costctl.rebill.rates import PriceList
from costctl.rebill.waits import waited_of
from tests.rebill.made_calls import Made, bought
from tests.thoroughness import how_many

LIST = PriceList(PriceSettings())
SEEDS = range(how_many(20, thorough=200))


def numbers(*made: Made) -> list[int]:
    return attempts_of(bought(made)).number.tolist()


def test_a_call_after_one_that_failed_is_its_next_attempt() -> None:
    assert numbers(Made(1, 0, is_failed=True), Made(1, 2, is_failed=True), Made(1, 4), Made(1, 6)) == [
        1,
        2,
        3,
        1,
    ]


def test_neither_another_request_nor_operation_nor_prompt_is_an_attempt_of_the_same() -> None:
    failed = Made(1, 0, is_failed=True, parts=(("a", 5),))
    others = (Made(2, 2), Made(1, 3, operation="embeddings"), Made(1, 4, parts=(("b", 5),)))
    assert numbers(failed, *others) == [1, 1, 1, 1]


def test_a_call_that_began_before_the_failure_was_known_is_no_further_attempt() -> None:
    assert numbers(Made(1, 0, lasts_s=5, is_failed=True), Made(1, 2), Made(1, 6)) == [1, 1, 2]


def test_what_the_source_counts_holds_also_after_a_success_and_where_the_first_is_missing() -> None:
    assert numbers(Made(1, 0), Made(1, 2, attempt=2), Made(1, 4, attempt=1)) == [1, 2, 1]
    found = attempts_of(bought([Made(1, 0, attempt=4, is_failed=True), Made(1, 2, attempt=5)]))
    assert (found.number.tolist(), found.first.tolist()) == ([4, 5], [0, 0])


def drawn(seed: int) -> list[Made]:
    """Requests with overlapping calls that fail often, counted by their source or not."""
    rng = np.random.default_rng([seed, 5])
    calls = [
        Made(
            request=int(rng.integers(3)),
            at_s=float(rng.integers(20)),
            lasts_s=float(rng.integers(4)),
            operation=("chat", "embeddings")[int(rng.integers(2))],
            request_class="chat",
            attempt=(None, None, None, 1, 2, 3)[int(rng.integers(6))],
            is_failed=bool(rng.random() < 0.6),
            parts=((), (("a", 2000),), (("b", 2000),))[int(rng.integers(3))],
        )
        for _ in range(30)
    ]
    return sorted(calls, key=lambda call: call.at_s)


def slow_attempts(calls: Sequence[Made]) -> tuple[list[int], list[int]]:
    """Each call looks through all calls before it for the latest that it may be the next attempt of."""
    number, first = [1] * len(calls), list(range(len(calls)))
    followed: set[int] = set()
    for at, call in enumerate(calls):
        for before in range(at - 1, -1, -1):
            other = calls[before]
            if before in followed or (other.request, other.operation) != (call.request, call.operation):
                continue
            if call.attempt is None:
                is_same = not (call.parts and other.parts) or call.parts == other.parts
                follows = other.is_failed and other.at_s + other.lasts_s <= call.at_s and is_same
            else:
                follows = call.attempt > 1 and number[before] == call.attempt - 1
            if follows:
                number[at], first[at] = number[before] + 1, first[before]
                followed.add(before)
                break
        if call.attempt is not None:
            number[at] = call.attempt
    return number, first


@pytest.mark.parametrize("seed", SEEDS)
def test_attempts_are_those_of_a_slow_twin(seed: int) -> None:
    made = drawn(seed)
    found = attempts_of(bought(made))
    assert (found.number.tolist(), found.first.tolist()) == slow_attempts(made)


def slow_left_out(calls: Sequence[Made], attempts: int, steps: int) -> list[bool]:
    """One call after the other: is it attempted too often, or does its request have enough?"""
    number, _ = slow_attempts(calls)
    made: dict[int, int] = {}
    found = []
    for call, nth in zip(calls, number, strict=True):
        is_out = nth > attempts
        if not is_out:
            made[call.request] = made.get(call.request, 0) + 1
            is_out = made[call.request] > steps
        found.append(is_out)
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_left_out_is_that_of_a_slow_twin(seed: int) -> None:
    made = drawn(seed)
    calls, plan = bought(made), Plan({"chat": ClassPlan(most_attempts=2, most_steps=4)})
    out = left_out(calls, plan, waited_of(calls, plan))
    assert out.is_any.tolist() == slow_left_out(made, 2, 4)
    assert not (out.is_beyond_attempts & out.is_beyond_steps).any()


@pytest.mark.parametrize("seed", SEEDS[:3])
def test_a_smaller_budget_never_costs_more_and_the_rest_of_the_bill_stays(seed: int) -> None:
    calls = bought(drawn(seed))
    today = bill(calls, Plan(), LIST).usd
    for plans in (
        [ClassPlan(most_attempts=most) for most in (1, 2, 3, 9)],
        [ClassPlan(most_steps=most) for most in (1, 2, 5, 99)],
    ):
        bills = [bill(calls, Plan({"chat": each}), LIST) for each in plans]
        sums = [each.usd.sum() for each in bills]
        assert sums == sorted(sums)
        assert sums[0] < sums[-1] == pytest.approx(today.sum())
        for each in bills:
            np.testing.assert_allclose(each.usd, np.where(each.left_out.is_any, 0.0, today))


def test_a_call_that_is_not_made_fills_no_cache() -> None:
    prompt = (("system", 5000), ("question", 100))
    calls = bought(
        [Made(1, 0, is_failed=True, parts=prompt), Made(1, 2, parts=prompt), Made(2, 9, parts=prompt)]
    )
    kept = ClassPlan(caching="5m")
    late = bought([Made(1, 2, attempt=2, parts=prompt), Made(2, 9, parts=prompt)])
    assert bill(calls, Plan({"chat": kept}), LIST).read.tolist() == [0, 5100, 5100]
    bounded = bill(late, Plan({"chat": ClassPlan(caching="5m", most_attempts=1)}), LIST)
    assert (bounded.read.tolist()[1], bounded.written.tolist()[1]) == (0, 5100)
