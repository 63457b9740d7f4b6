"""What was tried beside what is advised: its costs are those that savings are told by, and none on the frontier is
beaten.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from costctl.documents.recommendations import Recommendation
from costctl.documents.tried import TriedSetting, TriedSettings
from costctl.levers.settings import setting
from costctl.recommend.evaluator import evaluated
from costctl.recommend.kinds import batch_window
from costctl.recommend.looked import Cost, Looked
from costctl.recommend.objectives import not_kept
from costctl.recommend.proposals import Proposal
from costctl.recommend.savings import savings_between
from costctl.recommend.search import best_of
from costctl.recommend.study import Study
from costctl.recommend.tried import MOST_TOLD, Lens, lens_of, tried_of, unadvised
from tests.recommend.studied_world import study_of_question
from tests.synth.pool_wastes import made
from tests.synth.written_worlds import with_pool_lines, written

POOL = "embedder"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Of batches that start with whoever is there, though callers could wait."""
    owned = made("batch_window", 9604, is_wasteful=True)
    folder: Path = tmp_path_factory.mktemp("tried")
    return study_of_question(with_pool_lines(written(owned.world, folder), owned.of_pools))


@pytest.fixture(scope="module")
def proposed(study: Study) -> Proposal:
    (found,) = batch_window.propose(study)
    assert isinstance(found, Proposal)
    return replace(found, candidates=found.candidates[:20], refine=None)


@pytest.fixture(scope="module")
def advice(study: Study, proposed: Proposal) -> Recommendation:
    return evaluated(study, proposed)


def told(advice: Recommendation) -> TriedSettings:
    assert advice.tried is not None
    return advice.tried


def one(found: TriedSettings, tried_as: str) -> TriedSetting:
    (each,) = (each for each in found.settings if each.tried_as == tried_as)
    return each


def is_beaten(by: list[TriedSetting], point: TriedSetting) -> bool:
    """Whether one of these is as cheap and as fast, and better in one of both."""
    return any(
        each.usd <= point.usd
        and each.latency_s <= point.latency_s
        and (each.usd < point.usd or each.latency_s < point.latency_s)
        for each in by
    )


def test_today_costs_as_much_more_as_the_change_is_said_to_save(
    study: Study, proposed: Proposal, advice: Recommendation
) -> None:
    found, (best, _) = told(advice), best_of(study, proposed)
    assert best is not None
    saved = savings_between(study, study.first, study.first.today, best.trial).freed
    assert saved is not None
    today, advised = one(found, "today"), one(found, "advised")
    assert (found.cost, found.pools) == ("busy", (POOL,))
    assert today.usd_per_week is not None
    assert advised.usd_per_week is not None
    assert today.usd_per_week - advised.usd_per_week == pytest.approx(saved.a_week.mid)
    assert advised.change == advice.change


def test_each_that_was_tried_keeps_what_it_is_said_to_keep_at_the_latency_that_is_told(
    study: Study, proposed: Proposal, advice: Recommendation
) -> None:
    found, part = told(advice), study.first
    assert found.replayed == len({*proposed.candidates}) - 1  # one of the grid is today's
    by_window = {
        tuple(str(each.to) for each in point.change if each.lever == "pool.batch.window"): point
        for point in found.settings
        if [each.lever for each in point.change] == ["pool.batch.window"]
    }
    assert len(by_window) > 3
    for (window_s,), point in by_window.items():
        trial = study.trial(part, (setting("pool", "batch.window", POOL, float(window_s)),))
        assert point.is_kept == (not list(not_kept(part, trial, proposed.classes)))
        assert point.usd == pytest.approx(float(trial.busy_usd.sum()))
        times_s = trial.e2e_s[part.period.members(study.classes.index(found.request_class))]
        assert np.mean(times_s <= point.latency_s) == pytest.approx(0.95, abs=0.01)


def looked(number: int, usd: float, latency_s: float, *, is_kept: bool = True) -> Looked:
    """A number of replicas, as if it had been replayed."""
    cost = Cost(usd, 7 * usd)
    return Looked(
        (setting("pool", "replicas", POOL, number),), cost, Cost(0.0, 0.0), latency_s, is_kept=is_kept
    )


@pytest.fixture(scope="module")
def lens(study: Study, proposed: Proposal) -> Lens:
    return lens_of(study.first, proposed.pools, proposed.classes)


@pytest.mark.parametrize("seed", range(20))
def test_the_frontier_is_what_enumeration_finds(study: Study, lens: Lens, seed: int) -> None:
    draw = np.random.default_rng(seed)
    usd, latency_s = draw.integers(1, 8, 25) * 10.0, draw.integers(1, 8, 25) / 4
    kept = draw.random(25) < 0.7
    points = [
        looked(number + 2, usd[number], latency_s[number], is_kept=bool(kept[number])) for number in range(25)
    ]
    found = tried_of(study, lens, points, None)
    assert found is not None
    assert found.cost == "paid"
    keeping = [each for each in found.settings if each.is_kept]
    assert [each.is_on_frontier for each in found.settings] == [
        each.is_kept and not is_beaten(keeping, each) for each in found.settings
    ]
    assert [each.usd for each in found.settings] == sorted(each.usd for each in found.settings)


def test_of_many_that_were_tried_the_telling_ones_are_kept(study: Study, lens: Lens) -> None:
    points = [looked(number + 2, 1000.0 - number, 1.0 + number / 100) for number in range(200)]
    advised = points[120].settings
    found = tried_of(study, lens, points, advised)
    assert found is not None
    assert (found.replayed, len(found.settings)) == (200, MOST_TOLD)
    assert one(found, "advised").change[0].to == 122
    assert one(found, "today").change == ()
    withdrawn = unadvised(found)
    assert withdrawn is not None
    assert {each.tried_as for each in withdrawn.settings} == {"today", "other"}


def test_calls_that_are_refused_have_no_latency_and_no_place_on_the_frontier(
    study: Study, lens: Lens
) -> None:
    found = tried_of(study, lens, [looked(5, 1.0, np.inf, is_kept=False)], None)
    assert found is not None
    refused = one(found, "other")
    assert (refused.latency_s, refused.is_on_frontier) == (None, False)


def test_without_an_objective_nothing_is_set_against_cost(study: Study) -> None:
    assert tried_of(study, lens_of(study.first, (0,), ()), [looked(5, 1.0, 2.0)], None) is None
