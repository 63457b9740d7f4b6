"""Forecasts in words: periods, days, growth, and amounts with as many digits as they are worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from costctl.documents.forecast import Growth, Period, Spend
from costctl.render.cells import NOT_PRICED, Bound, Cell, Interval, Quantity
from costctl.render.numbers import fixed, minute, month, ratio_grown, usd_places

NO_GROWTH: Final = "none beyond chance"
_WHOLE_DOLLARS_FROM: Final = 1000.0


def period_name(period: Period) -> str:
    """Nov 2026, or Q4 2026."""
    year, part = period.name.split("-")
    return month(period.from_[:10]) if period.kind == "month" else f"{part} {year}"


def grown(growth: Growth) -> str:
    """+3.1% (1.2% to 5.0%) a week."""
    return f"{ratio_grown(growth.ratio_per_week)} a week"


def unobserved(period: Period, window_from: str) -> str:
    """Which part of a period was not observed; empty where nothing, but for next to nothing, is missing."""
    if period.is_seen:
        return ""
    return f"{period_name(period)} before {minute(window_from)} not observed"


def spends_column(spends: Sequence[Spend]) -> list[Cell]:
    """What each comes to in all, with its interval, all with the same decimal places."""
    places = _places([each.usd.mid for each in spends if each.usd is not None])
    return [_spend(each, places) for each in spends]


def _spend(spend: Spend, places: int) -> Cell:
    """With its interval, where that is wider than what is shown of it."""
    bound: Bound = "at least" if spend.is_lower_bound else "exact"
    shown = {} if spend.usd is None else {fixed(each, places) for each in (spend.usd.low, spend.usd.high)}
    if spend.usd is not None and len(shown) == 1:
        return Quantity(spend.usd.mid, "USD", NOT_PRICED, bound, places)
    return Interval(spend.usd, "USD", NOT_PRICED, bound, True, places)


def amounts_column(amounts: Sequence[float | None]) -> list[Cell]:
    """Amounts of one column."""
    places = _places([each for each in amounts if each is not None])
    return [Quantity(each, "USD", NOT_PRICED, places=places) for each in amounts]


def _places(amounts: Sequence[float]) -> int:
    """Whole dollars from a thousand on: no forecast is right to the cent."""
    return 0 if max(amounts, default=0.0) >= _WHOLE_DOLLARS_FROM else usd_places(amounts)
