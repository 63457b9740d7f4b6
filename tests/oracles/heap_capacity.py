"""Outages, timetables and scaling in the plain Python replay: what happens to replicas, not to calls."""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING

from costctl.simulate.lanes import FallbackCause
from tests.oracles.heap_memory import evict, lose
from tests.oracles.heap_refusals import give_up
from tests.oracles.heap_turns import Replica

if TYPE_CHECKING:
    from costctl.simulate.timetable import Timetable
    from tests.oracles.heap_replay import HeapReplay

FAILS, COMES_BACK, LOOKS, IS_READY, SCALES = range(5)
Change = tuple[float, int, int, int]  # when, kind, order of the row, replica or pool


def changes_of(replay: HeapReplay) -> list[Change]:
    changes: list[Change] = []
    for number, pool in enumerate(replay.pools):
        for outage in pool.setup.outages:
            replica, row = replay.first_of[number] + outage.replica, len(changes)
            changes.append((outage.from_s, FAILS, row, replica))
            changes.append((outage.until_s + outage.warm_up_s, COMES_BACK, row, replica))
        if pool.setup.scaling is not None:
            changes.append((pool.setup.scaling.interval_s, SCALES, number, number))
        if pool.setup.timetable is not None:
            table = pool.setup.timetable
            instants = {each % table.period_s for each in table.at_s}
            instants |= {(each - table.start_up_s) % table.period_s for each in table.at_s}
            changes += [(at_s, LOOKS, number, number) for at_s in instants]
            for place, replica in enumerate(replay.replicas_of(number)):
                if replica.state == "off" and place < ordered_at(table, 0.0):
                    replica.paid_from_s, replica.ready_s = 0.0, ready_if_ordered(table, place, instants)
                    replica.state = "up" if replica.ready_s <= 0.0 else "starting"
                    changes.append((replica.ready_s, IS_READY, replica.number, replica.number))
    heapq.heapify(changes)
    return changes


def change(replay: HeapReplay, at_s: float, kind: int, subject: int) -> None:
    if kind == FAILS:
        fail(replay, replay.replicas[subject], at_s)
    elif kind == COMES_BACK:
        replay.replicas[subject].state = replay.replicas[subject].state_after
    elif kind == LOOKS:
        look(replay, subject, at_s)
    elif kind == IS_READY:
        replica = replay.replicas[subject]
        if replica.state == "starting" and replica.ready_s == at_s:
            replica.state = "up"
    else:
        scale_and_come_again(replay, subject, at_s)


def scale_and_come_again(replay: HeapReplay, pool: int, at_s: float) -> None:
    scaling = replay.pools[pool].setup.scaling
    assert scaling is not None
    heapq.heappush(replay.changes, (at_s + scaling.interval_s, SCALES, pool, pool))
    scale(replay, pool, at_s)


def ready_by(table: Timetable, at_s: float) -> int:
    """How many the timetable wants at an instant."""
    within = at_s % table.period_s
    before = [ready for from_s, ready in zip(table.at_s, table.replicas, strict=True) if from_s <= within]
    return before[-1] if before else table.replicas[-1]


def ordered_at(table: Timetable, at_s: float) -> int:
    """How many must be there, or on their way, for all that is wanted until one could have started."""
    steps = [each + lap * table.period_s for each in table.at_s for lap in range(-1, 3)]
    base = at_s - at_s % table.period_s
    coming = [base + each for each in steps if at_s <= base + each <= at_s + table.start_up_s]
    return max(ready_by(table, each) for each in (at_s, *coming))


def ready_if_ordered(table: Timetable, place: int, instants: set[float]) -> float:
    """When a replica that is there at 0 is ready, as if the timetable had held before: it was ordered at the first of
    the instants before 0 from which on it was always wanted.
    """
    since_s = 0.0
    for at_s in sorted((each - table.period_s for each in instants), reverse=True):
        if place >= ordered_at(table, at_s):
            return since_s + table.start_up_s
        since_s = at_s
    return 0.0  # it has always been there


def look(replay: HeapReplay, pool: int, now: float) -> None:
    table = replay.pools[pool].setup.timetable
    assert table is not None
    heapq.heappush(replay.changes, (now + table.period_s, LOOKS, pool, pool))
    for place, replica in enumerate(replay.replicas_of(pool)):
        if place < ordered_at(table, now):
            bring(replay, replica, now, now + table.start_up_s)
        else:
            let_go(replica, now)


def bring(replay: HeapReplay, replica: Replica, now: float, ready_s: float) -> None:
    if replica.state == "off":
        replica.state, replica.paid_from_s, replica.ready_s = "starting", now, ready_s
        heapq.heappush(replay.changes, (ready_s, IS_READY, replica.number, replica.number))
    elif replica.state == "draining":
        replica.state = "up"
    elif replica.state == "down" and replica.state_after == "off":
        replica.state_after, replica.paid_from_s = "up", now


def let_go(replica: Replica, now: float) -> None:
    if replica.state == "starting" or (replica.state == "up" and replica.outstanding == 0):
        switch_off(replica, now)
    elif replica.state == "up":
        replica.state = "draining"
    elif replica.state == "down" and replica.state_after == "up":
        switch_off(replica, now)
        replica.state, replica.state_after = "down", "off"


def switch_off(replica: Replica, now: float) -> None:
    assert replica.paid_from_s is not None
    replica.state = "off"
    replica.paid_s += now - replica.paid_from_s
    replica.paid_from_s = None
    while replica.memory is not None and replica.memory.idle:
        evict(replica)
    replica.held.clear()


def fail(replay: HeapReplay, replica: Replica, now: float) -> None:
    replica.state_after = {"starting": "up", "draining": "off"}.get(replica.state, replica.state)
    if replica.state == "draining":
        switch_off(replica, now)
    replica.state = "down"
    replica.held.clear()
    if replica.doing != "nothing":
        replica.busy_s += now - replica.busy_from_s
    lost = [*replica.prefilling, *(call for _, call in replica.decoding), *replica.batch, *lose(replica)]
    replica.prefilling.clear()
    replica.leaving.clear()
    replica.decoding, replica.batch, replica.doing, replica.event_s = [], [], "nothing", math.inf
    for call in lost:
        replay.begin_s[call] = replay.first_token_s[call] = math.nan
        give_up(replay, call, "failed", FallbackCause.ERROR, now)
    for queue in replica.queues:
        while queue:
            call = queue.popleft()
            replica.waiting[replay.lane_now(call)] -= 1
            replay.dispatch(call, now)


def scale(replay: HeapReplay, pool: int, now: float) -> None:
    scaling = replay.pools[pool].setup.scaling
    assert scaling is not None
    mine = replay.replicas_of(pool)
    demand = math.ceil(sum(each.outstanding for each in mine) / scaling.target_outstanding)
    wanted = min(max(demand, scaling.least), scaling.most)
    ordered = [each for each in mine if each.state in ("up", "starting")]
    if wanted >= len(ordered):
        replay.low_since_s[pool] = None
        for replica in [each for each in mine if each.state == "off"][: wanted - len(ordered)]:
            replica.state, replica.paid_from_s, replica.ready_s = "starting", now, now + scaling.delay_s
            heapq.heappush(replay.changes, (replica.ready_s, IS_READY, replica.number, replica.number))
        return
    if replay.low_since_s[pool] is None:
        replay.low_since_s[pool] = now
    if now - replay.low_since_s[pool] >= scaling.idle_s:
        replay.low_since_s[pool] = now
        chosen = max(ordered, key=lambda each: (each.state == "starting", each.number))
        if chosen.state == "starting" or chosen.outstanding == 0:
            switch_off(chosen, now)
        else:
            chosen.state = "draining"
