"""Which attempts would not be made if more time passed before a call is made again?

In: calls, a plan. Out: ``Waited``. Of a call that failed at first and was answered in the end let the attempts begin at
t_1 < … < t_s, the last of which succeeded, and g_i be the time from the end of the i-th to t_(i+1). Under a wait of W

    shift_k = Σ_(i < k) max(W − g_i, 0)            the k-th attempt begins at t_k + shift_k
    left out: the k-th and all up to the success, from the first k on with t_k + shift_k ≥ t_s

An attempt that would begin before the one that succeeded did is taken to fail, though it might not; one that would
begin after it, to fail as often as first attempts of the class do (p): p / (1 − p) failures more are expected of it,
each of which costs what the first did. So that nothing is saved where failures have nothing to do with time. A call
that was never answered says nothing of when it would have been, and stays as it is, as does one of which an attempt
began before the one before had ended: no wait concerns it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.compiled import compiled
from costctl.levers.plan import Plan
from costctl.rebill.attempts import attempts_of
from costctl.rebill.calls import BoughtCalls

_SAME_S: Final = 1e-6  # durations are whole microseconds


@dataclass(frozen=True, slots=True)
class Waited:
    """Of n calls. is_left_out: an attempt that failed, and would not be made.  later_s: of one that succeeded, how much
    later it would begin, s; 0 where as recorded.  again: failures more that are expected before it.  first: the first
    attempt of the same, as an index.
    """

    is_left_out: Bools
    later_s: Floats
    again: Floats
    first: Ints


def waited_of(calls: BoughtCalls, plan: Plan) -> Waited:
    """What the waits of the plan change."""
    wait_s = np.zeros(calls.size)
    for name, each in plan.classes.items():
        if each.least_wait_s is not None:
            wait_s[calls.of_class(name)] = each.least_wait_s
    is_left_out, later_s = np.zeros(calls.size, np.bool_), np.zeros(calls.size)
    if not wait_s.any():
        return Waited(is_left_out, later_s, np.zeros(calls.size), np.arange(calls.size))
    attempts = attempts_of(calls)
    is_failed = calls.frame["is_failed"].to_numpy()
    order = np.lexsort((attempts.number, attempts.first))
    again = _expected_again(calls, attempts.first, is_failed)
    wait_s = np.where(np.isfinite(again), wait_s, 0.0)  # where each first attempt fails nothing is known
    _wait(order, attempts.first, is_failed, calls.at_s, calls.end_s, wait_s, is_left_out, later_s)
    return Waited(is_left_out, later_s, np.where(later_s > 0.0, again, 0.0), attempts.first)


def _expected_again(calls: BoughtCalls, first: Ints, is_failed: Bools) -> Floats:
    """Of a call of each class p / (1 − p), with p the part of its first attempts that failed; ∞ where all did."""
    is_first = first == np.arange(calls.size)
    count = np.bincount(calls.request_class[is_first], minlength=len(calls.classes))
    failed = np.bincount(calls.request_class[is_first & is_failed], minlength=len(calls.classes))
    with np.errstate(divide="ignore", invalid="ignore"):
        of_class: Floats = failed / (count - failed)
    return of_class[calls.request_class]


@compiled
def _wait(
    order: Ints,
    first: Ints,
    is_failed: Bools,
    at_s: Floats,
    end_s: Floats,
    wait_s: Floats,
    is_left_out: Bools,
    later_s: Floats,
) -> None:
    """order: the calls by what they are attempts of, then by number."""
    start = 0
    while start < order.size:
        opening = order[start]
        success = start
        while success < order.size and first[order[success]] == first[opening] and is_failed[order[success]]:
            success += 1
        end = success
        while end < order.size and first[order[end]] == first[opening]:
            end += 1
        if start < success < end and wait_s[opening] > 0.0:
            _wait_in_one(order[start : success + 1], at_s, end_s, wait_s[opening], is_left_out, later_s)
        start = end


@compiled
def _wait_in_one(
    tried: Ints, at_s: Floats, end_s: Floats, wait_s: float, is_left_out: Bools, later_s: Floats
) -> None:
    """tried: attempts of one call, the last of which succeeded."""
    for place in range(1, tried.size):
        if at_s[tried[place]] < end_s[tried[place - 1]]:
            return
    answered = tried[-1]
    shift_s = 0.0
    for place in range(1, tried.size):
        missing_s = wait_s - (at_s[tried[place]] - end_s[tried[place - 1]])
        if missing_s > _SAME_S:
            shift_s += missing_s
        begins_s = at_s[tried[place]] + shift_s
        if begins_s >= at_s[answered]:
            later_s[answered] = begins_s - at_s[answered]
            for left in range(place, tried.size - 1):
                is_left_out[tried[left]] = True
            return
