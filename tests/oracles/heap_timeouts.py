"""What a time-out does in the plain Python replay: the caller leaves at once, the engine lets go at a boundary."""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING

from costctl.simulate.lanes import FallbackCause
from tests.oracles import heap_memory
from tests.oracles.heap_batches import due_s_of_batch
from tests.oracles.heap_capacity import switch_off
from tests.oracles.heap_refusals import give_up
from tests.oracles.heap_turns import Replica

if TYPE_CHECKING:
    from tests.oracles.heap_replay import HeapReplay

TIMEOUT = 1  # the kind of an event, as in heap_replay


def watch(replay: HeapReplay, call: int, now: float) -> None:
    lanes = replay.pools[replay.pool_of[call]].setup.lanes
    replay.due_s[call] = now + float(lanes.timeout_s[replay.lane[call]])
    if replay.due_s[call] < math.inf:
        heapq.heappush(replay.events, (replay.due_s[call], TIMEOUT, call))


def time_out(replay: HeapReplay, call: int, now: float) -> None:
    replica = replay.replicas[replay.served_by[call]]
    if math.isnan(replay.begin_s[call]):
        lane = replay.lane_now(call)
        replica.queues[replay.queue_of[replay.pool_of[call]][lane]].remove(call)
        replica.waiting[lane] -= 1
    else:
        for calls in (replica.batch, replica.prefilling, replica.paused):
            if call in calls:
                calls.remove(call)
        replica.decoding = [each for each in replica.decoding if each[1] != call]
        if replica.memory is None:
            heapq.heapify(replica.decoding)
        replica.leaving.append(call)
        replay.begin_s[call] = replay.first_token_s[call] = math.nan
    if replica.doing == "stepping":
        replay.schedule(replica, replay.next_boundary_s(replica, now))
        heap_memory.note_arrival(replica)
    elif replica.doing == "nothing" and replica.pool.model.discipline == "static":
        replica.event_s = math.inf
        if any(replica.waiting):
            replay.schedule(replica, due_s_of_batch(replay, replica, now))
    if replica.state == "draining" and replica.outstanding == 0:
        switch_off(replica, now)
    give_up(replay, call, "timed_out", FallbackCause.TIMEOUT, now)


def let_go(replay: HeapReplay, replica: Replica) -> bool:
    """What was broken off before this boundary leaves the replica; whether there was any."""
    for call in replica.leaving:
        if replica.memory is not None and call in replica.memory.own:
            heap_memory.leave(replay, replica, call)
        if replica.memory is not None:
            replica.memory.generated.pop(call, None)
    had_any = bool(replica.leaving)
    replica.leaving.clear()
    return had_any
