"""When did calls wait in front of each pool?

In: all calls, and the window. Out: ``DepthOverTime``: mean depth by stretches of the window, as many at most as a
drawing has room for, however long the window is. Depth times length, summed, is the time that was waited.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from costctl.behaviour.pool_queues import calls_by_pool
from costctl.behaviour.waits import edges_by, fitting_length_s, mean_waiting, waiting
from costctl.documents.workload_map import DepthOverTime, DepthSlot, PoolDepth
from costctl.units import NS_PER_S, iso_utc


def depth_over_time(calls: pl.DataFrame, window_ns: tuple[int, int] | None) -> DepthOverTime | None:
    """The depths; None where no call reports its queue. window_ns: first and last instant, in which all calls lie."""
    waits = {name: waiting(group) for name, group in calls_by_pool(calls).items()}
    reporting = {name: group for name, group in waits.items() if not group.is_empty()}
    if not reporting or window_ns is None:
        return None
    length_s = fitting_length_s(*window_ns)
    edges_ns = edges_by(length_s, *window_ns)
    slots = zip(edges_ns[:-1].tolist(), (np.diff(edges_ns) / NS_PER_S).tolist(), strict=True)
    return DepthOverTime(
        slot_s=float(length_s),
        slots=tuple(DepthSlot(iso_utc(from_ns), observed_s) for from_ns, observed_s in slots),
        pools=tuple(
            PoolDepth(name, tuple(mean_waiting(group, edges_ns).tolist()))
            for name, group in sorted(reporting.items(), key=lambda each: (-_waited_ns(each[1]), each[0]))
        ),
    )


def _waited_ns(waits: pl.DataFrame) -> int:
    return int((waits["busy_from_ns"] - waits["start_ns"]).sum())
