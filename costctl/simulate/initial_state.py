"""What do calls and pools look like before anything has happened? Workload and pools in, replay_state out.

Inputs of a call are not copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costctl.arrays import Floats, Ints, SmallInts
from costctl.simulate.lanes import Lanes, RefusalAction
from costctl.simulate.replay_state import (
    ADMISSION,
    BLOCK,
    CACHED,
    CHANGE,
    CLOCK,
    COMES_BACK,
    DISPATCH_CODE,
    FAILS,
    FALLBACK,
    IS_READY,
    LANE,
    LANE_STATE,
    MEMORY,
    NEVER_ARRIVED,
    OFF,
    QUEUE,
    REPLICA,
    SCALES,
    STARTING,
    STARTS,
    STATION,
    STOPS,
    UP,
    Calls,
    Deadlines,
    Memory,
    SimState,
)
from costctl.simulate.replicas import replicas_by_pool, replicas_of_pool
from costctl.simulate.timetable import ready_at_start_s, shifts_of
from costctl.simulate.workload import Pool, Workload

_EMPTY = np.empty(0, np.int64)
_UNLIMITED_BLOCKS = 2**40


def call_state(workload: Workload, pool: Ints, pools: Sequence[Pool]) -> Calls:
    """The calls before anything has happened: none has arrived."""
    n = workload.size
    first_follower, next_follower = _followers(workload.after)
    end_s = np.full(n, np.nan)
    arrival_s = np.where(workload.after < 0, workload.arrival_s, np.nan)
    has_prefix = _has_cache(pools) and workload.prefix is not None and workload.prefix_tokens is not None
    return Calls(
        after=workload.after,
        think_s=workload.think_s,
        tokens=workload.uncached_tokens,
        prompt_tokens=_prompt_tokens(workload) if has_prefix else _EMPTY,
        decode_steps=workload.decode_steps,
        lane=workload.lane,
        recorded=workload.replica,
        prefix=workload.prefix if has_prefix and workload.prefix is not None else _EMPTY,
        prefix_tokens=(
            workload.prefix_tokens if has_prefix and workload.prefix_tokens is not None else _EMPTY
        ),
        own_pool=pool,
        pool=pool.astype(np.int16),
        first_follower=first_follower,
        next_follower=next_follower,
        next_in_queue=np.empty(n, np.int32),
        progress=np.empty(n, np.int64),
        arrival_s=arrival_s,
        joined_s=end_s if comes_again(pools) else arrival_s,
        begin_s=np.full(n, np.nan),
        first_token_s=np.full(n, np.nan),
        end_s=end_s,
        replica=np.full(n, -1, np.int32),
        status=np.full(n, NEVER_ARRIVED, np.int8),
        attempts=np.zeros(n, np.int8),
        spared_tokens=np.zeros(n if has_prefix and _keeps_prefixes(pools) else 0, np.int32),
        fell_back=np.zeros(n if any(pool.setup.lanes.has_fallbacks for pool in pools) else 0, np.int8),
    )


def _prompt_tokens(workload: Workload) -> Ints:
    return workload.uncached_tokens if workload.prompt_tokens is None else workload.prompt_tokens


def comes_again(pools: Sequence[Pool]) -> bool:
    """Whether a call may join a queue at another instant than that of its first arrival."""
    return any(
        bool(
            (lanes.retries > 0).any()
            or lanes.has_fallbacks
            or (lanes.on_expiry != RefusalAction.REJECT).any()
        )
        for lanes in (pool.setup.lanes for pool in pools)
    )


def _keeps_prefixes(pools: Sequence[Pool]) -> bool:
    """Whether a pool keeps beginnings of prompts beside its KV memory."""
    return any(pool.setup.prefix_cache_tokens > 0 for pool in pools)


def _has_cache(pools: Sequence[Pool]) -> bool:
    return any(pool.setup.prefix_cache_tokens > 0 or pool.setup.enable_prefix_caching for pool in pools)


def _followers(after: Ints) -> tuple[SmallInts, SmallInts]:
    """For each call its first follower and, for each follower, the next one of the same call; -1 ends.

    Both are empty where no call follows another.
    """
    followers = np.flatnonzero(after >= 0)
    if followers.size == 0:
        return np.empty(0, np.int32), np.empty(0, np.int32)
    first = np.full(after.size, -1, np.int32)
    following = np.full(after.size, -1, np.int32)
    followers = followers[np.argsort(after[followers], kind="stable")]
    before = after[followers]
    is_first = np.ones(followers.size, np.bool_)
    is_first[1:] = before[1:] != before[:-1]
    first[before[is_first]] = followers[is_first]
    following[followers[:-1][~is_first[1:]]] = followers[1:][~is_first[1:]]
    return first, following


def sim_state(workload: Workload, pools: Sequence[Pool]) -> SimState:
    """The pools before anything has happened: every replica is idle."""
    stations = _stations(pools)
    if workload.prefix_tree is None and workload.prompt_tokens is None:
        stations["shares_prefixes_in_memory"] = stations["has_prefixes_in_memory"]
    replicas, completions = _replicas(pools, workload.size, _starts_s(workload))
    lanes = np.stack([_lanes(pool.setup.lanes) for pool in pools])
    leaves = 1 << max(int(replicas.size) - 1, 0).bit_length()
    to_come = workload.size if comes_again(pools) else int(np.count_nonzero(workload.after >= 0))
    queues = np.zeros((replicas.size, int(lanes["queue"].max(initial=1)) + 1), QUEUE)
    queues["first"] = queues["last"] = -1
    cached, last_user = _caches(workload, pools, replicas.size)
    parent, begins = _tree(workload, last_user.shape[1])
    changes = _changes(pools, stations)
    clock = np.zeros(1, CLOCK)
    clock["change"] = np.argmin(changes["at_s"]) if changes.size else 0
    clock["change_s"] = changes["at_s"].min(initial=np.inf)
    return SimState(
        stations=stations,
        replicas=replicas,
        lanes=lanes,
        fallbacks=_fallbacks(pools),
        admissions=_admissions(pools),
        lane_states=np.zeros((replicas.size, lanes.shape[1]), LANE_STATE),
        queues=queues,
        preferred=_preferred(pools, workload.size),
        cached=cached,
        last_user=last_user,
        prefix_parent=parent,
        prefix_begins=begins,
        completions=completions,
        event_s=np.full(leaves, np.inf),
        winner=np.concatenate([_first_leaf_of_each_node(leaves), np.arange(leaves)]),
        timers=np.empty(to_come, np.int32),
        changes=changes,
        clock=clock,
    )


def deadline_state(workload: Workload, pools: Sequence[Pool]) -> Deadlines | None:
    """Before anything has happened no call has a time-out to come. None where no lane has one."""
    if not any(pool.setup.lanes.has_timeouts for pool in pools):
        return None
    n = workload.size
    return Deadlines(due_s=np.full(n, np.inf), known_s=np.full(n, np.inf), heap=np.empty(n, np.int32))


def counts_memory(pools: Sequence[Pool]) -> bool:
    """Whether any pool counts its KV memory."""
    return any(pool.counts_memory for pool in pools)


def memory_state(workload: Workload, pools: Sequence[Pool]) -> Memory:
    """KV memory before anything has happened: all of it is free."""
    places = replicas_by_pool(pools)
    replicas = np.zeros(sum(places), MEMORY)
    kv_tokens = [pool.setup.kv_tokens for pool in pools]
    blocks = [_UNLIMITED_BLOCKS if tokens is None else tokens // BLOCK for tokens in kv_tokens]
    kept_free = [
        int(pool.setup.kv_watermark * each) * (pool.setup.kv_tokens is not None)
        for pool, each in zip(pools, blocks, strict=True)
    ]
    replicas["capacity"] = replicas["free"] = replicas["fewest_free"] = np.repeat(blocks, places)
    replicas["watermark"] = np.repeat(kept_free, places)
    replicas["last"] = replicas["paused"] = -1
    cached = workload.cached_tokens
    return Memory(
        replicas=replicas,
        growing=np.zeros((replicas.size, BLOCK), np.int64),
        prompt=workload.uncached_tokens if cached is None else workload.uncached_tokens + cached,
        generated=np.zeros(workload.size, np.int32),
        earlier=np.empty(workload.size, np.int32),
    )


def _first_leaf_of_each_node(leaves: int) -> Ints:
    """Who leads the inner nodes of the tournament while no replica has an event: the lowest of each."""
    node = np.arange(1, leaves, dtype=np.int64)
    depth = np.frexp(node)[1].astype(np.int64) - 1
    first = (node << (leaves.bit_length() - 1 - depth)) - leaves
    return np.concatenate([np.zeros(1, np.int64), first])


def _lanes(lanes: Lanes) -> NDArray[Any]:
    """The rules of each lane; levels are ranks without gaps."""
    rows = np.ones(lanes.count, LANE)
    for field in fields(Lanes):
        if field.name in (LANE.names or ()) and getattr(lanes, field.name) is not None:
            rows[field.name] = getattr(lanes, field.name)
    rows["level"] = np.unique(lanes.rank, return_inverse=True)[1]
    rows["queue"] = 1 + (np.arange(lanes.count) if lanes.is_shared else rows["level"])
    return rows


def _fallbacks(pools: Sequence[Pool]) -> NDArray[Any]:
    """The fallbacks of each pool and lane, as many places as the longest list has; none where nobody falls back."""
    lists = [pool.setup.lanes.fallbacks for pool in pools]
    most = max(len(each) for of_pool in lists for each in of_pool)
    rows = np.zeros((len(pools), len(lists[0]), most), FALLBACK)
    for number, of_pool in enumerate(lists):
        for lane, found in enumerate(of_pool):
            for place, each in enumerate(found):
                rows[number, lane, place] = (each.pool, int(each.on))
    return rows


def _admissions(pools: Sequence[Pool]) -> NDArray[Any]:
    """Nobody is there, and nobody has come in any minute."""
    is_any = any(pool.setup.lanes.has_admission for pool in pools)
    rows = np.zeros((2, pools[0].setup.lanes.count if is_any else 0), ADMISSION)
    rows["minute"] = np.iinfo(np.int64).min
    return rows


def _stations(pools: Sequence[Pool]) -> NDArray[Any]:
    stations = np.zeros(len(pools), STATION)
    for number, (row, pool) in enumerate(zip(stations, pools, strict=True)):
        model, setup, scaling = pool.model, pool.setup, pool.setup.scaling
        row["is_static"] = model.discipline == "static"
        row["is_prefill_stalling"] = model.is_prefill_stalling
        row["is_shared"] = setup.lanes.is_shared
        row["is_weighted"] = setup.lanes.weight is not None
        row["alpha_s"], row["beta_s"], row["gamma_s"] = model.alpha_s, model.beta_s, model.gamma_s
        row["kappa_s"] = model.kappa_s
        row["batch_window_s"] = setup.batch_window_s
        row["max_num_seqs"] = setup.max_num_seqs
        row["max_batched_tokens"] = setup.max_batched_tokens
        row["prefix_cache_tokens"] = setup.prefix_cache_tokens
        row["affinity_most_ahead"] = setup.affinity_most_ahead
        row["has_prefixes_in_memory"] = setup.enable_prefix_caching
        row["dispatch"] = DISPATCH_CODE[setup.dispatch]
        own = replicas_of_pool(pools, number)
        row["first_replica"], row["replicas"] = own.start, own.stop - own.start
        row["up"] = setup.replicas
        row["low_since_s"] = np.inf
        for field in () if scaling is None else fields(scaling):
            row[field.name] = getattr(scaling, field.name)
        if setup.timetable is not None:
            row["period_s"], row["delay_s"] = setup.timetable.period_s, setup.timetable.start_up_s
    return stations


def _preferred(pools: Sequence[Pool], calls: int) -> Ints:
    """For each pool and number of waiting calls the largest size that they fill and a batch starts with; the last
    column holds for all numbers from there on.
    """
    filled = [[each for each in _sizes(pool) if each <= calls] for pool in pools]
    table = np.zeros((len(pools), 1 + max((max(each, default=0) for each in filled), default=0)), np.int64)
    for row, sizes in zip(table, filled, strict=True):
        row[sizes] = sizes
    largest: Ints = np.maximum.accumulate(table, axis=1)
    return largest


def _sizes(pool: Pool) -> Sequence[int]:
    """With which sizes a batch of the pool starts before its window has closed."""
    setup = pool.setup
    if pool.model.discipline == "continuous":
        return ()
    return [each for each in setup.preferred_sizes if each <= setup.max_num_seqs] or [setup.max_num_seqs]


def _starts_s(workload: Workload) -> float:
    """Where the replay starts, from when replicas are paid for: at 0, or at the first arrival where that is before."""
    return float(workload.arrival_s[workload.after < 0].min(initial=0.0))


def _replicas(pools: Sequence[Pool], calls: int, starts_s: float) -> tuple[NDArray[Any], SmallInts]:
    """Idle replicas, pool by pool, and room for the heap of completions of each that decodes."""
    places = replicas_by_pool(pools)
    replicas = np.zeros(sum(places), REPLICA)
    pool_of = np.repeat(np.arange(len(pools)), places)
    is_up = np.concatenate([np.arange(pool.setup.most_replicas) < pool.setup.replicas for pool in pools])
    is_starting = np.isfinite(_ready_s(pools)) & ~is_up
    room = np.array(
        [0 if pool.model.discipline == "static" else min(pool.setup.max_num_seqs, calls) for pool in pools],
        np.int64,
    )[pool_of]
    replicas["pool"] = pool_of
    replicas["state"] = np.where(is_up, UP, np.where(is_starting, STARTING, OFF))
    replicas["is_paid"] = is_up | is_starting
    replicas["paid_from_s"] = starts_s
    replicas["completions_from"] = np.cumsum(room) - room
    return replicas, np.empty(int(room.sum()), np.int32)


def _ready_s(pools: Sequence[Pool]) -> Floats:
    """Of each replica, when it is ready that starts up when the replay starts; infinite of all others."""
    ready_s = [
        np.inf
        if pool.setup.timetable is None or number < pool.setup.replicas
        else ready_at_start_s(pool.setup.timetable, number)
        for pool in pools
        for number in range(pool.setup.most_replicas)
    ]
    return np.array(ready_s)


def _caches(workload: Workload, pools: Sequence[Pool], replicas: int) -> tuple[NDArray[Any], SmallInts]:
    """For each replica an empty ring of prefixes; nothing where no pool has a cache."""
    if not _has_cache(pools) or workload.prefix is None:
        return np.empty((replicas, 1), CACHED), np.empty((len(pools), 0), np.int32)
    prefixes = _count_of_prefixes(workload)
    cached = np.zeros((replicas, prefixes + 1), CACHED)
    cached["newer"][:, -1] = cached["older"][:, -1] = prefixes
    return cached, np.full((len(pools), prefixes), -1, np.int32)


def _count_of_prefixes(workload: Workload) -> int:
    if workload.prefix_tree is not None:
        return workload.prefix_tree.parent.size
    return 0 if workload.prefix is None else int(workload.prefix.max(initial=-1)) + 1


def _tree(workload: Workload, prefixes: int) -> tuple[Ints, Ints]:
    """What each prefix goes on from, and the tokens before it; all of them begin prompts where nothing else is said."""
    tree = workload.prefix_tree
    if tree is None or prefixes == 0:
        return np.full(prefixes, -1, np.int64), np.zeros(prefixes, np.int64)
    return np.require(tree.parent, np.int64, ["C", "W"]), np.require(tree.begins, np.int64, ["C", "W"])


def _changes(pools: Sequence[Pool], stations: NDArray[Any]) -> NDArray[Any]:
    """Outages, returns, starts and stops by timetable, a row for the readiness of each replica and one for the scaling
    of each pool.

    None where no pool scales, none has a timetable and none has an outage.
    """
    outages = [
        (outage, int(station["first_replica"]) + outage.replica)
        for pool, station in zip(pools, stations, strict=True)
        for outage in pool.setup.outages
    ]
    if not outages and all(pool.setup.scaling is None and pool.setup.timetable is None for pool in pools):
        return np.empty(0, CHANGE)
    rows = [(outage.from_s, FAILS, r) for outage, r in outages]
    rows += [(outage.until_s + outage.warm_up_s, COMES_BACK, r) for outage, r in outages]
    rows += [*_by_timetable(pools, stations, STARTS), *_by_timetable(pools, stations, STOPS)]
    rows += [(ready_s, IS_READY, r) for r, ready_s in enumerate(_ready_s(pools).tolist())]
    rows += [
        (np.inf if pool.setup.scaling is None else pool.setup.scaling.interval_s, SCALES, number)
        for number, pool in enumerate(pools)
    ]
    return np.array(rows, CHANGE)


def _by_timetable(pools: Sequence[Pool], stations: NDArray[Any], kind: int) -> list[tuple[float, int, int]]:
    """The first start, or stop, of each shift of each replica from the start of the replay on."""
    return [
        (
            (each.order_s if kind == STARTS else each.until_s) % pool.setup.timetable.period_s,
            kind,
            first + number,
        )
        for pool, first in zip(pools, stations["first_replica"].tolist(), strict=True)
        if pool.setup.timetable is not None
        for number in range(pool.setup.most_replicas)
        for each in shifts_of(pool.setup.timetable, number) or ()
    ]
