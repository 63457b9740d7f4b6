"""Which hours of the day? A span as text, such as ``22:00-06:00``, by UTC, and its times in a window.

In: text. Out: ``DayHours``. A span whose end is not after its begin goes on into the next day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import ceil, floor
from typing import Final

from costctl.units import S_PER_DAY, S_PER_MINUTE

_SPAN: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_MINUTES: Final = 1440


@dataclass(frozen=True, slots=True)
class DayHours:
    """begin, end: minutes of the day, 0 to 1439."""

    begin: int
    end: int

    @property
    def text(self) -> str:
        """As ``day_hours_of`` reads it."""
        return "-".join(f"{each // 60:02d}:{each % 60:02d}" for each in (self.begin, self.end))

    def times_s(self, starts_s: float, from_s: float, until_s: float) -> tuple[tuple[float, float], ...]:
        """Begin and end of each span that meets from_s to until_s, seconds from the window's start, in order.

        starts_s: of the window, Unix seconds.
        """
        length_s = S_PER_MINUTE * ((self.end - self.begin - 1) % _MINUTES + 1)
        first_s = (S_PER_MINUTE * self.begin - starts_s) % S_PER_DAY - S_PER_DAY
        days = range(floor((from_s - first_s) / S_PER_DAY) - 1, ceil((until_s - first_s) / S_PER_DAY))
        begins_s = [first_s + S_PER_DAY * day for day in days]
        return tuple((each_s, each_s + length_s) for each_s in begins_s if each_s + length_s > from_s)


def day_hours_of(text: str) -> DayHours:
    """The span that a text says. Raises ValueError where it says none, or the whole day."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no span of hours")
    begin, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if begin == end:
        raise ValueError(f"{text!r} is the whole day")
    return DayHours(begin, end)
