"""Whose turn is it at a replica? By minimum share, rank, weight and arrival. Compiled parts of the event loop.

Weights: the lane of a level with the least virtual start, a lane's virtual time advancing by work over
weight, an empty one starting anew at the level's (start-time fair queueing, Goyal, Vin and Cheng 1996).
"""

from __future__ import annotations

from costctl.compiled import inlined_part, part
from costctl.simulate.heaps import is_before
from costctl.simulate.queues import lane_of, stop_waiting
from costctl.simulate.refusals import expire
from costctl.simulate.replay_state import Calls, SimState


@inlined_part
def next_to_serve(calls: Calls, sim: SimState, r: int, now: float) -> int:
    """Take the waiting call whose turn it is; those that waited too long leave. -1: none."""
    replica = sim.replicas[r]
    is_shared = sim.stations[replica.pool].is_shared
    while replica.waiting > 0:
        queue = _queue_of_lane_to_serve(calls, sim, r) if is_shared else _first_queue(sim, r)
        call = stop_waiting(calls, sim, r, queue)
        lane = lane_of(calls, sim, call)
        if now - calls.joined_s[call] <= sim.lanes[replica.pool, lane].time_to_live_s:
            return call
        expire(calls, sim, r, call, lane, now)
    return -1


@inlined_part
def _first_queue(sim: SimState, r: int) -> int:
    """The first queue in which a call waits; there is one."""
    queue = 1
    while sim.queues[r, queue].first < 0:
        queue += 1
    return queue


@part
def _queue_of_lane_to_serve(calls: Calls, sim: SimState, r: int) -> int:
    """The lane most owed by its minimum share; else of the first level the least virtual time, or arrival."""
    pool = sim.replicas[r].pool
    is_weighted = sim.stations[pool].is_weighted
    owed, first = -1, -1
    for lane in range(sim.lanes.shape[1]):
        rules, lane_state = sim.lanes[pool, lane], sim.lane_states[r, lane]
        if lane_state.waiting == 0:
            continue
        is_owed = rules.min_share > 0 and lane_state.credit_s >= 0
        if is_owed and (owed < 0 or lane_state.credit_s > sim.lane_states[r, owed].credit_s):
            owed = lane
        if first < 0 or _is_lane_before(calls, sim, r, lane, first, is_weighted):
            first = lane
    return int(sim.lanes[pool, owed if owed >= 0 else first].queue)


@part
def _is_lane_before(calls: Calls, sim: SimState, r: int, lane: int, other: int, is_weighted: int) -> bool:
    """Whether a lane's turn is before another's: by level, virtual time, then its first call's arrival."""
    rules, others = sim.lanes[sim.replicas[r].pool, lane], sim.lanes[sim.replicas[r].pool, other]
    if rules.level != others.level:
        return bool(rules.level < others.level)
    tag, other_tag = sim.lane_states[r, lane].tag, sim.lane_states[r, other].tag
    if is_weighted and tag != other_tag:
        return bool(tag < other_tag)
    return is_before(calls.joined_s, sim.queues[r, rules.queue].first, sim.queues[r, others.queue].first)


@part
def count_work(calls: Calls, sim: SimState, r: int, call: int) -> None:
    """Charge the work that begins to its lane, and credit the lanes that wait for their minimum share."""
    pool, lane = sim.replicas[r].pool, lane_of(calls, sim, call)
    rules, lane_state = sim.lanes[pool, lane], sim.lane_states[r, lane]
    work_s = work_alone_s(calls, sim, call)
    if sim.stations[pool].is_weighted:
        if not (rules.min_share > 0 and lane_state.credit_s >= 0):  # else it was served out of turn
            sim.queues[r, rules.level].virtual = lane_state.tag
        lane_state.tag += work_s / rules.weight
    for each in range(sim.lanes.shape[1]):
        if sim.lane_states[r, each].waiting > 0 or each == lane:
            sim.lane_states[r, each].credit_s += sim.lanes[pool, each].min_share * work_s
    lane_state.credit_s = max(lane_state.credit_s - work_s, -work_s)


@part
def work_alone_s(calls: Calls, sim: SimState, call: int) -> float:
    """How long the call would take with the replica to itself, nothing of its prompt cached."""
    station = sim.stations[calls.pool[call]]
    prefill_s = station.gamma_s * calls.tokens[call]
    if station.is_static:
        return float(station.alpha_s + station.beta_s + prefill_s)
    steps = calls.decode_steps[call]
    contexts = steps * (calls.tokens[call] + 1) + steps * (steps - 1) // 2
    return float(prefill_s + (station.alpha_s + station.beta_s) * steps + station.kappa_s * contexts)
