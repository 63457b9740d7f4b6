"""Which worlds is the marginal cost calibrated on? Small ones, each of its own kind, that differ in all that matters.

In: a seed. Out: a world of three classes over a quarter of an hour, with one to four replicas in a pool, prompts
that stall decoding or ride along, step times, mixes and loads of its own; and its record with noise in the time
stamps. Small, so that forty of them, each run hundreds of times for its truth, take minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from costctl.arrays import Floats
from costctl.synth.platform import Served
from costctl.synth.presets import sized, world_from_seed
from costctl.synth.world import World

_HOURS: Final = 0.25
_NOISES_S: Final = (0.0, 0.0005, 0.002)
_CHUNKS: Final = (0, 2048)
_MIXES: Final = (
    ("classification", "chat", "rag"),
    ("classification", "agentic", "long_generation"),
    ("chat", "rag", "embedding_batch"),
    ("classification", "chat", "agentic"),
)


@dataclass(frozen=True, slots=True)
class CalibrationWorld:
    """A world, and the standard deviation of the noise in its time stamps, in seconds."""

    world: World
    noise_s: float

    @property
    def kind(self) -> str:
        """How prompts are read."""
        return "chunked" if any(pool.chunk_tokens > 0 for pool in self.world.pools) else "stalling"

    @property
    def most_replicas(self) -> int:
        """Of any pool."""
        return max(pool.replicas for pool in self.world.pools)


def calibration_world(seed: int) -> CalibrationWorld:
    """The world of a seed. Seeds that follow each other run through kinds, noises and numbers of replicas."""
    rng = np.random.default_rng([seed, 40])
    base = world_from_seed(seed)
    chunk = _CHUNKS[seed % 2]
    names = _MIXES[int(rng.integers(len(_MIXES)))]
    classes = tuple(
        replace(spec, hours_utc=(0, 24), timeout_s=max(spec.timeout_s, 60.0))
        for spec in base.classes
        if spec.name in names
    )
    used = {step.pool for spec in classes for step in spec.steps}
    pools = tuple(
        replace(pool, replicas=1, chunk_tokens=0 if pool.is_static else chunk)
        for pool in base.pools
        if pool.name in used
    )
    world = replace(base, hours=_HOURS, requests=3600.0 * _HOURS, pools=pools, classes=classes, bursts=1)
    replicas, load = 1 + seed // 2 % 4, float(rng.uniform(0.1, 0.45))
    world = replace(world, requests=world.requests * replicas * load / _most_work_s(world))
    pools = tuple(sized(pool, world, load) for pool in pools)
    noise_s = _NOISES_S[int(rng.integers(len(_NOISES_S)))]
    return CalibrationWorld(replace(world, pools=pools, name=f"calibration-{seed}"), noise_s)


def _most_work_s(world: World) -> float:
    """Replica seconds a second that the pool with the most work needs."""
    return max(sized(pool, world, 1e-3).replicas for pool in world.pools) / 1e3


def blurred(served: Served, noise_s: float, seed: int) -> Served:
    """What was served, as clocks with noise would have it: every instant off by a normal draw, order kept."""
    if noise_s == 0:
        return served
    rng = np.random.default_rng([seed, 41])

    def off(at_s: Floats) -> Floats:
        moved: Floats = at_s + noise_s * rng.standard_normal(at_s.size)
        return moved

    ready_s = np.maximum(off(served.ready_s), 0.0)
    begin_s = np.maximum(off(served.begin_s), ready_s)
    first_s = np.fmax(off(served.first_token_s), begin_s)
    first_s[np.isnan(served.first_token_s)] = np.nan
    end_s = np.fmax(np.fmax(off(served.end_s), first_s), ready_s)
    end_s[np.isnan(served.end_s)] = np.nan
    return replace(served, ready_s=ready_s, begin_s=begin_s, first_token_s=first_s, end_s=end_s)
