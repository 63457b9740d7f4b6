"""In which hour of the day, or of the week, does each request begin, and what happens in each?

In: the study. Out: a clock of hours that were all seen twice, and by request its hour. A window of two weeks tells
hours of the week, one of two days hours of the day; a shorter one has seen too little to say what an hour is like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Floats, Ints
from costctl.frames.spending import LEAST_TWO_DAYS_NS
from costctl.levers.schedule import Schedule, clock, hour_of_week, schedule_from
from costctl.recommend.study import Part, Study
from costctl.scenario.period import Period
from costctl.simulate.busy_blocks import busy_s_by_pool_and_block
from costctl.simulate.replicas import replicas_by_pool
from costctl.simulate.workload import Outcome, Pool
from costctl.units import NS_PER_S, S_PER_DAY, S_PER_HOUR, S_PER_WEEK

FEWEST_DAYS: Final = 2  # of a window that tells hours of the day; an hour may be missing at each end
FEWEST_WEEKS: Final = 2  # that tells hours of the week


@dataclass(frozen=True, slots=True)
class Clock:
    """starts_s: of the window, Unix seconds. is_weekly: hours of the week from Monday 00:00 UTC, else of the day."""

    starts_s: float
    is_weekly: bool

    @property
    def hours(self) -> int:
        """24, or 168."""
        return 168 if self.is_weekly else 24

    def hour_at(self, at_s: float) -> int:
        """The hour of an instant, seconds from the start of the window."""
        return hour_of_week(self.starts_s + at_s) % self.hours

    def name(self, hour: int) -> str:
        """Such as 07:00, or mon 07:00."""
        return clock(60 * hour, is_weekly=self.is_weekly)

    def of_requests(self, period: Period) -> Ints:
        """By request, the hour in which its first call reached a pool; -1 where it has none in the period."""
        began_s = period.began_s()
        known = np.isfinite(began_s)
        hour = np.full(began_s.size, -1, np.int64)
        hour[known] = self.of_instants(began_s[known])
        return hour

    def of_instants(self, at_s: Floats) -> Ints:
        """The same of instants."""
        offset_s = (self.starts_s + at_s - 4 * S_PER_DAY) % (S_PER_HOUR * self.hours)
        return np.minimum((offset_s // S_PER_HOUR).astype(np.int64), self.hours - 1)

    def schedule(self, replicas: Ints) -> Schedule:
        """The schedule of so many replicas in each hour."""
        steps = tuple((60 * hour, int(number)) for hour, number in enumerate(replicas))
        return schedule_from(steps, is_weekly=self.is_weekly)


def clock_of(study: Study) -> Clock | None:
    """The clock of the window; None where it is too short to have seen each hour of a day twice, or nearly."""
    period = study.whole.period
    seconds = period.to_s - period.from_s
    if seconds * NS_PER_S < LEAST_TWO_DAYS_NS:
        return None
    return Clock(study.today.starts_s, is_weekly=seconds >= FEWEST_WEEKS * S_PER_WEEK)


def busy_by_hour(
    times: Clock, period: Period, outcome: Outcome, pools: Sequence[Pool], number: int
) -> Floats:
    """Busy replicas of a pool in an outcome, on average in each hour of the clock; NaN in hours that were not seen."""
    edges_s = _edges_s(times, period)
    busy_s = busy_s_by_pool_and_block(outcome, replicas_by_pool(pools), edges_s)
    return _by_hour(times, edges_s, busy_s[number], 1.0)


def in_pool_by_hour(times: Clock, period: Period, outcome: Outcome, number: int) -> Floats:
    """Calls that wait or are in progress in a pool at once, on average in each hour of the clock; NaN in hours that
    were not seen.
    """
    edges_s = _edges_s(times, period)
    served = (period.pool == number) & np.isfinite(outcome.arrival_s) & np.isfinite(outcome.end_s)
    until_s = _clipped_sums(outcome.end_s[served], edges_s) - _clipped_sums(
        outcome.arrival_s[served], edges_s
    )
    return _by_hour(times, edges_s, np.diff(until_s), 1.0)


def _clipped_sums(at_s: Floats, edges_s: Floats) -> Floats:
    """For each edge, the sum over instants of the earlier of the two."""
    in_order = np.sort(at_s)
    sums = np.concatenate([[0.0], np.cumsum(in_order)])
    earlier = np.searchsorted(in_order, edges_s)
    found: Floats = sums[earlier] + (in_order.size - earlier) * edges_s
    return found


def calls_by_hour(times: Clock, part: Part, number: int) -> Floats:
    """Calls of the pool an hour, in each hour of the clock; NaN in hours that were not seen."""
    period = part.period
    edges_s = _edges_s(times, period)
    arrival_s = part.today.outcome.arrival_s[period.pool == number]
    counts = np.histogram(arrival_s[np.isfinite(arrival_s)], edges_s)[0].astype(np.float64)
    return _by_hour(times, edges_s, counts, S_PER_HOUR)


def _edges_s(times: Clock, period: Period) -> Floats:
    """The period, cut at full hours of the clock."""
    to_next_s = S_PER_HOUR - (times.starts_s + period.from_s) % S_PER_HOUR
    inner: Floats = np.arange(period.from_s + to_next_s, period.to_s, S_PER_HOUR, dtype=np.float64)
    return np.concatenate([[period.from_s], inner, [period.to_s]])


def _by_hour(times: Clock, edges_s: Floats, amounts: Floats, per_s: float) -> Floats:
    """Amounts between these edges, summed by hour of the clock, per ``per_s`` seconds that were seen of it."""
    hour = times.of_instants((edges_s[1:] + edges_s[:-1]) / 2.0)
    total, seen_s = (
        np.bincount(hour, weights=each, minlength=times.hours) for each in (amounts, np.diff(edges_s))
    )
    found: Floats = np.divide(per_s * total, seen_s, out=np.full(times.hours, np.nan), where=seen_s > 0)
    return found
