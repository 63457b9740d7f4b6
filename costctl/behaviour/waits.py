"""How long did calls wait in each stretch of time, and so how many waited at once?

In: when each call began to wait and when it ended, and the edges of the stretches. Out: time waited in each. What is
waited up to an instant e is W(e) = Σ max(0, e − from) − Σ max(0, e − until), by sorted instants and their running sums;
what is waited between two edges is the difference. So every nanosecond is counted once, whatever the stretches, and
by Little's law W/length is the mean number that waited. tests/oracles/plain_waits.py asks each call at each stretch.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Floats, Ints
from costctl.units import NS_PER_S

MOST_STRETCHES: Final = 96
_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86_400
# Lengths that divide the next unit of the calendar, so that stretches begin where people look; beyond: days, doubled.
_LENGTHS_S: Final = (
    *(1, 2, 5, 10, 15, 30),
    *(each * _MINUTE_S for each in (1, 2, 5, 10, 15, 30)),
    *(each * _HOUR_S for each in (1, 2, 3, 6, 12)),
)


def waiting(calls: pl.DataFrame) -> pl.DataFrame:
    """The calls of which it is known how long they waited: from start_ns to busy_from_ns."""
    return calls.filter(pl.col("queue_s").is_not_null() & pl.col("end_ns").is_not_null())


def waited_ns(from_ns: Ints, until_ns: Ints, edges_ns: Ints) -> Ints:
    """Nanoseconds waited between each edge and the next. from_ns, until_ns: of each call, in any order, from ≤ until.
    edges_ns: ascending.

    Sums over all calls may leave 64 bits, and wrap; their differences are right as long as no more than 292 years are
    waited between two edges.
    """
    found: Ints = np.diff(_passed_ns(from_ns, edges_ns) - _passed_ns(until_ns, edges_ns))
    return found


def mean_waiting(waits: pl.DataFrame, edges_ns: Ints) -> Floats:
    """How many of these calls waited at once, on average between each edge and the next."""
    waited = waited_ns(waits["start_ns"].to_numpy(), waits["busy_from_ns"].to_numpy(), edges_ns)
    found: Floats = waited / np.diff(edges_ns)
    return found


def edges_by(length_s: int, first_ns: int, last_ns: int) -> Ints:
    """Stretches of a length, at multiples of it since the epoch, from first to last: the outer ones are cut there."""
    length_ns = length_s * NS_PER_S
    inner = np.arange(first_ns // length_ns + 1, -(-last_ns // length_ns), dtype=np.int64) * length_ns
    return np.concatenate([[first_ns], inner, [last_ns]])


def fitting_length_s(first_ns: int, last_ns: int) -> int:
    """The shortest of the usual lengths of which at most ``MOST_STRETCHES`` cover the time."""
    length_s = _DAY_S
    for length_s in (*_LENGTHS_S, _DAY_S):
        if _stretches(length_s, first_ns, last_ns) <= MOST_STRETCHES:
            return length_s
    while _stretches(length_s, first_ns, last_ns) > MOST_STRETCHES:
        length_s *= 2
    return length_s


def _stretches(length_s: int, first_ns: int, last_ns: int) -> int:
    length_ns = length_s * NS_PER_S
    return -(-last_ns // length_ns) - first_ns // length_ns


def _passed_ns(since_ns: Ints, at_ns: Ints) -> Ints:
    """At each instant, how much time has passed since these instants before it, summed."""
    ascending = np.sort(since_ns)
    before = np.searchsorted(ascending, at_ns)
    sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(ascending, dtype=np.int64)])
    found: Ints = before * at_ns - sums[before]
    return found
