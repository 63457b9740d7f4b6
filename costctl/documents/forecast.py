"""costctl.forecast/v1: what will be spent to the end of the month and of the quarter, by class and in all, how sure.

What follows traffic is forecast: tokens, reads, bytes. Replica time is paid for by the hour whatever the traffic: it
goes on as it is declared, and is known. Months and quarters are those of the calendar, in UTC.

    spend of a period = what was observed of it + what is to come, and the classes and pools add up to the total

Where a part of the period was not observed, or something has no price, that is a lower bound.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, Literal

import msgspec

from costctl.documents.analysis import Window
from costctl.documents.estimate import Estimate
from costctl.documents.provenance import Provenance

SCHEMA_VERSION: Final = "costctl.forecast/v1"
LEVEL: Final = 0.95  # of every interval of USD, but for those that are called likely
LIKELY_LEVEL: Final = 0.80
# Of a period: so much of it may lie before the first request and count as seen. It is 7 hours of a month.
MOST_UNSEEN: Final = 0.01

PeriodKind = Literal["month", "quarter"]
Rhythm = Literal["hour_of_day", "day_of_week"]


class Period(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A month or quarter of the calendar. name: "2026-11" or "2026-Q4".  from_, to: RFC 3339, end exclusive.

    unobserved_s: seconds of it that lie before the window: what was spent then is not observed.  to_come_s: seconds of
    it after the window.
    """

    kind: PeriodKind
    name: str
    from_: str
    to: str
    unobserved_s: float
    to_come_s: float

    @property
    def is_seen(self) -> bool:
        """Whether its beginning was observed, but for next to nothing."""
        seconds = (datetime.fromisoformat(self.to) - datetime.fromisoformat(self.from_)).total_seconds()
        return self.unobserved_s <= MOST_UNSEEN * seconds


class Spend(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """USD of one period. observed_usd: of the part in the window.  to_come_usd: after it.  usd: both.  likely_usd: the
    same at the lower level.

    Null where nothing has a price. is_lower_bound: more than 1% of the period was not observed, or something has no
    price.
    """

    observed_usd: float | None
    to_come_usd: Estimate | None
    usd: Estimate | None
    likely_usd: Estimate | None
    is_lower_bound: bool


class Growth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By how much of itself the spend grows in a week, at a level so strict that of fifty windows in which nothing
    grows one may seem to, for any class. is_claimed: it is more than chance; where it is not, the ratio is what cannot
    be ruled out. p: how likely a growth as far from none would be where there is none.
    """

    ratio_per_week: Estimate
    is_claimed: bool
    p: float


class ClassForecast(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a class of requests spends on what follows traffic. unpriced_charges: without an amount, which are not in
    it.  growth: null from less than four weeks.
    """

    request_class: str
    unpriced_charges: int
    month: Spend
    quarter: Spend
    growth: Growth | None


class PoolForecast(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the replicas of a pool cost, as many as were counted, at the price that is declared, or as invoiced for a
    month. Known, not forecast.
    """

    pool: str
    replicas: int
    month: Spend
    quarter: Spend


class DayForecast(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One UTC day of the current month, or after it to the end of the quarter. usd: of the day, what was observed of it
    and what is to come; exact of days that are over.  month_usd: of its month, from the first to the end of this day.
    Days that lie before the window are not there.
    """

    day: str
    usd: Estimate
    month_usd: Estimate


class Backtest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same forecast made from the beginning of the window, of weeks that it did not see: each week that has two or
    more before it, the last twelve at most.

    weeks: how many.  covered, likely_covered: of how many of them what all classes spent lies in the interval at 95%,
    at 80%.  class_weeks, class_weeks_covered: likewise of each class by itself, at 95%.  error_ratio: sum of the
    distances between the middle and what was spent, over what was spent.  reason: why there are no weeks; null where
    there are.
    """

    weeks: int
    covered: int
    likely_covered: int
    class_weeks: int
    class_weeks_covered: int
    error_ratio: float | None
    reason: str | None


class WhatIf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same with recommendations done when the window ends. ids: which.  saving_usd_per_week: what they save in a
    week of the traffic that they were computed on, together.  month, quarter: of all classes and pools, less that for
    the weeks to come.
    """

    ids: tuple[str, ...]
    saving_usd_per_week: Estimate
    month: Spend
    quarter: Spend


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a budget of so many USD a month ends. month: which.  day: the first by the end of which the middle of what
    is expected has reached it; earliest, latest: by the bounds of the interval; null where not within the month.
    """

    usd: float
    month: str
    day: str | None
    earliest: str | None
    latest: str | None


class Forecast(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl forecast --format json`` prints.

    slot: by what the series are kept.  whole_slots: how many.  rhythms: what is told apart.  unpriced_charges: in all.
    days_without_requests: whole days of the window on which none started, taken as days on which nothing was spent.
    assumptions: what the figures rest on, and what they do not say.  budget, with_advice: null where not asked.
    """

    schema_version: str
    provenance: Provenance
    window: Window
    slot: Literal["day", "hour"]
    whole_slots: int
    rhythms: tuple[Rhythm, ...]
    periods: tuple[Period, Period]
    month: Spend
    quarter: Spend
    growth: Growth | None
    classes: tuple[ClassForecast, ...]
    pools: tuple[PoolForecast, ...]
    days: tuple[DayForecast, ...]
    backtest: Backtest
    budget: Budget | None
    with_advice: WhatIf | None
    unpriced_charges: int
    days_without_requests: tuple[str, ...]
    assumptions: tuple[str, ...]


def spend_of(forecast: Forecast, period: PeriodKind) -> Spend:
    """All that is spent in the current month or quarter, with its interval: what a gate on a budget compares."""
    return forecast.month if period == "month" else forecast.quarter


def budget_of(forecast: Forecast, usd: float) -> Budget:
    """When a budget of so many USD a month ends in the current month.

    What was spent by the end of a day never falls, so the day on which the upper bound of it reaches the budget is the
    lower bound of the day, at the same level.
    """
    month = forecast.periods[0]
    days = [each for each in forecast.days if each.day < month.to[:10]]

    def first(bound: Literal["low", "mid", "high"]) -> str | None:
        return next((each.day for each in days if getattr(each.month_usd, bound) >= usd), None)

    return Budget(usd=usd, month=month.name, day=first("mid"), earliest=first("high"), latest=first("low"))


def budget_day(forecast: Forecast, usd: float) -> date | None:
    """The day on which a budget of so many USD a month is expected to end; None where not within the month."""
    day = budget_of(forecast, usd).day
    return None if day is None else date.fromisoformat(day)
