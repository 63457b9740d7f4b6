"""A pool whose short answers, in a hurry, share a few places with long ones."""

from __future__ import annotations

from dataclasses import replace

from costctl.synth.presets import sample_world
from costctl.synth.world import ClassSpec, PoolSpec, Spread, Step, World

POOL = PoolSpec("llm", "llama-3.1-8b", False, 0.02, 0.0005, 2e-5, 1, 4, 0.0, 2.5, "standard")


def class_of(
    name: str, share: float, answer: int, e2e_p95: str | None, pool: str = "llm", usd: float | None = None
) -> ClassSpec:
    """A class of requests of one call each, which nobody gives up. usd: what a success is worth."""
    call = Step(
        "call",
        pool=pool,
        tokens=Spread(300, 0.3, 50, 900),
        answer=Spread(answer, 0.15, answer // 2, 2 * answer),
    )
    return ClassSpec(
        name, share, (call,), f"/v1/{name}", e2e_p95=e2e_p95, failure_ratio=0.0, usd_per_success=usd
    )


def crowded_world(slots: int, seed: int = 3) -> World:
    """Short answers with an objective, and long ones without, on a replica of so many sequences at once."""
    classes = (class_of("chat", 0.8, 40, "4s"), class_of("long_generation", 0.2, 800, None))
    return replace(
        sample_world(seed),
        hours=2.0,
        requests=5_400,
        pools=(replace(POOL, slots=slots),),
        classes=classes,
        day_swing=0.0,
    )
