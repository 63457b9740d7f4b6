"""In which queue does a call wait, and is there room? Compiled parts of the event loop."""

from __future__ import annotations

from typing import Final

from costctl.compiled import inlined_part, part
from costctl.simulate.replay_state import DEMOTED, Calls, SimState

NOT_THERE: Final = -2  # in a line of calls


@inlined_part
def enqueue(calls: Calls, sim: SimState, r: int, number: int, call: int) -> None:
    """Put a call at the end of a queue."""
    queue = sim.queues[r, number]
    calls.next_in_queue[call] = -1
    if queue.first < 0:
        queue.first = call
    else:
        calls.next_in_queue[queue.last] = call
    queue.last = call


@inlined_part
def dequeue(calls: Calls, sim: SimState, r: int, number: int) -> int:
    """Take the first call of a queue that has one."""
    queue = sim.queues[r, number]
    call = int(queue.first)
    queue.first = calls.next_in_queue[call]
    return call


@part
def cut_out(calls: Calls, first: int, call: int) -> tuple[int, int]:
    """Take a call out of a line that begins with ``first``: who is first then, and who stood before it; -1 is nobody,
    NOT_THERE that the call was not in the line.
    """
    before, here = -1, first
    while here >= 0 and here != call:
        before, here = here, int(calls.next_in_queue[here])
    if here < 0:
        return first, NOT_THERE
    behind = int(calls.next_in_queue[call])
    if before < 0:
        return behind, before
    calls.next_in_queue[before] = behind
    return first, before


@part
def taken_out(calls: Calls, sim: SimState, r: int, number: int, call: int) -> bool:
    """Take a call out of a queue, wherever it stands; whether it was there."""
    queue = sim.queues[r, number]
    first, before = cut_out(calls, int(queue.first), call)
    queue.first = first
    if before != NOT_THERE and queue.last == call:
        queue.last = before
    return before != NOT_THERE


@inlined_part
def lane_of(calls: Calls, sim: SimState, call: int) -> int:
    """The lane that the call is in now: its own, or the one that its own demotes to."""
    lane = calls.lane[call]
    if calls.status[call] == DEMOTED:
        return int(sim.lanes[calls.pool[call], lane].demote_to)
    return int(lane)


@inlined_part
def is_full(sim: SimState, r: int, pool: int, lane: int) -> bool:
    """Whether no further call of the lane may wait at the replica."""
    limit = sim.lanes[pool, lane].queue_limit
    if sim.replicas[r].in_progress == 0:
        limit += limit >= 0  # one of those that wait begins at once, so it does not wait
    return bool(0 <= limit <= sim.lane_states[r, lane].waiting)


@inlined_part
def wait_in_queue(calls: Calls, sim: SimState, r: int, lane: int, call: int) -> None:
    """The call waits at the replica, in its lane."""
    replica, lane_state = sim.replicas[r], sim.lane_states[r, lane]
    station = sim.stations[replica.pool]
    rules = sim.lanes[replica.pool, lane]
    if station.is_weighted and lane_state.waiting == 0:
        lane_state.tag = max(lane_state.tag, sim.queues[r, rules.level].virtual)
    enqueue(calls, sim, r, rules.queue, call)
    lane_state.waiting += 1
    replica.waiting += 1
    station.waiting += 1
    sim.clock[0].in_system += 1
    if sim.admissions.size > 0:
        sim.admissions[sim.stations[calls.own_pool[call]].is_static, calls.lane[call]].inside += 1


@inlined_part
def leave_system(calls: Calls, sim: SimState, call: int) -> None:
    """The call neither waits nor is in progress any more."""
    sim.clock[0].in_system -= 1
    if sim.admissions.size > 0:
        sim.admissions[sim.stations[calls.own_pool[call]].is_static, calls.lane[call]].inside -= 1


@inlined_part
def wait_on(calls: Calls, sim: SimState, r: int, call: int) -> None:
    """The call, which was just taken from its queue, waits on as the first of it."""
    replica, lane = sim.replicas[r], lane_of(calls, sim, call)
    queue = sim.queues[r, sim.lanes[replica.pool, lane].queue]
    calls.next_in_queue[call] = queue.first
    if queue.first < 0:
        queue.last = call
    queue.first = call
    sim.lane_states[r, lane].waiting += 1
    replica.waiting += 1
    sim.stations[replica.pool].waiting += 1


@inlined_part
def stop_waiting(calls: Calls, sim: SimState, r: int, queue: int) -> int:
    """Take the first call of a queue of waiting calls."""
    call = dequeue(calls, sim, r, queue)
    _count_out(calls, sim, r, call)
    return call


@inlined_part
def leave_queue(calls: Calls, sim: SimState, r: int, call: int) -> None:
    """The call no longer waits, wherever in its queue it stood."""
    taken_out(calls, sim, r, int(sim.lanes[calls.pool[call], lane_of(calls, sim, call)].queue), call)
    _count_out(calls, sim, r, call)


@inlined_part
def _count_out(calls: Calls, sim: SimState, r: int, call: int) -> None:
    replica = sim.replicas[r]
    sim.lane_states[r, lane_of(calls, sim, call)].waiting -= 1
    replica.waiting -= 1
    sim.stations[replica.pool].waiting -= 1
