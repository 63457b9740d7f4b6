"""How many replicas does a pool need in each hour? A schedule that never has more than the constant, and keeps as much.

In: the study, a pool, the constant that keeps every objective for sure. Out: replicas needed by hour. The data flow:

    the constant, replayed → calls in the pool at once, by hour, in eighths of the busiest → for each smaller number of
    replicas, from the constant down: up to which eighth hours may have no more, by replay of the schedule with its
    start-ups on both parts of the window

Objectives are of classes, not of hours: an hour has too few calls to say what its 95th percentile is. So a number does
for a set of hours where the whole schedule keeps every objective for sure, and where the requests that begin in these
hours, taken together, keep it by the percentile itself, so that nights do not pay for days. Hours of one eighth are
alike, and none needs more than a busier one: what an hour leaves over for the next is in the pool then, and counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Bools, Ints
from costctl.levers.settings import setting
from costctl.recommend.fewest import first_that, is_kept, replicas_of
from costctl.recommend.hours import Clock, in_pool_by_hour
from costctl.recommend.objectives import meets_objectives, promises_of
from costctl.recommend.proposals import Candidate
from costctl.recommend.study import Part, Study
from costctl.scenario.period import Trial
from costctl.simulate.outcome_measures import quantile_s

_MOST_TRIED: Final = 8  # numbers below the constant that hours may have
_STEPS: Final = 8  # from no load to that of the busiest hour: loads of one step differ by chance


@dataclass(frozen=True, slots=True)
class _Held:
    """A part of the window that schedules are held to. best: its replay with the constant.  hour: by request."""

    part: Part
    best: Trial
    hour: Ints


def scheduled(study: Study, number: int, times: Clock, replicas: Ints) -> Candidate:
    """The settings under which the pool has so many replicas in each hour."""
    name = study.pools[number]
    return (
        setting("pool", "schedule", name, times.schedule(replicas).text),
        setting("pool", "start_up", name, study.settings.pools[name].start_up_s),
    )


def needed_by_hour(study: Study, number: int, times: Clock, constant: int) -> Ints | None:
    """Replicas needed in each hour of the clock, never more than the constant; None where every hour needs it."""
    settings = replicas_of(study, number, constant)
    held = [
        _Held(part, study.trial(part, settings), times.of_requests(part.period))
        for part in (study.first, study.second)
    ]
    step = _steps_of_load(study, number, times, constant)
    hours = _Hours(study, number, times, held, step)
    needed, quiet_up_to = np.full(times.hours, constant, np.int64), _STEPS
    for replicas in _numbers_below(constant):
        expected = min(_STEPS * replicas // constant, quiet_up_to)
        quiet_up_to = hours.quiet_up_to(needed, replicas, quiet_up_to, expected)
        needed = np.where(step <= quiet_up_to, replicas, needed)
    return None if (needed == constant).all() else needed


def _steps_of_load(study: Study, number: int, times: Clock, constant: int) -> Ints:
    """By hour, its step from 0, without calls, to that of the busiest; an hour that was not seen is as busy."""
    whole = study.whole
    outcome = study.trial(whole, replicas_of(study, number, constant)).outcome
    in_pool = in_pool_by_hour(times, whole.period, outcome, number)
    return np.ceil(_STEPS * np.nan_to_num(in_pool / np.nanmax(in_pool), nan=1.0)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Hours:
    """The hours of a pool. held: the parts of the window.  step: of load, by hour."""

    study: Study
    number: int
    times: Clock
    held: Sequence[_Held]
    step: Ints

    def quiet_up_to(self, needed: Ints, replicas: int, most: int, expected: int) -> int:
        """The highest step, up to ``most``, of which hours may have no more replicas, the others as needed; -1 where
        none may. expected: that step, at a guess.
        """

        def does(fewer: int) -> bool:
            quiet = self.step <= most + 1 - fewer
            return not quiet.any() or self._holds(np.where(quiet, replicas, needed), quiet)

        fewer = first_that(does, most + 1 - expected, most + 2)
        return -1 if fewer is None else most + 1 - fewer

    def _holds(self, replicas: Ints, is_quiet: Bools) -> bool:
        """Whether the schedule keeps every objective, for sure where the constant does, and in the quiet hours too."""
        study, classes = self.study, self.study.served_classes(self.number)
        settings = scheduled(study, self.number, self.times, replicas)
        for each in self.held:
            trial = study.trial(each.part, settings)
            is_sure = not meets_objectives(each.part, each.best, classes) or meets_objectives(
                each.part, trial, classes
            )
            if not (is_sure and is_kept(study, each.part, trial, classes)):
                return False
            is_there = (each.hour >= 0) & is_quiet[each.hour]
            if not _is_kept_in(each, trial, classes, is_there):
                return False
        return True


def _is_kept_in(held: _Held, trial: Trial, classes: Sequence[int], is_there: Bools) -> bool:
    """Whether the percentiles of these requests alone lie within the objectives, or no higher than with the constant;
    of too few for a percentile to be other than their slowest, the whole schedule tells.
    """
    for promise in promises_of(held.part.period, classes):
        members = held.part.period.members(promise.request_class) & is_there
        seconds, best_s = (promise.seconds(each, members) for each in (trial, held.best))
        known = ~np.isnan(seconds) & ~np.isnan(best_s)
        if known.sum() * (1.0 - promise.level) < 1.0:
            continue
        reached_s, best_reached_s = (quantile_s(each[known], promise.level) for each in (seconds, best_s))
        if reached_s > max(promise.target_s, best_reached_s):
            return False
    return True


def _numbers_below(constant: int) -> list[int]:
    """Numbers below the constant, the largest first, evenly spread where there are many."""
    spread = np.linspace(1, constant - 1, min(_MOST_TRIED, constant - 1))
    return sorted({round(each) for each in spread}, reverse=True)
