"""Schedules and work that waits: laws over two days of known load, and what is advised on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from costctl import verbs
from costctl.documents.recommendations import Recommendation, Recommendations
from costctl.levers.schedule import schedule_of
from costctl.observation import Question
from costctl.render.numbers import length
from costctl.render.recommendation_words import in_words
from costctl.units import S_PER_HOUR
from tests.conftest import unwatched
from tests.synth.day_worlds import POOL, days_world, world_with_slack
from tests.synth.replica_worlds import WITHOUT_RESERVE
from tests.synth.written_worlds import with_pool_lines, written

PRICE = 12.29  # of a replica hour


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Question:
    return written(days_world(), tmp_path_factory.mktemp("days"))


@pytest.fixture(scope="module")
def advice(days: Question) -> Recommendations:
    return verbs.recommend(days, unwatched)


@pytest.fixture(scope="module")
def with_slack(tmp_path_factory: pytest.TempPathFactory) -> Recommendations:
    """Replicas are slow to start, so that no schedule answers the same question better."""
    question = written(world_with_slack(), tmp_path_factory.mktemp("slack"))
    return verbs.recommend(with_pool_lines(question, f'{WITHOUT_RESERVE}\nstart_up = "12h"'), unwatched)


def named(document: Recommendations, name: str) -> Recommendation:
    (found,) = [each for each in document.recommendations if each.id == name]
    return found


def setting(advised: Recommendation, lever: str) -> object:
    (change,) = [each for each in advised.change if each.lever == lever]
    return change.to


def test_a_schedule_never_has_more_replicas_than_the_constant_and_costs_no_more(
    advice: Recommendations,
) -> None:
    constant, schedule = named(advice, f"capacity.{POOL}"), named(advice, f"capacity.{POOL}.schedule")
    assert constant.capacity is not None
    assert schedule.capacity is not None
    most = int(str(setting(constant, "pool.replicas")))
    assert [each.hour for each in schedule.capacity.hours] == [f"{hour:02d}:00" for hour in range(24)]
    assert all(each.replicas <= most for each in schedule.capacity.hours)
    assert all(each.needed is not None and each.needed < each.replicas for each in schedule.capacity.hours)
    assert constant.cash_usd is not None
    assert schedule.cash_usd is not None
    assert schedule.cash_usd.low >= constant.cash_usd.low > 0


def test_each_hour_of_the_table_is_what_the_setting_says(advice: Recommendations) -> None:
    schedule = named(advice, f"capacity.{POOL}.schedule")
    assert schedule.capacity is not None
    steps = schedule_of(str(setting(schedule, "pool.schedule"))).steps
    said = [
        ([number for minute, number in steps if minute <= 60 * hour] or [steps[-1][1]])[-1]
        for hour in range(24)
    ]
    assert said == [each.replicas for each in schedule.capacity.hours]


def test_the_cash_of_a_schedule_is_the_hours_it_saves_less_the_start_ups(advice: Recommendations) -> None:
    # The window is two days and two hours, cut after 30 hours: each part of it says the same of a week.
    schedule = named(advice, f"capacity.{POOL}.schedule")
    assert schedule.capacity is not None
    assert schedule.cash_usd_per_week is not None
    by_day = sum(6 - each.replicas for each in schedule.capacity.hours) * PRICE
    around = [each.replicas for each in schedule.capacity.hours]
    starts = sum(max(after - before, 0) for before, after in zip([around[-1], *around], around, strict=False))
    start_ups = starts * PRICE * 300.0 / S_PER_HOUR
    # Replicas that end their calls after they are let go are paid for until then: up to 10 minutes each.
    drained = starts * PRICE * 600.0 / S_PER_HOUR
    assert schedule.holdout is not None
    assert schedule.holdout.cash_usd_per_week is not None
    for told in (schedule.cash_usd_per_week, schedule.holdout.cash_usd_per_week):
        assert 7 * (by_day - start_ups - drained) < told.mid <= 7 * (by_day - start_ups) + 0.01


def test_what_both_save_together_is_what_the_better_one_saves(advice: Recommendations) -> None:
    schedule = named(advice, f"capacity.{POOL}.schedule")
    assert advice.joint is not None
    assert advice.joint.cash_usd is not None
    assert schedule.cash_usd is not None
    assert advice.joint.cash_usd == schedule.cash_usd
    assert advice.joint.cash_usd_per_week == schedule.cash_usd_per_week


def test_a_schedule_can_be_replayed_as_it_is_and_keeps_the_objective(
    advice: Recommendations, days: Question
) -> None:
    schedule = named(advice, f"capacity.{POOL}.schedule")
    request = verbs.ScenarioRequest(settings={each.key: each.to for each in schedule.change})
    replayed = verbs.simulate(days, request, unwatched)
    p95_s = {each.request_class: each.e2e_s.p95 for each in replayed.result.classes if each.e2e_s is not None}
    assert p95_s["chat"] <= 300.0
    assert p95_s["long_generation"] <= 3600.0
    assert schedule.cash_usd is not None
    saved_usd = (replayed.baseline.usd or 0.0) - (replayed.result.usd or 0.0)
    assert saved_usd == pytest.approx(schedule.cash_usd.mid, rel=0.02)


def test_work_that_can_wait_lets_replicas_go(with_slack: Recommendations) -> None:
    found = named(with_slack, f"deferral.{POOL}")
    assert found.status == "recommended"
    assert found.holdout is not None
    assert found.holdout.is_slo_met
    without = named(with_slack, f"capacity.{POOL}")
    assert without.capacity is not None
    assert int(str(setting(found, "pool.replicas"))) < without.capacity.needed
    assert setting(found, "class.defer.hours") == "20:00-08:00"
    assert found.cash_usd is not None
    assert found.cash_usd.low > 0


def test_how_long_it_waits_stands_beside_its_latency(with_slack: Recommendations) -> None:
    found = named(with_slack, f"deferral.{POOL}")
    told = {each.metric: each for each in found.effects if "put_off" in each.metric}
    assert {each.request_class for each in told.values()} == {"long_generation"}
    p95_s, longest_s = told["put_off_p95"].to, told["longest_put_off"].to
    within_s = setting(found, "class.defer.within")
    assert isinstance(within_s, float)
    assert 3600.0 < p95_s <= longest_s <= within_s
    assert f"long_generation put off by up to {length(longest_s)} (p95 {length(p95_s)})" in in_words(found)
    unmoved = named(with_slack, f"capacity.{POOL}")
    assert not any("put_off" in each.metric for each in unmoved.effects)


def test_other_answers_to_the_same_question_are_not_added_up(with_slack: Recommendations) -> None:
    found = named(with_slack, f"deferral.{POOL}")
    assert with_slack.joint is not None
    assert with_slack.joint.cash_usd is not None
    assert found.cash_usd is not None
    assert with_slack.joint.cash_usd.mid == pytest.approx(found.cash_usd.mid)
    other = named(with_slack, f"capacity.{POOL}")
    assert other.status == "withheld"
    assert f"another way to what deferral.{POOL} does" in other.reason


def test_where_no_class_may_wait_nothing_is_put_off(advice: Recommendations) -> None:
    found = named(advice, "deferral")
    assert (found.status, found.withheld_as) == ("withheld", "not_applicable")
    assert "classes.NAME.deadline" in found.reason


def test_hours_of_the_table_are_those_of_the_load(advice: Recommendations) -> None:
    constant = named(advice, f"capacity.{POOL}")
    assert constant.capacity is not None
    busy = np.array([each.busy_replicas for each in constant.capacity.hours])
    calls = np.array([each.calls for each in constant.capacity.hours])
    assert int(calls.argmax()) in range(11, 18)  # the world is busiest at 14 h
    assert np.corrcoef(busy, calls)[0, 1] > 0.9


def test_replicas_that_take_half_a_day_to_start_get_no_schedule(tmp_path: Path) -> None:
    world = days_world()
    few = replace(world, hours=48.5, requests=world.requests / 4)
    slow = with_pool_lines(written(few, tmp_path), 'start_up = "12h"')
    schedule = named(verbs.recommend(slow, unwatched), f"capacity.{POOL}.schedule")
    assert (schedule.status, schedule.withheld_as) == ("withheld", "not_applicable")
    assert schedule.reason.startswith(f"A replica takes 12h to start (pools.{POOL}.start_up)")
