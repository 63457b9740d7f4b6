"""Can these arguments be replayed? Workload, pool of each call and pools in; ValueError where they cannot."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from costctl.arrays import Ints
from costctl.simulate.timetable import Timetable
from costctl.simulate.workload import KV_BLOCK_TOKENS, Outage, Pool, Scaling, Workload


def require_sound(workload: Workload, pool: Ints, pools: Sequence[Pool]) -> None:
    """Raise ValueError, with the reason, where the arguments of a replay contradict each other."""
    n = workload.size
    columns = [
        workload.after,
        workload.think_s,
        workload.uncached_tokens,
        workload.decode_steps,
        workload.lane,
        workload.replica,
        pool,
    ]
    prompts = (workload.prefix, workload.prefix_tokens, workload.prompt_tokens, workload.cached_tokens)
    columns += [each for each in prompts if each is not None]
    _require(all(column.size == n for column in columns), "the arrays of a workload differ in length")
    _require(n < 2**31, "there are more than 2,147,483,647 calls")
    _require(0 < len(pools) < 2**15, "there is no pool, or more than 32,767")
    is_plain = workload.after < 0
    plain_s = workload.arrival_s if is_plain.all() else workload.arrival_s[is_plain]
    _require(bool(np.isfinite(plain_s).all()), "a call that follows no other has no arrival time")
    _require(bool((plain_s[1:] >= plain_s[:-1]).all()), "calls are not ordered by arrival")
    _require(
        bool(is_plain.all()) or _follow_earlier_ones(workload.after), "a call follows one that comes later"
    )
    _require(bool((workload.think_s >= 0).all()), "a think time is negative or NaN")
    _require(_are_in(pool, len(pools)), "a call names a pool that does not exist")
    _require(_are_in(workload.uncached_tokens), "a count of tokens is negative")
    _require(
        workload.cached_tokens is None or _are_in(workload.cached_tokens),
        "a count of cached tokens is negative",
    )
    _require(_are_in(workload.decode_steps), "a count of decode steps is negative")
    _require(_are_in(workload.lane), "a lane is negative")
    _require_sound_prefixes(workload)
    for number, each in enumerate(pools):
        _require_sound_pool(each, lanes=int(workload.lane.max(initial=0)) + 1)
        fault = each.setup.lanes.fault(len(pools), number)
        _require(fault is None, fault or "")
    _require(len({each.setup.lanes.count for each in pools}) == 1, "pools differ in their number of lanes")


def _require_sound_prefixes(workload: Workload) -> None:
    _require(
        (workload.prefix is None) == (workload.prefix_tokens is None),
        "prefix and prefix_tokens are given together or not at all",
    )
    if workload.prefix is not None and workload.prefix_tokens is not None:
        whole = workload.uncached_tokens if workload.prompt_tokens is None else workload.prompt_tokens
        _require(_are_in(whole), "a count of tokens is negative")
        _require(int(workload.prefix.max(initial=-1)) < 2**31 - 1, "a prefix has too large a number")
        _require(
            _are_in(workload.prefix_tokens) and bool((workload.prefix_tokens <= whole).all()),
            "a prefix is longer than its prompt",
        )
    _require_sound_tree(workload)


def _require_sound_tree(workload: Workload) -> None:
    tree = workload.prefix_tree
    if tree is None:
        return
    _require(workload.prefix is not None, "prefixes go on from one another, but no call has one")
    parent, begins = tree.parent, tree.begins
    _require(parent.size == begins.size, "the arrays of a tree of prefixes differ in length")
    _require(
        bool(((parent < np.arange(parent.size)) & (parent >= -1)).all()), "a prefix goes on from a later one"
    )
    has_parent = parent >= 0
    _require(
        bool((begins[~has_parent] == 0).all() and (begins[has_parent] >= begins[parent[has_parent]]).all()),
        "a prefix begins before the one that it goes on from",
    )
    ends = np.full(parent.size, np.iinfo(np.int64).max)
    ends[parent[has_parent]] = begins[has_parent]
    _require(
        bool((begins[has_parent] == ends[parent[has_parent]]).all()),
        "what goes on from a prefix begins at several places",
    )
    if workload.prefix is not None and workload.prefix_tokens is not None:
        _require(int(workload.prefix.max(initial=-1)) < parent.size, "a call has a prefix that there is not")
        own = workload.prefix >= 0
        prefix, tokens = workload.prefix[own], workload.prefix_tokens[own]
        _require(
            bool(((tokens >= begins[prefix]) & (tokens <= ends[prefix])).all()),
            "a prefix ends before it begins, or after what goes on from it has begun",
        )


def _require_sound_pool(pool: Pool, lanes: int) -> None:
    model, setup = pool.model, pool.setup
    _require(setup.replicas > 0, "a pool has no replica")
    _require(setup.max_num_seqs > 0, "a replica has no sequence slot")
    _require(setup.max_batched_tokens > 0, "a step has no room for tokens")
    _require(0 <= setup.prefix_cache_tokens < 2**31, "a prefix cache size is negative or too large")
    _require(setup.affinity_most_ahead >= 0, "a pool lets a replica be fewer than 0 calls ahead")
    _require(setup.batch_window_s >= 0, "a batch window is negative")
    _require(min(setup.preferred_sizes, default=1) > 0, "a preferred batch size is not positive")
    _require(min(model.alpha_s, model.beta_s, model.gamma_s) >= 0, "a service time is negative")
    _require(setup.lanes.count >= lanes, "a call is in a lane that the pool does not have")
    _require_sound_memory(pool)
    if setup.scaling is not None:
        _require_sound_scaling(setup.scaling, setup.replicas)
        _require(setup.timetable is None, "a pool scales by load and by timetable")
    if setup.timetable is not None:
        _require_sound_timetable(setup.timetable, setup.replicas)
    for number, outage in enumerate(setup.outages):
        _require(0 <= outage.replica < setup.most_replicas, "an outage is of a replica that does not exist")
        _require(0 <= outage.from_s < outage.until_s, "an outage ends before it begins")
        _require(0 <= outage.warm_up_s < np.inf, "a warm-up is negative or infinite")
        others = (each for other, each in enumerate(setup.outages) if other != number)
        _require(not any(_overlap(outage, each) for each in others), "outages of one replica overlap")


def _require_sound_memory(pool: Pool) -> None:
    model, setup = pool.model, pool.setup
    _require(model.kappa_s >= 0, "a service time is negative")
    _require(
        not pool.counts_memory or model.discipline == "continuous",
        "a pool that serves static batches has KV memory, or time for its tokens",
    )
    _require(
        setup.kv_tokens is None or KV_BLOCK_TOKENS <= setup.kv_tokens < 2**31,
        f"KV memory is less than a block of {KV_BLOCK_TOKENS} tokens, or too large",
    )
    _require(0 <= setup.kv_watermark < 1, "a KV watermark is not a share of the memory")
    _require(
        setup.prefix_cache_tokens == 0 or (setup.kv_tokens is None and not setup.enable_prefix_caching),
        "a pool keeps prefixes in KV memory and in a cache of their own",
    )


def _overlap(outage: Outage, other: Outage) -> bool:
    """Whether the other one begins before the replica is back."""
    is_before = outage.from_s <= other.from_s <= outage.until_s + outage.warm_up_s
    return outage.replica == other.replica and is_before


def _require_sound_scaling(scaling: Scaling, replicas: int) -> None:
    _require(
        1 <= scaling.least <= replicas <= scaling.most,
        "a pool that scales starts with fewer than the least or more than the most replicas, or with none",
    )
    _require(scaling.target_outstanding > 0, "a target of calls per replica is not positive")
    _require(0 < scaling.interval_s < np.inf, "a scaling interval is not positive and finite")
    _require(0 <= scaling.delay_s < np.inf, "a replica start-up time is negative or infinite")
    _require(scaling.idle_s >= 0, "a scale-down delay is negative")


def _require_sound_timetable(timetable: Timetable, replicas: int) -> None:
    at_s = timetable.at_s
    _require(len(at_s) == len(timetable.replicas) > 0, "a timetable has no step, or one without a number")
    _require(0 < timetable.period_s < np.inf, "the period of a timetable is not positive and finite")
    _require(all(a < b for a, b in pairwise(at_s)), "the steps of a timetable are not in order")
    _require(at_s[0] >= 0 and at_s[-1] < timetable.period_s, "a step of a timetable is outside of its period")
    _require(min(timetable.replicas) > 0, "a timetable leaves a pool without a replica")
    _require(timetable.at_start == replicas, "a pool starts with another number than its timetable says")
    _require(
        0 <= timetable.start_up_s < timetable.period_s, "a start-up is negative, or longer than a period"
    )


def _follow_earlier_ones(after: Ints) -> bool:
    return bool((after < np.arange(after.size)).all())


def _are_in(values: Ints, bound: int | None = None) -> bool:
    """Whether all are at least 0 and, where there is a bound, below it."""
    return int(values.min(initial=0)) >= 0 and (bound is None or int(values.max(initial=0)) < bound)


def _require(is_met: bool, otherwise: str) -> None:
    if not is_met:
        raise ValueError(f"no replay: {otherwise}")
