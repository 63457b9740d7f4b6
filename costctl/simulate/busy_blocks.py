"""When were replicas busy? Busy seconds of an outcome, cut into blocks of time.

In: the outcome of a replay, the edges of the blocks. Out: seconds per block.
A class is looked at in blocks of the time in which it came: one that comes at night has no empty days.
What was worked on calls that were not served (broken off, or lost with their replica) has no times on record: these
seconds are spread over the whole replay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from costctl.arrays import Floats
from costctl.simulate.workload import Outcome
from costctl.stats.blocks import BLOCKS

_ROUNDING: Final = 1e-9  # of busy seconds: what sums of them may differ by


def busy_s_by_replica(outcome: Outcome, replicas: int, edges_s: Floats) -> Floats:
    """Seconds in which each replica was busy: replicas × blocks."""
    whole_s = np.array([-np.inf, np.inf])
    served_s = _served_s(outcome, replicas, edges_s)
    lost_s = outcome.busy_s - _served_s(outcome, replicas, whole_s)[:, 0]
    is_lost = lost_s > _ROUNDING * outcome.busy_s
    if not is_lost.any():
        return served_s
    from_s = float(np.nanmin(outcome.arrival_s, initial=0.0))
    cut_s = np.clip(edges_s, from_s, outcome.horizon_s)
    return served_s + np.outer(np.where(is_lost, lost_s, 0.0), np.diff(cut_s) / (outcome.horizon_s - from_s))


def _served_s(outcome: Outcome, replicas: int, edges_s: Floats) -> Floats:
    """Seconds in which each replica had calls in progress that it served: replicas × blocks."""
    served = np.flatnonzero(np.isfinite(outcome.end_s))
    begin_s, end_s, replica = outcome.begin_s[served], outcome.end_s[served], outcome.replica[served]
    busy_s = np.zeros((replicas, edges_s.size - 1))
    order = np.lexsort((begin_s, replica))
    bounds = np.searchsorted(replica[order], np.arange(replicas + 1))
    for number in range(replicas):
        here = order[bounds[number] : bounds[number + 1]]
        if here.size:
            busy_s[number] = _busy_s(begin_s[here], end_s[here], edges_s)
    return busy_s


def busy_s_by_pool_and_block(outcome: Outcome, replicas: Sequence[int], edges_s: Floats) -> Floats:
    """Busy seconds: pools × blocks. replicas: of each pool, in the order in which the outcome numbers them."""
    first = np.cumsum([0, *replicas[:-1]])
    busy_s: Floats = np.add.reduceat(busy_s_by_replica(outcome, sum(replicas), edges_s), first, axis=0)
    return busy_s


def _busy_s(begin_s: Floats, end_s: Floats, edges_s: Floats) -> Floats:
    """Seconds of the union of intervals in each block. begin_s: ascending."""
    reached_s = np.maximum.accumulate(end_s)
    start_s = np.maximum(begin_s, np.concatenate([[-np.inf], reached_s[:-1]]))
    length_s = np.maximum(reached_s - start_s, 0.0)
    # busy time up to t: whole pieces that ended, and what has passed of the piece that is under way
    known_s = np.column_stack([start_s, start_s + length_s]).ravel()
    clock_s = np.column_stack([np.cumsum(length_s) - length_s, np.cumsum(length_s)]).ravel()
    inner: Floats = np.interp(edges_s, known_s, clock_s)
    return np.diff(inner)


def block_edges_s(at_s: Floats) -> Floats:
    """The time from the first of these instants to the last, cut into equal blocks; the outer ones are open."""
    edges_s: Floats = np.linspace(at_s.min(), at_s.max(), BLOCKS + 1)
    edges_s[0], edges_s[-1] = -np.inf, np.inf
    return edges_s


def counts_by_block(at_s: Floats, edges_s: Floats, weights: Floats | None = None) -> Floats:
    """How many of these instants, or how much weight, each block holds."""
    block = np.searchsorted(edges_s[1:-1], at_s, side="right")
    return np.bincount(block, weights=weights, minlength=edges_s.size - 1).astype(np.float64)
