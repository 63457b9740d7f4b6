"""Small replays, made by hand or drawn at random, with every rule in use somewhere."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from costctl.arrays import Ints
from costctl.simulate.lanes import Fallback, FallbackCause, Lanes
from costctl.simulate.timetable import Timetable
from costctl.simulate.workload import (
    Dispatch,
    Outage,
    Pool,
    PoolSetup,
    PrefixTree,
    Scaling,
    ServiceModel,
    Workload,
)

DISPATCHES: tuple[Dispatch, ...] = ("recorded", "round_robin", "least_outstanding")


@dataclass(frozen=True)
class Case:
    workload: Workload
    pool_of: Ints
    pools: list[Pool]
    until_s: float = np.inf


def plain_workload(arrival_s: object, tokens: object = 0, steps: object = 0, lane: object = 0) -> Workload:
    """Calls that follow nothing; scalars are repeated."""
    arrivals = np.asarray(arrival_s, np.float64)
    n = arrivals.size
    return Workload(
        arrival_s=arrivals,
        after=np.full(n, -1, np.int64),
        think_s=np.zeros(n),
        uncached_tokens=np.array(np.broadcast_to(np.asarray(tokens, np.int64), n)),
        decode_steps=np.array(np.broadcast_to(np.asarray(steps, np.int64), n)),
        lane=np.array(np.broadcast_to(np.asarray(lane, np.int64), n)),
        replica=np.full(n, -1, np.int64),
    )


def pool_setup(
    replicas: int = 1,
    max_num_seqs: int = 64,
    dispatch: Dispatch = "least_outstanding",
    batch_window_s: float = 0.0,
    lane_rank: object = (0,),
    queue_limit: object = -1,
    time_to_live_s: object = np.inf,
    max_batched_tokens: int = 2048,
    **rules: object,
) -> PoolSetup:
    """Numbers of a lane are repeated for all; further rules are those of Lanes and of PoolSetup."""
    ranks = np.asarray(lane_rank, np.int64)
    lanes = Lanes.plain(ranks.size)
    fallbacks = rules.pop("fallbacks", lanes.fallbacks)
    of_lanes = {"rank": ranks, "queue_limit": queue_limit, "time_to_live_s": time_to_live_s}
    of_lanes |= {name: rules.pop(name) for name in [*rules] if hasattr(lanes, name)}
    of_lanes = {
        name: np.array(
            np.broadcast_to(
                np.asarray(value, np.float64 if name == "weight" else getattr(lanes, name).dtype), ranks.size
            )
        )
        for name, value in of_lanes.items()
    }
    return PoolSetup(
        replicas=replicas,
        max_num_seqs=max_num_seqs,
        dispatch=dispatch,
        batch_window_s=batch_window_s,
        lanes=dataclasses.replace(lanes, **of_lanes, fallbacks=fallbacks),
        max_batched_tokens=max_batched_tokens,
        **rules,
    )


def random_case(seed: int, *, on_grid: bool) -> Case:
    """Up to 60 calls over up to 3 pools, every rule in use somewhere.

    on_grid: all times are multiples of 1/8 s, so that sums are exact and many events share an instant.
    """
    draw = np.random.default_rng(seed)
    n, lanes, pools = int(draw.integers(0, 60)), int(draw.integers(1, 4)), int(draw.integers(1, 4))

    def seconds(scale: float, size: int | None = None) -> np.ndarray:
        if on_grid:
            return draw.integers(0, int(8 * scale) + 1, size) / 8.0
        return np.asarray(draw.uniform(0.0, scale, size))

    all_pools = [
        Pool(
            ServiceModel(
                discipline="continuous" if draw.random() < 0.7 else "static",
                alpha_s=float(seconds(1.0)),
                beta_s=float(seconds(0.5)),
                gamma_s=float(seconds(0.5)),
                is_prefill_stalling=bool(draw.random() < 0.5),
            ),
            pool_setup(
                replicas=int(draw.integers(1, 4)),
                max_num_seqs=int(draw.integers(1, 6)),
                dispatch=DISPATCHES[draw.integers(0, 3)],
                batch_window_s=float(seconds(3.0)),
                lane_rank=draw.integers(0, 3, lanes),
                queue_limit=draw.integers(-1, 5, lanes),
                time_to_live_s=np.where(draw.random(lanes) < 0.5, np.inf, seconds(20.0, lanes)),
                max_batched_tokens=int(draw.integers(1, 9)),
            ),
        )
        for _ in range(pools)
    ]
    all_pools = [with_preferred_sizes(pool, seed, own) for own, pool in enumerate(all_pools)]
    before = (draw.random(n) * np.arange(n)).astype(np.int64)
    is_follower = (draw.random(n) < 0.3) & (np.arange(n) > 0)
    workload = Workload(
        arrival_s=np.sort(seconds(float(draw.integers(1, 60)), n)),
        after=np.where(is_follower, before, -1),
        think_s=np.where(is_follower & (draw.random(n) < 0.5), seconds(2.0, n), 0.0),
        uncached_tokens=draw.integers(0, 12, n),
        decode_steps=draw.integers(0, 15, n),
        lane=draw.integers(0, lanes, n),
        replica=draw.integers(-1, sum(pool.setup.replicas for pool in all_pools), n),
    )
    return Case(workload, draw.integers(0, pools, n), all_pools)


def with_preferred_sizes(pool: Pool, seed: int, own: int) -> Pool:
    """The pool with up to three sizes that start a batch, some of them too large to ever do."""
    draw = np.random.default_rng([seed, own, 11])
    sizes = np.unique(draw.integers(1, 7, draw.integers(0, 4))).tolist()
    return Pool(pool.model, dataclasses.replace(pool.setup, preferred_sizes=tuple(sizes)))


def random_case_of_all_rules(seed: int, *, on_grid: bool) -> Case:
    """A random case whose pools also share, demote, fall back, shed, retry, cache, fail and scale."""
    case, draw = random_case(seed, on_grid=on_grid), np.random.default_rng(seed + 1)
    n, number_of_pools = case.workload.size, len(case.pools)

    def seconds(scale: float, size: int | None = None) -> np.ndarray:
        if on_grid:
            return draw.integers(1, int(8 * scale) + 2, size) / 8.0
        return np.asarray(draw.uniform(0.01, scale, size))

    def often(chance: float) -> bool:
        return bool(draw.random() < chance)

    def with_lanes(lanes: Lanes, own: int) -> Lanes:
        count = lanes.count
        rules = draw.integers(0, 3, (2, count))
        if count == 1:
            rules = np.where(rules == 1, 0, rules)
        return dataclasses.replace(
            lanes,
            rank=lanes.rank // 2,
            weight=draw.integers(1, 5, count).astype(float) if often(0.5) else None,
            min_share=np.where(draw.random(count) < 0.3, draw.integers(1, 3, count) / 8, 0.0),
            shed_above=np.where(draw.random(count) < 0.3, draw.integers(0, 6, count) / 2, np.inf),
            on_refusal=rules[0] % 2,
            on_expiry=rules[1] % 2,
            demote_to=(np.arange(count) + 1) % count,
            fallbacks=random_fallbacks(seed, own, number_of_pools, count),
            retries=draw.integers(0, 3, count),
            backoff_s=seconds(4.0, count),
            backoff_factor=draw.integers(1, 4, count) / 2,
        )

    def with_rules(own: int, pool: Pool) -> Pool:
        replicas, most = pool.setup.replicas, pool.setup.replicas + int(draw.integers(0, 3))
        scaling = Scaling(
            least=int(draw.integers(1, replicas + 1)),
            most=most,
            target_outstanding=float(draw.integers(1, 5)),
            interval_s=float(seconds(4.0)),
            delay_s=float(seconds(6.0)),
            idle_s=float(seconds(8.0)),
        )
        has_scaling = often(0.4)
        outages, free_from_s = [], 0.0
        for _ in range(int(draw.integers(0, 3))):
            from_s = free_from_s + float(seconds(15.0))
            until_s = from_s + float(seconds(5.0))
            replica = int(draw.integers(0, most if has_scaling else replicas))
            outages.append(Outage(replica, from_s, until_s, warm_up_s=float(seconds(1.0))))
            free_from_s = until_s + 3.0
        setup = dataclasses.replace(
            pool.setup,
            dispatch=(*DISPATCHES, "prefix_affinity")[draw.integers(0, 4)],
            lanes=with_lanes(pool.setup.lanes, own) if often(0.8) else pool.setup.lanes,
            prefix_cache_tokens=int(draw.integers(0, 20)),
            affinity_most_ahead=int(draw.integers(0, 6)),
            scaling=scaling if has_scaling else None,
            outages=tuple(outages) if often(0.6) else (),
        )
        table = None if has_scaling else random_timetable(seed, own, replicas)
        if table is not None:
            setup = dataclasses.replace(setup, replicas=table.at_start, timetable=table)
        return Pool(pool.model, setup)

    prefix_tokens = (draw.random(n) * (case.workload.uncached_tokens + 1)).astype(np.int64)
    prefix, tree = draw.integers(-1, 6, n), None
    if often(0.5):
        # Of six beginnings three go on from others: 3 from 0, 4 from 1, 5 from 3.
        tree = PrefixTree(parent=np.array([-1, -1, -1, 0, 1, 3]), begins=np.array([0, 0, 0, 3, 2, 5]))
        prefix = np.where(prefix_tokens >= np.append(tree.begins, 0)[prefix], prefix, -1)
        prefix_tokens = np.minimum(prefix_tokens, np.array([3, 2, 99, 5, 99, 99, 99])[prefix])
    workload = dataclasses.replace(
        case.workload, prefix=prefix, prefix_tokens=prefix_tokens, prefix_tree=tree
    )
    if often(0.5):
        more = case.workload.uncached_tokens + draw.integers(
            0, 4, n
        )  # of which the trace's own cache gave some
        workload = dataclasses.replace(workload, prompt_tokens=more)
    pools = [with_rules(own, pool) for own, pool in enumerate(case.pools)]
    return Case(workload, case.pool_of, pools, float(seconds(60.0)) if often(0.3) else np.inf)


def random_fallbacks(seed: int, own: int, pools: int, lanes: int) -> tuple[tuple[Fallback, ...], ...]:
    """For each lane some of the other pools, in any order, each on some causes."""
    draw = np.random.default_rng([seed, own, 13])

    def of_lane() -> tuple[Fallback, ...]:
        others = [each for each in draw.permutation(pools).tolist() if each != own]
        kept = others[: int(draw.integers(0, len(others) + 1))]
        return tuple(Fallback(each, FallbackCause(int(draw.integers(1, 16)))) for each in kept)

    return tuple(of_lane() for _ in range(lanes))


def random_timetable(seed: int, own: int, replicas: int) -> Timetable | None:
    """A timetable of up to four steps, with so many replicas at one of them at least; none for every other pool."""
    draw = np.random.default_rng([seed, own, 7])
    if draw.random() < 0.5:
        return None
    period_s = float(draw.integers(8, 160)) / 8
    steps = int(draw.integers(1, 5))
    at_s = np.sort(draw.choice(int(period_s * 8), steps, replace=False)) / 8
    numbers = draw.integers(1, replicas + 1, steps)
    numbers[draw.integers(0, steps)] = replicas
    start_up_s = min(float(draw.integers(0, 24)) / 8, period_s - 1 / 8)
    return Timetable(period_s, tuple(at_s.tolist()), tuple(numbers.tolist()), start_up_s)


def random_case_of_memory(seed: int, *, on_grid: bool) -> Case:
    """A random case of all rules whose pools decode continuously, with little KV memory and time for what it holds."""
    case, draw = random_case_of_all_rules(seed, on_grid=on_grid), np.random.default_rng(seed + 2)
    n = case.workload.size

    def in_memory(pool: Pool) -> Pool:
        is_caching = bool(draw.random() < 0.5)
        kappa_s = float(draw.choice([0.0, 0.0, 1 / 512, 1 / 64]))
        kv_tokens = None if draw.random() < 0.1 else int(draw.integers(16, 260))
        setup = dataclasses.replace(
            pool.setup,
            max_batched_tokens=int(draw.integers(1, 60)),
            prefix_cache_tokens=0 if is_caching or kv_tokens is not None else pool.setup.prefix_cache_tokens,
            kv_tokens=kv_tokens,
            kv_watermark=float(draw.choice([0.0, 0.0, 0.1, 0.3])),
            enable_prefix_caching=is_caching,
        )
        return Pool(dataclasses.replace(pool.model, discipline="continuous", kappa_s=kappa_s), setup)

    tokens = draw.integers(0, 90, n)
    workload = dataclasses.replace(
        case.workload,
        uncached_tokens=tokens,
        decode_steps=draw.integers(0, 70, n),
        prefix_tokens=(draw.random(n) * (tokens + 1)).astype(np.int64),
        cached_tokens=draw.integers(0, 40, n) if draw.random() < 0.3 else None,
        prefix_tree=None,
        prompt_tokens=None,
    )
    return dataclasses.replace(case, workload=workload, pools=[in_memory(pool) for pool in case.pools])


def random_case_of_timeouts(seed: int, *, on_grid: bool) -> Case:
    """A random case of all rules, every other one with KV memory, in which calls of some lanes are broken off, and some
    lanes bound what may come.
    """
    kind = random_case_of_memory if seed % 2 else random_case_of_all_rules
    case, draw = kind(seed, on_grid=on_grid), np.random.default_rng(seed + 3)

    def with_timeouts(pool: Pool) -> Pool:
        lanes = pool.setup.lanes
        seconds = draw.integers(1, 100, lanes.count) / 8
        if not on_grid:
            seconds = draw.uniform(0.1, 12.0, lanes.count)
        timeout_s = np.where(draw.random(lanes.count) < 0.7, seconds, np.inf)
        bounds = [draw.choice([-1, -1, 0, 1, 2, 4, 8], lanes.count) for _ in range(2)]
        if draw.random() < 0.5:
            bounds = [np.full(lanes.count, -1)] * 2
        lanes = dataclasses.replace(
            lanes, timeout_s=timeout_s, concurrency=bounds[0], per_minute=2 * bounds[1]
        )
        return Pool(pool.model, dataclasses.replace(pool.setup, lanes=lanes))

    return dataclasses.replace(case, pools=[with_timeouts(pool) for pool in case.pools])


def random_case_of_crowded_memory(seed: int) -> Case:
    """One replica whose sequences keep pre-empting each other and find their blocks again, while callers leave."""
    draw = np.random.default_rng([seed, 17])
    n = int(draw.integers(10, 60))
    workload = plain_workload(
        np.sort(draw.integers(0, 8 * 40, n)) / 8,
        tokens=draw.integers(0, 60, n),
        steps=draw.integers(0, 70, n),
        lane=draw.integers(0, 2, n),
    )
    stalls = bool(draw.random() < 0.5)
    model = ServiceModel("continuous", alpha_s=1 / 8, beta_s=0.0, gamma_s=1 / 64, is_prefill_stalling=stalls)
    setup = pool_setup(
        max_num_seqs=int(draw.integers(2, 8)),
        lane_rank=(0, 0),
        timeout_s=(float(draw.integers(4, 80)) / 8, np.inf),
        kv_tokens=int(draw.integers(140, 300)),
        enable_prefix_caching=True,
        max_batched_tokens=int(draw.integers(4, 80)),
    )
    return Case(workload, np.zeros(n, np.int64), [Pool(model, setup)])
