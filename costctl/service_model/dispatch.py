"""By which rule were calls given to replicas? Told from what was observed at each arrival.

In: the calls of one pool, in order of arrival. Out: the rule that explains at least nine choices in ten, else
``recorded``: a replay then keeps each call where it was.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from costctl.arrays import Floats, Ints
from costctl.simulate.workload import Dispatch

_EXPLAINED: Final = 0.9
_CLOCK_S: Final = 0.002  # within which the order of an arrival and an end is not known: clocks are no better
_MOST_ARRIVALS: Final = 20_000


def observed_dispatch(arrival_s: Floats, end_s: Floats, replica: Ints, replicas: int) -> Dispatch:
    """The rule. arrival_s: ascending.  replica: 0 … replicas − 1."""
    if replicas == 1:
        return "least_outstanding"
    looked_at = np.arange(min(arrival_s.size, _MOST_ARRIVALS))
    # Calls that end as this one comes may have gone or not: loops make their next call when a batch has ended.
    fewest = _outstanding(arrival_s + _CLOCK_S, end_s, replica, replicas)[replica[looked_at], looked_at]
    most = _outstanding(arrival_s - _CLOCK_S, end_s, replica, replicas)[:, looked_at]
    in_turn = _in_turn_ratio(replica[looked_at], replicas)
    # Of replicas that are idle one is as good as another: in turn is told from least outstanding by which one it was.
    if in_turn >= _EXPLAINED and in_turn > np.mean(most.argmin(axis=0) == replica[looked_at]):
        return "round_robin"
    if np.mean(fewest <= most.min(axis=0)) >= _EXPLAINED:
        return "least_outstanding"
    return "recorded"


def _in_turn_ratio(replica: Ints, replicas: int) -> float:
    """The part of calls that come to the next replica in an order that goes around all of them."""
    steps = np.diff(replica) % replicas
    if not steps.size:
        return 0.0
    most = int(np.bincount(steps).argmax())
    return float(np.mean(steps == most)) if np.gcd(most, replicas) == 1 else 0.0


def _outstanding(arrival_s: Floats, end_s: Floats, replica: Ints, replicas: int) -> Ints:
    """Calls that each replica had at each arrival, the arriving one left out: replicas × calls."""
    counts = np.zeros((replicas, arrival_s.size), np.int64)
    for number in range(replicas):
        here = replica == number
        came_before = np.concatenate([[0], np.cumsum(here)[:-1]])
        counts[number] = came_before - np.searchsorted(np.sort(end_s[here]), arrival_s, side="right")
    return counts
