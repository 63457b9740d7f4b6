"""How much of its replica's busy time does each call answer for? A clock for each replica, at the rate 1 / weight.

Shape in: n calls that held a replica: which, from when until when, and with which weight before and after their first
token.  Shape out: the clock at each instant at which the calls in progress or their weights change, and of each call
its share and the time that it was alone. Shares sum to the time that replicas were busy; with equal weights this equal
split of each instant is, between classes, the Shapley value of the busy-time game.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from costctl.arrays import Floats, Ints

NONE: Final = -1


@dataclass(frozen=True, slots=True)
class HeldTimes:
    """n calls. first_token_ns: from then on the call has its last weight; NONE where it has its first throughout.

    first_weight, last_weight: whole thousandths, so that sums are exact, and 0 once the last call has ended.
    """

    replica: Ints
    begin_ns: Ints
    first_token_ns: Ints
    end_ns: Ints
    first_weight: Ints
    last_weight: Ints


@dataclass(frozen=True, slots=True)
class OccupancyClock:
    """One row per (replica, instant), in that order. active, weight: of the calls in progress from the instant on.

    clock_s, alone_s, busy_s: up to the instant, ∫dt/weight, the time with one call, the time with any.
    """

    replica: Ints
    at_ns: Ints
    active: Ints
    weight: Ints
    clock_s: Floats
    alone_s: Floats
    busy_s: Floats


@dataclass(frozen=True, slots=True)
class CallShares:
    """Of each call, seconds of its replica's busy time. alone_s: no other call was in progress."""

    share_s: Floats
    alone_s: Floats


def occupancy(calls: HeldTimes) -> tuple[OccupancyClock, CallShares]:
    """The clock and the shares. Every call ends after it began, and its first token lies between."""
    has_first = np.flatnonzero(calls.first_token_ns != NONE)
    size = calls.replica.size
    at_ns = np.concatenate([calls.begin_ns, calls.end_ns, calls.first_token_ns[has_first]])
    of_replica = np.concatenate([calls.replica, calls.replica, calls.replica[has_first]])
    at_last = calls.first_weight.copy()
    at_last[has_first] = calls.last_weight[has_first]
    change = np.repeat(np.array([1, -1, 0]), [size, size, has_first.size])
    weight = np.concatenate([calls.first_weight, -at_last, (at_last - calls.first_weight)[has_first]])
    order = np.lexsort((at_ns, of_replica))
    at_ns, of_replica = at_ns[order], of_replica[order]
    is_new = np.ones(order.size, np.bool_)
    is_new[1:] = (at_ns[1:] != at_ns[:-1]) | (of_replica[1:] != of_replica[:-1])
    row = np.empty(order.size, np.int64)
    row[order] = np.cumsum(is_new) - 1
    starts = np.flatnonzero(is_new)
    active, weights = (
        np.cumsum(np.add.reduceat(each[order], starts)) if starts.size else starts
        for each in (change, weight)
    )
    clock = _clock(of_replica[starts], at_ns[starts], active, weights)
    begin, end, middle = row[:size], row[size : 2 * size], row[size : 2 * size].copy()
    middle[has_first] = row[2 * size :]
    share_s = calls.first_weight * (clock.clock_s[middle] - clock.clock_s[begin])
    share_s += at_last * (clock.clock_s[end] - clock.clock_s[middle])
    return clock, CallShares(share_s, clock.alone_s[end] - clock.alone_s[begin])


def _clock(replica: Ints, at_ns: Ints, active: Ints, weight: Ints) -> OccupancyClock:
    """Each replica's clock from zero: its own sums, so that no other replica's size costs it digits."""
    elapsed_s, before, heavy = np.zeros(at_ns.size), np.zeros(at_ns.size, np.int64), np.ones(at_ns.size)
    elapsed_s[1:], before[1:] = (
        np.diff(at_ns) / 1e9,
        active[:-1],
    )  # all have ended where a replica's last row is
    heavy[1:] = weight[:-1]
    steps = (
        np.divide(elapsed_s, heavy, out=np.zeros(at_ns.size), where=before > 0),
        np.where(before == 1, elapsed_s, 0.0),
        np.where(before > 0, elapsed_s, 0.0),
    )
    edges = np.flatnonzero(np.diff(replica, prepend=-1, append=-1))
    for first, last in pairwise(edges.tolist()):
        for step in steps:
            np.cumsum(step[first:last], out=step[first:last])
    return OccupancyClock(replica, at_ns, active, weight, *steps)
