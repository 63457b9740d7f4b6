"""Who goes first: a pool whose answers in a hurry wait behind long ones, and the same pool with room for both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from costctl.arrays import Floats, Ints
from costctl.recommend.evaluator import evaluated
from costctl.recommend.kinds import lane
from costctl.recommend.proposals import Proposal
from costctl.recommend.study import Study
from costctl.render.recommendations import grounds
from tests.recommend.studied_world import study_of_world
from tests.synth.crowded_worlds import crowded_world


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return study_of_world(crowded_world(slots=4), tmp_path_factory.mktemp("crowded"))


def served_in_order(arrival_s: Floats, work_s: Floats, rank: Ints, servers: int) -> Floats:
    """When each call begins: the slow way, one look at all who wait each time that a server is free."""
    free_s, begin_s = np.zeros(servers), np.full(arrival_s.size, np.nan)
    left = set(range(arrival_s.size))
    while left:
        server = int(free_s.argmin())
        now = max(float(free_s[server]), min(arrival_s[each] for each in left))
        call = min(
            (each for each in left if arrival_s[each] <= now), key=lambda each: (rank[each], arrival_s[each])
        )
        begin_s[call], free_s[server] = now, now + work_s[call]
        left.remove(call)
    return begin_s


def test_short_answers_in_a_hurry_go_before_long_ones(crowded: Study) -> None:
    (proposed,) = lane.propose(crowded)
    found = evaluated(crowded, proposed)
    assert found.status == "recommended"
    lanes = {each.key: each.to for each in found.change}
    assert lanes["class.chat.lane"] == 1
    assert "class.long_generation.lane" not in lanes
    assert found.cash_usd is None


def test_more_requests_are_in_time_as_an_engine_of_four_places_says(crowded: Study) -> None:
    (proposed,) = lane.propose(crowded)
    found = evaluated(crowded, proposed)
    period = crowded.whole.period
    of_call = period.request_class[period.request]
    work_s = (
        period.today.end_s - period.today.begin_s
    )  # all four places are taken nearly always, today and then
    in_time = []
    for rank in (np.zeros(of_call.size, np.int64), of_call):
        begin_s = served_in_order(period.today.arrival_s, work_s, rank, servers=4)
        took_s = begin_s + work_s - period.today.arrival_s
        in_time.append(int((took_s <= period.target_s[period.request]).sum()))
    gained = found.goodput_requests
    assert gained is not None
    assert gained.mid == pytest.approx(in_time[1] - in_time[0], rel=0.1)


def test_who_makes_the_others_wait_is_named(crowded: Study) -> None:
    (proposed,) = lane.propose(crowded)
    assert [each.statement.partition(" the other")[0] for each in proposed.evidence] == [
        "Without long_generation"
    ]


def test_no_class_leaves_an_objective_for_another(crowded: Study) -> None:
    (proposed,) = lane.propose(crowded)
    found = evaluated(crowded, proposed)
    assert found.holdout is not None
    assert found.holdout.is_slo_met  # which is no worse than today; nobody may read it as met
    assert [(each.request_class, each.target_s) for each in found.holdout.missed] == [("chat", 4.0)]
    assert (
        "; SLO missed as today: chat e2e p95 11.65 s, promised 4.00 s."
        in dict(grounds(found))["Hold-out period"]
    )


def test_the_order_of_the_classes_in_the_file_changes_nothing(crowded: Study) -> None:
    turned = dict(reversed(crowded.settings.classes.items()))
    settings = msgspec.structs.replace(crowded.settings, classes=turned)
    (here,), (there,) = lane.propose(crowded), lane.propose(replace(crowded, settings=settings))
    assert here == there


def test_where_nobody_waits_no_order_is_advised(tmp_path: Path) -> None:
    (proposed,) = lane.propose(study_of_world(crowded_world(slots=64), tmp_path))
    assert not isinstance(proposed, Proposal)
    assert proposed.reason.startswith("Hardly a call waits there")
