"""Attempts on replicas of one's own: a world whose third attempts never succeed, and one whose further attempts do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from costctl.arrays import Bools
from costctl.documents.recommendations import Recommendation
from costctl.levers.settings import setting
from costctl.rebill.attempts import Attempts
from costctl.recommend.attempt_budgets import tried_of
from costctl.recommend.evaluator import evaluated
from costctl.recommend.kinds import retry
from costctl.recommend.proposals import Withheld
from costctl.recommend.study import Study
from costctl.synth.demand import Demand, demand_of
from costctl.synth.platform import serve
from costctl.synth.world import World
from tests.recommend.studied_world import study_of_question
from tests.synth.crowded_worlds import class_of, crowded_world
from tests.synth.written_worlds import written_demand

USD_PER_S = 2.5 / 3600.0  # of the replica


def world(failure_ratio: float) -> World:
    chat = replace(class_of("chat", 1.0, 40, "20s"), failure_ratio=failure_ratio, retries=2)
    return replace(crowded_world(slots=64), requests=2_400, classes=(chat,))


def in_vain(demand: Demand) -> Demand:
    """As it was, and no third attempt succeeds."""
    calls = demand.calls
    return replace(demand, calls=replace(calls, is_doomed=calls.is_doomed | (calls.attempt > 2)))


def with_calls(demand: Demand, keep: Bools) -> Demand:
    """With these of its calls, whose predecessors are among them."""
    calls = demand.calls
    place = np.cumsum(keep) - 1
    columns = {name: getattr(calls, name)[keep] for name in calls.__dataclass_fields__}
    after = columns["after"]
    return replace(
        demand, calls=replace(calls, **{**columns, "after": np.where(after < 0, -1, place[after])})
    )


def judged(study: Study) -> Recommendation:
    (proposed,) = retry.propose(study)
    return evaluated(study, proposed)


@pytest.fixture(scope="module")
def wasteful(tmp_path_factory: pytest.TempPathFactory) -> Study:
    made = world(0.4)
    return study_of_question(written_demand(made, in_vain(demand_of(made)), tmp_path_factory.mktemp("vain")))


def test_attempts_beyond_those_that_succeed_are_left_out(wasteful: Study) -> None:
    found = judged(wasteful)
    assert (found.status, found.id) == ("recommended", "retry.chat.pools")
    assert [(each.key, each.to) for each in found.change] == [("class.chat.retry.attempts", 2)]
    assert found.cash_usd is None
    assert found.holdout is not None
    assert found.holdout.is_slo_met


def test_the_time_that_is_freed_is_what_the_world_is_less_busy_without_them(wasteful: Study) -> None:
    made = world(0.4)
    demand = in_vain(demand_of(made))
    everyone = np.ones(demand.requests.start_s.size, np.bool_)
    fewer = with_calls(demand, demand.calls.attempt <= 2)
    freed_s = sum(serve(made, demand, everyone).busy_s) - sum(serve(made, fewer, everyone).busy_s)
    freed = judged(wasteful).freed_usd
    assert freed is not None
    assert freed.low <= freed_s * USD_PER_S <= freed.high
    assert freed.mid == pytest.approx(freed_s * USD_PER_S, rel=0.1)


def test_a_budget_that_nothing_exceeds_changes_nothing(wasteful: Study) -> None:
    whole = wasteful.whole
    trial = wasteful.trial(whole, (setting("class", "retry.attempts", "chat", 3),))
    assert np.array_equal(trial.e2e_s, whole.today.e2e_s, equal_nan=True)
    assert trial.busy_usd == pytest.approx(whole.today.busy_usd)


def test_fewer_attempts_never_take_more_time(wasteful: Study) -> None:
    busy = [
        float(
            wasteful.trial(wasteful.whole, (setting("class", "retry.attempts", "chat", most),)).busy_usd.sum()
        )
        for most in (1, 2, 3)
    ]
    assert busy == sorted(busy)
    assert busy[0] < busy[1] < busy[2]


def test_requests_that_succeed_only_later_are_lost_to_a_smaller_budget(wasteful: Study) -> None:
    whole = wasteful.whole
    trial = wasteful.trial(whole, (setting("class", "retry.attempts", "chat", 1),))
    succeeded_later = ~wasteful.own.is_failed & (wasteful.own.number == 2)
    lost = whole.period.request[succeeded_later]
    assert lost.size > 0
    assert np.isinf(trial.e2e_s[lost]).all()
    assert not trial.is_good[lost].any()


def test_successes_that_are_cut_in_the_hold_out_period_are_a_decision(wasteful: Study) -> None:
    third = np.flatnonzero(wasteful.own.number == 3)
    is_failed = wasteful.own.is_failed.copy()
    is_failed[third[-3:]] = False
    found = judged(replace(wasteful, own=replace(wasteful.own, is_failed=is_failed)))
    assert (found.status, found.withheld_as) == ("candidate", "needs_input")
    assert found.before is not None
    assert found.before.startswith("In the hold-out period 3 calls succeeded only after the second attempt")


def test_where_further_attempts_succeed_nothing_is_claimed(tmp_path: Path) -> None:
    made = world(0.2)
    found = judged(study_of_question(written_demand(made, demand_of(made), tmp_path)))
    assert (found.status, found.withheld_as) == ("withheld", "ruled_out")
    assert found.reason.startswith("Its further attempts succeed: a success after the ")


def test_where_no_call_is_made_again_there_is_nothing_to_say(tmp_path: Path) -> None:
    made = world(0.0)
    (found,) = retry.propose(study_of_question(written_demand(made, demand_of(made), tmp_path)))
    assert isinstance(found, Withheld)
    assert found.how == "not_applicable"


def test_a_budget_cuts_what_a_slow_count_cuts() -> None:
    # Of three things, by attempt: failed, failed, failed · failed, succeeded · succeeded
    attempts = Attempts(number=np.array([1, 2, 3, 1, 2, 1]), first=np.array([0, 0, 0, 3, 3, 5]))
    is_failed = np.array([True, True, True, True, False, False])
    seconds = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    tried = tried_of(attempts, is_failed, seconds, np.ones(6, np.bool_))
    assert tried.safe == 2
    assert seconds[tried.beyond(2, tried.in_first)].sum() == 4.0
    assert (tried.lost(1, tried.in_first), tried.lost(2, tried.in_first)) == (1, 0)
    assert tried.cost_of_success(1) == 2.0 + 4.0 + 16.0
    assert tried.dearest == (1, 22.0, 32.0)
