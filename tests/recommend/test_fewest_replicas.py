"""How many replicas a pool needs: equal to what the world itself says when it is run with every number of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl import verbs
from costctl.documents.recommendations import Recommendation
from costctl.levers.settings import setting
from costctl.observation import Question, observed
from costctl.recommend.fewest import first_that
from costctl.recommend.kinds.capacity import need_of
from costctl.recommend.need import Need
from costctl.recommend.proposals import Withheld
from costctl.recommend.study import Study, study_of
from costctl.synth.presets import sample_world
from costctl.verbs.analyze import fits_of, frames_of
from tests.conftest import unwatched
from tests.synth.replica_worlds import WITHOUT_RESERVE, advice_for, replica_world
from tests.synth.written_worlds import SETTINGS, with_pool_lines, written

POOL = "llm-economy"


@given(st.integers(1, 200), st.integers(1, 200), st.integers(1, 200))
def test_the_search_finds_the_first_number_that_does_from_wherever_it_begins(
    first: int, guess: int, most: int
) -> None:
    tried: list[int] = []

    def does(number: int) -> bool:
        tried.append(number)
        return number >= first

    assert first_that(does, guess, most) == (first if first <= most else None)
    assert len(tried) == len(set(tried))
    assert len(tried) <= 2 * 8 + 2  # doubling away, then halving: log₂ 200 is below 8


def test_the_fewest_replicas_are_those_of_the_world_run_again_with_each_number(tmp_path: Path) -> None:
    made = replica_world(207, spare=2)
    advice = advice_for(made, tmp_path)
    assert advice.capacity is not None
    assert advice.capacity.needed == made.fewest == 2
    assert advice.status == "recommended"
    assert [(each.key, each.from_, each.to) for each in advice.change] == [
        (f"pool.{made.pool}.replicas", 4, 2)
    ]


def test_what_was_not_done_when_the_rest_of_the_window_begins_is_in_the_way_of_the_rest(
    tmp_path: Path,
) -> None:
    made = replica_world(304, spare=0)  # its burst comes just before the cut
    advice = advice_for(made, tmp_path)
    assert advice.capacity is not None
    assert advice.capacity.needed == made.fewest == 8
    assert advice.status == "withheld"


def world_of(folder: Path, replicas: int, **objectives: str | None) -> Question:
    """The sample with so many replicas of one pool, and other objectives for some classes."""
    world = sample_world(7)
    return written(
        replace(
            world,
            hours=0.5,
            requests=2000.0,
            pools=tuple(
                replace(each, replicas=replicas) if each.name == POOL else each for each in world.pools
            ),
            classes=tuple(
                replace(
                    spec, e2e_p95=objectives.get(spec.name, spec.e2e_p95), failure_ratio=0.0, timeout_s=1e9
                )
                for spec in world.classes
            ),
        ),
        folder,
    )


def advised(question: Question, pool: str = POOL) -> Recommendation:
    document = verbs.recommend(question, unwatched)
    (found,) = [each for each in document.recommendations if each.id == f"capacity.{pool}"]
    return found


def test_what_is_advised_leaves_a_replica_in_reserve_unless_the_settings_say_otherwise(
    tmp_path: Path,
) -> None:
    question = world_of(tmp_path, 2)
    kept = advised(question)
    assert kept.capacity is not None
    assert (kept.status, kept.capacity.needed, kept.capacity.reserve) == ("withheld", 1, 1)
    assert f"pools.{POOL}.reserve_replicas = 0" in kept.reason
    without = advised(with_pool_lines(question, WITHOUT_RESERVE))
    assert (without.status, without.change[0].to) == ("recommended", 1)
    assert without.cash_usd is not None
    assert without.cash_usd.mid == pytest.approx(2.5 * 0.5, rel=0.1)  # one replica less, for the window


def test_without_an_objective_nothing_is_advised_however_idle_the_pool_is(tmp_path: Path) -> None:
    question = world_of(tmp_path, 3, chat=None)
    found = advised(question)
    assert (found.status, found.withheld_as, found.missing) == (
        "withheld",
        "needs_input",
        ("classes.chat.slo.e2e_p95",),
    )
    assert "chat has no objective, and p95" in found.reason
    assert found.capacity is None


def test_a_pool_that_misses_an_objective_is_told_how_many_more_it_needs_and_what_they_cost(
    tmp_path: Path,
) -> None:
    question = world_of(tmp_path, 1, chat="7.5s", rag="9s")
    found = advised(with_pool_lines(question, WITHOUT_RESERVE))
    assert found.status == "recommended"
    assert found.capacity is not None
    assert found.capacity.needed == found.change[0].to
    assert found.cash_usd is not None
    assert found.cash_usd.mid < 0
    assert "needs 1 replica more" in found.reason
    assert (tmp_path / SETTINGS).exists()


def studied(question: Question) -> Study:
    with observed(question, unwatched) as observation:
        frames = frames_of(observation, unwatched)
        fits = fits_of(observation, frames, unwatched)
        study = study_of(frames, fits, observation.config.settings, 0)
    assert study is not None
    return study


def test_where_no_number_does_the_p95_of_the_largest_that_was_tried_is_said_and_nothing_else(
    tmp_path: Path,
) -> None:
    study = studied(world_of(tmp_path, 1, chat="1s"))
    found = need_of(study, study.pools.index(POOL))
    assert isinstance(found, Withheld)
    part = study.first
    nine = study.trial(part, (setting("pool", "replicas", POOL, 9),))
    times_s = np.sort(nine.e2e_s[part.period.members(study.classes.index("chat"))])
    p95_s = times_s[int(np.ceil(0.95 * times_s.size)) - 1]
    assert "With 9 replicas it would still be missed: " in found.reason
    assert f"in {part.name} chat e2e p95 is {p95_s:.3g} s, above 1 s" in found.reason
    assert "waiting" not in found.reason


def test_no_more_replicas_are_asked_for_than_there_can_be(tmp_path: Path) -> None:
    study = studied(world_of(tmp_path, 1, chat="7.5s", rag="9s"))
    number = study.pools.index(POOL)

    def needed(most: int) -> Need | Withheld:
        pools = {**study.settings.pools}
        pools[POOL] = msgspec.structs.replace(pools[POOL], most_replicas=most)
        return need_of(replace(study, settings=msgspec.structs.replace(study.settings, pools=pools)), number)

    free, tight, too_few = needed(10), needed(2), needed(1)
    assert isinstance(free, Need)
    assert isinstance(tight, Need)
    assert (free.needed, free.advised) == (2, 3)  # one of them in reserve
    assert (tight.needed, tight.advised, tight.reserve) == (2, 2, 0)
    assert isinstance(too_few, Withheld)
    assert f"of at most 1 (pools.{POOL}.most_replicas)" in too_few.reason
