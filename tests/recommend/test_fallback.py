"""Pools that fail for a while: which states are seen, where calls could have gone, and what nobody can say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from costctl.arrays import Bools
from costctl.documents.recommendations import Recommendation
from costctl.documents.settings import Pool
from costctl.levers.settings import setting
from costctl.recommend.degraded import spans_of, states_of
from costctl.recommend.evaluator import evaluated
from costctl.recommend.kinds import fallback
from costctl.recommend.study import Study
from costctl.synth.demand import Demand, demand_of
from costctl.synth.platform import serve
from costctl.synth.world import World
from tests.recommend.studied_world import study_of_question
from tests.synth.crowded_worlds import POOL, class_of, crowded_world
from tests.synth.written_worlds import written_demand

FROM_S, UNTIL_S = 3_000.0, 3_300.0  # in which all calls to llm fail
IN_TIME_S = 4.0


def world() -> World:
    spare = replace(POOL, name="spare", slots=2)
    classes = (class_of("chat", 0.8, 40, "4s"), class_of("long_generation", 0.2, 800, "60s", pool="spare"))
    pools = (replace(POOL, slots=64), spare)
    return replace(crowded_world(slots=64), requests=2_400, pools=pools, classes=classes, bursts=0)


def down(demand: Demand) -> Bools:
    """The calls that fail, each after a quarter of its answer."""
    start_s = demand.requests.start_s[demand.calls.request]
    return (demand.calls.pool == 0) & (start_s >= FROM_S) & (start_s < UNTIL_S)


def failing(demand: Demand) -> Demand:
    is_down = down(demand)
    calls = demand.calls
    steps = np.where(is_down, calls.steps // 4, calls.steps)
    return replace(demand, calls=replace(calls, is_doomed=calls.is_doomed | is_down, steps=steps))


def judged(study: Study) -> Recommendation:
    (proposed,) = fallback.propose(study)
    return evaluated(study, proposed)


def with_spare(study: Study, **changes: object) -> Study:
    """Whose spare pool is declared otherwise."""
    spare: Pool = msgspec.structs.replace(study.settings.pools["spare"], **changes)
    pools = {**study.settings.pools, "spare": spare}
    return replace(study, settings=msgspec.structs.replace(study.settings, pools=pools))


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Study:
    made = world()
    return study_of_question(written_demand(made, failing(demand_of(made)), tmp_path_factory.mktemp("down")))


def test_the_state_that_was_seen_is_told_and_a_pool_for_it_named(broken: Study) -> None:
    found = judged(broken)
    assert (found.id, found.status) == ("fallback.llm", "candidate")
    assert {each.key: each.to for each in found.change} == {"class.chat.fallback": "spare:error"}
    told = {each.id: each.statement for each in found.evidence}
    assert "calls failed." in told["state_1"]
    assert "state_2" not in told
    assert "at most 0% in any other" in told["threshold"]


def test_nothing_is_promised_of_states_that_may_not_come_again(broken: Study) -> None:
    found = judged(broken)
    assert (found.cash_usd, found.freed_usd, found.goodput_requests) == (None, None, None)
    assert found.is_unpromised
    assert found.before is not None
    assert found.before.startswith("Nothing is promised")


def test_requests_in_time_elsewhere_are_those_of_the_world_itself(broken: Study) -> None:
    made = world()
    demand = demand_of(made)
    everyone = np.ones(demand.requests.start_s.size, np.bool_)
    is_down = down(demand)
    before = serve(made, failing(demand), everyone)
    elsewhere = replace(demand, calls=replace(demand.calls, pool=np.where(is_down, 1, demand.calls.pool)))
    after = serve(made, elsewhere, everyone)
    took_s = (before.end_s - before.ready_s) + (after.end_s - after.ready_s)
    in_time = int((took_s[is_down] <= IN_TIME_S).sum())
    said = next(each.statement for each in judged(broken).evidence if each.id == "replayed")
    replayed, requests = (int(word) for word in said.replace(",", "").split() if word.isdecimal())
    assert requests == is_down.sum()
    assert replayed == pytest.approx(in_time, rel=0.05)


def test_a_class_may_fall_back_to_another_of_its_own_pools(broken: Study) -> None:
    assert broken.today.classes["chat"].pools == ("llm", "spare")
    trial = broken.trial(
        broken.whole,
        (
            setting("class", "queue.limit", "chat", 0),
            setting("class", "fallback", "chat", "spare"),
        ),
    )
    spare = broken.pools.index("spare")
    came = trial.outcome.pool[broken.whole.period.pool != spare]
    assert (came == spare).any()
    assert set(trial.outcome.pool[broken.whole.period.pool == spare].tolist()) == {spare}


def test_a_pool_outside_of_the_boundary_takes_nothing(broken: Study) -> None:
    found = judged(with_spare(broken, jurisdiction="us"))
    assert (found.status, found.withheld_as, found.change) == ("withheld", "ruled_out", ())
    assert "no other pool may serve chat" in found.reason


def test_a_model_that_is_not_allowed_is_asked_for(broken: Study) -> None:
    found = judged(with_spare(broken, models=("another",)))
    assert (found.status, found.withheld_as) == ("withheld", "needs_input")
    assert found.missing == ("classes.chat.allowed_models",)


def test_in_good_order_nothing_is_seen(tmp_path: Path) -> None:
    made = world()
    found = judged(study_of_question(written_demand(made, demand_of(made), tmp_path)))
    assert (found.id, found.withheld_as) == ("fallback", "not_applicable")


def test_failures_that_come_by_chance_are_no_state() -> None:
    rng = np.random.default_rng(7)
    seen = 0
    for _ in range(100):
        at_s = np.sort(rng.uniform(0.0, 20_000.0, 5_000))
        is_failed = rng.random(5_000) < rng.choice([0.0, 0.02, 0.1, 0.4])
        took_s = rng.lognormal(0.0, 1.0, 5_000)
        seen += len(states_of(spans_of(at_s, is_failed, took_s, np.ones(5_000), 20_000.0)))
    assert seen == 0


def test_a_state_begins_and_ends_where_it_was_planted() -> None:
    at_s = np.arange(0.0, 6_000.0, 2.0)
    is_failed = (at_s >= 1_200.0) & (at_s < 1_500.0)
    (found,) = states_of(spans_of(at_s, is_failed, np.ones(at_s.size), np.ones(at_s.size), 6_000.0))
    assert (found.how, found.from_s, found.until_s) == ("failing", 1_200.0, 1_500.0)
    assert (found.calls, found.failed) == (150, 150)


def test_slow_is_what_load_does_not_explain() -> None:
    at_s = np.arange(0.0, 6_000.0, 2.0)
    is_late = (at_s >= 1_200.0) & (at_s < 1_500.0)
    took_s, fine = np.where(is_late, 9.0, 1.0), np.zeros(at_s.size, np.bool_)
    (found,) = states_of(spans_of(at_s, fine, took_s, np.ones(at_s.size), 6_000.0))
    assert (found.how, found.times_slower) == ("slow", 9.0)
    assert (
        states_of(spans_of(at_s, fine, took_s, took_s, 6_000.0)) == ()
    )  # the replay says the same: it is the load
