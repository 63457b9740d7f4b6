"""How much else was used between two uses of the same? LRU stack distances, in O(n log n).

In: references in their order: the number of what is used, and its size. Out: by reference, the size of a least recently
used memory from which on it finds what it needs: its own size and that of everything else used since its last use.

Mattson, Gecsei, Slutz and Traiger, Evaluation techniques for storage hierarchies, 1970; counted with a Fenwick tree
over the last use of each (Bennett and Kruskal 1975, Fenwick 1994). tests/oracles/plain_lru.py runs a list at each size.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from costctl.arrays import Ints
from costctl.compiled import compiled

NEVER: Final = -1  # the distance of a first use: no memory, however large, has what was never used


def stack_distances(key: Ints, size: Ints | None = None) -> Ints:
    """The distance of each of n references, in the unit of ``size``; -1 for a first use.

    key: what is used, any whole numbers.  size: of what is used, at least 0, at that use; 1 each where None. A memory
    of capacity C finds a reference where its distance is C or less; exact as long as nothing alone is larger than C.
    Raises ValueError for sizes below 0.
    """
    sizes = np.ones(key.size, np.int64) if size is None else np.require(size, np.int64, ["C"])
    if (sizes < 0).any():
        raise ValueError("a size is below 0")
    distance = np.full(key.size, NEVER, np.int64)
    _measure(last_uses(key), sizes, np.zeros(key.size + 1, np.int64), distance)
    return distance


def last_uses(key: Ints) -> Ints:
    """By reference, the place of the use before it of the same; -1 for a first use."""
    order = np.argsort(key, kind="stable")
    is_again = np.zeros(key.size, np.bool_)
    is_again[1:] = key[order[1:]] == key[order[:-1]]
    before = np.full(key.size, -1, np.int64)
    again = np.flatnonzero(is_again)
    before[order[again]] = order[again - 1]
    return before


@compiled
def _measure(before: Ints, size: Ints, tree: Ints, distance: Ints) -> None:
    """tree: a Fenwick tree over places, each with the size of what was used there last; all 0."""
    places = before.size
    total = 0
    for place in range(places):
        last = before[place]
        if last >= 0:
            older = 0
            node = last + 1
            while node > 0:
                older += tree[node]
                node -= node & -node
            distance[place] = total - older + size[place]
            total -= size[last]
            node = last + 1
            while node <= places:
                tree[node] -= size[last]
                node += node & -node
        total += size[place]
        node = place + 1
        while node <= places:
            tree[node] += size[place]
            node += node & -node
