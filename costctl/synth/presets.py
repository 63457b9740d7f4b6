"""Which worlds are there? The one of the sample traces, and as many others as there are seeds.

Sizes and prices are made up, of an order that a reader will recognise: decode steps of 10 to 50 ms, prefill of 20
to 200 µs a token, a few dollars a replica hour. They stand for no model, machine or vendor.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import numpy as np

from costctl.errors import UsageError
from costctl.synth.world import ClassSpec, PoolSpec, Spread, Step, StorageSpec, World

PREMIUM: Final = "llm-premium"
ECONOMY: Final = "llm-economy"
EMBEDDER: Final = "embedder"
_LARGE, _SMALL, _EMBEDDING = "llama-3.3-70b", "llama-3.1-8b", "bge-m3"
_START: Final = datetime(2026, 11, 3, 5, 15, tzinfo=UTC)  # a Tuesday: the end of the night, and the morning

_AUTH: Final = Step("auth", Spread(0.004, 0.3, 0.001, 0.05))
_PROMPT: Final = Step("prompt", Spread(0.006, 0.4, 0.001, 0.1))
_CACHE: Final = Step("cache", Spread(0.001, 0.4, 0.0003, 0.02))
_SEARCH: Final = Step("retrieval", Spread(0.025, 0.5, 0.005, 0.5))
_HOT, _COLD = Step("storage", storage="hot"), Step("storage", storage="cold")
_MODERATION: Final = Step("moderation", Spread(0.03, 0.4, 0.005, 0.3))
_PERSIST: Final = Step("persist", Spread(0.005, 0.5, 0.001, 0.1))
_TOOL: Final = Step("tool", Spread(0.6, 0.8, 0.05, 20.0), is_looped=True)


def _call(
    pool: str, tokens: Spread, answer: Spread | None, cached: float = 0.0, looped: bool = False
) -> Step:
    return Step("call", pool=pool, tokens=tokens, answer=answer, cached_ratio=cached, is_looped=looped)


_QUESTION: Final = _call(EMBEDDER, Spread(40, 0.4, 8, 400), None)
_CLASSES: Final = (
    ClassSpec(
        "classification", 0.30,
        (_AUTH, _PROMPT, _call(PREMIUM, Spread(420, 0.45, 40, 900), Spread(4, 0.4, 1, 12)), _PERSIST),
        "/v1/classify", max_tokens=16, e2e_p95="6s", usd_per_success=0.004, other_models=(_SMALL,),
    ),
    ClassSpec(
        "chat", 0.24,
        (_AUTH, _CACHE, _PROMPT,
         _call(ECONOMY, Spread(700, 0.7, 60, 6000), Spread(160, 0.5, 24, 480), 0.6), _MODERATION),
        "/v1/chat", max_tokens=480, e2e_p95="12s", usd_per_success=0.02, timeout_s=20.0, failure_ratio=0.04,
    ),
    ClassSpec(
        "rag", 0.18,
        (_AUTH, _QUESTION, _SEARCH, _HOT, _COLD, _PROMPT,
         _call(ECONOMY, Spread(2600, 0.35, 800, 9000), Spread(190, 0.4, 30, 480), 0.2), _MODERATION, _PERSIST),
        "/v1/ask", max_tokens=512, e2e_p95="15s", usd_per_success=0.03, timeout_s=60.0,
    ),
    ClassSpec(
        "agentic", 0.08,
        (_AUTH, _PROMPT,
         _call(PREMIUM, Spread(1500, 0.4, 300, 8000), Spread(110, 0.5, 16, 480), 0.5, True), _TOOL, _PERSIST),
        "/v1/agent", rounds=(2, 5), e2e_p95="90s", usd_per_success=0.15, is_agent=True,
    ),
    ClassSpec(
        "long_generation", 0.07,
        (_AUTH, _PROMPT, _call(PREMIUM, Spread(600, 0.5, 80, 4000), Spread(800, 0.2, 540, 1500)), _MODERATION),
        "/v1/write", hours_utc=(6, 24), max_tokens=1536, e2e_p95="60s", usd_per_success=0.12,
    ),
    ClassSpec(
        "embedding_batch", 0.10,
        (_AUTH, _call(EMBEDDER, Spread(1400, 0.5, 200, 8000), None, looped=True), _PERSIST),
        "/v1/embed", rounds=(3, 10), e2e_p95="15s", usd_per_success=0.001, is_deferrable=True,
    ),
    ClassSpec(
        "report", 0.05,
        (_AUTH, _HOT, _COLD, _PROMPT,
         _call(PREMIUM, Spread(3500, 0.3, 1200, 9000), Spread(1000, 0.15, 810, 1800)), _PERSIST),
        "/v1/report", hours_utc=(0, 6), max_tokens=2048, usd_per_success=0.25, is_deferrable=True,
    ),
)  # fmt: skip
_STORAGE: Final = (
    StorageSpec("hot", "nvme", 0.0, 0.01, Spread(0.0004, 0.3, 0.0001, 0.01)),
    StorageSpec("cold", "object", 0.0004, 0.09, Spread(0.03, 0.5, 0.008, 0.5)),
)
_POOLS: Final = (
    PoolSpec(PREMIUM, _LARGE, False, 0.016, 0.0008, 0.00010, 1, 64, 0.0, 12.29, "premium"),
    PoolSpec(ECONOMY, _SMALL, False, 0.020, 0.0008, 0.00004, 1, 96, 0.0, 2.50, "economy"),
    PoolSpec(EMBEDDER, _EMBEDDING, True, 0.08, 0.004, 0.00012, 1, 32, 0.0, 1.10, "shared"),
)


def world_named(name: str, seed: int) -> World:
    """A named world. Raises UsageError where there is none of that name."""
    if name == "sample":
        return sample_world(seed)
    raise UsageError(
        f"Unknown world {name!r}.",
        why="Known worlds: sample, days, shop, buyers, weeks, advised, advised-later.",
        next_step="Omit --world to generate a random world from --seed.",
    )


def sample_world(seed: int = 7) -> World:
    """The world of sample_traces/: a platform over 84 minutes of a Tuesday morning."""
    return World(
        "sample", seed, int(_START.timestamp()) * 1_000_000_000, 1.4, 7000.0, _POOLS, _STORAGE, _CLASSES
    )


def world_from_seed(seed: int) -> World:
    """A random world: another mix, other prices, models and hours, busy for half of the time or most of it."""
    rng = np.random.default_rng([seed, 20261103])
    hours = float(rng.uniform(3.0, 5.0))
    per_s = float(rng.uniform(1.0, 2.0))
    shares = rng.dirichlet(12.0 * np.array([spec.share for spec in _CLASSES]) / 0.1)
    classes = tuple(_varied(spec, float(share), rng) for spec, share in zip(_CLASSES, shares, strict=True))
    day = int(rng.integers(0, 7)) * 86_400
    start_s = int(_START.timestamp()) + day + int(rng.integers(-2, 3)) * 1800
    world = World(
        f"seed-{seed}", seed, start_s * 1_000_000_000, hours, per_s * hours * 3600.0, _POOLS, _STORAGE, classes,
        day_swing=float(rng.uniform(0.1, 0.5)), bursts=int(rng.integers(2, 10)),
        burst_factor=float(rng.uniform(2.0, 4.0)), step_jitter=float(rng.uniform(0.0, 0.04)),
    )  # fmt: skip
    pools = tuple(sized(_varied_pool(pool, rng), world, float(rng.uniform(0.75, 1.05))) for pool in _POOLS)
    return replace(world, pools=pools)


def _varied(spec: ClassSpec, share: float, rng: np.random.Generator) -> ClassSpec:
    def scaled(spread: Spread | None, factor: float) -> Spread | None:
        return None if spread is None else replace(spread, median=spread.median * factor)

    steps = []
    for step in spec.steps:
        prompt, answer = float(rng.uniform(0.7, 1.3)), float(rng.uniform(0.85, 1.15))
        steps.append(replace(step, tokens=scaled(step.tokens, prompt), answer=scaled(step.answer, answer)))
    return replace(spec, share=share, steps=tuple(steps), failure_ratio=float(rng.uniform(0.005, 0.05)))


def _varied_pool(pool: PoolSpec, rng: np.random.Generator) -> PoolSpec:
    alpha, beta, gamma, price = rng.uniform(0.6, 1.5, 4)
    return replace(
        pool,
        alpha_s=pool.alpha_s * float(alpha),
        beta_s=pool.beta_s * float(beta),
        gamma_s=pool.gamma_s * float(gamma),
        usd_per_replica_hour=round(pool.usd_per_replica_hour * float(price), 2),
        window_s=float(rng.choice([0.0, 0.005, 0.01])) if pool.is_static else 0.0,
    )


def sized(pool: PoolSpec, world: World, load: float) -> PoolSpec:
    """The pool with replicas for its work: steps shared by about eight sequences, prefill on top."""
    per_s = world.requests / world.hours / 3600.0
    work_s = 0.0
    concurrency = 4.0 if pool.is_static else 8.0
    for spec in world.classes:
        for step in spec.steps:
            if step.pool != pool.name or step.tokens is None:
                continue
            times = sum(spec.rounds) / 2 if step.is_looped else 1.0
            steps = 1.0 if step.answer is None else step.answer.median
            each_s = steps * (pool.alpha_s / concurrency + pool.beta_s) + pool.gamma_s * step.tokens.median
            work_s += per_s * spec.share * times * each_s
    return replace(pool, replicas=max(1, round(work_s / load)))
