"""What a forecast adds up to, what of it is known, and what it does not say."""

from __future__ import annotations

from datetime import date

import pytest

from costctl import verbs
from costctl.documents.estimate import Estimate
from costctl.documents.forecast import Forecast, Spend, budget_day, budget_of, spend_of
from costctl.documents.settings import Pool, Settings
from costctl.errors import NotEnoughDataError
from costctl.forecast.advice import Advised
from costctl.observation import Question
from tests.conftest import unwatched
from tests.forecast.spans_of_days import BOUGHT, GPU, OWN, calls_at, forecast_of, hourly

CALL_USD = 1000 * 2e-6 + 500 * 8e-6  # of gpt-4.1
STEADY = calls_at(hourly(16.0), BOUGHT)


@pytest.fixture(scope="module")
def steady() -> Forecast:
    """A call an hour for sixteen days: every day costs the same."""
    return forecast_of(STEADY)


def mid(spend: Spend) -> float:
    assert spend.usd is not None
    return spend.usd.mid


def test_what_is_the_same_every_day_goes_on(steady: Forecast) -> None:
    assert steady.slot == "day"
    assert steady.whole_slots == 16
    assert steady.month.observed_usd == pytest.approx(16 * 24 * CALL_USD)
    assert mid(steady.month) == pytest.approx(30 * 24 * CALL_USD, rel=1e-4)
    assert mid(steady.quarter) == pytest.approx(61 * 24 * CALL_USD, rel=1e-4)


def test_a_quarter_that_was_seen_from_its_second_month_on_is_a_lower_bound(steady: Forecast) -> None:
    assert not steady.month.is_lower_bound
    assert steady.quarter.is_lower_bound
    assert steady.periods[1].unobserved_s == 31 * 86_400.0


def test_the_classes_and_pools_add_up_to_the_total(of_weeks: Forecast) -> None:
    for total, parts in (
        (of_weeks.month, [each.month for each in of_weeks.classes]),
        (of_weeks.quarter, [each.quarter for each in of_weeks.classes]),
    ):
        assert mid(total) == pytest.approx(sum(map(mid, parts)))
        assert total.observed_usd == pytest.approx(sum(each.observed_usd or 0.0 for each in parts))


def test_what_was_observed_is_what_the_bill_says(of_weeks: Forecast, weeks_question: Question) -> None:
    billed = verbs.analyze(weeks_question, unwatched).totals.billed_usd
    assert of_weeks.quarter.observed_usd == pytest.approx(billed)


def test_the_days_of_a_month_add_up_to_it(of_weeks: Forecast) -> None:
    of_month = [each for each in of_weeks.days if each.day.startswith("2026-10")]
    assert sum(each.usd.mid for each in of_month) == pytest.approx(mid(of_weeks.month))
    assert of_month[-1].month_usd.mid == pytest.approx(mid(of_weeks.month))
    assert of_weeks.days[-1].day == "2026-12-31"


def test_a_wider_level_has_a_wider_interval(of_weeks: Forecast) -> None:
    for spend in (of_weeks.month, of_weeks.quarter):
        assert spend.usd is not None
        assert spend.likely_usd is not None
        assert spend.usd.low < spend.likely_usd.low < spend.usd.mid < spend.likely_usd.high < spend.usd.high


def test_replicas_are_known_and_go_on_as_declared() -> None:
    document = forecast_of(calls_at(hourly(16.0), OWN), GPU)
    assert document.classes == ()
    (pool,) = document.pools
    assert pool.quarter.to_come_usd is not None
    assert pool.quarter.to_come_usd.is_exact
    assert document.month.usd is not None
    assert document.month.usd.is_exact
    assert document.month.usd.mid == pytest.approx(30 * 24 * 2.0)
    assert document.quarter.usd == pool.quarter.usd


def test_a_month_that_is_invoiced_costs_its_invoice_to_the_end() -> None:
    invoiced = Settings(pools=GPU.pools, bills={"gpu": {"2026-11": 900.0}})
    document = forecast_of(calls_at(hourly(16.0), OWN), invoiced)
    assert mid(document.month) == pytest.approx(900.0)
    assert mid(document.quarter) == pytest.approx(900.0 + 31 * 24 * 2.0)


def test_a_pool_without_a_price_makes_a_lower_bound() -> None:
    spans = calls_at(hourly(16.0), BOUGHT) + calls_at(hourly(16.0), OWN, "b")
    unpriced = Settings(pools={"gpu": Pool(replicas=1, match={"service": "llm"})})
    document = forecast_of(spans, unpriced)
    assert document.pools[0].month == Spend(None, None, None, None, is_lower_bound=True)
    assert document.month.is_lower_bound
    assert mid(document.month) == pytest.approx(30 * 24 * CALL_USD, rel=1e-4)


def test_calls_without_a_price_make_a_lower_bound() -> None:
    unknown = {**BOUGHT, "provider": "somebody", "model_served": "nobody-knows"}
    document = forecast_of(STEADY + calls_at([100.0], unknown, "b"))
    assert document.unpriced_charges > 0
    assert document.month.is_lower_bound


def test_of_a_day_that_is_half_over_the_other_half_is_to_come() -> None:
    document = forecast_of(calls_at(hourly(16.5), BOUGHT))
    assert document.whole_slots == 16
    assert mid(document.month) == pytest.approx(30 * 24 * CALL_USD, rel=2e-3)
    (today,) = [each for each in document.days if each.day == "2026-11-17"]
    assert today.usd.mid == pytest.approx(24 * CALL_USD, rel=1e-2)


def test_a_window_that_ends_with_a_month_is_about_the_next(steady: Forecast) -> None:
    document = forecast_of(calls_at(hourly(30.0), BOUGHT))
    assert [each.name for each in document.periods] == ["2026-12", "2026-Q4"]
    assert document.month.observed_usd == 0.0
    assert mid(document.quarter) == pytest.approx(mid(steady.quarter), rel=1e-3)


def test_days_of_the_week_take_two_weeks_and_hours_two_days() -> None:
    document = forecast_of(calls_at(hourly(3.0), BOUGHT))
    assert (document.slot, document.rhythms) == ("hour", ("hour_of_day",))
    assert document.growth is None
    assert document.backtest.weeks == 0
    assert "days of the week are taken to be alike" in " ".join(document.assumptions)
    assert mid(document.month) == pytest.approx(30 * 24 * CALL_USD, rel=5e-3)
    with pytest.raises(NotEnoughDataError, match="Too little was observed"):
        forecast_of(calls_at(hourly(1.5), BOUGHT))


def test_without_a_price_nothing_is_forecast() -> None:
    unknown = {**BOUGHT, "provider": "somebody", "model_served": "nobody-knows"}
    with pytest.raises(NotEnoughDataError, match="Nothing can be forecast"):
        forecast_of(calls_at(hourly(16.0), unknown))


def test_days_without_a_request_are_named() -> None:
    document = forecast_of(calls_at([*hourly(10.0), *hourly(6.0, from_day=12.0)], BOUGHT))
    assert document.days_without_requests == ("2026-11-11", "2026-11-12")


def test_a_budget_ends_on_the_day_that_reaches_it(steady: Forecast) -> None:
    a_day = 24 * CALL_USD
    assert budget_day(steady, 19.5 * a_day) == date(2026, 11, 20)
    assert budget_day(steady, 3.5 * a_day) == date(2026, 11, 4)  # is over
    assert budget_day(steady, 31 * a_day) is None
    assert spend_of(steady, "month") == steady.month


def test_the_days_of_a_budget_are_in_order(of_weeks: Forecast) -> None:
    assert of_weeks.month.usd is not None
    budget = budget_of(of_weeks, of_weeks.month.usd.mid * 0.95)
    assert budget.earliest is not None
    assert budget.day is not None
    assert budget.earliest <= budget.day <= (budget.latest or "after")
    later = budget_of(of_weeks, of_weeks.month.usd.mid * 0.99)
    assert budget.day <= (later.day or "after")


def test_a_saving_is_taken_off_week_by_week() -> None:
    saving = Estimate(low=0.10, mid=0.10, high=0.10, level=None, method="known")
    document = forecast_of(STEADY, advised=Advised(("cache",), (saving,)))
    assert document.with_advice is not None
    assert mid(document.month) - mid(document.with_advice.month) == pytest.approx(0.10 * 2, rel=5e-3)


def test_a_saving_that_is_not_certain_widens_the_interval() -> None:
    saving = Estimate(low=0.02, mid=0.10, high=0.18, level=0.95, method="bootstrap")
    document = forecast_of(STEADY, advised=Advised(("cache",), (saving,)))
    assert document.with_advice is not None
    after = document.with_advice.month.usd
    assert after is not None
    assert (after.low, after.high) == pytest.approx(
        (mid(document.month) - 0.36, mid(document.month) - 0.04), abs=0.02
    )


def test_held_out_weeks_are_those_with_two_before_them(of_weeks: Forecast) -> None:
    assert of_weeks.backtest.weeks == (of_weeks.whole_slots - 14) // 7
    assert of_weeks.backtest.class_weeks == of_weeks.backtest.weeks * len(of_weeks.classes)


def test_a_world_that_never_changes_is_always_right(steady: Forecast) -> None:
    assert steady.backtest.reason is not None  # sixteen days hold no week with two before it
    tested = forecast_of(calls_at(hourly(28.0), BOUGHT)).backtest
    assert (tested.weeks, tested.covered) == (2, 2)
    assert tested.error_ratio == pytest.approx(0.0, abs=1e-6)
