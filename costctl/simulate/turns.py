"""Whose turn is it at a replica? By minimum share, rank, weight and arrival. Compiled parts of the event loop.

Weights: the lane of a level with the least virtual start, a lane's virtual time advancing by work over
weight, an empty one starting anew at the level's (start-time fair queueing, Goyal, Vin and Cheng 1996).
"""

from __future__ import annotations

from costctl.compiled import inlined_part, part
from costctl.simulate.heaps import is_before
from costctl.simulate.queues import lane_of, stop_waiting
from costctl.simulate.refusals import expire
from costctl.simulate.replay_state import Calls, Floor


@inlined_part
def next_to_serve(calls: Calls, floor: Floor, r: int, now: float) -> int:
    """Take the waiting call whose turn it is; those that waited too long leave. -1: none."""
    replica = floor.replicas[r]
    is_shared = floor.stations[replica.pool].is_shared
    while replica.waiting > 0:
        line = _line_of_lane_to_serve(calls, floor, r) if is_shared else _first_line(floor, r)
        call = stop_waiting(calls, floor, r, line)
        lane = lane_of(calls, floor, call)
        if now - calls.joined_s[call] <= floor.lanes[replica.pool, lane].time_to_live_s:
            return call
        expire(calls, floor, r, call, lane, now)
    return -1


@inlined_part
def _first_line(floor: Floor, r: int) -> int:
    """The first line in which a call waits; there is one."""
    line = 1
    while floor.lines[r, line].first < 0:
        line += 1
    return line


@part
def _line_of_lane_to_serve(calls: Calls, floor: Floor, r: int) -> int:
    """The lane most owed by its minimum share; else of the first level the least virtual time, or arrival."""
    pool = floor.replicas[r].pool
    is_weighted = floor.stations[pool].is_weighted
    owed, first = -1, -1
    for lane in range(floor.lanes.shape[1]):
        rules, queue = floor.lanes[pool, lane], floor.queues[r, lane]
        if queue.waiting == 0:
            continue
        is_owed = rules.min_share > 0 and queue.credit_s >= 0
        if is_owed and (owed < 0 or queue.credit_s > floor.queues[r, owed].credit_s):
            owed = lane
        if first < 0 or _is_lane_before(calls, floor, r, lane, first, is_weighted):
            first = lane
    return int(floor.lanes[pool, owed if owed >= 0 else first].line)


@part
def _is_lane_before(calls: Calls, floor: Floor, r: int, lane: int, other: int, is_weighted: int) -> bool:
    """Whether a lane's turn is before another's: by level, virtual time, then its first call's arrival."""
    rules, others = floor.lanes[floor.replicas[r].pool, lane], floor.lanes[floor.replicas[r].pool, other]
    if rules.level != others.level:
        return bool(rules.level < others.level)
    tag, other_tag = floor.queues[r, lane].tag, floor.queues[r, other].tag
    if is_weighted and tag != other_tag:
        return bool(tag < other_tag)
    return is_before(calls.joined_s, floor.lines[r, rules.line].first, floor.lines[r, others.line].first)


@part
def count_work(calls: Calls, floor: Floor, r: int, call: int) -> None:
    """Charge the work that begins to its lane, and credit the lanes that wait for their minimum share."""
    pool, lane = floor.replicas[r].pool, lane_of(calls, floor, call)
    rules, queue = floor.lanes[pool, lane], floor.queues[r, lane]
    work_s = work_alone_s(calls, floor, call)
    if floor.stations[pool].is_weighted:
        if not (rules.min_share > 0 and queue.credit_s >= 0):  # else it was served out of turn
            floor.lines[r, rules.level].virtual = queue.tag
        queue.tag += work_s / rules.weight
    for each in range(floor.lanes.shape[1]):
        if floor.queues[r, each].waiting > 0 or each == lane:
            floor.queues[r, each].credit_s += floor.lanes[pool, each].min_share * work_s
    queue.credit_s = max(queue.credit_s - work_s, -work_s)


@part
def work_alone_s(calls: Calls, floor: Floor, call: int) -> float:
    """How long the call would take with the replica to itself, nothing of its prompt cached."""
    station = floor.stations[calls.pool[call]]
    prefill_s = station.gamma_s * calls.tokens[call]
    if station.is_static:
        return float(station.alpha_s + station.beta_s + prefill_s)
    return float(prefill_s + (station.alpha_s + station.beta_s) * calls.decode_steps[call])
