"""What becomes of refused calls in the plain Python replay: demoted, redirected, retried, or gone."""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING

from costctl.simulate.lanes import RefusalAction
from costctl.simulate.workload import CallStatus
from tests.oracles.heap_turns import Replica

if TYPE_CHECKING:
    from tests.oracles.heap_replay import HeapReplay

ARRIVAL = 0  # the kind of an event, as in heap_replay


def refuse(replay: HeapReplay, call: int, lane: int, now: float) -> None:
    lanes = replay.pools[replay.pool_of[call]].setup.lanes
    if lanes.on_refusal[lane] == RefusalAction.REDIRECT and not replay.redirected[call]:
        redirect(replay, call, int(lanes.redirect_to[lane]), now)
    else:
        give_up(replay, call, "rejected", now)


def redirect(replay: HeapReplay, call: int, pool: int, now: float) -> None:
    replay.redirected[call] = 1
    replay.due_s[call] = math.inf
    replay.pool_of[call] = pool
    heapq.heappush(replay.events, (now, ARRIVAL, call))


def expire(replay: HeapReplay, replica: Replica, call: int, lane: int, now: float) -> None:
    lanes = replica.pool.setup.lanes
    if lanes.on_expiry[lane] == RefusalAction.REDIRECT and not replay.redirected[call]:
        redirect(replay, call, int(lanes.redirect_to[lane]), now)
    elif (
        lanes.on_expiry[lane] == RefusalAction.DEMOTE
        and not replay.is_demoted[call]
        and not replay.is_full(replica, int(lanes.demote_to[lane]))
    ):
        replay.is_demoted[call] = True
        replay.joined_s[call] = now
        replay.wait(replica, int(lanes.demote_to[lane]), call)
    else:
        give_up(replay, call, "expired", now)


def give_up(replay: HeapReplay, call: int, why: str, now: float) -> None:
    lanes, lane = replay.pools[replay.pool_of[call]].setup.lanes, replay.lane[call]
    replay.due_s[call] = math.inf
    retried = replay.attempts[call] - 1 - replay.redirected[call]
    if retried < lanes.retries[lane]:
        backoff_s = float(lanes.backoff_s[lane])
        for _ in range(retried):
            backoff_s *= float(lanes.backoff_factor[lane])
        replay.status[call] = CallStatus.IN_FLIGHT
        heapq.heappush(replay.events, (now + backoff_s, ARRIVAL, call))
    else:
        replay.status[call] = CallStatus[why.upper()]
