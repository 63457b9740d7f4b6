"""The compiled part of ``stages``: back along the critical path of each request.

Arrays are brought by the caller. Spans are numbered as in ``tree``: those of a request lie together.
"""

from __future__ import annotations

from typing import Any, Final

from costctl.compiled import compiled, part

NONE: Final = -1


@compiled
def walk_requests(
    begins: Any, parent: Any, start: Any, end: Any, is_timed: Any, stage: Any, phases: Any, gap_stage: int,
    order: Any, links: Any, frames: Any, spent: Any, out_request: Any, out_stage: Any, out_ns: Any,
) -> int:  # fmt: skip
    """Fill in the rows (request, stage, ns) of all requests; how many there are.

    begins: where the spans of each request begin.  stage: of a span's own time, and of it while children are
    timed (second column).  phases: of each span the ends of its queueing, prefill and decoding, 0 where it has
    none.  gap_stage: of time in no span.  order, links, frames: scratch for the largest request.  spent: zeros, one
    a stage.
    """
    written = 0
    for request in range(begins.size - 1):
        first, last = begins[request], begins[request + 1]
        low, high = _bounds(first, last, parent, start, end, is_timed)
        if low >= high:
            continue
        _link_children(first, last, parent, start, end, is_timed, order, links)
        _walk(first, low, high, start, end, stage, phases, gap_stage, links, frames, spent)
        for number in range(spent.size):
            if spent[number] > 0:
                out_request[written], out_stage[written], out_ns[written] = request, number, spent[number]
                spent[number] = 0
                written += 1
    return written


@part
def _bounds(first: int, last: int, parent: Any, start: Any, end: Any, is_timed: Any) -> tuple[int, int]:
    """First start and last end of the request's entries."""
    low, high = 0, 0
    is_any = False
    for span in range(first, last):
        if parent[span] == NONE and is_timed[span]:
            low = min(low, start[span]) if is_any else start[span]
            high = max(high, end[span]) if is_any else end[span]
            is_any = True
    return low, high


@part
def _link_children(
    first: int, last: int, parent: Any, start: Any, end: Any, is_timed: Any, order: Any, links: Any
) -> None:
    """A list of the timed children of each span, the one that ends last first; of equals, the one that starts first.

    links: columns head (of the children, at the span's place + 1; place 0 is the request) and next (sibling).
    """
    timed = 0
    for span in range(first, last):
        links[span - first + 1, 0] = NONE
        if is_timed[span]:
            order[timed] = span
            timed += 1
    links[0, 0] = NONE
    _sort_by_end(order, timed, start, end)
    for place in range(timed):
        span = order[place]
        above = parent[span]
        while above != NONE and not is_timed[above]:
            above = parent[above]
        owner = 0 if above == NONE else above - first + 1
        links[span - first + 1, 1] = links[owner, 0]
        links[owner, 0] = span


@part
def _ends_before(one: int, other: int, start: Any, end: Any) -> bool:
    if end[one] != end[other]:
        return bool(end[one] < end[other])
    if start[one] != start[other]:
        return bool(start[one] > start[other])
    return one > other


@part
def _sort_by_end(order: Any, count: int, start: Any, end: Any) -> None:
    """Heap sort: in place, and no slower for the largest request."""
    for root in range(count // 2 - 1, -1, -1):
        _sift(order, root, count, start, end)
    for size in range(count - 1, 0, -1):
        order[0], order[size] = order[size], order[0]
        _sift(order, 0, size, start, end)


@part
def _sift(order: Any, root: int, size: int, start: Any, end: Any) -> None:
    while 2 * root + 1 < size:
        child = 2 * root + 1
        if child + 1 < size and _ends_before(order[child], order[child + 1], start, end):
            child += 1
        if not _ends_before(order[root], order[child], start, end):
            return
        order[root], order[child] = order[child], order[root]
        root = child


@part
def _walk(
    first: int, low: int, high: int, start: Any, end: Any, stage: Any, phases: Any, gap_stage: int,
    links: Any, frames: Any, spent: Any,
) -> None:  # fmt: skip
    """Back from the end of the request. frames: of each span on the way, itself, its lower bound, and the cursor."""
    deep = 0
    frames[0, 0], frames[0, 1], frames[0, 2], frames[0, 3] = NONE, low, high, links[0, 0]
    while deep >= 0:
        span, bound, cursor, child = frames[deep, 0], frames[deep, 1], frames[deep, 2], frames[deep, 3]
        while child != NONE and start[child] >= cursor:
            child = links[child - first + 1, 1]
        if child == NONE or end[child] <= bound or cursor <= bound:
            _spend(span, bound, cursor, first, stage, phases, gap_stage, links, spent)
            deep -= 1
            continue
        until = min(end[child], cursor)
        _spend(span, until, cursor, first, stage, phases, gap_stage, links, spent)
        since = max(start[child], bound)
        frames[deep, 2], frames[deep, 3] = since, links[child - first + 1, 1]
        deep += 1
        frames[deep, 0], frames[deep, 1], frames[deep, 2] = child, since, until
        frames[deep, 3] = links[child - first + 1, 0]


@part
def _spend(
    span: int,
    since: int,
    until: int,
    first: int,
    stage: Any,
    phases: Any,
    gap_stage: int,
    links: Any,
    spent: Any,
) -> None:
    """The span's own time from since to until goes to its phases, and what they leave to its stage."""
    if until <= since:
        return
    if span == NONE:
        spent[gap_stage] += until - since
        return
    at = since
    for phase in range(phases.shape[1]):
        reached = min(phases[span, phase], until)
        if reached > at:
            spent[phase] += reached - at
            at = reached
    own = stage[span, 1] if links[span - first + 1, 0] != NONE else stage[span, 0]
    spent[own] += until - at
