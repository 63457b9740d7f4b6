"""Who gives way when more calls wait than can be served in time: a pool that is too small in bursts, and one in good
order.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from costctl.documents.recommendations import Recommendation
from costctl.levers.settings import settings_in
from costctl.recommend.evaluator import evaluated
from costctl.recommend.headroom import Loads, waiting_found
from costctl.recommend.kinds import backpressure
from costctl.recommend.proposals import Proposal, Withheld
from costctl.recommend.study import Study
from costctl.recommend.worth import usd_per_accelerator_s
from costctl.scenario.extrapolation import beyond_by_pool, seen_in_progress
from costctl.scenario.load import at_load
from costctl.simulate.workload import CallStatus
from costctl.synth.demand import demand_of
from costctl.synth.platform import serve
from costctl.synth.world import World
from tests.recommend.studied_world import study_of_world
from tests.synth.crowded_worlds import POOL, class_of, crowded_world

CLASSES = (
    class_of("chat", 0.8, 40, "4s", usd=0.05),
    replace(class_of("long_generation", 0.2, 800, None, usd=0.001), timeout_s=1e9),
)
IN_TIME_S = 4.0


def world(slots: int = 4) -> World:
    return replace(crowded_world(slots), classes=CLASSES)


def judged(study: Study) -> list[Recommendation]:
    return [evaluated(study, each) for each in backpressure.propose(study)]


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return study_of_world(world(), tmp_path_factory.mktemp("crowded"))


@pytest.fixture(scope="module")
def good_order(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return study_of_world(world(slots=64), tmp_path_factory.mktemp("good_order"))


def test_the_class_that_is_worth_least_a_second_gives_way(crowded: Study) -> None:
    (found,) = judged(crowded)
    assert found.status == "recommended"
    assert [each.key for each in found.change] == ["class.long_generation.queue.shed_above"]
    told = {each.id: each.statement for each in found.evidence}
    assert "the least first: long_generation" in told["order"]
    assert "of chat misses its objective of 4 s today" in told["headroom_1"]
    goodput = {each.request_class: each for each in found.effects if each.metric == "goodput"}
    assert goodput["chat"].to > goodput["chat"].from_
    assert goodput["long_generation"].to < goodput["long_generation"].from_


def test_what_it_brings_is_what_the_world_itself_brings_without_those_that_are_refused(
    crowded: Study,
) -> None:
    (found,) = judged(crowded)
    settings = settings_in(found.change, found.id)
    replayed = crowded.trial(crowded.whole, settings)
    is_refused = (
        replayed.outcome.status == CallStatus.REJECTED
    )  # every request is one call, in order of arrival
    made = world()
    demand = demand_of(made)
    everyone = np.ones(is_refused.size, np.bool_)
    in_time = []
    for takes_part in (everyone, ~is_refused):
        served = serve(made, demand, takes_part)
        took_s = served.end_s - demand.requests.start_s
        is_chat = demand.requests.request_class == 0
        in_time.append(int((takes_part & np.where(is_chat, took_s <= IN_TIME_S, np.isfinite(took_s))).sum()))
    gained = found.goodput_requests
    assert is_refused.any()
    assert gained is not None
    assert gained.low <= in_time[1] - in_time[0] <= gained.high
    now, then = crowded.whole.today.is_good.sum(), replayed.is_good.sum()
    assert int(then) - int(now) == pytest.approx(in_time[1] - in_time[0], rel=0.05)


def test_a_request_that_is_refused_is_not_in_time(crowded: Study) -> None:
    (found,) = judged(crowded)
    trial = crowded.trial(crowded.whole, settings_in(found.change, found.id))
    is_refused = trial.outcome.status == CallStatus.REJECTED
    assert not trial.is_good[crowded.whole.period.request[is_refused]].any()


def test_who_may_wait_comes_again_instead(tmp_path: Path) -> None:
    patient = replace(CLASSES[1], is_deferrable=True)
    (found,) = judged(study_of_world(replace(world(), classes=(CLASSES[0], patient)), tmp_path))
    assert found.status == "recommended"
    assert {each.lever for each in found.change} == {
        "class.queue.shed_above",
        "class.retries",
        "class.backoff",
    }


def test_who_has_another_pool_within_its_boundary_goes_there(tmp_path: Path) -> None:
    beside = replace(class_of("rag", 0.1, 40, "4s", pool="spare", usd=0.05), route="/v1/ask")
    two = replace(
        world(), pools=(*world().pools, replace(POOL, name="spare", slots=64)), classes=(*CLASSES, beside)
    )
    study = study_of_world(two, tmp_path)
    (found, _) = judged(study)
    assert {each.key: each.to for each in found.change}["class.long_generation.fallback"] == "spare:overload"

    outside = msgspec.structs.replace(study.settings.pools["spare"], jurisdiction="us")
    pools = {**study.settings.pools, "spare": outside}
    settings = msgspec.structs.replace(study.settings, pools=pools)
    (stays, _) = judged(replace(study, settings=settings))
    assert "class.fallback" not in {each.lever for each in stays.change}


def test_in_good_order_nobody_gives_way_and_the_headroom_is_said(good_order: Study) -> None:
    (found,) = judged(good_order)
    assert (found.status, found.withheld_as, found.change) == ("withheld", "ruled_out", ())
    assert found.reason.startswith("Every request is in time today.")
    assert "times today's load" in found.reason


def test_without_values_they_are_asked_for(crowded: Study) -> None:
    classes = {
        name: msgspec.structs.replace(each, value=None) for name, each in crowded.settings.classes.items()
    }
    settings = msgspec.structs.replace(crowded.settings, classes=classes)
    (found,) = judged(replace(crowded, settings=settings))
    assert found.withheld_as == "needs_input"
    assert found.missing == (
        "classes.chat.value.usd_per_success",
        "classes.long_generation.value.usd_per_success",
    )


def test_without_objectives_no_load_is_too_much(crowded: Study) -> None:
    settings = msgspec.structs.replace(crowded.settings, classes={})
    (found,) = backpressure.propose(replace(crowded, settings=settings))
    assert isinstance(found, Withheld)
    assert found.how == "needs_input"
    assert found.missing[0] == "classes.chat.slo.e2e_p95"


def test_the_load_at_which_an_objective_is_left_is_the_first_on_a_grid(crowded: Study) -> None:
    loads = Loads(crowded)
    found = loads.headroom(crowded.classes.index("chat"))
    grid = [round(0.05 * step, 2) for step in range(6, 21)]
    chat = crowded.classes.index("chat")
    is_missed = {
        load: any(each.promise.request_class == chat for each in loads.at(load).missed) for load in grid
    }
    assert found.load == min(load for load in grid if is_missed[load])
    assert found.promise is not None
    assert found.promise.target_s == IN_TIME_S


def test_a_load_that_halves_lead_to_is_the_one_that_is_said(crowded: Study) -> None:
    loads = Loads(crowded)
    assert 0.1 + 0.2 != 0.3
    assert loads.at(0.1 + 0.2) is loads.at(0.3)


def test_what_is_beyond_the_observed_is_that_of_the_replay_at_the_load(crowded: Study) -> None:
    loads = Loads(crowded)
    for load in (1.0, 3.0):
        grown = at_load(crowded.first.period, load, crowded.seed)
        outcome = grown.trial(grown.pools).outcome
        beyond = beyond_by_pool(outcome, grown.pools, seen_in_progress(crowded.fits))
        assert loads.at(load).beyond_ratio == max(beyond)


def test_more_load_never_leaves_fewer_waiting(crowded: Study) -> None:
    loads = Loads(crowded)
    waiting = [loads.at(load).waiting[0] for load in (0.25, 0.5, 1.0, 2.0)]
    assert waiting == sorted(waiting)
    assert waiting[-1] > waiting[0]


def test_those_that_wait_are_counted_as_one_by_one(crowded: Study) -> None:
    outcome = crowded.first.today.outcome
    of_pool = np.zeros(outcome.begin_s.size, np.bool_)
    of_pool[:400] = True
    found = waiting_found(outcome, of_pool)
    at_s, begin_s = outcome.arrival_s[:400], outcome.begin_s[:400]
    slow = [sum(begin_s[other] > at_s[call] for other in range(call)) for call in range(400)]
    assert found.tolist() == slow


def test_value_is_over_all_the_busy_time_that_a_class_answers_for(crowded: Study) -> None:
    # Everything is served by one replica: the shares of all classes sum to its busy time.
    seconds = []
    for number, usd in enumerate((0.05, 0.001)):
        worth = usd_per_accelerator_s(crowded, number)
        assert worth is not None
        successes = int(crowded.first.period.is_success[crowded.first.period.members(number)].sum())
        seconds.append(usd * successes / worth)
    assert sum(seconds) == pytest.approx(float(crowded.own_of(crowded.first.period).share_s.sum()))


def test_the_order_of_the_classes_in_the_file_changes_nothing(crowded: Study) -> None:
    turned = dict(reversed(crowded.settings.classes.items()))
    settings = msgspec.structs.replace(crowded.settings, classes=turned)
    (here,), (there,) = (
        backpressure.propose(crowded),
        backpressure.propose(replace(crowded, settings=settings)),
    )
    assert isinstance(here, Proposal)
    assert here == there
