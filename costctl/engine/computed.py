"""Relations that no SELECT makes well: what a walk along trees computes from the rows that their SQL selects.

In: frames: what the relation's own SQL selects, in any order, and columns of the relations that it rests on, in the
order of their rows. Out: the rows of the relation, in the columns of its header. Nothing is kept between two calls, and
spans, requests and calls are numbered within the frames: any part that holds whole traces can be computed alone, of
what rests on calls any that holds all those of a replica.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa

Frames = Mapping[str, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Computation:
    """How a relation is made. rows: of what its SQL selects, and of the frames of other relations.

    takes: the columns that it wants of each of these; the relation's header names them among what it reads.
    """

    rows: Callable[[pl.DataFrame, Frames], pa.Table]
    takes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def span_tree_rows(selected: pl.DataFrame, frames: Frames) -> pa.Table:
    """The relation span_tree."""
    from costctl.span_trees.gather import gathered, index_type, places_of
    from costctl.span_trees.tree import NO_TIME, Spans, span_tree
    from costctl.span_trees.tree_loop import NONE

    store_key = selected["store_key"].to_numpy()
    outer = np.full(store_key.size, NONE, index_type(store_key.size))
    moved = selected["outer_store_key"].is_not_null().arg_true().to_numpy()
    outer[moved] = places_of(selected["outer_store_key"].gather(moved).to_numpy(), store_key)
    tree = span_tree(
        Spans(
            trace_high=_signed(selected["trace_high"]),
            trace_low=_signed(selected["trace_low"]),
            span=_signed(selected["span"]),
            wanted=_signed(selected["wanted"].fill_null(0)),  # 0 as an id is none, and becomes NO_PARENT
            outer=outer,
            start_ns=_filled(selected, "start_ns", NO_TIME),
            is_model_call=selected["is_model_call"].to_numpy(),
        ),
        *_bounds(frames["observation_window"]),
    )
    return pa.table(
        {
            "span_key": np.arange(tree.row.size, dtype=tree.row.dtype),
            "store_key": gathered(store_key, tree.row),
            "request_id": tree.request,
            "parent_key": pa.array(tree.parent, mask=tree.parent == NONE),
            "depth": tree.depth,
            "is_first": tree.is_first,
            "is_leaf_model_call": tree.is_leaf_model_call,
            "leaf_calls": tree.leaf_calls,
            "leaf_call_id": pa.array(tree.leaf_call, mask=tree.leaf_call == NONE),
        }
    )


def stage_time_rows(selected: pl.DataFrame, frames: Frames) -> pa.Table:
    """The relation stage_time."""
    from costctl.span_trees.gather import gathered, places_of
    from costctl.span_trees.stages import ALL_STAGES, UNKNOWN, TimedSpans, stage_times
    from costctl.span_trees.tree import NO_TIME

    tree = frames["span_tree"]
    place = places_of(tree["store_key"].to_numpy(), selected["store_key"].to_numpy())
    start_ns, end_ns = (gathered(_filled(selected, name, NO_TIME), place) for name in ("start_ns", "end_ns"))
    queue_ns, ttft_ns = (
        gathered(_filled(selected, name, UNKNOWN), place) for name in ("queue_ns", "ttft_ns")
    )
    is_no_call = ~tree["is_leaf_model_call"].to_numpy()
    queue_ns[is_no_call] = ttft_ns[is_no_call] = UNKNOWN
    times = stage_times(
        TimedSpans(
            request=_numbers(tree, "request_id"),
            parent=_numbers(tree, "parent_key"),
            start_ns=start_ns,
            end_ns=end_ns,
            is_timed=(end_ns != NO_TIME) & (start_ns != NO_TIME),
            stage=gathered(selected["stage_code"].to_numpy(), place),
            queue_ns=queue_ns,
            ttft_ns=ttft_ns,
        )
    )
    names = pa.DictionaryArray.from_arrays(pa.array(times.stage), pa.array(ALL_STAGES))
    return pa.table(
        {
            "request_id": times.request,
            "stage": names,
            "self_ns": times.self_ns,
            "self_s": times.self_ns / 1e9,
        }
    )


def call_order_rows(selected: pl.DataFrame, frames: Frames) -> pa.Table:
    """The relation call_order."""
    from costctl.span_trees.call_order import NONE, call_order
    from costctl.span_trees.gather import places_of
    from costctl.span_trees.tree import NO_TIME

    calls = frames["span_tree"].filter(pl.col("is_leaf_model_call"))
    call_id = calls["span_key"].to_numpy()
    place = places_of(calls["store_key"].to_numpy(), selected["store_key"].to_numpy())
    start_ns, end_ns = (_filled(selected, name, NO_TIME)[place] for name in ("start_ns", "end_ns"))
    operation = selected["operation_code"].to_numpy()[place].astype(np.int64)
    order = call_order(_numbers(calls, "request_id"), operation, start_ns, end_ns)
    is_first = order.after == NONE
    return pa.table(
        {
            "call_id": call_id,
            "place": order.place,
            "calls_in_request": order.calls_in_request,
            "is_followed": order.is_followed,
            "after_call_id": pa.array(call_id[order.after], mask=is_first),
            "after_end_ns": pa.array(end_ns[order.after], mask=is_first),
        }
    )


def call_tenant_rows(selected: pl.DataFrame, frames: Frames) -> pa.Table:
    """The relation call_tenant."""
    from costctl.span_trees.gather import places_of
    from costctl.span_trees.nearest import nearest_above
    from costctl.span_trees.tree_loop import NONE

    tree = frames["span_tree"]
    place = places_of(tree["store_key"].to_numpy(), selected["store_key"].to_numpy())
    named_by = nearest_above(_numbers(tree, "parent_key"), place != NONE)
    named = np.flatnonzero(tree["is_leaf_model_call"].to_numpy() & (named_by != NONE))
    tenant = selected["tenant"].gather(place[named_by[named]])
    return pa.table({"call_id": tree["span_key"].to_numpy()[named], "tenant": tenant.to_arrow()})


def request_counts_rows(selected: pl.DataFrame, frames: Frames) -> pa.Table:
    """The relation request_counts."""
    from costctl.span_trees.gather import gathered, places_of
    from costctl.span_trees.request_counts import request_counts
    from costctl.span_trees.tree import NO_TIME

    tree = frames["span_tree"]
    place = places_of(tree["store_key"].to_numpy(), selected["store_key"].to_numpy())
    counts = request_counts(
        _numbers(tree, "request_id"),
        _numbers(tree, "depth"),
        gathered(_filled(selected, "start_ns", NO_TIME), place),
        gathered(_filled(selected, "end_ns", NO_TIME), place),
        gathered(selected["is_failed"].to_numpy(), place),
        gathered(selected["kind_code"].to_numpy(), place),
    )
    _, retrievals, tools, agents = counts.kinds
    return pa.table(
        {
            "request_id": np.arange(counts.spans.size),
            "start_ns": pa.array(counts.start_ns, mask=counts.start_ns == NO_TIME),
            "end_ns": pa.array(counts.end_ns, mask=counts.end_ns == NO_TIME),
            "has_failed": counts.has_failed,
            "spans": counts.spans,
            "retrievals": retrievals,
            "tools": tools,
            "agents": agents,
        }
    )


def occupancy_clock_rows(selected: pl.DataFrame, _frames: Frames) -> pa.Table:
    """The relation occupancy_clock."""
    from costctl.span_trees.occupancy import occupancy

    replicas, held = _held(selected)
    clock, _ = occupancy(held)
    return pa.table(
        {
            "replica": replicas.gather(clock.replica).to_arrow(),
            "at_ns": clock.at_ns,
            "active": clock.active,
            "milliweight": clock.weight,
            "clock_s": clock.clock_s * 1000.0,  # a thousandth of a weight is the unit of the clock
            "alone_clock_s": clock.alone_s,
            "busy_clock_s": clock.busy_s,
        }
    )


def call_share_rows(selected: pl.DataFrame, frames: Frames) -> pa.Table:
    """The relation call_share."""
    from costctl.span_trees.gather import places_of
    from costctl.span_trees.occupancy import occupancy

    _, shares = occupancy(_held(frames["call_phase"])[1])
    call_id = selected["call_id"].to_numpy()
    place = places_of(frames["call_phase"]["call_id"].to_numpy(), call_id)
    share_s, alone_s = np.zeros(call_id.size), np.zeros(call_id.size)
    share_s[place], alone_s[place] = shares.share_s, shares.alone_s
    return pa.table({"call_id": call_id, "share_s": share_s, "alone_s": alone_s})


_PLACED: Final = ("store_key", "request_id")
_HELD: Final = (
    "replica",
    "busy_from_ns",
    "first_token_ns",
    "end_ns",
    "first_milliweight",
    "last_milliweight",
)
COMPUTATIONS: Final[dict[str, Computation]] = {
    "call_order": Computation(call_order_rows, {"span_tree": (*_PLACED, "span_key", "is_leaf_model_call")}),
    "call_share": Computation(call_share_rows, {"call_phase": ("call_id", *_HELD)}),
    "call_tenant": Computation(
        call_tenant_rows, {"span_tree": ("store_key", "span_key", "parent_key", "is_leaf_model_call")}
    ),
    "occupancy_clock": Computation(occupancy_clock_rows),
    "request_counts": Computation(request_counts_rows, {"span_tree": (*_PLACED, "depth")}),
    "span_tree": Computation(span_tree_rows, {"observation_window": ("since_ns", "until_ns", "is_bounded")}),
    "stage_time": Computation(stage_time_rows, {"span_tree": (*_PLACED, "parent_key", "is_leaf_model_call")}),
}


def _bounds(window: pl.DataFrame) -> tuple[int | None, int | None]:
    """The bounds of the observation window, ns UTC; None for a window that has none."""
    ((since_ns, until_ns, is_bounded),) = window.rows()
    return (since_ns, until_ns) if is_bounded else (None, None)


def _held(calls: pl.DataFrame) -> tuple[pl.Series, Any]:
    """The names of the replicas, and when calls held each of them, which is known by its place among the names."""
    from costctl.span_trees.occupancy import NONE, HeldTimes

    names = calls["replica"].unique().sort()
    numbered = names.to_frame().with_row_index("number")
    number = calls.select("replica").join(numbered, on="replica", how="left", maintain_order="left")["number"]
    return names, HeldTimes(
        replica=number.cast(pl.Int64).to_numpy(),
        begin_ns=calls["busy_from_ns"].to_numpy(),
        first_token_ns=_filled(calls, "first_token_ns", NONE),
        end_ns=calls["end_ns"].to_numpy(),
        first_weight=calls["first_milliweight"].to_numpy(),
        last_weight=calls["last_milliweight"].to_numpy(),
    )


def _filled(rows: pl.DataFrame, name: str, absent: int) -> Any:
    column = rows[name]
    return (column.fill_null(absent) if column.null_count() else column).to_numpy()


def _numbers(tree: pl.DataFrame, name: str) -> Any:
    """A column of numbers of spans or requests, as narrow as they allow; NONE where NULL."""
    from costctl.span_trees.gather import index_type
    from costctl.span_trees.tree_loop import NONE

    return _filled(tree, name, NONE).astype(index_type(tree.height))


def _signed(ids: pl.Series) -> Any:
    """Numbers of 64 bits as signed ones in the same order."""
    return (ids.to_numpy() ^ np.uint64(2**63)).view(np.int64)
