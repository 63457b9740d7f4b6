"""Which call or replica comes first? Heaps of calls by a key, and a tournament of replicas by next event.

Compiled parts of the event loop. Ties go to the lower index.
"""

from __future__ import annotations

import numpy as np

from costctl.arrays import Floats, Ints, SmallInts
from costctl.compiled import inlined_part, part
from costctl.simulate.replay_state import Calls, SimState


@inlined_part
def is_before(key: Floats | Ints, call: int, other: int) -> bool:
    """Whether a call comes before another by key, then by index."""
    return key[call] < key[other] or (key[call] == key[other] and call < other)


@inlined_part
def heap_push(heap: SmallInts, size: int, key: Floats | Ints, call: int) -> None:
    """Add a call to a heap of ``size`` calls, least (key, call) on top."""
    slot = size
    while slot > 0 and is_before(key, call, heap[(slot - 1) >> 1]):
        heap[slot] = heap[(slot - 1) >> 1]
        slot = (slot - 1) >> 1
    heap[slot] = call


@inlined_part
def heap_pop(heap: SmallInts, size: int, key: Floats | Ints) -> None:
    """Remove the top of a heap; ``size`` calls are left."""
    _settle(heap, 0, size, key, heap[size])


@part
def heap_remove(heap: SmallInts, size: int, key: Floats | Ints, call: int) -> None:
    """Remove a call that the heap holds; ``size`` calls are left."""
    slot, moved = 0, heap[size]
    while heap[slot] != call:
        slot += 1
    if slot == size:
        return
    while slot > 0 and is_before(key, moved, heap[(slot - 1) >> 1]):
        heap[slot] = heap[(slot - 1) >> 1]
        slot = (slot - 1) >> 1
    _settle(heap, slot, size, key, moved)


@inlined_part
def _settle(heap: SmallInts, slot: int, size: int, key: Floats | Ints, call: int) -> None:
    """Put the call at the slot, or below where others come before it."""
    child = 2 * slot + 1
    while child < size:
        if child + 1 < size and is_before(key, heap[child + 1], heap[child]):
            child += 1
        if is_before(key, call, heap[child]):
            break
        heap[slot] = heap[child]
        slot, child = child, 2 * child + 1
    heap[slot] = call


@inlined_part
def will_arrive(calls: Calls, sim: SimState, call: int, at_s: float) -> None:
    """Let a call arrive, or arrive again, at an instant to come."""
    calls.joined_s[call] = at_s
    heap_push(sim.timers, sim.clock[0].timers, calls.joined_s, call)
    sim.clock[0].timers += 1


@inlined_part
def schedule(sim: SimState, r: int, at_s: float) -> None:
    """Set the replica's next event and play its matches of the tournament anew."""
    events, winner = sim.event_s, sim.winner
    events[r] = at_s
    node = (events.size + r) >> 1
    while node >= 1:
        left, right = winner[2 * node], winner[2 * node + 1]
        winner[node] = left if events[left] <= events[right] else right
        node >>= 1


@part
def set_next_change(sim: SimState) -> None:
    """Note which change of capacity comes next: the earliest, of several the first row."""
    clock = sim.clock[0]
    clock.change_s = np.inf
    for row in range(sim.changes.size):
        if sim.changes[row].at_s < clock.change_s:
            clock.change, clock.change_s = row, sim.changes[row].at_s
