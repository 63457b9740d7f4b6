"""Worlds of which it is known how few replicas would do: each is run again with every number of them.

Shape in: a seed. Shape out: the world with too many replicas or just enough, the objectives of its classes, and the
fewest replicas that keep them, found by the world's own server loop, which shares no code with the replay. Clients of
these worlds wait: what they get late is late, and not lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from costctl import verbs
from costctl.arrays import Floats
from costctl.documents.recommendations import Recommendation
from costctl.synth.demand import Demand, demand_of
from costctl.synth.platform import serve
from costctl.synth.presets import sized, world_from_seed
from costctl.synth.world import World
from costctl.units import NS_PER_S
from tests.synth.written_worlds import with_pool_lines, written

MOST: Final = 8
WITHOUT_RESERVE: Final = "reserve_replicas = 0"
FIRST_PART: Final = 0.6  # of the time in which requests begin, as advice cuts it
_HOURS: Final = 0.2
_DAY_NS: Final = 86_400 * NS_PER_S
_MIXES: Final = (
    ("classification", "long_generation"),
    ("chat", "rag"),
    ("classification", "agentic", "long_generation"),
    ("chat", "rag", "embedding_batch"),
)


@dataclass(frozen=True, slots=True)
class ReplicaWorld:
    """A world. pool: whose replicas are asked for.  fewest: that keep every objective, by enumeration."""

    world: World
    pool: str
    fewest: int

    @property
    def replicas(self) -> int:
        """Of the pool, as the world is written."""
        return self.world.pool(self.pool).replicas


@dataclass(frozen=True, slots=True)
class Answer:
    """What was advised for a world. needed: None where that could not be said.  advised: None where nothing was."""

    seed: int
    today: int
    fewest: int
    needed: int | None
    advised: int | None
    reason: str

    @property
    def is_equal(self) -> bool:
        """Whether the fewest replicas were found."""
        return self.needed == self.fewest

    @property
    def is_broken(self) -> bool:
        """Whether fewer replicas were advised, or said to do, than keep every objective."""
        said = [each for each in (self.needed, self.advised) if each is not None]
        return any(each < self.fewest for each in said)


def replica_world(seed: int, spare: int | None = None) -> ReplicaWorld:
    """The world of a seed. spare: replicas beyond the fewest; drawn, up to 3, where not given."""
    rng = np.random.default_rng([seed, 60])
    base = world_from_seed(seed)
    names = _MIXES[int(rng.integers(len(_MIXES)))]
    classes = tuple(
        replace(spec, hours_utc=(0, 24), timeout_s=1e9, failure_ratio=0.0, e2e_p95=None)
        for spec in base.classes
        if spec.name in names
    )
    used = {step.pool for spec in classes for step in spec.steps}
    pools = tuple(replace(pool, replicas=MOST) for pool in base.pools if pool.name in used)
    morning_ns = (
        base.start_ns - base.start_ns % _DAY_NS + 9 * 3600 * NS_PER_S
    )  # by day nothing counts as offline
    world = replace(
        base, name=f"replicas-{seed}", start_ns=morning_ns, hours=_HOURS, requests=3600.0 * _HOURS, pools=pools,
        classes=classes, bursts=2,
    )  # fmt: skip
    (pool,) = [each.name for each in pools if not each.is_static]
    work = sized(world.pool(pool), world, 1e-3).replicas / 1e3  # replicas that a request a second keeps busy
    world = replace(world, requests=world.requests * float(rng.uniform(0.4, 4.5)) / work)
    demand = demand_of(world)
    times_s = {count: durations_s(with_replicas(world, pool, count), demand) for count in range(1, MOST + 1)}
    targets_s = {
        number: float(rng.uniform(1.2, 2.5)) * worst_p95_s(demand, times_s[MOST], number)
        for number in range(len(classes))
    }
    fewest = min(
        count
        for count, seconds in times_s.items()
        if all(worst_p95_s(demand, seconds, each) <= target for each, target in targets_s.items())
    )
    promised = tuple(
        replace(spec, e2e_p95=f"{targets_s[number]:.6f}s") for number, spec in enumerate(classes)
    )
    drawn = min(fewest + int(rng.integers(0, 4)), MOST)
    today = drawn if spare is None else fewest + spare
    return ReplicaWorld(with_replicas(replace(world, classes=promised), pool, today), pool, fewest)


def with_replicas(world: World, pool: str, count: int) -> World:
    """The world with so many replicas in the pool."""
    return replace(
        world,
        pools=tuple(replace(each, replicas=count) if each.name == pool else each for each in world.pools),
    )


def durations_s(world: World, demand: Demand) -> Floats:
    """By request, seconds from its start to the end of its last call and of what comes after, by the world's loop."""
    served = serve(world, demand, demand.requests.start_s >= 0)
    calls, activities = demand.calls, demand.activities
    end_s = np.full(demand.requests.start_s.size, -np.inf)
    last = np.full(end_s.size, -1)
    made = np.flatnonzero(np.isfinite(served.end_s))
    np.maximum.at(end_s, calls.request[made], served.end_s[made])
    np.maximum.at(last, calls.request[made], made)
    final = np.full(end_s.size, 0.0)
    np.maximum.at(final, activities.request, activities.until_s)
    until_s = activities.until_s[calls.activity[last]]
    is_whole = served.end[last] == 0
    seconds: Floats = end_s - demand.requests.start_s + np.where(is_whole, final - until_s, 0.0)
    return seconds


def answer_for(seed: int, folder: Path, spare: int | None = None) -> Answer:
    """The world of the seed, written, read and advised, beside what is true of it."""
    made = replica_world(seed, spare)
    advice = advice_for(made, folder)
    changed = [each.to for each in advice.change if each.lever == "pool.replicas"]
    return Answer(
        seed=seed,
        today=made.replicas,
        fewest=made.fewest,
        needed=None if advice.capacity is None else advice.capacity.needed,
        advised=int(str(changed[0])) if changed else None,
        reason=advice.reason,
    )


def advice_for(made: ReplicaWorld, folder: Path) -> Recommendation:
    """What is advised on the number of replicas of the world's pool, with none in reserve."""
    question = with_pool_lines(written(made.world, folder), WITHOUT_RESERVE)
    document = verbs.recommend(question, lambda _what, _ratio, _detail="": None)
    (advice,) = [each for each in document.recommendations if each.id == f"capacity.{made.pool}"]
    return advice


def worst_p95_s(demand: Demand, seconds: Floats, number: int) -> float:
    """The larger 95th percentile of the class in the two parts of the traffic."""
    start_s = demand.requests.start_s
    first_s, last_s = start_s.min(), start_s.max()
    is_first = start_s < first_s + FIRST_PART * (last_s - first_s)
    of_class = demand.requests.request_class == number
    return max(
        float(np.quantile(seconds[of_class & part], 0.95, method="inverted_cdf"))
        for part in (is_first, ~is_first)
    )
