"""How many calls waited in front of each pool, and when most?

In: all calls. Out: ``PoolQueue`` values, one for each pool and for each model that no configured pool serves. Nothing
is inferred: a time to the first token holds prefill, and others' prefill, besides the wait, so that where calls do not
report their queue the depth is None.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from costctl.behaviour.queue_depth import queue_depth
from costctl.documents.workload_map import PoolQueue
from costctl.units import NS_PER_S, iso_utc

_HOUR_NS: Final = 3600 * NS_PER_S


def pool_queues(calls: pl.DataFrame) -> tuple[PoolQueue, ...]:
    """The queues, by name."""
    named = calls.with_columns(pl.coalesce("pool", "model").fill_null("unnamed model").alias("stands_for"))
    groups = {str(key[0]): group for key, group in named.partition_by("stands_for", as_dict=True).items()}
    return tuple(_pool_queue(name, groups[name]) for name in sorted(groups))


def _pool_queue(name: str, calls: pl.DataFrame) -> PoolQueue:
    waits = calls.filter(pl.col("queue_s").is_not_null() & pl.col("end_ns").is_not_null())
    depth = queue_depth(calls)
    if depth is None:
        return PoolQueue(name, calls.height, waits.height, None, None, None, None)
    from_ns, to_ns = int(waits["start_ns"].to_numpy().min()), int(waits["end_ns"].to_numpy().max())
    waited_ns = int((waits["busy_from_ns"] - waits["start_ns"]).sum())
    hours = _waited_by_hour(waits, from_ns, to_ns)
    busiest = hours.sort(["mean_depth", "hour"], descending=[True, False]).row(0, named=True)
    return PoolQueue(
        pool=name,
        calls=calls.height,
        reporting_calls=waits.height,
        depth=depth,
        mean_depth=waited_ns / (to_ns - from_ns),
        busiest_hour=iso_utc(busiest["hour"] * _HOUR_NS),
        busiest_mean_depth=busiest["mean_depth"],
    )


def _waited_by_hour(waits: pl.DataFrame, from_ns: int, to_ns: int) -> pl.DataFrame:
    """Per hour from the epoch: time waited in it over the part of it that was observed (Little's law)."""
    span = waits.select(
        "start_ns",
        "busy_from_ns",
        pl.int_ranges(pl.col("start_ns") // _HOUR_NS, pl.col("busy_from_ns") // _HOUR_NS + 1).alias("hour"),
    ).explode("hour")
    begin, end = pl.col("hour") * _HOUR_NS, (pl.col("hour") + 1) * _HOUR_NS
    waited = pl.min_horizontal("busy_from_ns", end) - pl.max_horizontal("start_ns", begin)
    seen = pl.min_horizontal(pl.lit(to_ns), end) - pl.max_horizontal(pl.lit(from_ns), begin)
    return (
        span.with_columns(waited.alias("waited_ns"), seen.alias("seen_ns"))
        .group_by("hour")
        .agg(pl.col("waited_ns").sum(), pl.col("seen_ns").max())
        .filter(pl.col("seen_ns") > 0)
        .select("hour", (pl.col("waited_ns") / pl.col("seen_ns")).alias("mean_depth"))
    )
