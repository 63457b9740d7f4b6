"""In which line does a call wait, and is there room? Compiled parts of the event loop."""

from __future__ import annotations

from costctl.compiled import inlined_part
from costctl.simulate.replay_state import DEMOTED, Calls, Floor


@inlined_part
def join_line(calls: Calls, floor: Floor, r: int, number: int, call: int) -> None:
    """Put a call at the end of a line."""
    line = floor.lines[r, number]
    calls.next_in_line[call] = -1
    if line.first < 0:
        line.first = call
    else:
        calls.next_in_line[line.last] = call
    line.last = call


@inlined_part
def leave_line(calls: Calls, floor: Floor, r: int, number: int) -> int:
    """Take the first call of a line that has one."""
    line = floor.lines[r, number]
    call = int(line.first)
    line.first = calls.next_in_line[call]
    return call


@inlined_part
def lane_of(calls: Calls, floor: Floor, call: int) -> int:
    """The lane that the call is in now: its own, or the one that its own demotes to."""
    lane = calls.lane[call]
    if calls.status[call] == DEMOTED:
        return int(floor.lanes[calls.pool[call], lane].demote_to)
    return int(lane)


@inlined_part
def is_full(floor: Floor, r: int, pool: int, lane: int) -> bool:
    """Whether no further call of the lane may wait at the replica."""
    limit = floor.lanes[pool, lane].queue_limit
    if floor.replicas[r].in_progress == 0:
        limit += limit >= 0  # one of those in line begins at once, so it does not wait
    return bool(0 <= limit <= floor.queues[r, lane].waiting)


@inlined_part
def wait_in_line(calls: Calls, floor: Floor, r: int, lane: int, call: int) -> None:
    """The call waits at the replica, in its lane."""
    replica, queue = floor.replicas[r], floor.queues[r, lane]
    station = floor.stations[replica.pool]
    rules = floor.lanes[replica.pool, lane]
    if station.is_weighted and queue.waiting == 0:
        queue.tag = max(queue.tag, floor.lines[r, rules.level].virtual)
    join_line(calls, floor, r, rules.line, call)
    queue.waiting += 1
    replica.waiting += 1
    station.waiting += 1
    floor.clock[0].in_system += 1


@inlined_part
def stop_waiting(calls: Calls, floor: Floor, r: int, line: int) -> int:
    """Take the first call of a line of waiting calls."""
    call = leave_line(calls, floor, r, line)
    replica = floor.replicas[r]
    floor.queues[r, lane_of(calls, floor, call)].waiting -= 1
    replica.waiting -= 1
    floor.stations[replica.pool].waiting -= 1
    return call
