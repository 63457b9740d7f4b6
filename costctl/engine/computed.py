"""Relations that no SELECT makes well: what a walk along trees computes from the rows that their SQL selects.

In: the rows as Arrow, and the bounds of the observation window. Out: the rows of the relation as Arrow, in the
columns of its header. The computation is pure and needs whole traces, so that an engine may run it on any part that
holds whole traces.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Window = tuple[int | None, int | None]
Computation = Callable[[pa.Table, Window], pa.Table]


def span_tree_rows(rows: pa.Table, window: Window) -> pa.Table:
    """The relation span_tree."""
    from costctl.span_trees.tree import NO_TIME, Spans, span_tree
    from costctl.span_trees.tree_loop import NONE

    tree = span_tree(
        Spans(
            trace_high=_keys(rows, "trace_high"),
            trace_low=_keys(rows, "trace_low"),
            span=_keys(rows, "span"),
            wanted=_keys(rows, "wanted"),
            outer=_places(rows),
            start_ns=_filled(rows, "start_ns", NO_TIME),
            is_model_call=_bools(rows, "is_model_call"),
        ),
        *window,
    )
    return pa.table(
        {
            "span_key": np.arange(tree.row.size),
            "span_row": _column(rows, "span_row")[tree.row],
            "request_id": tree.request,
            "parent_key": pa.array(tree.parent, mask=tree.parent == NONE),
            "depth": tree.depth,
            "is_first": tree.is_first,
            "is_leaf_model_call": tree.is_leaf_model_call,
            "leaf_calls": tree.leaf_calls,
            "leaf_call_id": pa.array(tree.leaf_call, mask=tree.leaf_call == NONE),
        }
    )


def stage_time_rows(rows: pa.Table, _window: Window) -> pa.Table:
    """The relation stage_time."""
    from costctl.span_trees.stages import ALL_STAGES, TimedSpans, phase_ends_ns, stage_times

    place = _column(rows, "span_key")

    def placed(values: Any) -> Any:
        ordered = np.empty_like(values)
        ordered[place] = values
        return ordered

    start_ns, end_ns = placed(_filled(rows, "start_ns", 0)), placed(_filled(rows, "end_ns", 0))
    is_timed = placed(rows["end_ns"].is_valid().to_numpy())
    times = stage_times(
        TimedSpans(
            request=placed(_column(rows, "request_id")),
            parent=placed(_filled(rows, "parent_key", -1)),
            start_ns=start_ns,
            end_ns=end_ns,
            is_timed=is_timed,
            stage=placed(_codes(rows["stage"], ALL_STAGES)),
            phase_ends_ns=phase_ends_ns(
                start_ns,
                end_ns,
                placed(_filled(rows, "queue_s", np.nan)),
                placed(_filled(rows, "ttft_s", np.nan)),
                placed(_bools(rows, "is_call")) & is_timed,
                placed(_bools(rows, "is_generation")),
            ),
        )
    )
    names = pa.DictionaryArray.from_arrays(pa.array(times.stage.astype(np.int8)), pa.array(ALL_STAGES))
    return pa.table(
        {
            "request_id": times.request,
            "stage": names,
            "self_ns": times.self_ns,
            "self_s": times.self_ns / 1e9,
        }
    )


def call_order_rows(rows: pa.Table, _window: Window) -> pa.Table:
    """The relation call_order."""
    from costctl.span_trees.call_order import NONE, call_order
    from costctl.span_trees.tree import NO_TIME

    call_id, end_ns = _column(rows, "call_id"), _filled(rows, "end_ns", NO_TIME)
    operation = rows["operation"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    order = call_order(_column(rows, "request_id"), operation, _filled(rows, "start_ns", NO_TIME), end_ns)
    is_first = order.after == NONE
    return pa.table(
        {
            "call_id": call_id,
            "place": order.place,
            "calls_in_request": order.calls_in_request,
            "is_followed": order.is_followed,
            "after_call_id": pa.array(call_id[order.after] if call_id.size else call_id, mask=is_first),
            "after_end_ns": pa.array(end_ns[order.after] if call_id.size else call_id, mask=is_first),
        }
    )


COMPUTATIONS: Final[dict[str, Computation]] = {
    "call_order": call_order_rows,
    "span_tree": span_tree_rows,
    "stage_time": stage_time_rows,
}


def _column(rows: pa.Table, name: str) -> Any:
    return rows[name].to_numpy()


def _filled(rows: pa.Table, name: str, absent: float) -> Any:
    column = rows[name]
    return (column.fill_null(absent) if column.null_count else column).to_numpy()


def _bools(rows: pa.Table, name: str) -> Any:
    return rows[name].fill_null(False).to_numpy()


def _keys(rows: pa.Table, name: str) -> Any:
    """Hashes of 64 bits as signed integers: only equality counts."""
    return rows[name].to_numpy().view(np.int64)


def _places(rows: pa.Table) -> Any:
    """Of each row the place, among the rows, of the one that outer_row names; -1 where it names none."""
    outer = np.full(rows.num_rows, -1)
    named = np.flatnonzero(rows["outer_row"].is_valid().to_numpy())
    if named.size:
        order = np.argsort(_column(rows, "span_row"))
        wanted = rows["outer_row"].take(named).to_numpy()
        outer[named] = order[np.searchsorted(_column(rows, "span_row"), wanted, sorter=order)]
    return outer


def _codes(values: pa.ChunkedArray, names: tuple[str, ...]) -> Any:
    return pc.index_in(values, pa.array(names)).to_numpy().astype(np.int64)
