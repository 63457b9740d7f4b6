"""Advice on capacity that is paid for by time, on weeks whose truth is played call by call: a commitment that pays is
found with its size, one that does not is ruled out; own replicas are candidates, with the volume at which they turn.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from costctl import verbs
from costctl.documents.capacity_settings import Commitment, OwnReplicas
from costctl.documents.price_settings import PriceSettings
from costctl.documents.recommendations import Recommendation
from costctl.documents.settings import Pool, Settings
from costctl.levers.settings import setting, settings_in
from costctl.progress import silent
from costctl.rebill.rates import PriceList
from costctl.recommend.bought.cuts import cut_of
from costctl.recommend.bought.evaluator import evaluated
from costctl.recommend.bought.kinds import breakeven, commitment
from costctl.recommend.bought.ledger import ledger_of
from costctl.recommend.bought.own_replicas import offers_of
from costctl.recommend.bought.study import FIRST_PART, BoughtStudy, bought_study_of
from costctl.recommend.bought.worth_asking import LEAST_OF_AN_OFFER
from costctl.render.recommendation_words import in_words
from costctl.units import S_PER_DAY, S_PER_HOUR, S_PER_WEEK
from tests.synth.capacity_worlds import OFFERS, SETTINGS, Week, bought_in, units_by_enumeration, until, week
from tests.synth.written_shop import written
from tests.thoroughness import how_many

SEEDS = range(how_many(2, thorough=20))
WEEK_S = S_PER_WEEK
LLAMA = OwnReplicas(("steady", "spiky"), None, 0.02, 8000.0, 400.0)
NO_POOL_CALLS = pl.DataFrame()


def study_of(made: Week, settings: Settings, window_s: float = WEEK_S) -> BoughtStudy:
    prices = PriceList(PriceSettings(), None, offers_of(settings, NO_POOL_CALLS, window_s))
    found = bought_study_of(bought_in(made), settings, prices, window_s, seed=1)
    assert found is not None
    return found


def advice_on(study: BoughtStudy) -> dict[str, Recommendation]:
    return {
        each.id: each
        for kind in (commitment, breakeven)
        for each in (evaluated(study, proposed) for proposed in kind.propose(study))
    }


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings(commitments=OFFERS, breakeven={"llama": LLAMA})


@pytest.fixture(scope="module", params=SEEDS, ids=str)
def advised(
    request: pytest.FixtureRequest, settings: Settings
) -> tuple[Week, BoughtStudy, dict[str, Recommendation]]:
    made = week(request.param)
    study = study_of(made, settings)
    return made, study, advice_on(study)


def test_a_commitment_for_steady_traffic_is_found_and_one_for_spiky_traffic_is_not(
    advised: tuple[Week, BoughtStudy, dict[str, Recommendation]],
) -> None:
    found = advised[2]
    assert found["commitment.steady"].status == "recommended"
    assert (found["commitment.spiky"].status, found["commitment.spiky"].withheld_as) == (
        "withheld",
        "ruled_out",
    )


def test_the_units_are_those_of_trying_every_number_on_the_first_part(
    advised: tuple[Week, BoughtStudy, dict[str, Recommendation]],
) -> None:
    made, study, found = advised
    first_s = FIRST_PART * WEEK_S + min(
        call.start_s for call in made.calls
    )  # the clock of a study begins with a call
    best = units_by_enumeration(until(made, first_s), "steady", FIRST_PART * WEEK_S, most=12)
    assert [each.to for each in found["commitment.steady"].change] == [best]
    assert found["commitment.steady"].change[0].from_ == 0
    assert study.value_today(setting("commitment", "units", "steady", 1).lever, "steady") == 0


def test_a_commitment_saves_what_the_week_played_again_says(
    advised: tuple[Week, BoughtStudy, dict[str, Recommendation]],
) -> None:
    made, _, found = advised
    said = found["commitment.steady"]
    told, units = said.cash_usd_per_week, said.change[0].to
    assert told is not None
    assert isinstance(units, int)
    truth = made.usd("steady", 0, WEEK_S) - made.usd("steady", units, WEEK_S)
    assert told.mid == pytest.approx(truth, rel=0.02)
    assert told.low <= truth <= told.high


def test_own_replicas_are_never_advice_and_tell_the_volume_at_which_they_turn(
    advised: tuple[Week, BoughtStudy, dict[str, Recommendation]],
) -> None:
    made, study, found = advised
    own = found["breakeven.steady.llama"]
    assert (own.status, own.before is None) == ("candidate", False)
    assert found["breakeven.spiky.llama"].status == "withheld"
    volume = next(each.value for each in own.evidence if each.id == "volume")
    assert volume is not None
    steady = study.calls.of_class("steady")
    assert volume.mid == pytest.approx(0.02 / study.today.usd[steady].mean())
    assert volume.low < volume.mid < volume.high
    assert own.cash_usd_per_week is not None
    everything = made.usd("steady", 0, WEEK_S) - study.today.usd[~steady].sum()
    assert own.cash_usd_per_week.mid == pytest.approx(everything - 0.02 * 168.0, rel=0.02)


def test_increments_of_capacity_add_up_to_the_joint_saving(
    advised: tuple[Week, BoughtStudy, dict[str, Recommendation]],
) -> None:
    _, study, found = advised
    joint = ledger_of(study, [found["commitment.steady"]]).joint
    assert joint is not None
    assert joint.cash_usd_per_week is not None
    told = found["commitment.steady"].cash_usd_per_week
    assert told is not None
    assert joint.cash_usd_per_week == told  # the interval too: blocks of time are drawn in both
    assert [each.cash_usd_per_week for each in joint.order] == [joint.cash_usd_per_week]


def test_with_less_than_a_week_a_commitment_is_a_candidate_that_says_what_is_unknown(
    settings: Settings,
) -> None:
    short = until(week(5), 2.0 * S_PER_DAY)
    said = advice_on(study_of(short, settings, 2.0 * S_PER_DAY))["commitment.steady"]
    assert said.status == "candidate"
    assert said.before is not None
    assert "these are 48 h" in said.before
    minutes = until(week(5), 0.5 * S_PER_HOUR)
    assert (
        advice_on(study_of(minutes, settings, 0.5 * S_PER_HOUR))["commitment.steady"].withheld_as == "too_few"
    )


def test_a_commitment_that_paid_only_in_the_first_days_is_withheld(settings: Settings) -> None:
    study = study_of(until(week(6), 3.5 * S_PER_DAY), settings)
    said = advice_on(study)["commitment.steady"]
    assert said.status == "withheld"
    assert "hold-out" in said.reason


def test_nothing_declared_is_one_line_a_kind_that_names_what_to_add() -> None:
    found = advice_on(study_of(week(7, sessions=100.0), Settings(), 0.5 * S_PER_HOUR))
    assert {name: each.withheld_as for name, each in found.items()} == {
        "commitment": "needs_input",
        "breakeven": "needs_input",
    }
    assert "[commitments.NAME]" in found["commitment"].reason
    assert "[breakeven.NAME]" in found["breakeven"].reason


@pytest.mark.parametrize(("hours", "asked"), [(168.0, "not_applicable"), (0.5, "needs_input")])
def test_an_offer_is_asked_for_only_where_all_that_is_bought_costs_as_much_as_one_may(
    hours: float, asked: str
) -> None:
    study = study_of(week(7, sessions=100.0), Settings(), hours * S_PER_HOUR)  # 0.33 USD in so many hours
    a_week = study.today.usd.sum() * 168.0 / hours
    assert (a_week < LEAST_OF_AN_OFFER) == (asked == "not_applicable")
    for each in advice_on(study).values():
        assert (each.withheld_as, bool(each.missing)) == (asked, asked == "needs_input")
        assert (f"costs {a_week:.2f} USD a week" in each.reason) == (asked == "not_applicable")


def test_what_has_no_amount_may_cost_anything_and_is_asked_for() -> None:
    study = study_of(week(7, sessions=100.0), Settings())
    unpriced = study.calls.frame.with_columns(unpriced_charges=pl.lit(1))
    found = advice_on(replace(study, calls=replace(study.calls, frame=unpriced)))
    assert {each.withheld_as for each in found.values()} == {"needs_input"}


def test_what_cannot_be_compared_says_why() -> None:
    made = week(7, sessions=100.0)
    elsewhere = Commitment("azure", ("gpt-4.1",), 500.0, usd_per_unit_hour=0.005)
    dear = OwnReplicas(("steady",), None, 5000.0, 8000.0, 400.0)
    pool = OwnReplicas(("steady",), "gpu")
    settings = Settings(
        pools={"gpu": Pool(usd_per_replica_hour=4.0), "free": Pool()},
        commitments={"nobody": elsewhere},
        breakeven={"dear": dear, "slow": pool, "free": OwnReplicas(("steady",), "free")},
    )
    found = advice_on(study_of(made, settings))
    assert found["commitment.nobody"].withheld_as == "not_applicable"
    assert "at azure" in found["commitment.nobody"].reason
    assert found["breakeven.steady.dear"].withheld_as == "ruled_out"
    assert "5,000.00 USD an hour" in found["breakeven.steady.dear"].reason
    assert found["breakeven.steady.slow"].missing == ("breakeven.slow.output_tokens_per_s",)
    assert found["breakeven.steady.free"].missing == ("pools.free.usd_per_replica_hour",)


def test_the_speed_of_a_pool_is_fitted_to_the_time_that_its_calls_held_replicas_for() -> None:
    rng = np.random.default_rng(1)
    read, written = rng.integers(50, 4000, 400), rng.integers(1, 600, 400)
    held = 0.0002 * read + 0.004 * written
    calls = pl.DataFrame({"pool": "gpu", "share_s": held, "uncached_tokens": read, "output_tokens": written})
    settings = Settings(
        pools={"gpu": Pool(usd_per_replica_hour=4.0)},
        breakeven={"own": OwnReplicas(("steady",), "gpu", most_utilisation=0.5)},
    )
    unit = offers_of(settings, calls, WEEK_S).own["own"]
    assert (unit.usd_per_hour, unit.per_minute) == (4.0, 30.0)
    assert (unit.weights["input"], unit.weights["output"]) == pytest.approx((0.0002, 0.004))
    noisy = calls.with_columns(share_s=pl.Series(held * rng.uniform(0.5, 1.5, 400)))
    again = offers_of(settings, noisy, WEEK_S).own["own"].weights
    assert again["input"] * read.sum() + again["output"] * written.sum() == pytest.approx(
        noisy["share_s"].sum()
    )
    assert offers_of(settings, calls.head(99), WEEK_S).own == {}


def test_a_cut_by_time_is_of_the_window_and_one_by_calls_of_each_class(settings: Settings) -> None:
    study = study_of(week(8, sessions=300.0), settings)
    by_time, by_calls = cut_of(study, "time"), cut_of(study, "calls")
    assert (
        study.calls.at_s[by_time.first.calls].max()
        < FIRST_PART * WEEK_S
        <= study.calls.at_s[by_time.rest.calls].min()
    )
    for name in study.calls.classes:
        assert by_calls.first.calls[study.calls.of_class(name)].mean() == pytest.approx(FIRST_PART, abs=0.01)
    for cut in (by_time, by_calls):
        assert cut.usd(study.today, cut.first) + cut.usd(study.today, cut.rest) == pytest.approx(
            cut.usd(study.today, cut.whole)
        )


def test_from_traces_and_settings_to_the_advice(tmp_path: Path) -> None:
    made = week(9, sessions=700.0)
    question = written(made.world, made.calls, tmp_path)
    own = '[breakeven.llama]\nclasses = ["steady"]\nusd_per_replica_hour = 0.002\ninput_tokens_per_s = 8000\n'
    text = SETTINGS + own + "output_tokens_per_s = 400\n"
    (tmp_path / "costctl.toml").write_text(text.replace("_hour = 0.005", "_hour = 0.0005"), encoding="utf-8")
    document = verbs.recommend(replace(question, store=tmp_path / "s.duckdb"), silent)
    found = {each.id: each for each in document.recommendations}
    units = found["commitment.steady"]
    assert (units.status, units.commitment) == ("recommended", "steady")
    assert units.change[0].key == "commitment.steady.units"
    assert in_words(units) == f"steady: pay by time for {units.change[0].to} units"
    own = found["breakeven.steady.llama"]
    assert own.status == "candidate"
    assert in_words(own) == "steady: serve with llama of your own, on 1 replica"
    assert [settings_in(each.change, each.id)[0].key for each in (units, own)] == [
        "commitment.steady.units",
        "class.steady.own",
    ]
    assert document.joint is not None
    assert [each.id for each in document.joint.order] == ["commitment.steady"]
