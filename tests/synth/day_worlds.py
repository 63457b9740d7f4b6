"""The world of two days, with and without jobs that may wait."""

from __future__ import annotations

from dataclasses import replace

from costctl.synth.days import days_world
from costctl.synth.presets import PREMIUM as POOL
from costctl.synth.world import World

__all__ = ["POOL", "days_world", "world_with_slack"]


def world_with_slack() -> World:
    """The same world, where the jobs of noon may wait."""
    world = days_world()
    chat, jobs = world.classes
    return replace(world, classes=(chat, replace(jobs, e2e_p95=None, is_deferrable=True)))
