"""The best settings are those that enumeration finds: the cheapest that would last in the rest, else of all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from costctl.recommend.kinds import batch_window
from costctl.recommend.objectives import not_kept
from costctl.recommend.proposals import Candidate, Proposal
from costctl.recommend.search import best_of
from costctl.recommend.study import Study
from tests.recommend.studied_world import study_of_question
from tests.synth.pool_wastes import made
from tests.synth.written_worlds import with_pool_lines, written

# 1.96 standard errors of the rest, which has two thirds of the requests of the first part, and one of a difference
LASTING = 1.96 * np.sqrt(3 / 2) + np.sqrt(1 + 3 / 2)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Of batches that start with whoever is there, though callers could wait."""
    owned = made("batch_window", 9604, is_wasteful=True)
    folder: Path = tmp_path_factory.mktemp("batches")
    return study_of_question(with_pool_lines(written(owned.world, folder), owned.of_pools))


@pytest.fixture(scope="module")
def proposed(study: Study) -> Proposal:
    (found,) = batch_window.propose(study)
    assert isinstance(found, Proposal)
    return replace(found, refine=None)


def busy_usd(study: Study, settings: Candidate) -> float:
    return float(study.trial(study.first, settings).busy_usd.sum())


def keeping(study: Study, proposed: Proposal, deviates: float) -> list[Candidate]:
    """The candidates that keep every objective by a bound that is so far above the percentile."""
    part = study.first
    return [
        each
        for each in proposed.candidates
        if not list(not_kept(part, study.trial(part, each), proposed.classes, deviates))
    ]


def test_the_cheapest_of_those_that_would_last_comes_before_cheaper_ones_at_the_edge(
    study: Study, proposed: Proposal
) -> None:
    lasting, kept = keeping(study, proposed, LASTING), keeping(study, proposed, 1.96)
    assert set(lasting) < set(kept)
    best, tried = best_of(study, proposed)
    assert best is not None
    assert len(tried) == len(proposed.candidates)
    cheapest = min(busy_usd(study, each) for each in lasting)
    assert busy_usd(study, best.settings) == pytest.approx(cheapest)
    assert cheapest > min(busy_usd(study, each) for each in kept)


def test_where_none_would_last_the_cheapest_of_the_others_is_the_best(
    study: Study, proposed: Proposal
) -> None:
    lasting, kept = keeping(study, proposed, LASTING), keeping(study, proposed, 1.96)
    edge = replace(proposed, candidates=tuple(each for each in kept if each not in lasting))
    best, _ = best_of(study, edge)
    assert best is not None
    assert busy_usd(study, best.settings) == pytest.approx(
        min(busy_usd(study, each) for each in edge.candidates)
    )


def test_without_objectives_nothing_is_held_to_them(study: Study, proposed: Proposal) -> None:
    free = replace(proposed, classes=())
    best, _ = best_of(study, free)
    assert best is not None
    assert busy_usd(study, best.settings) == pytest.approx(
        min(busy_usd(study, each) for each in free.candidates)
    )
