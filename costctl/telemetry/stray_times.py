"""Do the requests of a window belong to one time?

In: how many requests start on each day. Out: ``Period`` values, groups of days without a long gap, and the one with
most requests, from which the others stand apart. One request with a wrong year stretches a window to years, and with
it idle time, rates and whatever is scaled by the window; times since 1970 are seconds counted from a start that nobody
wrote down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from costctl.units import NS_PER_S

LONGEST_GAP_DAYS: Final = 90  # within a window; beyond it nobody speaks of one period of observation
_DAY_NS: Final = 86_400 * NS_PER_S
_RELATIVE_DAYS: Final = 366  # after 1970-01-01: times in it are counted from zero


def is_counted_from_zero(window_from_ns: int, window_to_ns: int) -> bool:
    """Whether all times of a window are counted from a start that nobody wrote down: they tell how long it was, and
    neither hours of a day nor days of a week.
    """
    return window_from_ns >= 0 and window_to_ns <= (_RELATIVE_DAYS + 1) * _DAY_NS


@dataclass(frozen=True, slots=True)
class Period:
    """Days from first_day to last_day (from 1970-01-01), without a gap of more than 90, and the requests in them."""

    first_day: int
    last_day: int
    requests: int

    @property
    def is_relative(self) -> bool:
        """Whether these are times counted from zero rather than instants."""
        return self.first_day >= 0 and self.last_day <= _RELATIVE_DAYS


def periods(requests_by_day: Mapping[int, int]) -> tuple[Period, ...]:
    """The periods, that with most requests first, then the earlier."""
    found: list[Period] = []
    for day in sorted(requests_by_day):
        count = requests_by_day[day]
        if found and day - found[-1].last_day <= LONGEST_GAP_DAYS:
            found[-1] = Period(found[-1].first_day, day, found[-1].requests + count)
        else:
            found.append(Period(day, day, count))
    return tuple(sorted(found, key=lambda each: (-each.requests, each.first_day)))
