"""Replicas fail, come back, are ordered, get ready and are dropped. Compiled parts of the event loop."""

from __future__ import annotations

import numpy as np

from costctl.compiled import part
from costctl.simulate.dispatch import dispatch
from costctl.simulate.heaps import schedule, set_next_change
from costctl.simulate.prefix_cache import forget_prefixes
from costctl.simulate.queues import leave_line, stop_waiting
from costctl.simulate.refusals import give_up
from costctl.simulate.replay_state import (
    BEGUN,
    COMES_BACK,
    DOWN,
    DRAINING,
    FAILED,
    FAILS,
    IDLE,
    IS_READY,
    OFF,
    STARTING,
    UP,
    Calls,
    Floor,
)


@part
def change_capacity(calls: Calls, floor: Floor, now: float) -> None:
    """The change that is due."""
    change = floor.changes[floor.clock[0].change]
    change.at_s = np.inf
    if change.kind == FAILS:
        _fail(calls, floor, change.subject, now)
    elif change.kind == COMES_BACK:
        _come_back(floor, change.subject)
    elif change.kind == IS_READY:
        _get_ready(floor, change.subject)
    else:
        change.at_s = now + floor.stations[change.subject].interval_s
        _scale(floor, change.subject, now)
    set_next_change(floor)


@part
def switch_off_if_drained(floor: Floor, r: int, now: float) -> None:
    """A replica that takes nothing new and has nothing left is no longer paid for."""
    replica = floor.replicas[r]
    if replica.state == DRAINING and replica.waiting == 0 and replica.in_progress == 0:
        _switch_off(floor, r, now)


@part
def _switch_off(floor: Floor, r: int, now: float) -> None:
    replica = floor.replicas[r]
    replica.state = OFF
    replica.is_paid = 0
    replica.paid_s += now - replica.paid_from_s
    forget_prefixes(floor, r)


@part
def _fail(calls: Calls, floor: Floor, r: int, now: float) -> None:
    """What is in progress is lost, what waits is dispatched anew."""
    replica = floor.replicas[r]
    station = floor.stations[replica.pool]
    replica.state_after = replica.state
    if replica.state == UP:
        station.up -= 1
    elif replica.state == STARTING:
        replica.state_after = UP
        floor.changes[_row_of_readiness(floor, r)].at_s = np.inf
    elif replica.state == DRAINING:
        _switch_off(floor, r, now)
        replica.state_after = OFF
    replica.state = DOWN
    _lose_work(calls, floor, r, now)
    forget_prefixes(floor, r)
    for line in range(1, floor.lines.shape[1]):
        while floor.lines[r, line].first >= 0:
            floor.clock[0].in_system -= 1  # until it waits elsewhere
            dispatch(calls, floor, stop_waiting(calls, floor, r, line), now)


@part
def _lose_work(calls: Calls, floor: Floor, r: int, now: float) -> None:
    """The calls in progress fail."""
    replica = floor.replicas[r]
    if replica.phase != IDLE:
        replica.busy_s += now - replica.busy_from_s
    while floor.lines[r, BEGUN].first >= 0:
        _lose_call(calls, floor, leave_line(calls, floor, r, BEGUN), now)
    for place in range(replica.decoding):
        _lose_call(calls, floor, int(floor.completions[replica.completions_from + place]), now)
    floor.clock[0].in_system -= replica.in_progress
    replica.phase, replica.decoding, replica.in_progress = IDLE, 0, 0
    schedule(floor, r, np.inf)


@part
def _lose_call(calls: Calls, floor: Floor, call: int, now: float) -> None:
    calls.begin_s[call], calls.first_token_s[call] = np.nan, np.nan
    give_up(calls, floor, call, FAILED, now)


@part
def _come_back(floor: Floor, r: int) -> None:
    replica = floor.replicas[r]
    replica.state = replica.state_after
    floor.stations[replica.pool].up += replica.state == UP


@part
def _get_ready(floor: Floor, r: int) -> None:
    floor.replicas[r].state = UP
    floor.stations[floor.replicas[r].pool].up += 1


@part
def _scale(floor: Floor, pool: int, now: float) -> None:
    """Order what is missing; drop one where fewer have been wanted for long enough."""
    station = floor.stations[pool]
    outstanding, ordered = 0, 0
    for r in range(station.first_replica, station.first_replica + station.replicas):
        outstanding += floor.replicas[r].waiting + floor.replicas[r].in_progress
        ordered += floor.replicas[r].state == UP or floor.replicas[r].state == STARTING
    wanted = min(max(int(np.ceil(outstanding / station.target_outstanding)), station.least), station.most)
    if wanted >= ordered:
        station.low_since_s = np.inf
        _order(floor, pool, wanted - ordered, now)
        return
    if station.low_since_s == np.inf:
        station.low_since_s = now
    if now - station.low_since_s >= station.idle_s:
        station.low_since_s = now
        _drop_one(floor, pool, now)


@part
def _order(floor: Floor, pool: int, missing: int, now: float) -> None:
    """Order as many replicas, the lowest numbers that are off."""
    station = floor.stations[pool]
    for r in range(station.first_replica, station.first_replica + station.replicas):
        replica = floor.replicas[r]
        if missing > 0 and replica.state == OFF:
            missing -= 1
            replica.state, replica.is_paid, replica.paid_from_s = STARTING, 1, now
            floor.changes[_row_of_readiness(floor, r)].at_s = now + station.delay_s


@part
def _drop_one(floor: Floor, pool: int, now: float) -> None:
    """Drop the highest number that is not ready yet, else of those that are up."""
    station = floor.stations[pool]
    chosen = -1
    for r in range(station.first_replica, station.first_replica + station.replicas):
        state = floor.replicas[r].state
        if state == STARTING or (state == UP and (chosen < 0 or floor.replicas[chosen].state == UP)):
            chosen = r
    if floor.replicas[chosen].state == STARTING:
        floor.changes[_row_of_readiness(floor, chosen)].at_s = np.inf
        _switch_off(floor, chosen, now)
    else:
        station.up -= 1
        floor.replicas[chosen].state = DRAINING
        switch_off_if_drained(floor, chosen, now)


@part
def _row_of_readiness(floor: Floor, r: int) -> int:
    """The change in which a replica gets ready: one row for each, the last rows but those of scaling."""
    return floor.changes.size - floor.stations.size - floor.replicas.size + r
