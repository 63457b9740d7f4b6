"""From how much of a period are figures a week given?

In: the length of what was observed. Out: whether, and the figure. A day is the least: nights are unlike the hours that
were seen.
"""

from __future__ import annotations

from typing import Final

from costctl.units import S_PER_HOUR, S_PER_WEEK

FEWEST_HOURS: Final = 24.0  # observed, for a figure a week: all hours of a day at least once


def is_weekly_given(window_s: float, *, is_asked: bool) -> bool:
    """Whether figures a week are given for a window of this length."""
    return is_asked or window_s >= FEWEST_HOURS * S_PER_HOUR


def usd_per_week(usd: float | None, window_s: float) -> float | None:
    """USD of a week of the same traffic; None where nothing is priced, or less than a day was observed."""
    if usd is None or not is_weekly_given(window_s, is_asked=False):
        return None
    return usd * S_PER_WEEK / window_s
