"""What is promised on fresh worlds where something is used again, beside the same worlds run again with the remedy."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from costctl import verbs
from costctl.documents.estimate import Estimate
from costctl.documents.recommendations import Recommendation
from costctl.observation import Question
from costctl.progress import silent
from tests.synth.document_worlds import readers, written_with_reads
from tests.synth.prompt_worlds import HOT, USD_PER_HOUR, agents, askers, served_with_cache, written

KINDS: Final = ("prefix_affinity", "cache", "storage_placement")


@dataclass(frozen=True)
class ReusePromise:
    """One piece of advice on one world. low, mid, high, truth: USD in the window; None where nothing is promised."""

    seed: int
    kind: str
    is_found: bool
    told: Estimate | None
    truth: float | None

    @property
    def is_covered(self) -> bool:
        return (
            self.told is not None and self.truth is not None and self.told.low <= self.truth <= self.told.high
        )

    @property
    def error_ratio(self) -> float | None:
        return None if self.told is None or not self.truth else self.told.mid / self.truth - 1.0


def promises_of_reuse(seed: int) -> list[ReusePromise]:
    """Of a world with one waste planted for each kind."""
    return [_prompts_read_again(seed), _questions_asked_again(seed), _documents_read_again(seed)]


def claims_where_nothing_is_used_again(seed: int) -> tuple[str, ...]:
    """The kinds that promise a saving in a world in which nothing is used twice."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if seed % 2:
            made = _made(written(agents(seed, is_shared=False), folder))
        else:
            made = _made(written_with_reads(readers(seed, again=0.0), folder))
        return tuple(kind for kind in KINDS if any(each.kind == kind for each in made))


def _prompts_read_again(seed: int) -> ReusePromise:
    world = agents(seed)

    def truth(advice: Recommendation) -> float:
        ahead = {each.lever: each.to for each in advice.change}["pool.dispatch.most_ahead"]
        rules = {} if ahead is None else {"affinity_most_ahead": ahead}
        remedied = world.served(dispatch="prefix_affinity", **rules)
        return float(world.served().busy_s.sum() - remedied.busy_s.sum()) / 3600.0 * USD_PER_HOUR

    return _promise(
        seed, "prefix_affinity", lambda folder: written(world, folder), truth, lambda each: each.freed_usd
    )


def _questions_asked_again(seed: int) -> ReusePromise:
    world = askers(seed)

    def truth(advice: Recommendation) -> float:
        remedied = served_with_cache(world, float(str(advice.change[0].to)) * 1e9)
        return float(world.served().busy_s.sum() - remedied.busy_s.sum()) / 3600.0 * USD_PER_HOUR

    return _promise(
        seed, "cache", lambda folder: written(world, folder, HOT), truth, lambda each: each.freed_usd
    )


def _documents_read_again(seed: int) -> ReusePromise:
    world = readers(seed)

    def truth(advice: Recommendation) -> float:
        return world.usd(0.0) - world.usd(float(str(advice.change[0].to)))

    return _promise(
        seed,
        "storage_placement",
        lambda folder: written_with_reads(world, folder),
        truth,
        lambda each: each.cash_usd,
    )


def _promise(
    seed: int,
    kind: str,
    write: Callable[[Path], Question],
    truth: Callable[[Recommendation], float],
    saving: Callable[[Recommendation], Estimate | None],
) -> ReusePromise:
    with tempfile.TemporaryDirectory() as name:
        found = next((each for each in _made(write(Path(name))) if each.kind == kind), None)
    if found is None:
        return ReusePromise(seed, kind, False, None, None)
    return ReusePromise(seed, kind, True, saving(found), truth(found))


def _made(question: Question) -> tuple[Recommendation, ...]:
    return verbs.recommend(question, silent).made
