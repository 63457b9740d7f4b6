"""When are so many replicas ordered? Cron triggers of KEDA for the schedule of a pool.

In: a schedule, how long a replica takes to start. Out: what is there at all times, and windows with more. A replica is
ordered that much earlier, in whole minutes, and let go when its step ends; KEDA takes the most of the windows that are
open. https://keda.sh/docs/2.20/scalers/cron/
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from costctl.documents.policy import ReplicaSchedule
from costctl.levers.schedule import MINUTES_PER_DAY

MINUTES_PER_WEEK: Final = 7 * MINUTES_PER_DAY
_US_PER_MINUTE: Final = 60_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """start, end: as cron writes them, UTC; the end is not in it.  replicas: that are ordered within."""

    start: str
    end: str
    replicas: int


@dataclass(frozen=True, slots=True)
class Ordered:
    """least, most: replicas at any time.  windows: in which there are more than the least."""

    least: int
    most: int
    windows: tuple[Window, ...]


def ordered_replicas(schedule: ReplicaSchedule, start_up_us: int) -> Ordered:
    """What to order. start_up_us: from the order of a replica until it is ready."""
    is_weekly = schedule.period == "week"
    period = MINUTES_PER_WEEK if is_weekly else MINUTES_PER_DAY
    ahead = start_up_minutes(start_up_us)
    steps = sorted((step.minute, step.replicas) for step in schedule.steps)
    ends = [(steps[0][0] + period, steps[0][1])]
    spans = [(start, end - start, replicas) for (start, replicas), (end, _) in pairwise([*steps, *ends])]
    always = [replicas for _, length, replicas in spans if length + ahead >= period]
    least = max([min(replicas for _, _, replicas in spans), *always])
    windows = tuple(
        Window(
            cron((start - ahead) % period, is_weekly=is_weekly),
            cron((start + length) % period, is_weekly=is_weekly),
            replicas,
        )
        for start, length, replicas in spans
        if replicas > least
    )
    return Ordered(least, max(replicas for _, _, replicas in spans), windows)


def start_up_minutes(start_up_us: int) -> int:
    """Whole minutes, rounded up: cron knows no shorter ones."""
    return -(-start_up_us // _US_PER_MINUTE)


def cron(minute: int, *, is_weekly: bool = False) -> str:
    """A minute of the day, or of the week from Monday, as cron writes it; its Sunday is 0."""
    day, rest = divmod(minute, MINUTES_PER_DAY)
    days = str((day + 1) % 7) if is_weekly else "*"
    return f"{rest % 60} {rest // 60} * * {days}"
