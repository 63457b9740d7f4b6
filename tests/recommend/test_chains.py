"""Requests that go through several pools: the bottleneck is the pool of which one replica more shortens them most."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from costctl import verbs
from costctl.documents.chain import Chain
from costctl.documents.recommendations import Recommendations
from costctl.observation import Question, observed
from costctl.progress import silent
from costctl.recommend.chains import LEAST, chains_of
from costctl.recommend.study import study_of
from costctl.synth.presets import sample_world
from costctl.verbs import ScenarioRequest
from costctl.verbs.analyze import fits_of, frames_of
from tests.synth.written_worlds import written


@pytest.fixture(scope="module")
def document(sample_question: Question) -> Recommendations:
    return verbs.recommend(sample_question, silent)


@pytest.fixture(scope="module")
def rag(document: Recommendations) -> Chain:
    (found,) = document.chains
    return found


def chains_with(folder: Path, **replicas: int) -> tuple[Chain, ...]:
    """The chains of the sample's world, of which some pools have another number of replicas."""
    world = sample_world(7)
    pools = tuple(replace(pool, replicas=replicas.get(pool.name, pool.replicas)) for pool in world.pools)
    with observed(written(replace(world, pools=pools), folder), silent) as observation:
        frames = frames_of(observation, silent)
        fits = fits_of(observation, frames, silent)
        study = study_of(frames, fits, observation.config.settings, 0)
    assert study is not None
    return chains_of(study)


def test_only_what_goes_through_several_pools_is_a_chain(rag: Chain) -> None:
    """Retrieval embeds the question, and then generates."""
    assert rag.request_class == "rag"
    assert [each.pool for each in rag.stages] == ["embedder", "llm-economy"]
    assert all(each.calls_per_request >= 1.0 for each in rag.stages)


def test_the_bottleneck_is_where_one_replica_more_shortens_the_chain_most(rag: Chain) -> None:
    shortest = min(rag.stages, key=lambda each: each.e2e_p95_s or float("inf"))
    assert rag.bottleneck == shortest.pool == "llm-economy"
    assert shortest.e2e_p95_s is not None
    assert shortest.e2e_p95_s <= (1.0 - LEAST) * rag.e2e_p95_s


def test_what_one_replica_more_brings_is_what_simulate_says(sample_question: Question, rag: Chain) -> None:
    for stage in rag.stages:
        asked = ScenarioRequest(assignments=(f"pool.{stage.pool}.replicas=2",))
        simulated = verbs.simulate(sample_question, asked, silent)
        today, then = (
            next(each for each in result.classes if each.request_class == "rag").e2e_s
            for result in (simulated.baseline, simulated.result)
        )
        assert today.p95 == pytest.approx(rag.e2e_p95_s)
        assert then.p95 == pytest.approx(stage.e2e_p95_s)


def test_where_the_bottleneck_has_replicas_to_spare_the_next_pool_is_it(tmp_path: Path) -> None:
    (rag,) = chains_with(tmp_path, **{"llm-economy": 6})
    assert rag.bottleneck == "embedder"
