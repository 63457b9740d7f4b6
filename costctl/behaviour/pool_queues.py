"""How many calls waited in front of each pool, and when most?

In: all calls. Out: ``PoolQueue`` values, one for each pool and for each model that no configured pool serves. Nothing
is inferred: a time to the first token holds prefill, and others' prefill, besides the wait, so that where calls do not
report their queue the depth is None.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from costctl.behaviour.queue_depth import queue_depth
from costctl.behaviour.waits import edges_by, mean_waiting, waiting
from costctl.documents.workload_map import PoolQueue
from costctl.units import NS_PER_S, iso_utc

_HOUR_S: Final = 3600
_HOUR_NS: Final = _HOUR_S * NS_PER_S


def pool_queues(calls: pl.DataFrame) -> tuple[PoolQueue, ...]:
    """The queues, by name."""
    return tuple(_pool_queue(name, group) for name, group in calls_by_pool(calls).items())


def calls_by_pool(calls: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The calls of each pool, and of each model that no configured pool serves, by name."""
    named = calls.with_columns(pl.coalesce("pool", "model").fill_null("unnamed model").alias("stands_for"))
    groups = {str(key[0]): group for key, group in named.partition_by("stands_for", as_dict=True).items()}
    return dict(sorted(groups.items()))


def _pool_queue(name: str, calls: pl.DataFrame) -> PoolQueue:
    waits = waiting(calls)
    depth = queue_depth(calls)
    if depth is None:
        return PoolQueue(name, calls.height, waits.height, None, None, None, None)
    from_ns, to_ns = int(waits["start_ns"].to_numpy().min()), int(waits["end_ns"].to_numpy().max())
    edges_ns = edges_by(_HOUR_S, from_ns, to_ns)
    by_hour = mean_waiting(waits, edges_ns)
    busiest = int(np.argmax(by_hour))
    return PoolQueue(
        pool=name,
        calls=calls.height,
        reporting_calls=waits.height,
        depth=depth,
        mean_depth=float(mean_waiting(waits, np.array([from_ns, to_ns]))[0]),
        busiest_hour=iso_utc(int(edges_ns[busiest]) // _HOUR_NS * _HOUR_NS),
        busiest_mean_depth=float(by_hour[busiest]),
    )
