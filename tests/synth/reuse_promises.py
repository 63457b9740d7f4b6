"""What is promised on fresh worlds where something is used again, beside the same worlds run again with the remedy."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from costctl import verbs
from costctl.documents.recommendations import Recommendation
from costctl.observation import Question
from costctl.progress import silent
from tests.synth.document_worlds import readers, written_with_reads
from tests.synth.own_promises import Claim, Promise, Saves
from tests.synth.prompt_worlds import HOT, USD_PER_HOUR, agents, askers, served_with_cache, written

KINDS: Final = ("prefix_affinity", "cache", "storage_placement")


def promises_of_reuse(seed: int) -> list[Promise]:
    """Of a world with one waste planted for each kind."""
    return [_prompts_read_again(seed), _questions_asked_again(seed), _documents_read_again(seed)]


def claims_where_nothing_is_used_again(seed: int) -> tuple[Claim, ...]:
    """What is recommended in a world in which nothing is used twice: none of it is true."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if seed % 4 < 2:
            made = _made(written(agents(seed, is_shared=False), folder))
        else:
            made = _made(written_with_reads(readers(seed, again=0.0), folder))
    return tuple(Claim(each.id, is_true=False) for each in made)


def _prompts_read_again(seed: int) -> Promise:
    world = agents(seed)

    def truth(advice: Recommendation) -> float:
        ahead = {each.lever: each.to for each in advice.change}["pool.dispatch.most_ahead"]
        rules = {} if ahead is None else {"affinity_most_ahead": ahead}
        remedied = world.served(dispatch="prefix_affinity", **rules)
        return float(world.served().busy_s.sum() - remedied.busy_s.sum()) / 3600.0 * USD_PER_HOUR

    return _promise(seed, "prefix_affinity", "freed capacity", lambda folder: written(world, folder), truth)


def _questions_asked_again(seed: int) -> Promise:
    world = askers(seed)

    def truth(advice: Recommendation) -> float:
        remedied = served_with_cache(world, float(str(advice.change[0].to)) * 1e9)
        return float(world.served().busy_s.sum() - remedied.busy_s.sum()) / 3600.0 * USD_PER_HOUR

    return _promise(seed, "cache", "freed capacity", lambda folder: written(world, folder, HOT), truth)


def _documents_read_again(seed: int) -> Promise:
    world = readers(seed)

    def truth(advice: Recommendation) -> float:
        return world.usd(0.0) - world.usd(float(str(advice.change[0].to)))

    return _promise(
        seed,
        "storage_placement",
        "cash",
        lambda folder: written_with_reads(world, folder),
        truth,
    )


def _promise(
    seed: int,
    kind: str,
    saves: Saves,
    write: Callable[[Path], Question],
    truth: Callable[[Recommendation], float],
) -> Promise:
    with tempfile.TemporaryDirectory() as name:
        found = next((each for each in _made(write(Path(name))) if each.kind == kind), None)
    if found is None:
        return Promise(seed, kind, saves, None, None)
    told = found.cash_usd if saves == "cash" else found.freed_usd
    return Promise(seed, kind, saves, told, truth(found))


def _made(question: Question) -> tuple[Recommendation, ...]:
    return verbs.recommend(question, silent).made
