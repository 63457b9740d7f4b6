"""Recommendations on the sample traces: found where the world has something to gain, withheld with reasons
elsewhere.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import msgspec
import pytest

import costctl
from costctl import verbs
from costctl.documents.metrics import METRICS
from costctl.documents.recommendations import Recommendation, Recommendations
from costctl.documents.schemas import rendered
from costctl.observation import Question
from costctl.recommend.registry import KINDS
from costctl.synth.demand import demand_of
from costctl.synth.platform import serve
from costctl.synth.presets import sample_world
from tests.synth.written_worlds import written


def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


@pytest.fixture(scope="module")
def recommendations(sample_question: Question) -> Recommendations:
    return verbs.recommend(sample_question, quiet)


def advice(document: Recommendations, kind: str) -> list[Recommendation]:
    return [item for item in document.recommendations if item.kind == kind]


def test_every_kind_is_spoken_of(recommendations: Recommendations) -> None:
    assert {item.kind for item in recommendations.recommendations} == {kind.name for kind in KINDS}
    assert len({item.id for item in recommendations.recommendations}) == len(recommendations.recommendations)


def test_what_is_recommended_can_be_replayed_as_it_is(
    recommendations: Recommendations, sample_question: Question
) -> None:
    store = costctl.open_store(sample_question.store, config=sample_question.config)
    made = [item for item in recommendations.recommendations if item.status == "recommended"]
    assert made
    for item in made:
        replayed = store.simulate({each.key: each.to for each in item.change})
        assert {(each.key, each.to) for each in item.change} <= {
            (each.key, each.to) for each in replayed.scenario.changes
        }


def test_what_is_recommended_saves_for_certain_on_the_part_it_was_not_fitted_on(
    recommendations: Recommendations,
) -> None:
    made = [item for item in recommendations.recommendations if item.status == "recommended"]
    assert made
    for item in made:
        assert any(each.from_ != each.to for each in item.change)
        assert item.evidence
        assert item.reversal
        assert item.holdout is not None
        assert item.holdout.freed_usd is not None
        assert item.holdout.freed_usd.low > 0
        assert item.holdout.is_slo_met


def test_nothing_is_promised_that_the_bill_would_not_show(recommendations: Recommendations) -> None:
    # Every pool of the sample has one replica, and each goes on serving: not a cent leaves the bill.
    made = [item for item in recommendations.recommendations if item.status == "recommended"]
    assert recommendations.joint is not None
    holdouts = [item.holdout for item in made if item.holdout is not None]
    assert made
    for item in (*made, *holdouts, *recommendations.joint.order, recommendations.joint):
        assert item.cash_usd is None
        assert item.cash_usd_per_week is None
        assert item.freed_usd is not None
    for item in made:
        (freed, *_) = item.freed_time
        assert freed.missing_replicas == pytest.approx(freed.busy_replicas)
        assert 0 < freed.freed_replicas < freed.busy_replicas < 1


def test_what_is_withheld_says_why_and_claims_nothing(recommendations: Recommendations) -> None:
    withheld = [item for item in recommendations.recommendations if item.status == "withheld"]
    assert withheld
    for item in withheld:
        assert item.reason
        assert item.cash_usd is None
        assert item.freed_usd is None
        assert item.change == ()


def test_a_pool_that_batches_continuously_has_no_window(recommendations: Recommendations) -> None:
    continuous = [item for item in advice(recommendations, "batch_window") if item.pool != "embedder"]
    assert continuous
    for item in continuous:
        assert item.status == "withheld"
        assert "max_num_seqs" in item.reason


def test_classification_moves_to_the_pool_where_it_costs_less(recommendations: Recommendations) -> None:
    (move,) = [item for item in advice(recommendations, "tier_placement") if item.status == "recommended"]
    assert (move.request_class, move.pool) == ("classification", "llm-economy")


def test_the_saving_of_the_move_is_the_one_that_the_world_itself_would_make(
    recommendations: Recommendations,
) -> None:
    # The same world, with classification served by the other pool from the start.
    world = sample_world(7)
    steps = tuple(
        replace(step, pool="llm-economy") if step.pool == "llm-premium" else step
        for step in world.classes[0].steps
    )
    moved = replace(world, classes=(replace(world.classes[0], steps=steps), *world.classes[1:]))
    usd = []
    for each in (world, moved):
        demand = demand_of(each)
        busy_s = serve(each, demand, demand.requests.start_s >= 0).busy_s
        usd.append(
            sum(
                busy_s
                * [pool.usd_per_replica_hour / 3600 for pool in each.pools for _ in range(pool.replicas)]
            )
        )
    true_usd = usd[0] - usd[1]
    (move,) = [item for item in advice(recommendations, "tier_placement") if item.status == "recommended"]
    assert move.freed_usd is not None
    assert move.freed_usd.mid == pytest.approx(true_usd, rel=0.25)


def test_a_week_is_told_of_less_than_a_day_only_where_it_is_asked_for(
    recommendations: Recommendations, sample_question: Question
) -> None:
    baseline = recommendations.baseline
    assert baseline.observed_hours < 24
    assert (baseline.is_weekly_given, baseline.usd_per_week, baseline.requests_per_week) == (
        False,
        None,
        None,
    )
    assert all(item.freed_usd_per_week is None for item in recommendations.recommendations)
    asked = verbs.recommend(replace(sample_question, is_extrapolating=True), quiet)
    weeks = asked.baseline.observed_hours / 168
    assert asked.baseline.usd_per_week == pytest.approx((baseline.usd or 0.0) / weeks)
    made = [item for item in asked.recommendations if item.status == "recommended"]
    assert made
    for item in made:
        assert item.freed_usd_per_week is not None
        assert item.freed_usd is not None
        assert item.freed_usd_per_week.mid * weeks == pytest.approx(item.freed_usd.mid)


def test_savings_together_are_the_sum_of_what_each_adds(recommendations: Recommendations) -> None:
    joint = recommendations.joint
    assert joint is not None
    assert joint.freed_usd is not None
    made = [item for item in recommendations.recommendations if item.status == "recommended"]
    assert {each.id for each in joint.order} == {item.id for item in made}
    added = [each.freed_usd.mid for each in joint.order if each.freed_usd is not None]
    assert sum(added) == pytest.approx(joint.freed_usd.mid, rel=1e-9)
    lows = {item.id: item.freed_usd.low for item in made if item.freed_usd is not None}
    assert [lows[each.id] for each in joint.order] == sorted(lows.values(), reverse=True)


def test_the_document_keeps_to_its_schema(recommendations: Recommendations) -> None:
    jsonschema.validate(
        json.loads(msgspec.json.encode(recommendations)), json.loads(rendered("recommendations"))
    )


def with_premium_slots(folder: Path, slots: int) -> Question:
    """A premium pool with few slots, whose clients wait however long it takes."""
    world = sample_world(7)
    pools = tuple(replace(pool, slots=slots) if pool.name == "llm-premium" else pool for pool in world.pools)
    classes = tuple(
        replace(spec, timeout_s=1e9, e2e_p95="8s" if spec.name == "classification" else spec.e2e_p95)
        for spec in world.classes
    )
    return written(replace(world, pools=pools, classes=classes), folder)


def test_where_calls_wait_in_vain_a_queue_limit_brings_more_of_them_in_time(tmp_path: Path) -> None:
    document = verbs.recommend(with_premium_slots(tmp_path, 2), quiet)
    (made,) = [item for item in advice(document, "queue_limit") if item.request_class == "classification"]
    assert made.status == "recommended"
    assert [each.lever for each in made.change] == ["class.queue.limit", "class.queue.max_wait"]
    (goodput,) = [effect for effect in made.effects if effect.metric == "goodput"]
    assert goodput.to > goodput.from_
    assert made.cash_usd is None


def test_a_pool_whose_calls_never_run_side_by_side_stops_nothing(tmp_path: Path) -> None:
    document = verbs.analyze(with_premium_slots(tmp_path, 1), quiet)
    assert any(
        "llm-premium has no service model: its calls do not tell" in note for note in document.coverage.notes
    )


def test_effects_are_named_by_the_catalogue_of_metrics(recommendations: Recommendations) -> None:
    units = {metric.id: metric.unit for metric in METRICS.values()}
    effects = [effect for item in recommendations.recommendations for effect in item.effects]
    assert effects
    assert [(effect.metric, effect.unit) for effect in effects] == [
        (effect.metric, units[effect.metric]) for effect in effects
    ]
