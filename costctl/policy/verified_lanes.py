"""Did a call overtake one of a lane before its own? In each pool, by when calls waited and when they began.

In: calls with their pool, lane, start and the end of their wait. Out: whether each began while a call of an earlier
lane waited for the same pool, and whether that can be told.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from costctl.arrays import Bools, Ints


def is_out_of_order(calls: pl.DataFrame) -> tuple[Bools, Bools]:
    """(overtaking, known), in the order of the calls. Known only in a pool, and where the wait was recorded."""
    overtaking, known = np.zeros(calls.height, np.bool_), np.zeros(calls.height, np.bool_)
    told = calls.with_row_index("row").filter(pl.col("pool").is_not_null() & pl.col("queue_s").is_not_null())
    for (_,), mine in told.group_by(["pool"], maintain_order=True):
        rows = mine["row"].to_numpy()
        known[rows] = True
        overtaking[rows] = _overtaking(
            mine["lane"].to_numpy(), mine["start_ns"].to_numpy(), mine["busy_from_ns"].to_numpy()
        )
    return overtaking, known


def _overtaking(lane: Ints, start_ns: Ints, busy_from_ns: Ints) -> Bools:
    """(n,): whether a call of a smaller lane had come before this one began, and began after it."""
    found = np.zeros(lane.size, np.bool_)
    for number in np.unique(lane)[1:]:
        before, own = lane < number, lane == number
        order = np.argsort(start_ns[before], kind="stable")
        starts, latest = start_ns[before][order], np.maximum.accumulate(busy_from_ns[before][order])
        place = np.searchsorted(starts, busy_from_ns[own], side="left")  # came earlier than this one began
        has_any = place > 0
        found[own] = has_any & (latest[np.maximum(place - 1, 0)] > busy_from_ns[own])
    return found
