"""Worlds of pools with one waste each, and the same kinds of worlds in good order.

Shape in: a seed, and whether there is a waste. Shape out: the world, and what its operators declare beside what every
world does. Traffic, sizes, the law of service, prices and objectives are drawn; objectives with the world's own loop at
hand, since they are a part of what its owners promise, never of what costctl sees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from costctl.arrays import Floats
from costctl.synth.days import days_world
from costctl.synth.demand import demand_of
from costctl.synth.presets import sample_world
from costctl.synth.world import ClassSpec, PoolSpec, Spread, Step, World
from costctl.units import NS_PER_S
from tests.synth.replica_worlds import WITHOUT_RESERVE, durations_s, with_replicas, worst_p95_s

_USD: Final = (0.8, 4.0)  # of a replica hour, from and until
_SAID: Final = {
    "chat": (20, 500),
    "long_generation": (520, 1500),
}  # tokens of an answer, by which classes are told
_OWNED: Final = 'start_up = "12h"'  # of machines that do not come and go by the hour
_MORNING: Final = 9 * 3600 * NS_PER_S  # by day nothing counts as offline
_DAY_NS: Final = 86_400 * NS_PER_S


@dataclass(frozen=True, slots=True)
class OwnedWorld:
    """A world, and lines that its operators write for each of its pools."""

    world: World
    of_pools: str = ""


def made(kind: str, seed: int, *, is_wasteful: bool) -> OwnedWorld:
    """The world of the seed, with the waste that the kind of advice is about or without."""
    rng = np.random.default_rng([seed, 90 + list(WORLDS).index(kind)])
    return WORLDS[kind](rng, seed, is_wasteful)


def _chatting(
    rng: np.random.Generator, name: str, prompt: float, answer: float, pool: str = "llm"
) -> ClassSpec:
    """Requests of one call each. prompt, answer: tokens, in the median; somewhat less or more is drawn."""
    read, said = prompt * float(rng.uniform(0.7, 1.4)), answer * float(rng.uniform(0.8, 1.3))
    call = Step(
        "call",
        pool=pool,
        tokens=Spread(read, float(rng.uniform(0.2, 0.4)), read / 3, 3 * read),
        answer=Spread(said, float(rng.uniform(0.1, 0.3)), *_SAID[name]),
    )
    return ClassSpec(name, 1.0, (call,), f"/v1/{name}", failure_ratio=0.0, timeout_s=1e9)


def _pool(
    rng: np.random.Generator, slots: int, replicas: int = 1, name: str = "llm", chunk: int = 0
) -> PoolSpec:
    return PoolSpec(
        name,
        f"model-{name}",
        False,
        float(rng.uniform(0.012, 0.03)),
        float(rng.uniform(3e-4, 1e-3)),
        float(rng.uniform(1e-5, 5e-5)),
        replicas,
        slots,
        0.0,
        round(float(rng.uniform(*_USD)), 2),
        "standard",
        chunk_tokens=chunk,
    )


def _world(
    rng: np.random.Generator,
    seed: int,
    pools: tuple[PoolSpec, ...],
    classes: tuple[ClassSpec, ...],
    load: float,
    requests: float,
) -> World:
    """So many requests, over as many hours as keep the pools busy to this part, were all their slots taken."""
    shares = sum(spec.share for spec in classes)
    work_s = sum(
        spec.share
        / shares
        * _work_s(step, next(pool for pool in pools if pool.name == step.pool))
        * sum(spec.rounds)
        / 2
        for spec in classes
        for step in spec.steps
    )
    base = sample_world(seed)
    return replace(
        base,
        name=f"owned-{seed}",
        start_ns=base.start_ns - base.start_ns % _DAY_NS + _MORNING,
        requests=requests,
        hours=max(requests * work_s / load / 3600.0, 0.1),
        pools=pools,
        classes=classes,
        storage=(),
        day_swing=0.0,
        bursts=0,
        step_jitter=float(rng.uniform(0.0, 0.03)),
    )


def _work_s(step: Step, pool: PoolSpec) -> float:
    """Seconds of one of the pool's replicas that a call takes, at its median, where all slots are taken."""
    assert step.tokens is not None
    steps = 1.0 if step.answer is None else step.answer.median
    parts = 1.0 if pool.chunk_tokens == 0 else max(step.tokens.median / pool.chunk_tokens, 1.0)
    alone_s = pool.alpha_s / pool.slots + pool.beta_s
    return (
        steps * alone_s + (parts - 1.0) * pool.alpha_s / 2 + pool.gamma_s * step.tokens.median
    ) / pool.replicas


def _p95_s(world: World) -> Mapping[str, float]:
    """By class, the 95th percentile of its requests' time today."""
    demand = demand_of(world)
    seconds: Floats = durations_s(world, demand)
    return {
        spec.name: float(np.quantile(seconds[demand.requests.request_class == number], 0.95))
        for number, spec in enumerate(world.classes)
    }


def _promised(world: World, ratios: Mapping[str, float]) -> World:
    """The world with objectives: of each class named, its p95 today times so much."""
    p95_s = _p95_s(world)
    return replace(
        world,
        classes=tuple(
            replace(spec, e2e_p95=f"{ratios[spec.name] * p95_s[spec.name]:.4f}s")
            if spec.name in ratios
            else spec
            for spec in world.classes
        ),
    )


def _engine(rng: np.random.Generator, seed: int, is_wasteful: bool) -> OwnedWorld:
    """Too few sequences at once, or too few tokens in a step; else enough of both."""
    classes = (
        _chatting(rng, "chat", 500, 110),
        replace(_chatting(rng, "long_generation", 500, 700), share=float(rng.uniform(0.02, 0.1))),
    )
    kv = "kv_tokens = 400000\n"
    if seed % 2:
        chunk = int(rng.choice([64, 96, 128])) if is_wasteful else 8192
        pool = _pool(rng, 128, chunk=chunk)
        classes = (_chatting(rng, "chat", 2200, 90), classes[1])
        declared = f'prefill = "chunked"\nmax_batched_tokens = {chunk}\n{kv}'
        slots = 6.0
    else:
        slots = int(rng.integers(2, 5)) if is_wasteful else 128
        pool = _pool(rng, slots, replicas=int(rng.integers(1, 3)))
        declared = kv
    sized = _world(
        rng, seed, (replace(pool, slots=min(int(slots), 8)),), classes, float(rng.uniform(0.55, 0.85)), 5000
    )
    world = replace(sized, pools=(pool,))
    return OwnedWorld(
        _promised(world, {each.name: float(rng.uniform(1.3, 2.5)) for each in classes}), declared
    )


def _batches(rng: np.random.Generator, seed: int, is_wasteful: bool) -> OwnedWorld:
    """Batches that start with whoever is there, though callers could wait; or callers that cannot."""
    alpha_s, size = float(rng.uniform(0.02, 0.09)), int(rng.choice([8, 16, 32]))
    pool = PoolSpec(
        "embedder", "bge-m3", True, alpha_s, float(rng.uniform(0.002, 0.005)), float(rng.uniform(5e-6, 2e-5)), 1, size,
        0.0, round(float(rng.uniform(*_USD)), 2), "shared",
    )  # fmt: skip
    tokens = float(rng.uniform(300, 1500))
    call = Step("call", pool="embedder", tokens=Spread(tokens, 0.4, tokens / 4, 4 * tokens), is_looped=True)
    spec = ClassSpec(
        "embedding_batch", 1.0, (call,), "/v1/embed", rounds=(3, 8), failure_ratio=0.0, timeout_s=1e9
    )
    world = _world(rng, seed, (replace(pool, slots=2),), (spec,), float(rng.uniform(0.5, 0.9)), 700)
    world = replace(world, pools=(pool,))
    return OwnedWorld(_promised(world, {spec.name: float(rng.uniform(1.8, 3.0) if is_wasteful else 1.01)}))


def _orders(rng: np.random.Generator, seed: int, is_wasteful: bool) -> OwnedWorld:
    """Short answers in a hurry that wait behind long ones; or places for both."""
    slots = int(rng.integers(3, 7))
    pool = _pool(rng, slots)
    classes = (
        _chatting(rng, "chat", 300, 40),
        replace(_chatting(rng, "long_generation", 300, 750), share=float(rng.uniform(0.1, 0.25))),
    )
    world = _world(rng, seed, (pool,), classes, float(rng.uniform(0.6, 0.78)), 4500)
    if not is_wasteful:
        world = replace(world, pools=(replace(pool, slots=96),))
    return OwnedWorld(_promised(world, {"chat": float(rng.uniform(0.3, 0.65)) if is_wasteful else 1.5}))


def _limits(rng: np.random.Generator, seed: int, is_wasteful: bool) -> OwnedWorld:
    """Bursts behind which everybody is late, one after the other; or a pool that bears them."""
    pool = _pool(rng, int(rng.integers(4, 9)))
    classes = (_chatting(rng, "chat", 400, 120),)
    world = _world(rng, seed, (pool,), classes, float(rng.uniform(0.3, 0.45)), 3500)
    alone = _p95_s(world)["chat"]
    target_s = float(rng.uniform(1.5, 2.5)) * alone
    classes = (replace(classes[0], e2e_p95=f"{target_s:.4f}s"),)
    bursts = int(rng.integers(24, 36)) if is_wasteful else 0
    factor = float(rng.uniform(4.0, 6.0))
    burst_s = float(rng.uniform(0.003, 0.005)) * 3600.0 * world.hours
    return OwnedWorld(replace(world, classes=classes, bursts=bursts, burst_s=burst_s, burst_factor=factor))


def _jobs(rng: np.random.Generator, seed: int, is_wasteful: bool) -> OwnedWorld:
    """Two days, as busy by night as by day but for jobs at noon that could wait, for which there are more replicas than
    if they came at any hour of the day, with room to spare; or jobs at any hour of it. No more replicas than the
    objective wants.
    """
    base = days_world(seed)
    (pool,) = base.pools
    pool = replace(
        pool,
        alpha_s=pool.alpha_s * float(rng.uniform(0.9, 1.1)),
        usd_per_replica_hour=round(float(rng.uniform(2.0, 14.0)), 2),
    )
    base = replace(
        base,
        name=f"jobs-{seed}",
        pools=(pool,),
        requests=float(rng.uniform(3500, 4500)),
        day_swing=0.0,
        weekend_ratio=1.0,
    )
    begin, length = int(rng.integers(10, 13)), int(rng.integers(3, 6))
    for share in np.arange(float(rng.uniform(0.15, 0.25)), 0.8, 0.05):
        at_noon = _with_jobs(base, 1.0 - share, share, (begin, begin + length))
        evenly = _with_jobs(base, 1.0 - share, share * length / 16, (6, 22))
        if _fewest(at_noon) > _fewest(evenly, room=0.25):
            break
    made = at_noon if is_wasteful else evenly
    return OwnedWorld(with_replicas(made, pool.name, _fewest(made)), f"{WITHOUT_RESERVE}\n{_OWNED}")


def _with_jobs(base: World, share: float, of_jobs: float, hours_utc: tuple[int, int]) -> World:
    """The world whose jobs come in these hours. share, of_jobs: of the requests that the world had."""
    chat, jobs = base.classes
    classes = (
        replace(chat, share=share, e2e_p95="300s"),
        replace(jobs, share=of_jobs, hours_utc=hours_utc, e2e_p95=None, is_deferrable=True),
    )
    return replace(base, classes=classes, requests=base.requests * (share + of_jobs))


def _fewest(world: World, room: float = 0.0) -> int:
    """Replicas with which the first class keeps its objective in both parts of the window. room: of the objective, left
    over.
    """
    (pool,) = world.pools
    demand = demand_of(world)
    target_s = (1.0 - room) * float(str(world.classes[0].e2e_p95).removesuffix("s"))
    served = ((count, with_replicas(world, pool.name, count)) for count in range(1, pool.replicas + 1))
    enough = (
        count for count, each in served if worst_p95_s(demand, durations_s(each, demand), 0) <= target_s
    )
    return next(enough, pool.replicas)


def _tiers(rng: np.random.Generator, seed: int, is_wasteful: bool) -> OwnedWorld:
    """A class on a pool whose time costs several times that of another which could serve it; or on the other."""
    plain, dear = (_pool(rng, 16, replicas=2, name=each) for each in ("plain", "dear"))
    dear = replace(dear, alpha_s=plain.alpha_s, beta_s=plain.beta_s, gamma_s=plain.gamma_s, tier="premium")
    times = float(rng.uniform(2.0, 4.0)) if is_wasteful else 1.0 / float(rng.uniform(15.0, 25.0))
    dear = replace(dear, usd_per_replica_hour=round(plain.usd_per_replica_hour * times, 2))
    chat = replace(_chatting(rng, "chat", 300, 110, "dear"), other_models=("model-plain",))
    classes = (chat, replace(_chatting(rng, "long_generation", 300, 750, "plain"), share=0.5))
    world = _world(rng, seed, (dear, plain), classes, float(rng.uniform(0.2, 0.4)), 2000)
    return OwnedWorld(_promised(world, {each.name: float(rng.uniform(2.0, 3.0)) for each in classes}))


WORLDS: Final[Mapping[str, Callable[[np.random.Generator, int, bool], OwnedWorld]]] = {
    "engine_settings": _engine,
    "batch_window": _batches,
    "lane": _orders,
    "queue_limit": _limits,
    "deferral": _jobs,
    "tier_placement": _tiers,
}
