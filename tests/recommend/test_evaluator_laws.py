"""What must hold of every judgement, whatever the kind of advice: the sample with two replicas where one suffices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from costctl.documents.recommendations import Recommendation
from costctl.documents.settings import Settings, Slo
from costctl.levers.settings import setting
from costctl.observation import observed
from costctl.recommend.evaluator import evaluated
from costctl.recommend.ledger import joint_savings, ranked
from costctl.recommend.proposals import Candidate, Proposal, Subject
from costctl.recommend.registry import KINDS
from costctl.recommend.savings import savings_between
from costctl.recommend.study import Study, study_of
from costctl.synth.presets import sample_world
from costctl.verbs.analyze import fits_of, frames_of
from tests.synth.written_worlds import written

POOL = "llm-economy"
USD_PER_HOUR = 2.5


def unwatched(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("two-replicas")
    return study_with(folder, {})


def study_with(folder: Path, objectives: dict[str, str]) -> Study:
    """The study of the world, with other end-to-end objectives for some classes."""
    world = sample_world(7)
    pools = tuple(replace(pool, replicas=2) if pool.name == POOL else pool for pool in world.pools)
    question = written(replace(world, pools=pools), folder)
    with observed(question, unwatched) as observation:
        frames = frames_of(observation, unwatched)
        fits = fits_of(observation, frames, unwatched)
        settings = with_objectives(observation.config.settings, objectives)
        found = study_of(frames, fits, settings, 0)
    assert found is not None
    return found


def with_objectives(settings: Settings, objectives: dict[str, str]) -> Settings:
    classes = {
        name: msgspec.structs.replace(each, slo=Slo(e2e_p95=objectives[name])) if name in objectives else each
        for name, each in settings.classes.items()
    }
    return msgspec.structs.replace(settings, classes=classes)


def proposal(study: Study, *candidates: Candidate) -> Proposal:
    number = study.pools.index(POOL)
    return Proposal(
        subject=Subject("any", None, POOL),
        candidates=candidates,
        goal="cost",
        classes=tuple(study.served_classes(number)),
        pools=(number,),
        reason="It is the best.",
        if_none="None is better.",
        reversal="Undo it.",
    )


def replicas(count: int) -> Candidate:
    return (setting("pool", "replicas", POOL, count),)


def judged(study: Study, *candidates: Candidate) -> Recommendation:
    return evaluated(study, proposal(study, *candidates))


def test_today_s_own_settings_are_never_advice(study: Study) -> None:
    assert judged(study, replicas(2)).status == "withheld"
    assert judged(study, ()).status == "withheld"


def test_a_replica_less_is_cash_by_its_price_and_nothing_else(study: Study) -> None:
    made = judged(study, replicas(1))
    assert made.status == "recommended"
    assert made.cash_usd_per_week is not None
    assert made.cash_usd_per_week.is_exact
    assert made.cash_usd_per_week.mid == pytest.approx(USD_PER_HOUR * 168)
    assert made.freed_time == ()  # its time went with it


def test_a_replica_more_is_never_advice_for_cost(study: Study) -> None:
    assert judged(study, replicas(3)).status == "withheld"


def test_worse_candidates_beside_the_best_change_nothing(study: Study) -> None:
    alone, among = judged(study, replicas(1)), judged(study, replicas(3), replicas(1), replicas(2), ())
    assert among.change == alone.change
    assert among.cash_usd_per_week == alone.cash_usd_per_week
    assert among.holdout == alone.holdout


def test_an_objective_that_nothing_can_keep_forbids_what_makes_it_worse(
    study: Study, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # p95 of chat is some 8 s with two replicas and longer with one; 1 s is missed today, and may not get worse.
    strict = study_with(tmp_path_factory.mktemp("strict"), {"chat": "1s"})
    assert judged(study, replicas(1)).status == "recommended"
    assert judged(strict, replicas(1)).status == "withheld"


def test_savings_of_a_change_and_of_its_undoing_are_opposite(study: Study) -> None:
    part = study.first
    trial = study.trial(part, (setting("pool", "batch.window", "embedder", 0.1),))
    there, back = (savings_between(study, part, *pair) for pair in ((part.today, trial), (trial, part.today)))
    assert there.freed is not None
    assert back.freed is not None
    for told, undone in (
        (there.freed.of_window, back.freed.of_window),
        (there.freed.a_week, back.freed.a_week),
    ):
        assert told.mid == pytest.approx(-undone.mid)
        assert (told.low, told.high) == pytest.approx((-undone.high, -undone.low))


def test_increments_add_up_to_the_joint_savings_in_the_order_of_the_list(study: Study) -> None:
    proposals = [each for kind in KINDS for each in kind.propose(study)]
    advice = ranked([evaluated(study, each) for each in (*proposals, proposal(study, replicas(1)))])
    recommended = [item for item in advice if item.status == "recommended"]
    joint = joint_savings(study, recommended)
    assert joint is not None
    made = [item.id for item in recommended]
    assert [each.id for each in joint.order] == made
    assert made[0] == f"any.{POOL}"  # cash comes first
    cash = sum(each.cash_usd_per_week.mid for each in joint.order if each.cash_usd_per_week is not None)
    assert joint.cash_usd_per_week is not None
    assert cash == pytest.approx(joint.cash_usd_per_week.mid)


def test_busy_time_is_never_more_than_what_is_paid_for(study: Study) -> None:
    for part in (study.first, study.second, study.whole):
        slack = 1.02  # calls that begin in the part may end after it
        assert np.all(part.today.busy_usd.sum(axis=1) <= slack * part.today.paid_usd.sum(axis=1))
