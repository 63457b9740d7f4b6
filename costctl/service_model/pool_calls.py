"""What did the calls of the pools do, as arrays that a model can be fitted to and replayed?

In: the relation pool_call. Out: ``PoolCalls``, one entry per timed call of a configured pool, and per call of the pools
that are asked for, in order of arrival; times are seconds from the window's start, NaN where not observed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Bools, Floats, Ints
from costctl.frames.cost import Frames
from costctl.service_model.pool_replicas import PoolReplicas
from costctl.units import NS_PER_S

UNKNOWN_TOKENS = -1


@dataclass(frozen=True, slots=True)
class PoolCalls:
    """n calls. pool, replica, request, request_class: indices into the names and ids. replica is numbered within its
    pool, below the ``replicas`` that are paid for.  server: likewise, but names that were in use at the same time never
    share one, also where that makes more than are paid for: calls that can have been in one batch.

    begin_s: when queueing ended, NaN where no queue was observed.  first_token_s, end_s: as named.
    alone_s: seconds in which no other call was in progress on the replica.  uncached_tokens,
    output_tokens: -1 where not reported.  after: index of the call whose end released this one, or -1.  is_timed: its
    end was observed.  cached_tokens: of the prompt, besides uncached_tokens; 0 where not reported.
    """

    pools: tuple[str, ...]
    classes: tuple[str, ...]
    request_ids: Ints
    replicas: Ints
    pool: Ints
    replica: Ints
    server: Ints
    request: Ints
    request_class: Ints
    arrival_s: Floats
    begin_s: Floats
    first_token_s: Floats
    end_s: Floats
    alone_s: Floats
    uncached_tokens: Ints
    output_tokens: Ints
    after: Ints
    think_s: Floats
    is_generation: Bools
    is_replica_observed: Bools
    call_ids: Ints
    is_timed: Bools
    cached_tokens: Ints

    @property
    def size(self) -> int:
        """Number of calls."""
        return int(self.arrival_s.size)

    def latency_s(self) -> Floats:
        """Seconds from arrival to end."""
        return self.end_s - self.arrival_s


_COLUMNS: Final = (
    "call_id",
    "request_id",
    "request_class",
    "pool",
    "replica",
    "is_replica_observed",
    "start_ns",
    "busy_from_ns",
    "end_ns",
    "queue_s",
    "ttft_s",
    "alone_s",
    "uncached_tokens",
    "cached_tokens",
    "output_tokens",
    "is_generation",
    "after_call_id",
    "think_s",
)


def pool_calls(
    frames: Frames, paid_for: Mapping[str, PoolReplicas], untimed_pools: Sequence[str] = ()
) -> PoolCalls:
    """The timed calls of configured pools. paid_for: the replicas of each.  untimed_pools: of these, all calls."""
    is_asked = pl.col("end_ns").is_not_null() | pl.col("pool").cast(pl.String).is_in([*untimed_pools])
    calls = (
        frames.pool_call.filter(is_asked).select(_COLUMNS).sort("start_ns", "call_id").with_row_index("index")
    )
    pools, pool = _coded(calls["pool"])
    classes, request_class = _coded(calls["request_class"])
    request_ids, request = np.unique(calls["request_id"].to_numpy(), return_inverse=True)
    replica = _numbered(calls, {name: paid_for[name].numbers() for name in pools})
    server = _numbered(calls, {name: paid_for[name].apart() for name in pools})
    index_of = calls.select(pl.col("call_id").alias("after_call_id"), pl.col("index").alias("after"))
    followed = calls.join(index_of, on="after_call_id", how="left", maintain_order="left")
    after = followed["after"].cast(pl.Int64).fill_null(-1).to_numpy()
    after = np.where(after < np.arange(calls.height), after, -1)
    start_ns = calls["start_ns"].to_numpy()
    arrival_s = (start_ns - frames.window_from_ns) / NS_PER_S

    def since_start(column: str) -> Floats:
        return _floats(calls[column] - calls["start_ns"]) / NS_PER_S + arrival_s

    queued = calls["queue_s"].is_not_null().to_numpy()
    think_s = np.where(after >= 0, np.nan_to_num(_floats(calls["think_s"])), 0.0)
    return PoolCalls(
        pools=pools,
        classes=classes,
        request_ids=request_ids,
        replicas=np.array([paid_for[name].count for name in pools], np.int64),
        pool=pool,
        replica=replica,
        server=server,
        request=request,
        request_class=request_class,
        arrival_s=arrival_s,
        begin_s=np.where(queued, since_start("busy_from_ns"), np.nan),
        first_token_s=arrival_s + _floats(calls["ttft_s"]),
        end_s=since_start("end_ns"),
        alone_s=calls["alone_s"].fill_null(0.0).to_numpy(),
        uncached_tokens=_tokens(calls["uncached_tokens"]),
        output_tokens=_tokens(calls["output_tokens"]),
        after=after,
        think_s=np.maximum(think_s, 0.0),
        is_generation=calls["is_generation"].fill_null(True).to_numpy(),
        is_replica_observed=calls["is_replica_observed"].to_numpy(),
        call_ids=calls["call_id"].to_numpy(),
        is_timed=calls["end_ns"].is_not_null().to_numpy(),
        cached_tokens=np.maximum(_tokens(calls["cached_tokens"]), 0),
    )


def _coded(values: pl.Series) -> tuple[tuple[str, ...], Ints]:
    """The distinct texts in order, and for each value the index of its text."""
    names = values.unique().cast(pl.String).sort()
    return tuple(names.to_list()), values.cast(pl.Enum(names)).to_physical().cast(pl.Int64).to_numpy()


def _numbered(calls: pl.DataFrame, numbers: Mapping[str, Mapping[str, int]]) -> Ints:
    """For each call the number that its name has in its pool; 0 where it names no replica."""
    rows = [(pool, name, number) for pool, own in numbers.items() for name, number in own.items()]
    table = pl.DataFrame(
        rows, schema={"pool": pl.String, "replica": pl.String, "number": pl.Int64}, orient="row"
    )
    named = calls.select(pl.col("pool").cast(pl.String), pl.col("replica").cast(pl.String))
    found = named.join(table, on=["pool", "replica"], how="left", maintain_order="left")
    return found["number"].fill_null(0).to_numpy()


def _floats(values: pl.Series) -> Floats:
    return values.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _tokens(values: pl.Series) -> Ints:
    return values.cast(pl.Int64).fill_null(UNKNOWN_TOKENS).to_numpy()
