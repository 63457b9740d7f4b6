"""How much of its replica's busy time does each call answer for? A clock for each replica, at the rate 1 / active.

Shape in: n timed calls: replica, begin and end.  Shape out: the clock at each instant at which the calls in progress
change, and of each call its share and the time that it was alone. Shares sum to the time that replicas were busy;
between classes this equal split of each instant is the Shapley value of the busy-time game.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from costctl.span_trees.tree import Ints

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OccupancyClock:
    """One row per (replica, instant), in that order. active: calls in progress from the instant on.

    clock_s, alone_s, busy_s: up to the instant, ∫dt/active, the time with one call, the time with any.
    """

    replica: Ints
    at_ns: Ints
    active: Ints
    clock_s: Floats
    alone_s: Floats
    busy_s: Floats


@dataclass(frozen=True, slots=True)
class CallShares:
    """Of each call, seconds of its replica's busy time. alone_s: no other call was in progress."""

    share_s: Floats
    alone_s: Floats


def occupancy(replica: Ints, begin_ns: Ints, end_ns: Ints) -> tuple[OccupancyClock, CallShares]:
    """The clock and the shares. A call that takes no time has none and stops no clock."""
    lasting = np.flatnonzero(begin_ns < end_ns)
    at_ns = np.concatenate([begin_ns[lasting], end_ns[lasting]])
    of_replica = np.concatenate([replica[lasting], replica[lasting]])
    change = np.repeat(np.array([1, -1]), lasting.size)
    order = np.lexsort((at_ns, of_replica))
    at_ns, of_replica = at_ns[order], of_replica[order]
    is_new = np.ones(order.size, np.bool_)
    is_new[1:] = (at_ns[1:] != at_ns[:-1]) | (of_replica[1:] != of_replica[:-1])
    row = np.empty(order.size, np.int64)
    row[order] = np.cumsum(is_new) - 1
    starts = np.flatnonzero(is_new)
    active = np.cumsum(np.add.reduceat(change[order], starts)) if starts.size else starts
    clock = _clock(of_replica[starts], at_ns[starts], active)
    begin, end = row[: lasting.size], row[lasting.size :]
    shares = CallShares(np.zeros(replica.size), np.zeros(replica.size))
    shares.share_s[lasting] = clock.clock_s[end] - clock.clock_s[begin]
    shares.alone_s[lasting] = clock.alone_s[end] - clock.alone_s[begin]
    return clock, shares


def _clock(replica: Ints, at_ns: Ints, active: Ints) -> OccupancyClock:
    """Each replica's clock from zero: its own sums, so that no other replica's size costs it digits."""
    elapsed_s, before = np.zeros(at_ns.size), np.zeros(at_ns.size, np.int64)
    elapsed_s[1:], before[1:] = (
        np.diff(at_ns) / 1e9,
        active[:-1],
    )  # all have ended where a replica's last row is
    steps = (
        np.divide(elapsed_s, before, out=np.zeros(at_ns.size), where=before > 0),
        np.where(before == 1, elapsed_s, 0.0),
        np.where(before > 0, elapsed_s, 0.0),
    )
    edges = np.flatnonzero(np.diff(replica, prepend=-1, append=-1))
    for first, last in pairwise(edges.tolist()):
        for step in steps:
            np.cumsum(step[first:last], out=step[first:last])
    return OccupancyClock(replica, at_ns, active, *steps)
