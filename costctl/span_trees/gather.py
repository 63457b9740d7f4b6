"""How are values brought from the order of the rows into the order of the tree? By two threads, in one pass.

Keys in, places out; values and places in, values out: out[i] = values[places[i]].
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from costctl.arrays import Ints, SmallInts, only_read
from costctl.compiled import compiled
from costctl.span_trees.tree_loop import NONE


def gathered(values: Any, places: Any) -> Any:
    """The values at those places. numpy would first copy places that have 32 bits."""
    out = np.empty(places.size, values.dtype)
    taken, filled = (each.view(np.uint8) if each.dtype == np.bool_ else each for each in (values, out))
    taken = only_read(taken)
    _by_halves(lambda half: _fill(taken, places[half], filled[half]), out.size)
    return out


def places_of(wanted: Ints, keys: Ints) -> SmallInts:
    """Where among the keys each wanted one stands; NONE where it does not. keys: distinct, in any order.

    Fast where both lie in nearly the same order, as spans in the order of their store and of their tree do.
    """
    order = None if (keys[1:] > keys[:-1]).all() else np.argsort(keys)
    in_order, sought = keys.astype(np.int64) if order is None else keys[order], wanted.astype(np.int64)
    places = np.full(sought.size, NONE, index_type(keys.size))
    if keys.size:
        _by_halves(lambda half: _find(in_order, sought[half], places[half]), places.size)
    if order is None:
        return places
    is_there = places != NONE
    places[is_there] = order[places[is_there]]
    return places


def index_type(rows: int) -> type[np.signedinteger[Any]]:
    """The narrowest integer that numbers so many rows: half the memory is half the time of filling it."""
    return np.int32 if rows < np.iinfo(np.int32).max else np.int64


def _by_halves(work: Callable[[slice], None], size: int) -> None:
    halves = (slice(0, size // 2), slice(size // 2, size))
    with ThreadPoolExecutor(len(halves)) as executor:
        list(executor.map(work, halves))


@compiled
def _fill(values: Any, places: Any, out: Any) -> None:
    for at in range(places.size):
        out[at] = values[places[at]]


@compiled
def _find(keys: Any, sought: Any, places: Any) -> None:
    """Look for each from where the one before it was: in steps that double until they pass it, then by halves.

    places: NONE throughout.
    """
    low = 0
    for at in range(sought.size):
        key, step = sought[at], 1
        if keys[low] <= key:
            high = low + 1
            while high < keys.size and keys[high] <= key:
                low, step = high, 2 * step
                high = low + step
            high = min(high, keys.size)
        else:
            high = low
            low -= 1
            while low >= 0 and keys[low] > key:
                high, step = low, 2 * step
                low = high - step
            low = max(low, -1)
        while high - low > 1:  # keys[low] <= key < keys[high], where there are such
            middle = (low + high) // 2
            if keys[middle] <= key:
                low = middle
            else:
                high = middle
        low = max(low, 0)
        if keys[low] == key:
            places[at] = low
