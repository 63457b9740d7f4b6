"""How many replicas at which hour? A schedule as text, such as ``00:00=2,07:00=4``, and its instants.

In: text. Out: a ``Schedule``: by UTC, again every day, or every week where days are named (``mon 07:00=4``). From each
instant on so many replicas are ready; before the first the last holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from costctl.units import S_PER_DAY, S_PER_WEEK

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_PER_DAY: Final = 1440
MOST_STEPS: Final = 7 * 24
_STEP: Final = re.compile(
    r"(?:(mon|tue|wed|thu|fri|sat|sun) )?([01]\d|2[0-3]):([0-5]\d)=([1-9]\d{0,4})", re.ASCII
)
_MONDAY_S: Final = 4 * S_PER_DAY  # 1970 began on a Thursday; its first Monday was the 5th


@dataclass(frozen=True, slots=True)
class Schedule:
    """steps: (minute of the day, or of the week from Monday; replicas), in order. is_weekly: whether days are named."""

    steps: tuple[tuple[int, int], ...]
    is_weekly: bool

    @property
    def text(self) -> str:
        """As ``schedule_of`` reads it."""
        return ",".join(
            f"{clock(minute, is_weekly=self.is_weekly)}={number}" for minute, number in self.steps
        )

    @property
    def period_s(self) -> float:
        """A day, or a week."""
        return S_PER_WEEK if self.is_weekly else S_PER_DAY

    @property
    def most(self) -> int:
        """The most replicas at any time."""
        return max(number for _, number in self.steps)

    def from_start(self, start_s: float) -> tuple[tuple[float, int], ...]:
        """The steps in seconds within a period that begins at an instant, Unix seconds; in order."""
        offset_s = (start_s - _MONDAY_S) % self.period_s
        return tuple(
            sorted(((60.0 * minute - offset_s) % self.period_s, number) for minute, number in self.steps)
        )


def schedule_of(text: str) -> Schedule:
    """The schedule that a text says. Raises ValueError with the reason where it says none."""
    found = [_STEP.fullmatch(part.strip()) for part in text.split(",")]
    matches = [each for each in found if each is not None]
    if len(matches) < len(found):
        raise ValueError(f"{text!r} is no schedule")
    days = {each[1] is not None for each in matches}
    if len(days) > 1:
        raise ValueError(f"{text!r} names the day of some steps only")
    steps = tuple(
        (
            (DAYS.index(each[1]) if each[1] else 0) * MINUTES_PER_DAY + int(each[2]) * 60 + int(each[3]),
            int(each[4]),
        )
        for each in matches
    )
    return schedule_from(steps, is_weekly=days == {True})


def schedule_from(steps: tuple[tuple[int, int], ...], *, is_weekly: bool) -> Schedule:
    """The schedule of these steps without those that change nothing. Raises ValueError where they are not in order."""
    if any(a >= b for (a, _), (b, _) in pairwise(steps)):
        raise ValueError("the steps of a schedule are not in order")
    if not 0 < len(steps) <= MOST_STEPS:
        raise ValueError(f"a schedule has from 1 to {MOST_STEPS} steps")
    before = [steps[-1][1], *(number for _, number in steps[:-1])]
    kept = tuple(step for step, number in zip(steps, before, strict=True) if step[1] != number)
    return Schedule(kept or ((0, steps[0][1]),), is_weekly)


def clock(minute: int, *, is_weekly: bool) -> str:
    """Such as 07:00, or mon 07:00."""
    day, rest = divmod(minute, MINUTES_PER_DAY)
    told = f"{rest // 60:02d}:{rest % 60:02d}"
    return f"{DAYS[day]} {told}" if is_weekly else told


def hour_of_week(at_s: float) -> int:
    """The hour from Monday 00:00 UTC of an instant, Unix seconds."""
    return int((at_s - _MONDAY_S) % S_PER_WEEK // 3600)
