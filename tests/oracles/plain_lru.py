"""A least recently used memory as a list: what is used goes to the end, what no longer fits leaves at the front."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence


def plain_lru_hits(keys: Sequence[int], capacity: int, sizes: Sequence[int] | None = None) -> list[bool]:
    """Of each reference, whether a memory of this capacity had it."""
    held: OrderedDict[int, int] = OrderedDict()
    found = []
    for place, key in enumerate(keys):
        size = 1 if sizes is None else sizes[place]
        found.append(key in held)
        held.pop(key, None)
        while held and sum(held.values()) + size > capacity:
            held.popitem(last=False)
        if size <= capacity:
            held[key] = size
    return found


def plain_lru_misses(keys: Sequence[int], capacity: int) -> int:
    """How many references a memory of so many things misses."""
    held: OrderedDict[int, None] = OrderedDict()
    misses = 0
    for key in keys:
        if key in held:
            held.move_to_end(key)
        else:
            misses += 1
            if len(held) == capacity:
                held.popitem(last=False)
            held[key] = None
    return misses
