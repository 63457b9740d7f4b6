"""Which request does each span belong to, how deep does it lie, and which model calls count?

Shape in: spans of whole traces in any order, their keys as integers.  Shape out: the same spans numbered anew:
request by request in the order in which requests started, and within a request by start. Neither numbers nor
order depend on the order in which the spans came.

An entry has no parent, or one that was never exported; orphans of one lost parent are one request. Spans that only a
cycle of parents holds together form a request of their own, so that none is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from costctl.arrays import Bools, Ints, SmallInts, only_read
from costctl.span_trees.gather import index_type
from costctl.span_trees.tree_loop import (
    NO_PARENT,
    NONE,
    SMALL,
    UNSEEN,
    climb,
    count_leaves,
    count_runs,
    find_parents,
    gather_members,
    mark_firsts,
    mark_wrappers,
    number_traces,
    place_requests,
    renumber,
    sort_members,
)

NO_TIME: Final = np.iinfo(np.int64).max  # a start that was not observed: after all others
_LEAST_SLOTS: Final = 64


@dataclass(frozen=True, slots=True)
class Spans:
    """n spans. trace_high, trace_low: key of the trace in two halves.  span: key within the trace.

    Keys are in the order of the ids; what starts at once is in the order of its keys.  wanted: key of the parent,
    NO_PARENT where the span names none.  outer: row of the span below which this one is to be hung whatever it names,
    else NONE.  start_ns: NO_TIME where not observed.
    """

    trace_high: Ints
    trace_low: Ints
    span: Ints
    wanted: Ints
    outer: Ints
    start_ns: Ints
    is_model_call: Bools


@dataclass(frozen=True, slots=True)
class SpanTree:
    """The spans of the wanted requests, each numbered by its place here.

    row: where the span stood in the input.  request: number of its request.  parent: number of its parent, or
    NONE.  depth: 0 for an entry.  is_first: the entry that its request is known by.  is_leaf_model_call: a model call
    with no model call below it.  leaf_calls, leaf_call: of a model call that is none, how many leaves lie below it, and
    the number of the first; 0 and NONE for all other spans.
    """

    row: SmallInts
    request: SmallInts
    parent: SmallInts
    depth: SmallInts
    is_first: Bools
    is_leaf_model_call: Bools
    leaf_calls: SmallInts
    leaf_call: SmallInts


def span_tree(spans: Spans, since_ns: int | None = None, until_ns: int | None = None) -> SpanTree:
    """The tree. since_ns, until_ns: only requests whose first entry starts then; those without a time are in the
    window that has no bounds.
    """
    rows = spans.span.size
    index = index_type(rows)
    trace, traces = _traces(spans, index)
    parent = _parents(spans, trace, traces)
    entry, depth = np.full(rows, UNSEEN, index), np.zeros(rows, index)
    climb(parent, entry, depth)
    head = _first_of_kin(spans, trace, parent, entry)
    is_first, is_wrapper = np.zeros(rows, np.bool_), np.zeros(rows, np.bool_)
    mark_firsts(head, entry, is_first)
    request = _numbered(spans, np.flatnonzero(is_first), index, since_ns, until_ns)
    group = np.empty(rows, index)
    requests = place_requests(entry, head, request, group)
    parent[entry == NONE] = NONE  # of spans that only a cycle holds together each is an entry
    begins, members = _gathered(group, requests)
    if sort_members(begins, members, only_read(spans.start_ns), spans.span):
        _sort_large(begins, members, spans)
    mark_wrappers(parent, spans.is_model_call, is_wrapper)
    size = members.size
    above, depths = np.empty(size, index), np.empty(size, index)
    is_head, is_model_call, is_leaf = (
        np.empty(size, np.bool_),
        np.empty(size, np.bool_),
        np.empty(size, np.bool_),
    )
    trace.fill(NONE)  # no longer wanted: the numbers of the spans go there
    request = request[:size]
    renumber(
        members, group, parent, depth, is_first, spans.is_model_call, is_wrapper, trace,
        request, above, depths, is_head, is_model_call, is_leaf,
    )  # fmt: skip
    leaf_calls, leaf_call = np.zeros(size, index), np.full(size, NONE, index)
    count_leaves(above, is_leaf, is_model_call, leaf_calls, leaf_call)
    return SpanTree(
        row=members,
        request=request,
        parent=above,
        depth=depths,
        is_first=is_head,
        is_leaf_model_call=is_leaf,
        leaf_calls=leaf_calls,
        leaf_call=leaf_call,
    )


def _traces(spans: Spans, index: type[np.signedinteger[Any]]) -> tuple[SmallInts, int]:
    rows = spans.span.size
    runs = count_runs(spans.trace_high, spans.trace_low)
    slots, first_row, trace = np.full(_slots(runs), NONE, index), np.empty(runs, index), np.empty(rows, index)
    count = number_traces(spans.trace_high, spans.trace_low, slots, first_row, trace)
    return trace, int(count)


def _slots(keys: int) -> int:
    """A power of two that is at least twice as many."""
    return max(_LEAST_SLOTS, 1 << (2 * keys - 1).bit_length())


def _parents(spans: Spans, trace: SmallInts, traces: int) -> SmallInts:
    begins, members = _gathered(trace, traces)
    sizes = np.diff(begins)
    slots = np.full(_slots(int(sizes[sizes > SMALL].sum())), NONE, trace.dtype)
    parent = np.full(spans.span.size, NONE, trace.dtype)
    find_parents(spans.span, spans.wanted, begins, members, slots, trace, parent)
    moved = np.flatnonzero(spans.outer != NONE)
    parent[moved] = spans.outer[moved]
    return parent


def _gathered(group: SmallInts, groups: int) -> tuple[Ints, SmallInts]:
    """Where each group begins, and the rows of all groups."""
    begins, cursor = np.zeros(groups + 1, np.int64), np.empty(groups + 1, np.int64)
    members = np.empty(np.count_nonzero(group != NONE), group.dtype)
    gather_members(group, begins, cursor, members)
    return begins, members


def _first_of_kin(spans: Spans, trace: SmallInts, parent: SmallInts, entry: SmallInts) -> SmallInts:
    """Of each entry, and of each span that nothing reaches, the first span of its request."""
    is_lost = entry == NONE
    is_orphan = (parent == NONE) & (spans.wanted != NO_PARENT) & ~is_lost
    kin = np.flatnonzero(is_lost | is_orphan)
    if kin.size == 0:
        return entry  # each entry is the first of its own
    head = np.arange(entry.size, dtype=entry.dtype)
    family = np.where(is_lost[kin], NO_PARENT, spans.wanted[kin])
    order = np.lexsort((spans.span[kin], spans.start_ns[kin], family, is_lost[kin], trace[kin]))
    kin, family = kin[order], family[order]
    is_first = np.ones(kin.size, np.bool_)
    is_first[1:] = (
        (trace[kin][1:] != trace[kin][:-1])
        | (family[1:] != family[:-1])
        | (is_lost[kin][1:] != is_lost[kin][:-1])
    )
    head[kin] = kin[is_first][np.cumsum(is_first) - 1]
    return head


def _numbered(
    spans: Spans, heads: Ints, index: type[np.signedinteger[Any]], since_ns: int | None, until_ns: int | None
) -> SmallInts:
    """Of each first span the number of its request, NONE outside the window; requests in order of start."""
    start_ns = spans.start_ns[heads]
    if since_ns is not None or until_ns is not None:
        inside = start_ns != NO_TIME
        inside &= start_ns >= (np.iinfo(np.int64).min if since_ns is None else since_ns)
        inside &= start_ns < (NO_TIME if until_ns is None else until_ns)
        heads, start_ns = heads[inside], start_ns[inside]
    order = np.argsort(start_ns, kind="stable")
    if np.any(np.diff(start_ns[order]) == 0):
        keys = (spans.span[heads], spans.trace_low[heads], spans.trace_high[heads], start_ns)
        order = np.lexsort(keys)
    request = np.full(spans.span.size, NONE, index)
    request[heads[order]] = np.arange(heads.size)
    return request


def _sort_large(begins: Ints, members: SmallInts, spans: Spans) -> None:
    for number in np.flatnonzero(np.diff(begins) > SMALL):
        part = members[begins[number] : begins[number + 1]]
        part[:] = part[np.lexsort((spans.span[part], spans.start_ns[part]))]
