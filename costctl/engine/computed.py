"""Relations that no SELECT makes well: what a walk along trees computes from the rows that their SQL selects.

In: the rows, in any order, and the bounds of the observation window. Out: the rows of the relation, in the columns of
its header. The computation needs whole traces, so that an engine may run it on any part that holds whole traces. What
rests on the tree takes it from memory, spans known by their rows: joining them again would cost more than the walk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa

Window = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Computed:
    """What a computation gives. rows: of the relation.  kept: what others that read the relation start from."""

    rows: pa.Table
    kept: Any = None


Computation = Callable[[pl.DataFrame, Window, Mapping[str, Any]], Computed]


@dataclass(frozen=True, slots=True)
class KeptTree:
    """The tree, and of each of its spans the row in the store and the start, NO_TIME where not observed."""

    tree: Any
    span_row: Any
    start_ns: Any


def span_tree_rows(rows: pl.DataFrame, window: Window, _kept: Mapping[str, Any]) -> Computed:
    """The relation span_tree."""
    from costctl.span_trees.gather import gathered
    from costctl.span_trees.tree import NO_TIME, Spans, span_tree
    from costctl.span_trees.tree_loop import NONE

    start_ns = _filled(rows, "start_ns", NO_TIME)
    tree = span_tree(
        Spans(
            trace_high=_keys(rows, "trace_high"),
            trace_low=_keys(rows, "trace_low"),
            span=_keys(rows, "span"),
            wanted=_keys(rows, "wanted"),
            outer=_places(rows),
            start_ns=start_ns,
            is_model_call=rows["is_model_call"].to_numpy(),
        ),
        *window,
    )
    span_row = gathered(rows["span_row"].to_numpy(), tree.row)
    table = pa.table(
        {
            "span_key": np.arange(tree.row.size, dtype=tree.row.dtype),
            "span_row": span_row,
            "request_id": tree.request,
            "parent_key": pa.array(tree.parent, mask=tree.parent == NONE),
            "depth": tree.depth,
            "is_first": tree.is_first,
            "is_leaf_model_call": tree.is_leaf_model_call,
            "leaf_calls": tree.leaf_calls,
            "leaf_call_id": pa.array(tree.leaf_call, mask=tree.leaf_call == NONE),
        }
    )
    return Computed(table, KeptTree(tree, span_row, gathered(start_ns, tree.row)))


def stage_time_rows(rows: pl.DataFrame, _window: Window, kept: Mapping[str, Any]) -> Computed:
    """The relation stage_time."""
    from costctl.span_trees.gather import gathered
    from costctl.span_trees.stages import ALL_STAGES, UNKNOWN, TimedSpans, stage_times
    from costctl.span_trees.tree import NO_TIME

    known: KeptTree = kept["span_tree"]
    place = _places_of(known.span_row, rows)
    end_ns = gathered(_filled(rows, "end_ns", NO_TIME), place)
    phases = [gathered(_filled(rows, name, UNKNOWN), place) for name in ("queue_ns", "ttft_ns")]
    for phase in phases:
        phase[~known.tree.is_leaf_model_call] = UNKNOWN
    times = stage_times(
        TimedSpans(
            request=known.tree.request,
            parent=known.tree.parent,
            start_ns=known.start_ns,
            end_ns=end_ns,
            is_timed=(end_ns != NO_TIME) & (known.start_ns != NO_TIME),
            stage=gathered(rows["stage_code"].to_numpy(), place),
            queue_ns=phases[0],
            ttft_ns=phases[1],
        )
    )
    names = pa.DictionaryArray.from_arrays(pa.array(times.stage), pa.array(ALL_STAGES))
    return Computed(
        pa.table(
            {
                "request_id": times.request,
                "stage": names,
                "self_ns": times.self_ns,
                "self_s": times.self_ns / 1e9,
            }
        )
    )


def call_order_rows(rows: pl.DataFrame, _window: Window, kept: Mapping[str, Any]) -> Computed:
    """The relation call_order."""
    from costctl.span_trees.call_order import NONE, call_order
    from costctl.span_trees.tree import NO_TIME

    known: KeptTree = kept["span_tree"]
    call_id = np.flatnonzero(known.tree.is_leaf_model_call)
    place = _places_of(known.span_row[call_id], rows)
    end_ns = _filled(rows, "end_ns", NO_TIME)[place]
    operation = rows["operation_code"].to_numpy()[place].astype(np.int64)
    order = call_order(known.tree.request[call_id], operation, known.start_ns[call_id], end_ns)
    is_first = order.after == NONE
    return Computed(
        pa.table(
            {
                "call_id": call_id,
                "place": order.place,
                "calls_in_request": order.calls_in_request,
                "is_followed": order.is_followed,
                "after_call_id": pa.array(call_id[order.after] if call_id.size else call_id, mask=is_first),
                "after_end_ns": pa.array(end_ns[order.after] if call_id.size else call_id, mask=is_first),
            }
        )
    )


def call_tenant_rows(rows: pl.DataFrame, _window: Window, kept: Mapping[str, Any]) -> Computed:
    """The relation call_tenant."""
    from costctl.span_trees.nearest import nearest_above
    from costctl.span_trees.tree_loop import NONE

    known: KeptTree = kept["span_tree"]
    given = rows["span_row"].to_numpy()
    place = np.full(1 + int(max(given.max(initial=0), known.span_row.max(initial=0))), NONE)
    place[given] = np.arange(given.size)
    of_span = place[known.span_row]
    call_id = np.flatnonzero(known.tree.is_leaf_model_call)
    named_by = nearest_above(known.tree.parent, of_span != NONE)[call_id]
    call_id, named_by = call_id[named_by != NONE], named_by[named_by != NONE]
    tenant = rows["tenant"].gather(of_span[named_by])
    return Computed(pa.table({"call_id": call_id, "tenant": tenant.to_arrow()}))


def request_counts_rows(rows: pl.DataFrame, _window: Window, kept: Mapping[str, Any]) -> Computed:
    """The relation request_counts."""
    from costctl.span_trees.gather import gathered
    from costctl.span_trees.request_counts import request_counts
    from costctl.span_trees.tree import NO_TIME

    known: KeptTree = kept["span_tree"]
    place = _places_of(known.span_row, rows)
    counts = request_counts(
        known.tree.request,
        known.tree.depth,
        known.start_ns,
        gathered(_filled(rows, "end_ns", NO_TIME), place),
        gathered(rows["is_failed"].to_numpy(), place),
        gathered(rows["kind_code"].to_numpy(), place),
    )
    _, retrievals, tools, agents = counts.kinds
    return Computed(
        pa.table(
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
    )


def occupancy_clock_rows(rows: pl.DataFrame, _window: Window, _kept: Mapping[str, Any]) -> Computed:
    """The relation occupancy_clock; kept are the ids of the calls that held a replica, and their shares."""
    from costctl.span_trees.occupancy import NONE, HeldTimes, occupancy

    names = rows["replica"].unique().sort()
    numbered = names.to_frame().with_row_index("number")
    number = rows.select("replica").join(numbered, on="replica", how="left", maintain_order="left")["number"]
    clock, shares = occupancy(
        HeldTimes(
            replica=number.cast(pl.Int64).to_numpy(),
            begin_ns=rows["busy_from_ns"].to_numpy(),
            first_token_ns=_filled(rows, "first_token_ns", NONE),
            end_ns=rows["end_ns"].to_numpy(),
            first_weight=rows["first_milliweight"].to_numpy(),
            last_weight=rows["last_milliweight"].to_numpy(),
        )
    )
    table = pa.table(
        {
            "replica": names.gather(clock.replica).to_arrow(),
            "at_ns": clock.at_ns,
            "active": clock.active,
            "milliweight": clock.weight,
            "clock_s": clock.clock_s * 1000.0,  # a thousandth of a weight is the unit of the clock
            "alone_clock_s": clock.alone_s,
            "busy_clock_s": clock.busy_s,
        }
    )
    return Computed(table, (rows["call_id"].to_numpy(), shares))


def call_share_rows(rows: pl.DataFrame, _window: Window, kept: Mapping[str, Any]) -> Computed:
    """The relation call_share."""
    call_id = rows["call_id"].to_numpy()
    held, shares = kept["occupancy_clock"]
    place = np.searchsorted(call_id, held)
    share_s, alone_s = np.zeros(call_id.size), np.zeros(call_id.size)
    share_s[place], alone_s[place] = shares.share_s, shares.alone_s
    return Computed(pa.table({"call_id": call_id, "share_s": share_s, "alone_s": alone_s}))


COMPUTATIONS: Final[dict[str, Computation]] = {
    "call_order": call_order_rows,
    "call_share": call_share_rows,
    "call_tenant": call_tenant_rows,
    "occupancy_clock": occupancy_clock_rows,
    "request_counts": request_counts_rows,
    "span_tree": span_tree_rows,
    "stage_time": stage_time_rows,
}


def _filled(rows: pl.DataFrame, name: str, absent: int) -> Any:
    column = rows[name]
    return (column.fill_null(absent) if column.null_count() else column).to_numpy()


def _keys(rows: pl.DataFrame, name: str) -> Any:
    """Hashes of 64 bits as signed integers: only equality counts."""
    return rows[name].to_numpy().view(np.int64)


def _places_of(span_row: Any, rows: pl.DataFrame) -> Any:
    """Where among the rows each of these rows of the store is."""
    from costctl.span_trees.gather import gathered

    given = rows["span_row"].to_numpy()
    places = np.empty(int(given.max(initial=-1)) + 1, np.int32 if given.size < 2**31 else np.int64)
    places[given] = np.arange(given.size, dtype=places.dtype)
    return gathered(places, span_row)


def _places(rows: pl.DataFrame) -> Any:
    """Of each row the place, among the rows, of the one that outer_row names; -1 where it names none."""
    outer = np.full(rows.height, -1, np.int32 if rows.height < 2**31 else np.int64)
    named = rows["outer_row"].is_not_null().arg_true().to_numpy()
    if named.size:
        outer[named] = _places_of(rows["outer_row"].gather(named).to_numpy(), rows)
    return outer
