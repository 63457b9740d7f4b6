"""What came before and after each call within its request?

Shape in: the calls in the order of ``tree``, so that those of a request lie together, by start.  Shape out: for each
call its place, whether another of its operation follows, and the latest call that had ended when it started.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from costctl.arrays import Bools, Ints
from costctl.compiled import compiled, part
from costctl.span_trees.tree import NO_TIME

NONE: Final = -1


@dataclass(frozen=True, slots=True)
class CallOrder:
    """n calls. place: from 1.  after: index of the call that had ended last when this one started, or NONE."""

    place: Ints
    calls_in_request: Ints
    is_followed: Bools
    after: Ints


def call_order(request: Ints, operation: Ints, start_ns: Ints, end_ns: Ints) -> CallOrder:
    """The order of calls. operation: a number for each kind.  start_ns, end_ns: NO_TIME where not observed."""
    size = request.size
    place, count = np.empty(size, np.int64), np.empty(size, np.int64)
    is_followed, after = np.zeros(size, np.bool_), np.full(size, NONE)
    kinds = np.full(int(operation.max(initial=0)) + 1, NONE)
    _order_calls(
        request,
        operation,
        start_ns,
        end_ns,
        NO_TIME,
        np.empty(size, np.int64),
        kinds,
        place,
        count,
        is_followed,
        after,
    )
    return CallOrder(place, count, is_followed, after)


@compiled
def _order_calls(
    request: Any, operation: Any, start: Any, end: Any, no_time: int, heap: Any, kinds: Any, place: Any, count: Any,
    is_followed: Any, after: Any,
) -> None:  # fmt: skip
    """heap: scratch; of the calls in progress, the one that ends first on top.  kinds: NONE, one an operation."""
    first, size, best = 0, 0, NONE
    for call in range(request.size):
        if call == 0 or request[call] != request[call - 1]:
            first, size, best = call, 0, NONE
        place[call] = call - first + 1
        if start[call] != no_time:
            while size > 0 and end[heap[0]] <= start[call]:
                best, size = heap[0], size - 1
                heap[0] = heap[size]
                _sink(heap, size, end)
            after[call] = best
            if end[call] != no_time:
                heap[size] = call
                _rise(heap, size, end)
                size += 1
    for call in range(request.size - 1, -1, -1):
        is_last = call == request.size - 1 or request[call + 1] != request[call]
        count[call] = place[call] if is_last else count[call + 1]
        is_followed[call] = kinds[operation[call]] == request[call]
        kinds[operation[call]] = request[call]


@part
def _is_ahead(one: int, other: int, end: Any) -> bool:
    return bool(end[one] < end[other] or (end[one] == end[other] and one < other))


@part
def _sink(heap: Any, size: int, end: Any) -> None:
    at = 0
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and _is_ahead(heap[child + 1], heap[child], end):
            child += 1
        if not _is_ahead(heap[child], heap[at], end):
            return
        heap[at], heap[child] = heap[child], heap[at]
        at = child


@part
def _rise(heap: Any, at: int, end: Any) -> None:
    while at > 0 and _is_ahead(heap[at], heap[(at - 1) // 2], end):
        heap[at], heap[(at - 1) // 2] = heap[(at - 1) // 2], heap[at]
        at = (at - 1) // 2
