"""What is promised on fresh worlds of pools with one waste each, beside the same worlds served again with the remedy.

Each world is written, read and advised as any trace would be, by `costctl recommend` as a whole. The truth is of the
same requests, served again by the loop of the world or the plain one, which share no code with the replay.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from costctl import verbs
from costctl.documents.estimate import Estimate
from costctl.documents.recommendations import Recommendation, Recommendations
from costctl.progress import silent
from costctl.synth.world import World
from tests.synth.pool_wastes import WORLDS, OwnedWorld, made
from tests.synth.remedies import Effect, can_follow, effect_of
from tests.synth.replica_worlds import WITHOUT_RESERVE, ReplicaWorld, replica_world
from tests.synth.written_worlds import with_pool_lines, written

Saves = Literal["cash", "freed capacity", "requests in time"]
KINDS: Final = (*WORLDS, "capacity")
_ROUNDING: Final = 1e-6  # of an amount that is known: instants are written in whole ns


@dataclass(frozen=True, slots=True)
class Promise:
    """One piece of advice on one world. told, truth: USD, or requests, in the window; None where nothing is promised.

    is_kept: whether every objective is kept in the world served again; None where it has none, or nothing is promised.
    """

    seed: int
    kind: str
    saves: Saves
    told: Estimate | None
    truth: float | None
    is_kept: bool | None = None

    @property
    def is_found(self) -> bool:
        """Whether it is recommended."""
        return self.told is not None

    @property
    def is_covered(self) -> bool:
        """Whether the interval holds the truth."""
        if self.told is None or self.truth is None:
            return False
        rounding = _ROUNDING * abs(self.truth)
        return self.told.low - rounding <= self.truth <= self.told.high + rounding

    @property
    def error_ratio(self) -> float | None:
        """Of the middle."""
        return None if self.told is None or not self.truth else self.told.mid / self.truth - 1.0


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that is recommended in a world in good order. is_true: it saves there, or brings more requests in time,
    as its interval says, and every objective is kept; what no world can be served with is taken for false.
    """

    id: str
    is_true: bool


def promises_of_pools(seed: int) -> list[Promise]:
    """Of a world with one waste planted for each kind."""
    return [*(promise_of(kind, seed) for kind in WORLDS), _replicas_too_many(seed)]


def promise_of(kind: str, seed: int) -> Promise:
    """Of the world of the seed that has the waste of this kind."""
    world = made(kind, seed, is_wasteful=True)
    document = _advised(world)
    return _promise(seed, kind, world.world, document)


def claims_of_pools(seed: int) -> tuple[Claim, ...]:
    """Whatever is recommended in the world of the seed, which has no waste; seeds that follow go through the kinds."""
    kind = KINDS[seed % len(KINDS)]
    world = (
        _with_replicas(replica_world(seed, spare=0))
        if kind == "capacity"
        else made(kind, seed, is_wasteful=False)
    )
    document = _advised(world)
    return tuple(
        Claim(each.id, _is_true(world.world, each, document.baseline.observed_s)) for each in document.made
    )


def _replicas_too_many(seed: int) -> Promise:
    world = _with_replicas(replica_world(seed, spare=2))
    return _promise(seed, "capacity", world.world, _advised(world))


def _with_replicas(world: ReplicaWorld) -> OwnedWorld:
    return OwnedWorld(world.world, WITHOUT_RESERVE)


def _advised(world: OwnedWorld) -> Recommendations:
    with tempfile.TemporaryDirectory() as name:
        question = with_pool_lines(written(world.world, Path(name)), world.of_pools)
        return verbs.recommend(question, silent)


def _promise(seed: int, kind: str, world: World, document: Recommendations) -> Promise:
    made_of_kind = (each for each in document.made if each.kind == kind and can_follow(each.change))
    found = next(made_of_kind, None)
    if found is None:
        return Promise(seed, kind, "freed capacity", None, None)
    effect = effect_of(world, found, document.baseline.observed_s)
    saves, told, truth = _main(found, effect)
    return Promise(seed, kind, saves, told, truth, effect.is_kept)


def _main(found: Recommendation, effect: Effect) -> tuple[Saves, Estimate | None, float]:
    """What the advice is for, as it is told, and in truth."""
    if found.goodput_requests is not None:
        return "requests in time", found.goodput_requests, effect.goodput
    if found.cash_usd is not None:
        return "cash", found.cash_usd, effect.cash_usd
    return "freed capacity", found.freed_usd, effect.freed_usd


def _is_true(world: World, found: Recommendation, window_s: float) -> bool:
    if not can_follow(found.change):
        return False
    effect = effect_of(world, found, window_s)
    saves, told, truth = _main(found, effect)
    return effect.is_kept and truth > 0 and Promise(0, found.kind, saves, told, truth).is_covered
