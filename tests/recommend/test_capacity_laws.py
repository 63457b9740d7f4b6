"""Laws of the fewest replicas: more load never needs fewer, none breaks an objective, no order of pools counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from costctl.observation import observed
from costctl.recommend.fewest import fewest_that_keep, is_kept, replicas_of
from costctl.recommend.kinds import capacity
from costctl.recommend.kinds.capacity import need_of
from costctl.recommend.need import Need
from costctl.recommend.proposals import Proposal, Withheld
from costctl.recommend.study import Part, Study, study_of
from costctl.scenario.load import at_load
from costctl.synth.presets import sample_world
from costctl.synth.world import World
from costctl.verbs.analyze import fits_of, frames_of
from tests.conftest import unwatched
from tests.synth.written_worlds import written

POOL = "llm-economy"


def small_world() -> World:
    """The sample, short and busy, with four replicas of each pool."""
    world = sample_world(5)
    return replace(
        world,
        hours=0.2,
        requests=2200.0,
        bursts=0,
        pools=tuple(replace(pool, replicas=4) for pool in world.pools),
        classes=tuple(replace(spec, failure_ratio=0.0, timeout_s=1e9) for spec in world.classes),
    )


def studied(world: World, folder: Path) -> Study:
    with observed(written(world, folder), unwatched) as observation:
        frames = frames_of(observation, unwatched)
        fits = fits_of(observation, frames, unwatched)
        found = study_of(frames, fits, observation.config.settings, 0)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return studied(small_world(), tmp_path_factory.mktemp("small"))


def test_more_load_never_needs_fewer_replicas(study: Study) -> None:
    number, needed = study.pools.index(POOL), []
    for factor in (0.5, 2.0, 6.0):
        period = at_load(study.whole.period, factor, seed=0)
        part = Part(f"{factor}x", period, period.trial(period.pools))
        needed.append(fewest_that_keep(study, number, (part,)).needed)
    assert needed == sorted(needed)
    assert needed[0] < needed[-1]


def test_what_is_needed_keeps_every_objective_and_one_less_does_not(study: Study) -> None:
    number = study.pools.index(POOL)
    need, classes = need_of(study, number), study.served_classes(number)
    assert isinstance(need, Need)

    def keeps(replicas: int) -> bool:
        settings = replicas_of(study, number, replicas)
        return all(
            is_kept(study, part, study.trial(part, settings), classes) for part in (study.first, study.second)
        )

    assert [keeps(replicas) for replicas in range(1, need.today + 1)] == [
        replicas >= need.needed for replicas in range(1, need.today + 1)
    ]
    assert need.needed <= need.sure
    assert need.needed <= need.advised <= need.today


def test_the_order_of_pools_changes_nothing(study: Study, tmp_path: Path) -> None:
    world = small_world()
    turned = studied(replace(world, pools=tuple(reversed(world.pools))), tmp_path)
    assert said(turned) == said(study)


def said(study: Study) -> dict[str, tuple[str, object]]:
    """What is proposed, by id."""
    found: dict[str, tuple[str, object]] = {}
    for each in capacity.propose(study):
        match each:
            case Proposal():
                found[each.subject.id] = each.reason, [change.value for change in each.candidates[0]]
            case Withheld():
                found[each.subject.id] = each.reason, None
    return found
