"""The compiled part of ``stages``: back along the critical path of each request.

Arrays are brought by the caller. Spans are numbered as in ``tree``: those of a request lie together.
"""

from __future__ import annotations

from typing import Any, Final

from costctl.compiled import compiled, part

NONE: Final = -1
QUEUE: Final = 0
PREFILL: Final = 1
DECODE: Final = 2


@compiled
def walk_requests(
    number: int, begins: Any, parent: Any, start: Any, end: Any, is_timed: Any, stage: Any, with_children: Any,
    queue: Any, ttft: Any, gap_stage: int, silent: int, order: Any, links: Any, frames: Any, spent: Any,
    out_request: Any, out_stage: Any, out_ns: Any,
) -> int:  # fmt: skip
    """Fill in the rows (request, stage, ns) of some requests, the first of that number; how many there are.

    begins: where the spans of each request begin.  stage: of a span's own time.  with_children: of each stage, what
    it is while children tell of a part.  queue, ttft: from a call's start, NONE where it has none.  gap_stage: of
    time in no span.  silent: of spans that do not say what is done.  order, links, frames: scratch for the largest
    request.  spent: zeros, one a stage.
    """
    written = 0
    for place in range(begins.size - 1):
        first, last = begins[place], begins[place + 1]
        low, high = _bounds(first, last, parent, start, end, is_timed)
        if low >= high:
            continue
        _link_children(first, last, parent, start, end, is_timed, stage, silent, order, links)
        _walk(
            first, low, high, start, end, stage, with_children, queue, ttft, gap_stage, links, frames, spent
        )
        for code in range(spent.size):
            if spent[code] > 0:
                out_request[written], out_stage[written], out_ns[written] = number + place, code, spent[code]
                spent[code] = 0
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
    first: int, last: int, parent: Any, start: Any, end: Any, is_timed: Any, stage: Any, silent: int,
    order: Any, links: Any,
) -> None:  # fmt: skip
    """A list of the timed children of each span, the one that ends last first; of equals, the one that starts first.

    links: columns head (of the children, at the span's place + 1; place 0 is the request), next (sibling), and how
    many timed children there are.  silent: the stage of spans that do not say what is done; one without children is
    left out of the list, unless it is all that its request has.
    """
    for place in range(last - first + 1):
        links[place, 0], links[place, 2] = NONE, 0
    timed = 0
    for span in range(first, last):
        if is_timed[span]:
            order[timed] = span
            timed += 1
            links[_owner(span, first, parent, is_timed), 2] += 1
    _sort_by_end(order, timed, start, end)
    for place in range(timed):
        span = order[place]
        owner = _owner(span, first, parent, is_timed)
        is_alone = owner == 0 and links[0, 2] == 1
        if stage[span] != silent or links[span - first + 1, 2] > 0 or is_alone:
            links[span - first + 1, 1] = links[owner, 0]
            links[owner, 0] = span


@part
def _owner(span: int, first: int, parent: Any, is_timed: Any) -> int:
    """The place of the nearest timed span above; 0 is the request itself."""
    above = parent[span]
    while above != NONE and not is_timed[above]:
        above = parent[above]
    return 0 if above == NONE else above - first + 1


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
    first: int, low: int, high: int, start: Any, end: Any, stage: Any, with_children: Any, queue: Any, ttft: Any,
    gap_stage: int, links: Any, frames: Any, spent: Any,
) -> None:  # fmt: skip
    """Back from the end of the request. frames: of each span on the way, itself, its lower bound, the cursor, and the
    next child.
    """
    deep = 0
    frames[0, 0], frames[0, 1], frames[0, 2], frames[0, 3] = NONE, low, high, links[0, 0]
    while deep >= 0:
        span, bound, cursor, child = frames[deep, 0], frames[deep, 1], frames[deep, 2], frames[deep, 3]
        while child != NONE and start[child] >= cursor:
            child = links[child - first + 1, 1]
        is_done = child == NONE or end[child] <= bound or cursor <= bound
        until = bound if is_done else min(end[child], cursor)
        if span == NONE:
            spent[gap_stage] += max(cursor - until, 0)
        elif until < cursor:
            own = stage[span] if links[span - first + 1, 2] == 0 else with_children[stage[span]]
            _spend(until, cursor, start[span], end[span], queue[span], ttft[span], own, spent)
        if is_done:
            deep -= 1
            continue
        since = max(start[child], bound)
        frames[deep, 2], frames[deep, 3] = since, links[child - first + 1, 1]
        deep += 1
        frames[deep, 0], frames[deep, 1], frames[deep, 2] = child, since, until
        frames[deep, 3] = links[child - first + 1, 0]


@part
def _spend(since: int, until: int, start: int, end: int, queue: int, ttft: int, own: int, spent: Any) -> None:
    """A span's own time from since to until: to the phases of a call, and what they leave to its stage."""
    busy_from = start
    if queue >= 0:
        busy_from = min(start + queue, end)
        spent[QUEUE] += max(min(busy_from, until) - since, 0)
        since = max(since, min(busy_from, until))
    if ttft >= 0:
        first_token = min(max(start + ttft, busy_from), end)
        spent[PREFILL] += max(min(first_token, until) - since, 0)
        since = max(since, min(first_token, until))
        spent[DECODE] += until - since
        since = until
    spent[own] += until - since
