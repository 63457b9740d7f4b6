"""Would it have been right before? The same forecast of weeks that it did not see, from ever later origins.

In: the history. Out: ``Backtest``: how many of the held-out weeks lie within the intervals (a rolling origin, Tashman
2000). Each is forecast from all days before it, fits, weights and claims of growth made anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Floats
from costctl.documents.forecast import LEVEL, LIKELY_LEVEL, Backtest
from costctl.forecast.estimates import estimate_of
from costctl.forecast.futures import futures_of, outlooks_of
from costctl.forecast.history import DAYS_A_WEEK, FEWEST_DAYS, History

MOST_WEEKS: Final = 12


@dataclass(frozen=True, slots=True)
class _Week:
    """A held-out week. is_covered, is_likely_covered: of all classes.  classes, classes_covered: how many.
    expected_usd, usd: the middle of what was expected, and what was spent.
    """

    is_covered: bool
    is_likely_covered: bool
    classes: int
    classes_covered: int
    expected_usd: float
    usd: float


def backtest_of(history: History, seed: int) -> Backtest:
    """Of series by day: as many weeks as have two or more before them."""
    is_daily = history.slots_a_day == 1
    weeks = min((history.slots - FEWEST_DAYS) // DAYS_A_WEEK, MOST_WEEKS) if is_daily else 0
    if weeks < 1 or not history.usd:
        return Backtest(0, 0, 0, 0, 0, None, _why_none(history))
    found = [
        _held_out(history, history.slots - DAYS_A_WEEK * (weeks - place), seed) for place in range(weeks)
    ]
    spent = sum(each.usd for each in found)
    return Backtest(
        weeks=weeks,
        covered=sum(each.is_covered for each in found),
        likely_covered=sum(each.is_likely_covered for each in found),
        class_weeks=sum(each.classes for each in found),
        class_weeks_covered=sum(each.classes_covered for each in found),
        error_ratio=sum(abs(each.expected_usd - each.usd) for each in found) / spent if spent else None,
        reason=None,
    )


def _why_none(history: History) -> str:
    days = history.slots // history.slots_a_day
    if not history.usd:
        return "Nothing is priced that follows traffic."
    return f"A week to hold out needs two before it, 21 whole days; there are {days}."


def _held_out(history: History, origin: int, seed: int) -> _Week:
    """The week from the slot ``origin`` on."""
    known = {name: usd[:origin] for name, usd in history.usd.items()}
    outlooks = outlooks_of(known, history.period, history.slots_a_day)
    drawn = {name: paths.sum(axis=1) for name, paths in futures_of(outlooks, DAYS_A_WEEK, seed).items()}
    spent = {name: float(usd[origin : origin + DAYS_A_WEEK].sum()) for name, usd in history.usd.items()}
    total: Floats = np.sum([*drawn.values()], axis=0)
    whole = sum(spent.values())
    middle = estimate_of(total, LEVEL)
    return _Week(
        is_covered=_covers(total, whole, LEVEL),
        is_likely_covered=_covers(total, whole, LIKELY_LEVEL),
        classes=len(drawn),
        classes_covered=sum(_covers(paths, spent[name], LEVEL) for name, paths in drawn.items()),
        expected_usd=middle.mid,
        usd=whole,
    )


def _covers(drawn: Floats, usd: float, level: float) -> bool:
    estimate = estimate_of(drawn, level)
    return bool(estimate.low <= usd <= estimate.high or np.isclose(estimate.mid, usd, rtol=1e-9, atol=0.0))
