"""Worlds small enough to check by hand, and a world's calls as a workload for the replay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from costctl.arrays import Bools, Ints
from costctl.simulate.lanes import Lanes
from costctl.simulate.workload import Pool, PoolSetup, ServiceModel, Workload
from costctl.synth.demand import Demand
from costctl.synth.platform import CallEnd, Served, serve
from costctl.synth.presets import sample_world
from costctl.synth.world import World


def plain_world(requests: float, hours: float = 0.5, **changes: object) -> World:
    """The sample world without jitter, failures, timeouts and bursts."""
    world = sample_world(3)
    classes = tuple(replace(spec, failure_ratio=0.0, timeout_s=1e9) for spec in world.classes)
    return replace(
        world, classes=classes, requests=requests, hours=hours, step_jitter=0.0, bursts=0, **changes
    )


def served_all(world: World, demand: Demand) -> Served:
    """The run with every request."""
    return serve(world, demand, everyone(demand))


def everyone(demand: Demand) -> Bools:
    """Every request takes part."""
    return np.ones(demand.requests.start_s.size, np.bool_)


def as_workload(demand: Demand, served: Served) -> tuple[Workload, Ints, Ints]:
    """The calls that were made as a workload, the pool of each, and the index of each in the demand."""
    calls = demand.calls
    made = np.flatnonzero(served.end != CallEnd.NEVER_MADE)
    order = made[np.argsort(served.ready_s[made], kind="stable")]
    place = np.full(calls.activity.size + 1, -1)
    place[order] = np.arange(order.size)
    after = place[calls.after[order]]
    workload = Workload(
        arrival_s=served.ready_s[order],
        after=after,
        think_s=np.where(after >= 0, calls.gap_s[order], 0.0),
        uncached_tokens=calls.uncached_tokens[order],
        decode_steps=calls.steps[order],
        lane=np.zeros(order.size, np.int64),
        replica=np.full(order.size, -1),
    )
    return workload, calls.pool[order], order


def as_pools(world: World) -> list[Pool]:
    """The world's pools, as the replay has them."""
    return [
        Pool(
            ServiceModel(
                "static" if pool.is_static else "continuous",
                pool.alpha_s,
                pool.beta_s,
                pool.gamma_s,
                is_prefill_stalling=pool.chunk_tokens == 0,
            ),
            PoolSetup(
                replicas=pool.replicas,
                max_num_seqs=pool.slots,
                dispatch="least_outstanding",
                batch_window_s=pool.window_s,
                lanes=Lanes.plain(1),
                max_batched_tokens=pool.chunk_tokens or 2048,
            ),
        )
        for pool in world.pools
    ]
