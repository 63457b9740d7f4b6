"""When does each call begin, get its first token and end? The compiled loop behind every replay.

`run` takes the arrays of replay_state and fills them in. It jumps from event to event; each costs
O(log calls in progress + log replicas). At one instant changes of capacity come before arrivals, arrivals before
time-outs, both by index of the call, and these before what replicas do, by index of the replica.

The parts live in other modules of the package.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from costctl.arrays import Ints
from costctl.compiled import compiled_with_package, inlined_part
from costctl.simulate.batches import pass_batch
from costctl.simulate.capacity import change_capacity, switch_off_if_drained
from costctl.simulate.dispatch import arrive
from costctl.simulate.heaps import heap_pop
from costctl.simulate.replay_state import DRAINING, Calls, Deadlines, Memory, SimState
from costctl.simulate.steps import pass_boundary
from costctl.simulate.timeouts import next_timeout, time_out


@compiled_with_package("costctl.simulate")
def run(
    calls: Calls,
    sim: SimState,
    memory: Memory | None,
    until_s: float,
    changes: NDArray[Any] | None,
    deadlines: Deadlines | None,
) -> float:
    """Replay all calls; the arrays of both arguments are filled in. Returns the last event, in seconds.

    memory: None where nobody counts it.  until_s: no event after it happens.  changes: those of ``sim``, None where
    capacity never changes.  deadlines: None where no call has a time-out; with them come memory and changes, so that
    one loop more is compiled. numba leaves out the branches that None rules out, a third of what there is to compile.
    """
    return _replay(calls, sim, memory, until_s, changes, deadlines)


@inlined_part
def _replay(
    calls: Calls,
    sim: SimState,
    memory: Memory | None,
    until_s: float,
    changes: NDArray[Any] | None,
    deadlines: Deadlines | None,
) -> float:
    now = 0.0
    clock = sim.clock[0]
    plain = _next_plain(calls.after, 0)
    while True:
        call = _next_arrival(calls, sim, plain)
        arrival_s = np.inf if call < 0 else calls.arrival_s[call] if call == plain else calls.joined_s[call]
        replica = sim.winner[1]
        next_s = min(arrival_s, sim.event_s[replica])
        late, timeout_s = -1, np.inf
        if deadlines is not None:
            late = next_timeout(calls, sim, deadlines)
            timeout_s = np.inf if late < 0 else deadlines.due_s[late]
            next_s = min(next_s, timeout_s)
        if next_s == np.inf or min(next_s, clock.change_s) > until_s:
            return now
        clock.in_system_s += clock.in_system * (min(next_s, clock.change_s) - now)
        if changes is not None and clock.change_s <= next_s:
            now = clock.change_s
            change_capacity(calls, sim, memory, now)
        elif arrival_s <= next_s:
            now = arrival_s
            if call == plain:
                plain = _next_plain(calls.after, plain + 1)
            else:
                clock.timers -= 1
                heap_pop(sim.timers, clock.timers, calls.joined_s)
            arrive(calls, sim, memory, deadlines, call, now)
        elif deadlines is not None and memory is not None and timeout_s <= next_s:
            now = timeout_s
            replica = int(calls.replica[late])
            time_out(calls, sim, memory, replica, late, now)
            if changes is not None and sim.replicas[replica].state == DRAINING:
                switch_off_if_drained(sim, memory, replica, now)
        else:
            now = next_s
            _pass_event(calls, sim, memory, replica, now)
            if changes is not None and sim.replicas[replica].state == DRAINING:
                switch_off_if_drained(sim, memory, replica, now)


@inlined_part
def _next_plain(after: Ints, start: int) -> int:
    """The next call from start on that follows no other, or the number of calls."""
    call = start
    while call < after.size and after[call] >= 0:
        call += 1
    return call


@inlined_part
def _next_arrival(calls: Calls, sim: SimState, plain: int) -> int:
    """The call that arrives next, or -1: the earlier of the next plain call and the next one to come."""
    has_plain = plain < calls.after.size
    if sim.clock[0].timers == 0:
        return plain if has_plain else -1
    timed = int(sim.timers[0])
    if has_plain and (
        calls.arrival_s[plain] < calls.joined_s[timed]
        or (calls.arrival_s[plain] == calls.joined_s[timed] and plain < timed)
    ):
        return plain
    return timed


@inlined_part
def _pass_event(calls: Calls, sim: SimState, memory: Memory | None, r: int, now: float) -> None:
    replica = sim.replicas[r]
    if sim.stations[replica.pool].is_static:
        pass_batch(calls, sim, r, now)
    else:
        pass_boundary(calls, sim, memory, r, now)
