"""Which call has not ended in time, and how does it leave? Compiled parts of the event loop.

A call that waits leaves its queue at its time-out. One that has begun leaves its caller at once, and its replica at the
next boundary: the step, the prefill or the static batch that is under way goes on to its end, as an engine lets go
of an aborted sequence between two steps (vLLM V1, 2025).
"""

from __future__ import annotations

import numpy as np

from costctl.compiled import inlined_part, part
from costctl.simulate.batches import batch_due_s
from costctl.simulate.heaps import heap_pop, heap_push, heap_remove, schedule
from costctl.simulate.kv_memory import abort_decoding, abort_prefill, left_paused
from costctl.simulate.queues import leave_queue, leave_system, taken_out
from costctl.simulate.refusals import give_up
from costctl.simulate.replay_state import (
    BEGUN,
    DEMOTED,
    IDLE,
    IN_FLIGHT,
    MIXED,
    STEPPING,
    TIMED_OUT,
    TIMEOUT,
    Calls,
    Deadlines,
    Memory,
    SimState,
)
from costctl.simulate.steps import come_to_next_boundary, growth_of_steps_s, steps_until


@part
def watch(calls: Calls, sim: SimState, deadlines: Deadlines, call: int, now: float) -> None:
    """Note when the call, which has just come, is broken off."""
    due_s = now + sim.lanes[calls.pool[call], calls.lane[call]].timeout_s
    deadlines.due_s[call] = due_s
    if due_s < deadlines.known_s[call]:
        if deadlines.known_s[call] < np.inf:
            sim.clock[0].deadlines -= 1
            heap_remove(deadlines.heap, sim.clock[0].deadlines, deadlines.known_s, call)
        _push(sim, deadlines, call)


@inlined_part
def next_timeout(calls: Calls, sim: SimState, deadlines: Deadlines) -> int:
    """The call that is broken off next, unless it comes anew before; -1: none. What has ended leaves the heap."""
    clock = sim.clock[0]
    while clock.deadlines > 0:
        call = int(deadlines.heap[0])
        known_s = deadlines.known_s[call]
        is_there = calls.status[call] in (IN_FLIGHT, DEMOTED) and calls.joined_s[call] <= known_s
        if is_there and deadlines.due_s[call] == known_s:
            return call
        clock.deadlines -= 1
        heap_pop(deadlines.heap, clock.deadlines, deadlines.known_s)
        deadlines.known_s[call] = np.inf
        if is_there and deadlines.due_s[call] < np.inf:
            _push(sim, deadlines, call)
    return -1


@inlined_part
def _push(sim: SimState, deadlines: Deadlines, call: int) -> None:
    deadlines.known_s[call] = deadlines.due_s[call]
    heap_push(deadlines.heap, sim.clock[0].deadlines, deadlines.known_s, call)
    sim.clock[0].deadlines += 1


@part
def time_out(calls: Calls, sim: SimState, memory: Memory, r: int, call: int, now: float) -> None:
    """The call, which waits or is in progress on the replica, leaves its caller."""
    replica = sim.replicas[r]
    leave_system(calls, sim, call)
    if np.isnan(calls.begin_s[call]):
        leave_queue(calls, sim, r, call)
    else:
        replica.leaving += 1
        _break_off(calls, sim, memory, r, call, now)
        calls.begin_s[call], calls.first_token_s[call] = np.nan, np.nan
    if replica.phase == STEPPING:
        come_to_next_boundary(sim, memory, r, now)
    elif replica.phase == IDLE and sim.stations[replica.pool].is_static:
        schedule(sim, r, batch_due_s(calls, sim, r, now))
    give_up(calls, sim, call, TIMED_OUT, TIMEOUT, now)


@part
def _break_off(calls: Calls, sim: SimState, memory: Memory, r: int, call: int, now: float) -> None:
    """The call is in progress no more. Nothing looks at what it held before the next boundary."""
    replica = sim.replicas[r]
    if taken_out(calls, sim, r, BEGUN, call):
        if not sim.stations[replica.pool].is_static:
            abort_prefill(calls, sim, memory, r, call)
    elif not left_paused(calls, memory, r, call):
        steps = 0
        if replica.phase == STEPPING:
            growth_s = growth_of_steps_s(memory, r)
            steps = steps_until(replica.anchor_s, replica.step_s, growth_s, now)
        elif replica.phase == MIXED:
            steps = 1
        abort_decoding(calls, sim, memory, r, call, steps)
    memory.generated[call] = 0
