"""Which calls are attempts of the same thing, and the how manieth is each?

In: calls in order of time. Out: ``Attempts``. Where the source counts attempts, what it says holds. Elsewhere a call is
a further attempt of one that failed and had ended before: the latest such call of the same operation in the request,
unless their prompts are known to differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from costctl.arrays import Bools, Floats, Ints
from costctl.compiled import compiled
from costctl.rebill.calls import BoughtCalls

_NOT_COUNTED = 0
_NOT_KNOWN = -1


@dataclass(frozen=True, slots=True)
class Attempts:
    """Of n calls. number: from 1.  first: the call that was the first attempt of the same thing, as an index; the first
    that is known, where the source counts on from one that is not.
    """

    number: Ints
    first: Ints


def attempts_of(calls: BoughtCalls) -> Attempts:
    """The attempts of all calls that are bought."""
    return attempts_among(calls.frame, calls.at_s, calls.end_s, _prompts(calls))


def attempts_among(calls: pl.DataFrame, at_s: Floats, end_s: Floats, prompt: Ints) -> Attempts:
    """The attempts of some calls. calls: request_id, operation, attempt, is_failed, in order of start.  at_s, end_s: on
    one clock.  prompt: the number of each whole prompt, -1 where it is not known.
    """
    group = _groups(calls)
    order = np.argsort(group, kind="stable")
    told = calls["attempt"].fill_null(_NOT_COUNTED).to_numpy().astype(np.int64)
    number, first = np.ones(calls.height, np.int64), np.arange(calls.height)
    tails = np.zeros(calls.height, np.int64)
    is_failed = np.require(calls["is_failed"].to_numpy(), np.bool_, ["C", "W"])  # as the loop is compiled
    starts_s, ends_s = (np.require(each, np.float64, ["C", "W"]) for each in (at_s, end_s))
    prompts = np.require(prompt, np.int64, ["C", "W"])
    _follow(order, group, told, is_failed, starts_s, ends_s, prompts, tails, number, first)
    return Attempts(number, first)


def following(attempts: Attempts) -> tuple[Ints, Ints]:
    """Each attempt that another of the same thing follows, and that other one, as indices."""
    order = np.lexsort((attempts.number, attempts.first))
    before, after = order[:-1], order[1:]
    is_same = attempts.first[before] == attempts.first[after]
    return before[is_same], after[is_same]


def waits_s(calls: BoughtCalls, before: Ints, after: Ints) -> Floats:
    """From the end of each to the start of the other, s; 0 where it began earlier."""
    found: Floats = np.maximum(calls.at_s[after] - calls.end_s[before], 0.0)
    return found


def beyond_attempts(calls: BoughtCalls, most: Ints, is_left_out: Bools) -> Bools:
    """The calls whose number, those left out not counted, is above the most of each; 0 for no limit."""
    if not most.any():
        return np.zeros(calls.size, np.bool_)
    attempts = attempts_of(calls)
    number = attempts.number - left_out_before(attempts.first, attempts.number, is_left_out)
    found: Bools = (most > 0) & (number > most) & ~is_left_out
    return found


def left_out_before(group: Ints, place: Ints, is_left_out: Bools) -> Ints:
    """How many calls of its group, in the order of their places, are left out before each."""
    if not is_left_out.any():
        return np.zeros(group.size, np.int64)
    order = np.lexsort((place, group))
    out = is_left_out[order].astype(np.int64)
    before = np.cumsum(out) - out
    _, first, number = np.unique(group[order], return_index=True, return_inverse=True)
    found = np.empty(group.size, np.int64)
    found[order] = before - before[first][number]
    return found


def _groups(calls: pl.DataFrame) -> Ints:
    """A number for each operation of each request."""
    named = calls.select("request_id", pl.col("operation").cast(pl.String).fill_null(""))
    return (
        named.select(pl.struct("request_id", "operation").rank("dense"))
        .to_series()
        .to_numpy()
        .astype(np.int64)
    )


def _prompts(calls: BoughtCalls) -> Ints:
    """The number of each whole prompt; −1 where it is not known."""
    found = np.full(calls.size, _NOT_KNOWN, np.int64)
    known = calls.prefixes.is_known
    found[known] = calls.prefixes.key[calls.prefixes.offset[1:][known] - 1]
    return found


@compiled
def _follow(
    order: Ints,
    group: Ints,
    told: Ints,
    is_failed: Bools,
    at_s: Floats,
    end_s: Floats,
    prompt: Ints,
    tails: Ints,
    number: Ints,
    first: Ints,
) -> None:
    """tails: room for the calls of one group that no further attempt has followed yet, by start."""
    count, before = 0, -1
    for place in range(order.size):
        call = order[place]
        if before < 0 or group[before] != group[call]:
            count = 0
        before = call
        found = -1
        if told[call] != 1:
            for at in range(count - 1, -1, -1):
                tail = tails[at]
                if told[call] > 1:
                    is_before = number[tail] == told[call] - 1
                else:
                    is_same = prompt[tail] < 0 or prompt[call] < 0 or prompt[tail] == prompt[call]
                    is_before = is_failed[tail] and end_s[tail] <= at_s[call] and is_same
                if is_before:
                    found = at
                    break
        if told[call] > 1:
            number[call] = told[call]
        if found >= 0:
            tail = tails[found]
            number[call] = max(number[call], number[tail] + 1)
            first[call] = first[tail]
            for at in range(found, count - 1):
                tails[at] = tails[at + 1]
            count -= 1
        tails[count] = call
        count += 1
