"""Replicas fail, come back, are ordered, get ready and are dropped: compiled parts of the event loop."""

from __future__ import annotations

import numpy as np

from costctl.compiled import part
from costctl.simulate.dispatch import dispatch
from costctl.simulate.heaps import schedule, set_next_change
from costctl.simulate.kv_memory import clear_memory
from costctl.simulate.prefix_cache import forget_prefixes
from costctl.simulate.queues import dequeue, leave_system, stop_waiting
from costctl.simulate.refusals import give_up
from costctl.simulate.replay_state import (
    BEGUN,
    COMES_BACK,
    DOWN,
    DRAINING,
    ERROR,
    FAILED,
    FAILS,
    IDLE,
    IS_READY,
    OFF,
    STARTING,
    STARTS,
    STOPS,
    UP,
    Calls,
    Memory,
    SimState,
)


@part
def change_capacity(calls: Calls, sim: SimState, memory: Memory | None, now: float) -> None:
    """The change that is due."""
    change = sim.changes[sim.clock[0].change]
    change.at_s = np.inf
    if change.kind == FAILS:
        _fail(calls, sim, memory, change.subject, now)
    elif change.kind == COMES_BACK:
        _come_back(sim, change.subject)
    elif change.kind == STARTS:
        change.at_s = now + sim.stations[sim.replicas[change.subject].pool].period_s
        _start(sim, change.subject, now)
    elif change.kind == STOPS:
        change.at_s = now + sim.stations[sim.replicas[change.subject].pool].period_s
        _stop(sim, memory, change.subject, now)
    elif change.kind == IS_READY:
        _get_ready(sim, change.subject)
    else:
        change.at_s = now + sim.stations[change.subject].interval_s
        _scale(sim, memory, change.subject, now)
    set_next_change(sim)


@part
def switch_off_if_drained(sim: SimState, memory: Memory | None, r: int, now: float) -> None:
    """A replica that takes nothing new and has nothing left is no longer paid for."""
    replica = sim.replicas[r]
    if replica.state == DRAINING and replica.waiting == 0 and replica.in_progress == 0:
        _switch_off(sim, memory, r, now)


@part
def _switch_off(sim: SimState, memory: Memory | None, r: int, now: float) -> None:
    replica = sim.replicas[r]
    replica.state = OFF
    replica.is_paid = 0
    replica.paid_s += now - replica.paid_from_s
    forget_prefixes(sim, memory, r)


@part
def _start(sim: SimState, r: int, now: float) -> None:
    """Order a replica that is not there; one that has not gone yet stays."""
    replica = sim.replicas[r]
    station = sim.stations[replica.pool]
    if replica.state == OFF:
        replica.state, replica.is_paid, replica.paid_from_s = STARTING, 1, now
        sim.changes[_row_of_readiness(sim, r)].at_s = now + station.delay_s
    elif replica.state == DRAINING:
        replica.state = UP
        station.up += 1
    elif replica.state == DOWN and replica.state_after == OFF:
        replica.state_after = UP
        replica.is_paid, replica.paid_from_s = 1, now


@part
def _stop(sim: SimState, memory: Memory | None, r: int, now: float) -> None:
    """Let a replica go: it serves what it has and takes nothing new."""
    replica = sim.replicas[r]
    if replica.state == UP:
        sim.stations[replica.pool].up -= 1
        replica.state = DRAINING
        switch_off_if_drained(sim, memory, r, now)
    elif replica.state == STARTING:
        sim.changes[_row_of_readiness(sim, r)].at_s = np.inf
        _switch_off(sim, memory, r, now)
    elif replica.state == DOWN and replica.state_after == UP:
        _switch_off(sim, memory, r, now)
        replica.state, replica.state_after = DOWN, OFF


@part
def _fail(calls: Calls, sim: SimState, memory: Memory | None, r: int, now: float) -> None:
    """What is in progress is lost, what waits is dispatched anew."""
    replica = sim.replicas[r]
    station = sim.stations[replica.pool]
    replica.state_after = replica.state
    if replica.state == UP:
        station.up -= 1
    elif replica.state == STARTING:
        replica.state_after = UP
        sim.changes[_row_of_readiness(sim, r)].at_s = np.inf
    elif replica.state == DRAINING:
        _switch_off(sim, memory, r, now)
        replica.state_after = OFF
    replica.state = DOWN
    _lose_work(calls, sim, memory, r, now)
    forget_prefixes(sim, memory, r)
    for queue in range(1, sim.queues.shape[1]):
        while sim.queues[r, queue].first >= 0:
            call = stop_waiting(calls, sim, r, queue)
            leave_system(calls, sim, call)  # until it waits elsewhere
            dispatch(calls, sim, memory, call, now)


@part
def _lose_work(calls: Calls, sim: SimState, memory: Memory | None, r: int, now: float) -> None:
    """The calls in progress fail."""
    replica = sim.replicas[r]
    if replica.phase != IDLE:
        replica.busy_s += now - replica.busy_from_s
    while sim.queues[r, BEGUN].first >= 0:
        _lose_call(calls, sim, memory, dequeue(calls, sim, r, BEGUN), now)
    for place in range(replica.decoding):
        _lose_call(calls, sim, memory, int(sim.completions[replica.completions_from + place]), now)
    if memory is not None:
        while memory.replicas[r].paused >= 0:
            call = int(memory.replicas[r].paused)
            memory.replicas[r].paused = calls.next_in_queue[call]
            _lose_call(calls, sim, memory, call, now)
        clear_memory(sim, memory, r)
    replica.phase, replica.decoding, replica.in_progress, replica.leaving = IDLE, 0, 0, 0
    schedule(sim, r, np.inf)


@part
def _lose_call(calls: Calls, sim: SimState, memory: Memory | None, call: int, now: float) -> None:
    if memory is not None:
        memory.generated[call] = 0
    calls.begin_s[call], calls.first_token_s[call] = np.nan, np.nan
    leave_system(calls, sim, call)
    give_up(calls, sim, call, FAILED, ERROR, now)


@part
def _come_back(sim: SimState, r: int) -> None:
    replica = sim.replicas[r]
    replica.state = replica.state_after
    sim.stations[replica.pool].up += replica.state == UP


@part
def _get_ready(sim: SimState, r: int) -> None:
    sim.replicas[r].state = UP
    sim.stations[sim.replicas[r].pool].up += 1


@part
def _scale(sim: SimState, memory: Memory | None, pool: int, now: float) -> None:
    """Order what is missing; drop one where fewer have been wanted for long enough."""
    station = sim.stations[pool]
    outstanding, ordered = 0, 0
    for r in range(station.first_replica, station.first_replica + station.replicas):
        outstanding += sim.replicas[r].waiting + sim.replicas[r].in_progress
        ordered += sim.replicas[r].state == UP or sim.replicas[r].state == STARTING
    wanted = min(max(int(np.ceil(outstanding / station.target_outstanding)), station.least), station.most)
    if wanted >= ordered:
        station.low_since_s = np.inf
        _order(sim, pool, wanted - ordered, now)
        return
    if station.low_since_s == np.inf:
        station.low_since_s = now
    if now - station.low_since_s >= station.idle_s:
        station.low_since_s = now
        _drop_one(sim, memory, pool, now)


@part
def _order(sim: SimState, pool: int, missing: int, now: float) -> None:
    """Order as many replicas, the lowest numbers that are off."""
    station = sim.stations[pool]
    for r in range(station.first_replica, station.first_replica + station.replicas):
        replica = sim.replicas[r]
        if missing > 0 and replica.state == OFF:
            missing -= 1
            replica.state, replica.is_paid, replica.paid_from_s = STARTING, 1, now
            sim.changes[_row_of_readiness(sim, r)].at_s = now + station.delay_s


@part
def _drop_one(sim: SimState, memory: Memory | None, pool: int, now: float) -> None:
    """Drop the highest number that is not ready yet, else of those that are up."""
    station = sim.stations[pool]
    chosen = -1
    for r in range(station.first_replica, station.first_replica + station.replicas):
        state = sim.replicas[r].state
        if state == STARTING or (state == UP and (chosen < 0 or sim.replicas[chosen].state == UP)):
            chosen = r
    if sim.replicas[chosen].state == STARTING:
        sim.changes[_row_of_readiness(sim, chosen)].at_s = np.inf
        _switch_off(sim, memory, chosen, now)
    else:
        station.up -= 1
        sim.replicas[chosen].state = DRAINING
        switch_off_if_drained(sim, memory, chosen, now)


@part
def _row_of_readiness(sim: SimState, r: int) -> int:
    """The change in which a replica gets ready: one row for each, the last rows but those of scaling."""
    return sim.changes.size - sim.stations.size - sim.replicas.size + r
