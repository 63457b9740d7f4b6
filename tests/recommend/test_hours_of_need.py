"""What each hour needs: laws of schedules over two days of known load, and the oracle of how full a pool is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from costctl.arrays import Ints
from costctl.levers.schedule import schedule_of
from costctl.recommend.by_hour import needed_by_hour, scheduled
from costctl.recommend.fewest import is_kept
from costctl.recommend.hours import Clock, calls_by_hour, clock_of, in_pool_by_hour
from costctl.recommend.kinds.capacity import facts_of, need_of
from costctl.recommend.need import Need
from costctl.recommend.objectives import meets_objectives
from costctl.recommend.proposals import Proposal
from costctl.recommend.schedule_proposal import schedule_of_need
from costctl.recommend.study import Part, Study
from costctl.scenario.load import with_requests
from costctl.units import S_PER_HOUR
from tests.recommend.studied_world import study_of_world
from tests.synth.day_worlds import days_world

POOL = 0  # the only one


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return study_of_world(days_world(), tmp_path_factory.mktemp("days"))


@pytest.fixture(scope="module")
def times(study: Study) -> Clock:
    found = clock_of(study)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def need(study: Study) -> Need:
    found = need_of(study, POOL)
    assert isinstance(found, Need)
    return found


@pytest.fixture(scope="module")
def needed(study: Study, times: Clock, need: Need) -> Ints:
    return needed_of(study, times, need)


def needed_of(study: Study, times: Clock, need: Need) -> Ints:
    found = needed_by_hour(study, POOL, times, need.sure)
    assert found is not None
    return found


def test_calls_in_a_pool_at_once_are_those_counted_one_by_one(study: Study, times: Clock) -> None:
    period, outcome = study.whole.period, study.whole.today.outcome
    times = replace(times, starts_s=times.starts_s - times.starts_s % S_PER_HOUR)  # as from a full hour
    hours = int(period.to_s // S_PER_HOUR)
    present_s, seen_s = np.zeros(24), np.zeros(24)
    for hour in range(hours + 1):
        from_s, until_s = hour * S_PER_HOUR, min((hour + 1) * S_PER_HOUR, period.to_s)
        at = times.hour_at(from_s)
        seen_s[at] += until_s - from_s
        present_s[at] += sum(
            max(min(end_s, until_s) - max(arrival_s, from_s), 0.0)
            for arrival_s, end_s in zip(outcome.arrival_s, outcome.end_s, strict=True)
        )
    assert in_pool_by_hour(times, period, outcome, POOL) == pytest.approx(present_s / seen_s)


def test_no_hour_needs_more_than_one_with_clearly_more_calls(
    study: Study, times: Clock, needed: Ints
) -> None:
    calls = calls_by_hour(times, study.whole, POOL)
    assert needed.min() == 1
    assert all(
        needed[quiet] <= needed[busy]
        for quiet in range(24)
        for busy in range(24)
        if calls[quiet] < 0.7 * calls[busy]
    )


def test_the_schedule_keeps_every_objective_for_sure_on_both_parts(
    study: Study, times: Clock, needed: Ints
) -> None:
    classes = study.served_classes(POOL)
    for part in (study.first, study.second):
        trial = study.trial(part, scheduled(study, POOL, times, needed))
        assert is_kept(study, part, trial, classes)
        assert meets_objectives(part, trial, classes)


@pytest.mark.parametrize("hour", [3, 9, 13])
def test_more_calls_in_an_hour_never_lower_what_it_needs(
    study: Study, times: Clock, need: Need, needed: Ints, hour: int
) -> None:
    def thinned(part: Part) -> Part:
        """Without three of four requests of the hour."""
        requests = np.arange(part.period.request_class.size)
        is_left = (times.of_requests(part.period) != hour) | (requests % 4 == 0)
        period = with_requests(part.period, is_left)
        return Part(part.name, period, period.trial(period.pools))

    fewer = replace(
        study, first=thinned(study.first), second=thinned(study.second), whole=thinned(study.whole)
    )
    assert needed_of(fewer, times, need)[hour] <= needed[hour]


@pytest.mark.parametrize(("reserve", "quiet"), [(0, 1), (1, 2)])
def test_what_being_sure_takes_in_busy_hours_is_not_kept_in_quiet_ones(
    study: Study, times: Clock, need: Need, reserve: int, quiet: int
) -> None:
    # Two would do, four are sure: as where today's own percentile is close below its objective.
    unsure = replace(need, today=4, needed=2, sure=4, reserve=reserve, advised=4)
    hourly = np.where(np.arange(24) < 5, 4, 1)
    facts = facts_of(study, unsure, times, hourly)
    proposed = schedule_of_need(study, unsure, facts, times, hourly)
    assert isinstance(proposed, Proposal)
    (text,) = [str(each.value) for each in proposed.candidates[0] if each.lever.form == "schedule"]
    assert schedule_of(text).steps == ((0, 4), (300, quiet))
    assert [each.id for each in proposed.evidence] == ["by_hour", "sure"]
    assert proposed.reversal.startswith("Go back to today's 4 replicas")
