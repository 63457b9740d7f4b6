"""The worked example of the page on forecasts is what costctl computes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from costctl.documents.forecast import budget_day
from tests.docs.page_tables import explanation, number, rows_after
from tests.forecast.spans_of_days import BOUGHT, DAY_S, calls_at, forecast_of

CALL_USD = 0.006  # of gpt-4.1: 1,000 tokens read, 500 written
USD_A_CALL = 2.0  # of the page: five calls on a weekday, two on a day of a weekend


def test_the_month_of_three_weeks(repository: Path) -> None:
    page = explanation(repository, "forecast")
    told = {name: number(usd) for name, usd in rows_after(page, "amount | USD")}
    weekend = (0, 6)  # the first day is a Sunday
    times_s = [
        day * DAY_S + call * DAY_S / calls
        for day in range(21)
        for calls in ([2] if day % 7 in weekend else [5])
        for call in range(calls)
    ]
    # the last call ends just before midnight: the window ends with the day
    document = forecast_of(calls_at([*times_s[:-1], 21 * DAY_S - 3.0], BOUGHT))
    page_usd = USD_A_CALL / CALL_USD
    assert document.month.observed_usd is not None
    assert document.month.to_come_usd is not None
    assert document.month.usd is not None
    assert document.quarter.usd is not None
    assert document.month.observed_usd * page_usd == pytest.approx(told["observed to 21 November"])
    assert document.month.to_come_usd.mid * page_usd == pytest.approx(
        told["to come to 30 November"], rel=1e-4
    )
    assert document.month.usd.mid * page_usd == pytest.approx(told["November"], rel=1e-4)
    december = document.quarter.usd.mid - document.month.usd.mid
    assert december * page_usd == pytest.approx(told["December"], rel=1e-4)
    assert budget_day(document, 200.0 / page_usd) == date(2026, 11, 25)
    assert "A budget of $200 ends on 25 November." in page.read_text(encoding="utf-8")
