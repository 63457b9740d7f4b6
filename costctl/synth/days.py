"""A world of two days: a pool that is busy by day and idle at night, and long jobs around noon.

Few requests, each of a minute or more, so that two days are read in seconds. Names and sizes are made up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from costctl.synth.presets import PREMIUM, sample_world
from costctl.synth.world import World

_JOBS: Final = "long_generation"


def days_world(seed: int = 12) -> World:
    """Answers that somebody waits for, many more by day, and around noon long jobs, on one pool."""
    base = sample_world(seed)
    (premium,) = [each for each in base.pools if each.name == PREMIUM]
    chat, jobs = (next(each for each in base.classes if each.name == name) for name in ("chat", _JOBS))
    asked = tuple(replace(step, pool=PREMIUM) if step.pool is not None else step for step in chat.steps)
    classes = (
        replace(chat, share=0.8, steps=asked, failure_ratio=0.0, timeout_s=1e9, e2e_p95="5min"),
        replace(jobs, share=0.2, hours_utc=(11, 15), failure_ratio=0.0, timeout_s=1e9, e2e_p95="1h"),
    )  # fmt: skip
    return replace(
        base, name="days", hours=50.0, requests=4500.0, storage=(), classes=classes, bursts=0, day_swing=0.7,
        pools=(replace(premium, alpha_s=0.45, beta_s=0.04, replicas=6, slots=3),),
    )  # fmt: skip
