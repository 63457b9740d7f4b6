"""Capacity that is paid for by time: against its slow twin, its laws, and what of a bill it covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.arrays import Floats
from costctl.documents.capacity_settings import Commitment
from costctl.documents.price_settings import PriceSettings
from costctl.errors import InputError
from costctl.levers.plan import ClassPlan, Plan
from costctl.rebill.bill import bill, bill_today
from costctl.rebill.calls import BoughtCalls
from costctl.rebill.capacity import Load, Offers, Unit, load_of, served_by, unit_of
from costctl.rebill.rates import PriceList
from costctl.recommend.bought.load_curve import curve_of, least_utilisation, sizes_up_to
from costctl.units import S_PER_HOUR
from tests.oracles.slow_capacity import SlowCall, cost_usd, covered_shares
from tests.synth.capacity_worlds import OFFERS, bought_in, week

USD_PER_TOKEN = 1e-5
CALLS = st.lists(
    st.builds(
        SlowCall,
        at_s=st.integers(0, 600_000).map(lambda ms: ms / 1e3),
        takes=st.integers(0, 400).map(float),
        usd=st.integers(0, 50).map(float),
    ),
    min_size=1,
    max_size=40,
).map(lambda calls: sorted(calls, key=lambda call: call.at_s))


def load_from(calls: Sequence[SlowCall]) -> Load:
    frame = pl.DataFrame({"start_ns": [round(call.at_s * 1e9) for call in calls]})
    takes = np.array([call.takes for call in calls])
    return load_of(frame, takes, np.ones(takes.size, np.bool_))


def usd_of(calls: Sequence[SlowCall]) -> Floats:
    return np.array([call.usd for call in calls])


@given(CALLS, st.integers(0, 1000).map(float))
def test_what_fits_is_what_a_minute_played_call_by_call_has_room_for(
    calls: list[SlowCall], capacity: float
) -> None:
    covered = load_from(calls).covered(capacity)
    np.testing.assert_allclose(covered, covered_shares(calls, capacity), atol=1e-9)


@given(CALLS, st.integers(0, 1000).map(float))
def test_what_is_covered_of_a_minute_is_its_demand_or_its_capacity(
    calls: list[SlowCall], capacity: float
) -> None:
    load = load_from(calls)
    demand: dict[int, float] = {}
    for call in calls:
        minute = int(call.at_s // 60)
        demand[minute] = demand.get(minute, 0.0) + call.takes
    expected = sum(min(each, capacity) for each in demand.values())
    assert (load.takes * load.covered(capacity)).sum() == pytest.approx(expected)


@given(CALLS)
def test_the_curve_is_what_each_capacity_covers_and_never_falls(calls: list[SlowCall]) -> None:
    load, usd = load_from(calls), usd_of(calls)
    capacities = np.arange(0.0, 1500.0, 37.0)
    curve = load.covered_usd(usd, capacities)
    np.testing.assert_allclose(curve, [(usd * load.covered(each)).sum() for each in capacities], atol=1e-6)
    assert (np.diff(curve) >= -1e-6).all()


@given(CALLS, st.floats(0.01, 100.0), st.integers(1, 3), st.integers(1, 3))
def test_the_best_size_is_that_of_trying_every_size(
    calls: list[SlowCall], hour_usd: float, least: int, step: int
) -> None:
    unit = Unit(hour_usd, 50.0, {})
    load, usd = load_from(calls), usd_of(calls)
    sizes = sizes_up_to(2000.0, unit, least, step, 1000)
    curve = curve_of(load, usd, unit, sizes, S_PER_HOUR)
    tried = [cost_usd(calls, 50.0, int(size), hour_usd) for size in sizes]
    np.testing.assert_allclose(curve.usd, tried, atol=1e-6)
    assert tried[int(np.flatnonzero(sizes == curve.best)[0])] == pytest.approx(min(tried), abs=1e-6)


@given(CALLS, st.floats(0.001, 0.05))
def test_at_one_price_a_token_cost_is_convex_and_a_unit_pays_while_it_takes_more_than_it_costs(
    calls: list[SlowCall], hour_usd: float
) -> None:
    alike = [replace(call, usd=call.takes * USD_PER_TOKEN) for call in calls]
    load, unit = load_from(alike), Unit(hour_usd, 50.0, {})
    curve = curve_of(load, usd_of(alike), unit, sizes_up_to(2000.0, unit, 1, 1, 1000), S_PER_HOUR)
    rises = np.diff(curve.usd)
    assert (np.diff(rises) >= -1e-9).all()
    worth = np.diff(load.covered_usd(usd_of(alike), np.arange(0.0, 2050.0, 50.0)))  # of the k-th unit
    assert curve.best == max(1, int((worth > hour_usd + 1e-8).sum()))


def test_a_unit_pays_from_the_utilisation_on_at_which_list_price_is_its_own() -> None:
    calls = [SlowCall(60.0 * minute, 30.0, 30.0 * USD_PER_TOKEN) for minute in range(60)]
    unit = Unit(50.0 * 60 * USD_PER_TOKEN * 0.4, 50.0, {})
    assert least_utilisation(load_from(calls), usd_of(calls), unit) == pytest.approx(0.4)


@pytest.fixture(scope="module")
def bought() -> BoughtCalls:
    return bought_in(week(seed=3, sessions=400.0))


def prices(calls: BoughtCalls, **more: Commitment) -> PriceList:
    own = {"llama": Unit(0.02, 51.0, {"input": 1 / 8000, "output": 1 / 400})}
    return PriceList(PriceSettings(), None, Offers({**OFFERS, **more}, own, float(calls.at_s[-1])))


def test_the_calls_cost_what_the_world_says(bought: BoughtCalls) -> None:
    today = bill_today(bought, prices(bought))
    np.testing.assert_allclose(today.usd, bought.today_usd, atol=1e-9)
    assert bought.today_usd.min() > 0.0


def test_units_cover_text_at_list_price_and_are_paid_for_in_any_case(bought: BoughtCalls) -> None:
    listed = prices(bought)
    today, changed = bill_today(bought, listed), bill(bought, Plan(commitments={"steady": 2}), listed)
    load = load_of(bought.frame, unit_of(OFFERS["steady"]).taken(bought.tokens), bought.of_class("steady"))
    np.testing.assert_allclose(changed.usd, today.usd * (1.0 - load.covered(1000.0)), atol=1e-12)
    assert changed.fixed_usd == pytest.approx(2 * 0.005 * bought.at_s[-1] / S_PER_HOUR)
    assert changed.usd[bought.of_class("spiky")].sum() == today.usd[bought.of_class("spiky")].sum()
    assert today.fixed_usd == 0.0


def test_without_units_the_bill_is_that_of_today(bought: BoughtCalls) -> None:
    listed = prices(bought)
    none = bill(bought, Plan(commitments={"steady": 0}), listed)
    np.testing.assert_array_equal(none.usd, bill_today(bought, listed).usd)
    assert none.fixed_usd == 0.0


def test_two_offers_of_one_model_cover_what_one_of_both_sizes_does(bought: BoughtCalls) -> None:
    listed = prices(bought, again=OFFERS["steady"])
    both = bill(bought, Plan(commitments={"steady": 1, "again": 2}), listed)
    one = bill(bought, Plan(commitments={"steady": 3}), listed)
    assert both.fixed_usd == pytest.approx(one.fixed_usd)
    assert both.usd.sum() == pytest.approx(one.usd.sum())


def test_what_waits_what_is_no_text_and_what_goes_to_another_model_is_not_covered(
    bought: BoughtCalls,
) -> None:
    listed, units = prices(bought), {"steady": 1000}
    batch = bill(bought, Plan({"steady": ClassPlan(service_tier="batch")}, units), listed)
    assert (
        batch.usd.sum() == bill(bought, Plan({"steady": ClassPlan(service_tier="batch")}), listed).usd.sum()
    )
    moved = bill(bought, Plan({"steady": ClassPlan(model="gpt-4.1-nano")}, units), listed)
    assert moved.usd[bought.of_class("steady")].min() > 0.0
    searches = replace(bought, frame=bought.frame.with_columns(other_usd=pl.lit(0.01)))
    covered = bill(searches, Plan(commitments=units), listed)
    np.testing.assert_allclose(covered.usd[bought.of_class("steady")], 0.01)


def test_replicas_of_ones_own_come_first_and_units_take_what_they_leave(bought: BoughtCalls) -> None:
    listed = prices(bought)
    own = {"steady": ClassPlan(own="llama", own_replicas=1)}
    alone, both = bill(bought, Plan(own), listed), bill(bought, Plan(own, {"steady": 1}), listed)
    assert alone.usd[bought.of_class("steady")].sum() < bill_today(bought, listed).usd.sum()
    assert both.fixed_usd == pytest.approx((0.02 + 0.005) * bought.at_s[-1] / S_PER_HOUR)
    assert (both.usd <= alone.usd + 1e-15).all()


@pytest.mark.parametrize(
    ("provider", "model", "is_served"),
    [
        ("openai", "gpt-4.1", True),
        ("openai", "gpt-4.1-2025-04-14", True),
        ("openai", "gpt-4.1-mini", False),
        ("azure", "gpt-4.1", False),
        (None, "gpt-4.1", True),
        (None, "nobody-knows-it", False),
        ("openai.chat", "openai/gpt-4.1", True),
        ("openai", None, False),
    ],
)
def test_a_unit_serves_its_models_at_its_provider_whatever_the_date_of_the_version(
    provider: str | None, model: str | None, is_served: bool
) -> None:
    frame = pl.DataFrame(
        {"provider": [provider], "model": [model], "service_tier": ["default"]},
        schema={"provider": pl.String, "model": pl.String, "service_tier": pl.String},
    )
    assert served_by(frame, OFFERS["steady"]).tolist() == [is_served]


def test_sizes_end_where_the_peak_is_carried_or_at_the_most_that_can_be_set() -> None:
    unit = Unit(1.0, 50.0, {})
    assert sizes_up_to(501.0, unit, 4, 3, 1000).tolist() == [4, 7, 10, 13]
    assert sizes_up_to(501.0, unit, 4, 3, 9).tolist() == [4, 7]
    assert sizes_up_to(10.0, unit, 4, 3, 1000).tolist() == [4]
    assert sizes_up_to(1e18, unit, 1, 1, 10_000)[-1] == 10_000


def test_a_plan_with_an_offer_that_is_not_declared_says_what_to_declare(bought: BoughtCalls) -> None:
    with pytest.raises(InputError, match="gone") as caught:
        bill(bought, Plan(commitments={"gone": 1}), prices(bought))
    assert "[commitments.gone]" in caught.value.why
