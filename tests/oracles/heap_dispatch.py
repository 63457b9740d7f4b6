"""To which replica of the plain Python replay does a call go?

Lists and dicts, one object a replica; shares no code with the compiled loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from costctl.simulate.workload import PrefixTree
from tests.oracles.heap_turns import Replica

if TYPE_CHECKING:
    from tests.oracles.heap_replay import HeapReplay


def choose(replay: HeapReplay, call: int) -> Replica | None:
    pool = replay.pool_of[call]
    setup, mine = replay.pools[pool].setup, replay.replicas_of(pool)
    up = [each for each in mine if each.state == "up"]
    if not up:
        return None
    if setup.dispatch == "recorded":
        recorded = [each for each in up if each.number == replay.recorded[call]]
        if recorded:
            return recorded[0]
    if setup.dispatch == "round_robin":
        while True:
            replay.given[pool] += 1
            replica = mine[(replay.given[pool] - 1) % len(mine)]
            if replica.state == "up":
                return replica
    if setup.dispatch == "prefix_affinity":
        users = {
            prefix: replay.last_user.get((pool, prefix))
            for prefix, _, _ in parts_of(replay.tree, replay.prefix[call], replay.prefix_tokens[call])
        }
        user = near_enough(users, up, setup.affinity_most_ahead)
        if user is not None:
            return user
    return up[0] if len(up) == 1 else min(up, key=lambda each: each.outstanding)


def parts_of(tree: PrefixTree | None, prefix: int, end: int) -> list[tuple[int, int, int]]:
    """Of a prompt's beginning each prefix, and the tokens from and up to which it goes; the first one first."""
    found = []
    while prefix >= 0:
        begins = 0 if tree is None else int(tree.begins[prefix])
        found.append((prefix, begins, end))
        prefix, end = -1 if tree is None else int(tree.parent[prefix]), begins
    return found[::-1]


def near_enough(users: dict[int, Replica | None], up: list[Replica], most_ahead: int) -> Replica | None:
    """The last user of the longest beginning that is still held, unless it is too far ahead of the least loaded.

    users: by prefix, the first beginning first.
    """
    fewest = min(each.outstanding for each in up)
    for prefix, user in reversed(users.items()):
        if user is not None and user.state == "up" and prefix in user.held:
            return user if user.outstanding - fewest <= most_ahead else None
    return None
