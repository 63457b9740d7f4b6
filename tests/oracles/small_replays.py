"""Small replays, made by hand or drawn at random, with every rule in use somewhere."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from costctl.simulate.lanes import Lanes
from costctl.simulate.workload import Dispatch, Ints, Pool, PoolSetup, ServiceModel, Workload

DISPATCHES: tuple[Dispatch, ...] = ("recorded", "round_robin", "least_outstanding")


@dataclass(frozen=True)
class Case:
    workload: Workload
    pool_of: Ints
    pools: list[Pool]


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
        lanes=dataclasses.replace(lanes, **of_lanes),
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
