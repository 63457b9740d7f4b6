"""How many replicas does a pool need in each hour? A schedule that never has more than the constant, and keeps as much.

In: the study, a pool, the constant that keeps every objective. Out: replicas needed by hour. The data flow:

    constants up to the one needed, each replayed → in each hour the fewest that keep every objective of the requests
    that begin in it → the schedule of these, replayed with start-up → hours that miss an objective, and the one before
    each, get one more → until all is kept

A replay with too few replicas carries the backlog of one hour into the next, so that hours look worse than they would
be: the schedule errs to the safe side, and the last replay is of the schedule itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from costctl.arrays import Bools, Ints
from costctl.levers.settings import setting
from costctl.recommend.fewest import is_kept, replicas_of
from costctl.recommend.hours import Clock
from costctl.recommend.objectives import meets_objectives, promises_of
from costctl.recommend.proposals import Candidate
from costctl.recommend.study import Part, Study
from costctl.scenario.period import Trial, quantile_upper_s

_MOST_TRIED: Final = 8  # constants that are replayed to find what each hour needs
_MOST_ROUNDS: Final = 8  # schedules that are replayed until one keeps every objective


def scheduled(study: Study, number: int, times: Clock, replicas: Ints) -> Candidate:
    """The settings under which the pool has so many replicas in each hour."""
    name = study.pools[number]
    return (
        setting("pool", "schedule", name, times.schedule(replicas).text),
        setting("pool", "start_up", name, study.settings.pools[name].start_up_s),
    )


def needed_by_hour(study: Study, number: int, times: Clock, constant: int) -> Ints | None:
    """Replicas needed in each hour of the clock, never more than the constant; None where every hour needs it, or no
    schedule keeps what the constant keeps.
    """
    parts = (study.first, study.second)
    classes = study.served_classes(number)
    hours = [times.of_requests(part.period) for part in parts]
    needed = np.ones(times.hours, np.int64)
    full = [study.trial(part, replicas_of(study, number, constant)) for part in parts]
    for tried in _numbers(constant):
        for part, hour, best in zip(parts, hours, full, strict=True):
            trial = study.trial(part, replicas_of(study, number, tried))
            needed[_worse(part, trial, best, classes, hour, times.hours)] = tried + 1
    needed = np.minimum(_rounded_up(needed, constant), constant)
    for _ in range(_MOST_ROUNDS):
        if (needed == constant).all():
            return None
        trials = [study.trial(part, scheduled(study, number, times, needed)) for part in parts]
        if all(
            _holds(study, part, trial, best, classes)
            for part, trial, best in zip(parts, trials, full, strict=True)
        ):
            return needed
        short = np.zeros(times.hours, np.bool_)
        for part, hour, best, trial in zip(parts, hours, full, trials, strict=True):
            short |= _worse(part, trial, best, classes, hour, times.hours)
        short |= np.roll(short, -1)  # the backlog of an hour is made in the one before
        if not (short & (needed < constant)).any():
            short[:] = True
        needed = np.minimum(needed + short, constant)
    return None


def _holds(study: Study, part: Part, trial: Trial, best: Trial, classes: Sequence[int]) -> bool:
    """Whether the schedule keeps every objective, and for sure where the constant does."""
    is_sure = not meets_objectives(part, best, classes) or meets_objectives(part, trial, classes)
    return is_sure and is_kept(study, part, trial, classes)


def _numbers(constant: int) -> list[int]:
    """Numbers below the constant, evenly spread where there are many."""
    return sorted(
        {round(each) for each in np.linspace(1, constant - 1, min(_MOST_TRIED, constant - 1))} - {0}
    )


def _rounded_up(needed: Ints, constant: int) -> Ints:
    """To the next number that was replayed and kept."""
    known = np.array([*_numbers(constant), constant])
    found: Ints = known[np.minimum(np.searchsorted(known, needed), known.size - 1)]
    return found


def _worse(part: Part, trial: Trial, best: Trial, classes: Sequence[int], hour: Ints, hours: int) -> Bools:
    """In which hours an upper bound of a percentile lies above its objective, and above what the constant has there."""
    found = np.zeros(hours, np.bool_)
    for promise in promises_of(part.period, classes):
        members = part.period.members(promise.request_class)
        own = hour[members]
        seconds, best_s = (promise.seconds(each, members) for each in (trial, best))
        for each in np.unique(own):
            here = own == each
            at_s = quantile_upper_s(seconds[here], promise.level)
            if at_s > max(promise.target_s, quantile_upper_s(best_s[here], promise.level)):
                found[each] = True
    return found
