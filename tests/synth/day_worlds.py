"""A world of slow calls over days: few requests, and yet a pool that needs several replicas by day and one at night."""

from __future__ import annotations

from dataclasses import replace

from costctl.synth.presets import sample_world
from costctl.synth.world import World

POOL = "llm-premium"


def day_world(
    hours: float = 50.0,
    requests: float = 4200.0,
    replicas: int = 5,
    e2e_p95: str | None = "400s",
    **changes: object,
) -> World:
    """One class of calls of about a minute on one pool, ten times as many by day as at night."""
    base = sample_world(11)
    (premium,) = [each for each in base.pools if each.name == POOL]
    (plain,) = [each for each in base.classes if each.name == "classification"]
    pool = replace(premium, alpha_s=20.0, beta_s=0.5, replicas=replicas, slots=2)
    spec = replace(
        plain, share=1.0, failure_ratio=0.0, timeout_s=1e9, e2e_p95=e2e_p95, other_models=(), **changes
    )
    return replace(
        base, name="days", hours=hours, requests=requests, pools=(pool,), classes=(spec,), storage=(),
        day_swing=0.85, bursts=0, step_jitter=0.0,
    )  # fmt: skip


def world_with_slack(hours: float = 50.0, requests: float = 6000.0, replicas: int = 6) -> World:
    """Answers that somebody waits for at all hours, and around noon long ones that may wait, on one pool."""
    base = sample_world(12)
    (premium,) = [each for each in base.pools if each.name == POOL]
    urgent, long = (
        next(each for each in base.classes if each.name == name) for name in ("chat", "long_generation")
    )
    asked = tuple(replace(step, pool=POOL) if step.pool is not None else step for step in urgent.steps)
    pool = replace(premium, alpha_s=0.6, beta_s=0.05, replicas=replicas, slots=3)
    classes = (
        replace(urgent, share=0.7, steps=asked, failure_ratio=0.0, timeout_s=1e9, e2e_p95="500s"),
        replace(
            long, share=0.3, hours_utc=(11, 15), failure_ratio=0.0, timeout_s=1e9, e2e_p95=None, is_deferrable=True
        ),
    )  # fmt: skip
    return replace(
        base, name="slack", hours=hours, requests=requests, pools=(pool,), classes=classes, storage=(),
        day_swing=0.0, bursts=0, step_jitter=0.0,
    )  # fmt: skip
