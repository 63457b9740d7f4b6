"""Which calls does the plain Python replay let in? Counted anew at every arrival, from all who are there or came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.oracles.heap_replay import HeapReplay


def is_admitted(replay: HeapReplay, call: int, now: float) -> bool:
    own = replay.own_pool[call]
    if replay.pool_of[call] != own:
        return True
    lanes, lane = replay.pools[own].setup.lanes, replay.lane[call]
    concurrency, per_minute = int(lanes.concurrency[lane]), int(lanes.per_minute[lane])
    inside = sum(is_alike(replay, call, each) for each in all_inside(replay))
    came = sum(is_alike(replay, call, each) for at_s, each in replay.came if at_s // 60 == now // 60)
    if 0 <= concurrency <= inside or 0 <= per_minute <= came:
        return False
    replay.came.append((now, call))
    return True


def is_alike(replay: HeapReplay, call: int, other: int) -> bool:
    """Whether both are of one lane, and of pools that batch alike."""
    one, two = (replay.pools[replay.own_pool[each]].model.discipline for each in (call, other))
    return one == two and replay.lane[call] == replay.lane[other]


def all_inside(replay: HeapReplay) -> Iterator[int]:
    for replica in replay.replicas:
        for queue in replica.queues:
            yield from queue
        yield from (*replica.prefilling, *replica.batch, *replica.paused)
        yield from (call for _, call in replica.decoding)
