"""When is each replica of a pool ordered, ready and let go, where their number follows a timetable?

In: a ``Timetable``, in seconds from the start of the replay. Out: the shifts of each replica within a period, what each
is doing when the replay starts, and how many replica seconds are ordered between two instants.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Timetable:
    """So many replicas are ready from each of these instants on, again in every period.

    period_s: seconds after which it begins anew.  at_s: k instants within [0, period_s), in order.  replicas: k whole
    numbers; before the first instant the last of them holds.  start_up_s: how long before it is ready a replica is
    ordered; it is paid from then on.
    """

    period_s: float
    at_s: tuple[float, ...]
    replicas: tuple[int, ...]
    start_up_s: float = 0.0

    @property
    def at_start(self) -> int:
        """How many are ready when the replay starts."""
        return self.replicas[0] if self.at_s[0] == 0 else self.replicas[-1]

    @property
    def most(self) -> int:
        """The most at any time."""
        return max(self.replicas)


@dataclass(frozen=True, slots=True)
class Shift:
    """One time in a period for which a replica is there. order_s: may lie before the period; ready_s: within it.
    until_s: after ready_s, perhaps in the next period.
    """

    order_s: float
    ready_s: float
    until_s: float


def shifts_of(timetable: Timetable, replica: int) -> tuple[Shift, ...] | None:
    """The shifts of the replica of this number, the first of the pool being 0; None where it is there all the time.

    A gap that is no longer than a start-up is none: the replica would be ordered before it has gone.
    """
    instants = [*timetable.at_s, timetable.at_s[0] + timetable.period_s]
    times = [
        (from_s, until_s)
        for (from_s, until_s), number in zip(pairwise(instants), timetable.replicas, strict=True)
        if number > replica
    ]
    if not times:
        return ()
    merged = [times[0]]
    for from_s, until_s in times[1:]:
        if from_s - merged[-1][1] <= timetable.start_up_s:
            merged[-1] = (merged[-1][0], until_s)
        else:
            merged.append((from_s, until_s))
    around_s = merged[0][0] + timetable.period_s - merged[-1][1]
    if around_s <= timetable.start_up_s:
        if len(merged) == 1:
            return None
        (_, until_s), (from_s, _) = merged[0], merged[-1]
        merged = [*merged[1:-1], (from_s, until_s + timetable.period_s)]
    return tuple(Shift(from_s - timetable.start_up_s, from_s, until_s) for from_s, until_s in merged)


def ready_at_start_s(timetable: Timetable, replica: int) -> float:
    """When a replica that is there at the start is ready: 0 or before where it serves, later where it was ordered and
    starts up; infinite where it is not there.
    """
    shifts = shifts_of(timetable, replica)
    if shifts is None:
        return 0.0
    for each in shifts:
        for earlier_s in (0.0, timetable.period_s):
            if each.order_s - earlier_s < 0 < each.until_s - earlier_s or each.ready_s == earlier_s:
                return each.ready_s - earlier_s
    return math.inf


def ordered_s(timetable: Timetable, from_s: float, until_s: float) -> float:
    """Replica seconds ordered between two instants, from 0 on; negative where the second is before the first."""
    return sum(
        _ordered_until_s(timetable, replica, until_s) - _ordered_until_s(timetable, replica, from_s)
        for replica in range(timetable.most)
    )


def _ordered_until_s(timetable: Timetable, replica: int, at_s: float) -> float:
    """Seconds from 0 to the instant in which the replica is ordered."""
    shifts = shifts_of(timetable, replica)
    if shifts is None:
        return at_s
    periods = math.floor(at_s / timetable.period_s) + 1
    return sum(
        max(
            min(each.until_s + number * timetable.period_s, at_s)
            - max(each.order_s + number * timetable.period_s, 0.0),
            0.0,
        )
        for each in shifts
        for number in range(-2, periods + 1)
    )
