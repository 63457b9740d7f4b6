"""What becomes of refused calls in the plain Python replay: demoted, sent on, retried, or gone."""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING

from costctl.simulate.lanes import FallbackCause, RefusalAction
from costctl.simulate.workload import CallStatus
from tests.oracles.heap_turns import Replica

if TYPE_CHECKING:
    from tests.oracles.heap_replay import HeapReplay

ARRIVAL = 0  # the kind of an event, as in heap_replay


def refuse(replay: HeapReplay, call: int, cause: FallbackCause, now: float) -> None:
    give_up(replay, call, "rejected", cause, now)


def expire(replay: HeapReplay, replica: Replica, call: int, lane: int, now: float) -> None:
    lanes = replica.pool.setup.lanes
    if (
        lanes.on_expiry[lane] == RefusalAction.DEMOTE
        and not replay.is_demoted[call]
        and not replay.is_full(replica, int(lanes.demote_to[lane]))
    ):
        replay.is_demoted[call] = True
        replay.joined_s[call] = now
        replay.wait(replica, int(lanes.demote_to[lane]), call)
    else:
        give_up(replay, call, "expired", FallbackCause.OVERLOAD, now)


def give_up(replay: HeapReplay, call: int, why: str, cause: FallbackCause, now: float) -> None:
    replay.due_s[call] = math.inf
    ahead = pools_ahead(replay, call, cause)
    lanes, lane = replay.pools[replay.pool_of[call]].setup.lanes, replay.lane[call]
    retried = replay.attempts[call] - 1 - replay.fell_back[call]
    if ahead:
        replay.fell_back[call] += 1
        replay.pool_of[call] = ahead[0]
        heapq.heappush(replay.events, (now, ARRIVAL, call))
    elif retried < lanes.retries[lane]:
        backoff_s = float(lanes.backoff_s[lane])
        for _ in range(retried):
            backoff_s *= float(lanes.backoff_factor[lane])
        heapq.heappush(replay.events, (now + backoff_s, ARRIVAL, call))
    else:
        replay.status[call] = CallStatus[why.upper()]
        return
    replay.status[call] = CallStatus.IN_FLIGHT


def pools_ahead(replay: HeapReplay, call: int, cause: FallbackCause) -> list[int]:
    """The pools that take the call on this cause, of those behind the one where it is."""
    own = replay.own_pool[call]
    fallbacks = replay.pools[own].setup.lanes.fallbacks[replay.lane[call]]
    places = [own, *(each.pool for each in fallbacks)]
    behind = fallbacks[places.index(replay.pool_of[call]) :]
    return [each.pool for each in behind if cause in each.on]
