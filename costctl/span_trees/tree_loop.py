"""The compiled part of ``tree``: spans to traces, to parents, to entries.

Every function fills arrays that the caller brings; an index is a row of the caller's, NONE stands for none.
"""

from __future__ import annotations

from typing import Any, Final

from costctl.compiled import compiled

NONE: Final = -1
NO_PARENT: Final = -(2**63)  # the key of the span id that has no digit but 0, which none has
UNSEEN: Final = -2
_UNREACHED: Final = -3
SMALL: Final = 48  # spans of a trace among which a parent is looked for one by one
_MIX: Final = -0x61C8864680B583EB  # 2^64 over the golden ratio, as a signed number: spreads neighbouring keys


@compiled
def count_runs(high: Any, low: Any) -> int:
    """How often the trace differs from that of the row before."""
    runs = 1
    for row in range(1, high.size):
        if high[row] != high[row - 1] or low[row] != low[row - 1]:
            runs += 1
    return runs


@compiled
def number_traces(high: Any, low: Any, slots: Any, first_row: Any, trace: Any) -> int:
    """The number of each row's trace, in the order in which traces first appear; how many there are.

    slots: NONE throughout, a power of two long.  first_row: scratch for the first row of each trace.
    """
    mask = slots.size - 1
    count = 0
    for row in range(high.size):
        if row > 0 and high[row] == high[row - 1] and low[row] == low[row - 1]:
            trace[row] = trace[row - 1]
            continue
        slot = (high[row] ^ low[row]) * _MIX >> 20 & mask
        while slots[slot] != NONE:
            seen = first_row[slots[slot]]
            if high[seen] == high[row] and low[seen] == low[row]:
                break
            slot = slot + 1 & mask
        if slots[slot] == NONE:
            slots[slot] = count
            first_row[count] = row
            count += 1
        trace[row] = slots[slot]
    return count


@compiled
def gather_members(group: Any, begins: Any, cursor: Any, members: Any) -> None:
    """The rows of each group, one group after another; rows of group NONE are left out.

    begins: zeros, one more than there are groups; becomes where each begins.  cursor: scratch of the same length.
    """
    for row in range(group.size):
        if group[row] != NONE:
            begins[group[row] + 1] += 1
    for number in range(begins.size - 1):
        begins[number + 1] += begins[number]
        cursor[number] = begins[number]
    for row in range(group.size):
        if group[row] != NONE:
            members[cursor[group[row]]] = row
            cursor[group[row]] += 1


@compiled
def find_parents(
    span: Any, wanted: Any, begins: Any, members: Any, slots: Any, trace: Any, parent: Any
) -> None:
    """The row of each span's parent in its trace, NONE where there is none. wanted: key of the parent, or NO_PARENT."""
    mask = slots.size - 1
    for number in range(begins.size - 1):
        first, end = begins[number], begins[number + 1]
        if end - first <= SMALL:
            for place in range(first, end):
                row = members[place]
                if wanted[row] != NO_PARENT:
                    for other in range(first, end):
                        if span[members[other]] == wanted[row]:
                            parent[row] = members[other]
                            break
            continue
        for place in range(first, end):
            row = members[place]
            slot = (span[row] ^ number) * _MIX >> 20 & mask
            while slots[slot] != NONE:
                if span[slots[slot]] == span[row] and trace[slots[slot]] == number:
                    break
                slot = slot + 1 & mask
            if slots[slot] == NONE:
                slots[slot] = row
        for place in range(first, end):
            row = members[place]
            if wanted[row] == NO_PARENT:
                continue
            slot = (wanted[row] ^ number) * _MIX >> 20 & mask
            while slots[slot] != NONE:
                if span[slots[slot]] == wanted[row] and trace[slots[slot]] == number:
                    parent[row] = slots[slot]
                    break
                slot = slot + 1 & mask


@compiled
def climb(parent: Any, entry: Any, depth: Any) -> None:
    """Of each row the entry above it and how deep below it lies; spans that only a cycle holds have entry NONE.

    entry: UNSEEN throughout.
    """
    for row in range(parent.size):
        at, steps = row, 0
        while entry[at] == UNSEEN and parent[at] != NONE and steps <= parent.size:
            entry[at] = _UNREACHED  # on the way; met again, it is a cycle
            at = parent[at]
            steps += 1
        if entry[at] == UNSEEN:
            entry[at], depth[at] = at, 0
        found = entry[at] if entry[at] != _UNREACHED else NONE
        below = depth[at] + steps if found != NONE else 0
        walker = row
        while entry[walker] == _UNREACHED:
            entry[walker], depth[walker] = found, below
            below = below - 1 if found != NONE else 0
            walker = parent[walker]


@compiled
def mark_wrappers(parent: Any, is_model: Any, is_wrapper: Any) -> None:
    """Every span that has a model call somewhere below it."""
    for row in range(parent.size):
        if is_model[row]:
            at = parent[row]
            while at != NONE and not is_wrapper[at]:
                is_wrapper[at] = True
                at = parent[at]


@compiled
def count_leaves(parent: Any, is_leaf: Any, is_model: Any, leaves: Any, leaf: Any) -> None:
    """Of each model call above leaves how many there are, and the first of them. leaves: zeros.  leaf: NONE."""
    for row in range(parent.size):
        if is_leaf[row]:
            at = parent[row]
            while at != NONE:
                if is_model[at]:
                    leaves[at] += 1
                    if leaf[at] == NONE:
                        leaf[at] = row
                at = parent[at]


@compiled
def sort_members(begins: Any, members: Any, start: Any, span: Any) -> bool:
    """Put the rows of each small group in order of start, then key; whether a larger one was left alone."""
    is_any_left = False
    for number in range(begins.size - 1):
        first, end = begins[number], begins[number + 1]
        if end - first > SMALL:
            is_any_left = True
            continue
        for place in range(first + 1, end):
            row, at = members[place], place
            while at > first and (
                start[members[at - 1]] > start[row]
                or (start[members[at - 1]] == start[row] and span[members[at - 1]] > span[row])
            ):
                members[at] = members[at - 1]
                at -= 1
            members[at] = row
    return is_any_left


@compiled
def mark_firsts(head: Any, entry: Any, is_first: Any) -> None:
    """The rows by which requests are known: entries, or spans that nothing reaches, the first of their kin."""
    for row in range(head.size):
        is_first[row] = head[row] == row and (entry[row] == row or entry[row] == NONE)


@compiled
def place_requests(entry: Any, head: Any, request: Any, group: Any) -> int:
    """Of each row the number of its request; one more than the largest. request: of each first row, NONE elsewhere."""
    most = NONE
    for row in range(entry.size):
        top = row if entry[row] == NONE else entry[row]
        group[row] = request[head[top]]
        most = max(most, group[row])
    return most + 1


@compiled
def renumber(
    members: Any, group: Any, parent: Any, depth: Any, is_first: Any, is_model: Any, is_wrapper: Any, number: Any,
    out_request: Any, out_parent: Any, out_depth: Any, out_is_first: Any, out_is_model: Any, out_is_leaf: Any,
) -> None:  # fmt: skip
    """The facts of the members in their new order. number: scratch, one a row, NONE throughout."""
    for place in range(members.size):
        number[members[place]] = place
    for place in range(members.size):
        row = members[place]
        out_request[place], out_depth[place] = group[row], depth[row]
        out_parent[place] = NONE if parent[row] == NONE else number[parent[row]]
        out_is_first[place], out_is_model[place] = is_first[row], is_model[row]
        out_is_leaf[place] = is_model[row] and not is_wrapper[row]
