"""To which replica does a call go, and does it find room there? Compiled parts of the event loop."""

from __future__ import annotations

import numpy as np

from costctl.compiled import inlined_part, part
from costctl.simulate.batches import batch_due_s
from costctl.simulate.heaps import schedule
from costctl.simulate.kv_memory import fits_alone
from costctl.simulate.queues import is_full, lane_of, wait_in_queue
from costctl.simulate.refusals import give_up
from costctl.simulate.replay_state import (
    CONTEXT_WINDOW,
    DEMOTE,
    DEMOTED,
    ERROR,
    IDLE,
    IN_FLIGHT,
    OVERLOAD,
    PREFIX_AFFINITY,
    RECORDED,
    REJECTED,
    ROUND_ROBIN,
    STEPPING,
    UP,
    Calls,
    Deadlines,
    Memory,
    SimState,
)
from costctl.simulate.steps import come_to_next_boundary
from costctl.simulate.timeouts import watch
from costctl.units import S_PER_MINUTE


@inlined_part
def arrive(
    calls: Calls, sim: SimState, memory: Memory | None, deadlines: Deadlines | None, call: int, now: float
) -> None:
    """The call comes to its pool, for the first time or again."""
    if calls.attempts[call] == 0:
        calls.arrival_s[call] = now
    calls.attempts[call] += 1
    calls.joined_s[call] = now
    calls.status[call] = IN_FLIGHT
    calls.replica[call] = -1
    if deadlines is not None:
        watch(calls, sim, deadlines, call, now)
    if sim.admissions.size > 0 and not _is_admitted(calls, sim, call, now):
        give_up(calls, sim, call, REJECTED, OVERLOAD, now)
        return
    if not _is_shed(calls, sim, call):
        dispatch(calls, sim, memory, call, now)
        return
    if sim.lanes[calls.pool[call], calls.lane[call]].on_refusal == DEMOTE:
        calls.status[call] = DEMOTED
        if not _is_shed(calls, sim, call):
            dispatch(calls, sim, memory, call, now)
            return
    give_up(calls, sim, call, REJECTED, OVERLOAD, now)


@part
def _is_admitted(calls: Calls, sim: SimState, call: int, now: float) -> bool:
    """Whether one more call of the lane may come now; one that falls back has been let in."""
    own = calls.own_pool[call]
    if calls.pool[call] != own:
        return True
    rules, seen = (
        sim.lanes[own, calls.lane[call]],
        sim.admissions[sim.stations[own].is_static, calls.lane[call]],
    )
    minute = int(np.floor(now / S_PER_MINUTE))
    if minute != seen.minute:
        seen.minute, seen.admitted = minute, 0
    if 0 <= rules.concurrency <= seen.inside or 0 <= rules.per_minute <= seen.admitted:
        return False
    seen.admitted += 1
    return True


@inlined_part
def dispatch(calls: Calls, sim: SimState, memory: Memory | None, call: int, now: float) -> None:
    """Send the call to a replica that is up; it joins a queue there, or is refused."""
    pool, lane = int(calls.pool[call]), lane_of(calls, sim, call)
    if sim.stations[pool].up == 0:
        calls.replica[call] = -1
        give_up(calls, sim, call, REJECTED, ERROR, now)
        return
    r = _replica_for(calls, sim, call)
    calls.replica[call] = r
    if memory is not None and not fits_alone(calls, memory, r, call):
        give_up(calls, sim, call, REJECTED, CONTEXT_WINDOW, now)
        return
    if is_full(sim, r, pool, lane):
        is_demoted = _is_demoted_to_room(calls, sim, r, call)
        if not is_demoted:
            give_up(calls, sim, call, REJECTED, OVERLOAD, now)
            return
        lane = lane_of(calls, sim, call)
    wait_in_queue(calls, sim, r, lane, call)
    _notice_arrival(calls, sim, memory, r, now)


@inlined_part
def _is_shed(calls: Calls, sim: SimState, call: int) -> bool:
    """Whether more calls wait in the pool than the call's lane bears."""
    pool = calls.pool[call]
    station = sim.stations[pool]
    shed_above = sim.lanes[pool, lane_of(calls, sim, call)].shed_above
    return bool(station.waiting > shed_above * max(station.up, 1))


@part
def _is_demoted_to_room(calls: Calls, sim: SimState, r: int, call: int) -> bool:
    """Demote the call, once, where its lane says so and the other lane has room."""
    pool = int(calls.pool[call])
    rules = sim.lanes[pool, calls.lane[call]]
    if rules.on_refusal != DEMOTE or calls.status[call] == DEMOTED:
        return False
    calls.status[call] = DEMOTED
    return not (_is_shed(calls, sim, call) or is_full(sim, r, pool, rules.demote_to))


@inlined_part
def _replica_for(calls: Calls, sim: SimState, call: int) -> int:
    """By the pool's dispatch, one that is up; where the rule names none: least outstanding."""
    pool = calls.pool[call]
    station = sim.stations[pool]
    first, count = station.first_replica, station.replicas
    if station.dispatch == RECORDED:
        recorded = calls.recorded[call]
        if first <= recorded < first + count and sim.replicas[recorded].state == UP:
            return int(recorded)
    elif station.dispatch == ROUND_ROBIN:
        while True:
            r = int(first + station.in_turn % count)
            station.in_turn += 1
            if sim.replicas[r].state == UP:
                return r
    chosen, fewest = -1, calls.after.size + 1
    for r in range(first, first + count):
        outstanding = sim.replicas[r].waiting + sim.replicas[r].in_progress
        if outstanding < fewest and sim.replicas[r].state == UP:
            chosen, fewest = r, outstanding
    if station.dispatch == PREFIX_AFFINITY and sim.last_user.size > 0:
        user = _last_user(calls, sim, call)
        if user >= 0:
            ahead = sim.replicas[user].waiting + sim.replicas[user].in_progress - fewest
            if ahead <= station.affinity_most_ahead:
                return user
    return int(chosen)


@part
def _last_user(calls: Calls, sim: SimState, call: int) -> int:
    """The replica that is up and used last, of what it still has, the longest beginning of the prompt; -1: none."""
    prefix = int(calls.prefix[call])
    while prefix >= 0:
        user = int(sim.last_user[calls.pool[call], prefix])
        if user >= 0 and sim.replicas[user].state == UP and sim.cached[user, prefix].tokens > 0:
            return user
        prefix = int(sim.prefix_parent[prefix])
    return -1


@inlined_part
def _notice_arrival(calls: Calls, sim: SimState, memory: Memory | None, r: int, now: float) -> None:
    """Bring the replica's next event forward where the call that now waits can be admitted earlier."""
    replica = sim.replicas[r]
    station = sim.stations[replica.pool]
    if replica.phase == IDLE:
        due_s = batch_due_s(calls, sim, r, now) if station.is_static else now
        schedule(sim, r, due_s)
    elif (
        replica.phase == STEPPING
        and (
            replica.waiting == 1 or memory is not None
        )  # it may fit into memory where those before it do not
        and replica.in_progress < station.max_num_seqs
    ):
        come_to_next_boundary(sim, memory, r, now)
