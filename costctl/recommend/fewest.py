"""How few replicas of a pool keep every objective? Replays with other numbers, from the dearest hours to the whole.

In: the study, a pool. Out: the fewest replicas that keep what today keeps (``fewest_that_keep``), or that meet what
today misses (``fewest_that_mend``). The data flow:

    hours of the window → the busiest of them → bisection there → a guess → both parts of the window, up or down from it

A number keeps every objective where in each part of the window every percentile does, made longer by what the replay of
today is too short (costctl/recommend/objectives.py), no more calls go unserved than today, and no work is left over at
the end. It does so for sure where the upper bounds of the percentiles do too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from costctl.arrays import Floats
from costctl.levers.settings import setting
from costctl.recommend.looked import Looked
from costctl.recommend.objectives import meets_objectives, missed, newly_missed
from costctl.recommend.proposals import Candidate
from costctl.recommend.study import Part, Study
from costctl.recommend.tried import lens_of
from costctl.scenario.load import with_requests
from costctl.scenario.period import Trial
from costctl.simulate.busy_blocks import busy_s_by_pool_and_block
from costctl.simulate.outcome_measures import is_served
from costctl.simulate.replicas import replicas_by_pool
from costctl.units import S_PER_HOUR

MOST_TIMES: Final = 8  # today's replicas: beyond it a pool that misses its objectives lacks something else
_FEWEST_HOURS: Final = 6  # of a window: in a shorter one the dearest hours are most of it
_DEAREST: Final = 0.05  # of the hours of a window, and two at least
_LEFT_OVER_S: Final = 60.0  # by so much the work of a period may end later than today
_LEFT_OVER_RATIO: Final = 0.01  # or by so much of the period, where that is longer
Does = Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class Fewest:
    """Fewest replicas. needed: that keep every objective, by the percentiles themselves.  sure: by the upper bounds of
    the percentiles too.  by_part: as needed, of each part alone.  looked: at each number that was replayed on the first
    of the parts.
    """

    needed: int
    sure: int
    by_part: tuple[int, ...]
    looked: tuple[Looked, ...] = ()


@dataclass(frozen=True, slots=True)
class _Verdict:
    is_kept: bool
    is_sure: bool
    looked: Looked


@dataclass(slots=True)
class _Verdicts:
    """What replays of a part say of numbers of replicas of a pool; each is replayed once."""

    study: Study
    number: int
    part: Part
    found: dict[int, _Verdict] = field(default_factory=dict)

    def __call__(self, replicas: int) -> _Verdict:
        if replicas not in self.found:
            self.found[replicas] = self._said(replicas)
        return self.found[replicas]

    def looked(self) -> tuple[Looked, ...]:
        """At each that was replayed."""
        return tuple(each.looked for _, each in sorted(self.found.items()))

    def _said(self, replicas: int) -> _Verdict:
        part, classes = self.part, self.study.served_classes(self.number)
        settings = replicas_of(self.study, self.number, replicas)
        trial = self.study.trial(part, settings)
        is_good = is_kept(self.study, part, trial, classes)
        is_sure = is_good and meets_objectives(part, trial, classes)
        lens = lens_of(part, (self.number,), classes)
        return _Verdict(is_good, is_sure, lens.look(settings, trial, is_kept=is_good))


def replicas_of(study: Study, number: int, replicas: int) -> Candidate:
    """The settings under which the pool has so many replicas."""
    return (setting("pool", "replicas", study.pools[number], replicas),)


def fewest_that_keep(study: Study, number: int, parts: Sequence[Part]) -> Fewest:
    """The fewest replicas that keep every objective in these parts; today's where none fewer does."""
    today = study.today.pools[study.pools[number]].replicas
    verdicts = [_Verdicts(study, number, part) for part in parts]
    guess = _guess(study, number, today)

    def fewest(does: Does) -> int:
        found = first_that(does, guess, today - 1)
        return today if found is None else found

    by_part = tuple(fewest(_keeping(of)) for of in verdicts)
    sure = fewest(lambda replicas: all(of(replicas).is_sure for of in verdicts))
    return Fewest(max(by_part), max(sure, *by_part), by_part, verdicts[0].looked())


def _keeping(verdict: _Verdicts) -> Does:
    return lambda replicas: verdict(replicas).is_kept


def fewest_that_mend(
    study: Study, number: int, parts: Sequence[Part]
) -> tuple[int | None, tuple[Looked, ...]]:
    """The fewest replicas, more than today's, with which nothing is missed in these parts; None where no number is. And
    a look at each number that was replayed on the first of them.
    """
    classes = study.served_classes(number)
    today = study.today.pools[study.pools[number]].replicas

    lens = lens_of(parts[0], (number,), classes)
    looked: list[Looked] = []

    def mends(more: int) -> bool:
        settings = replicas_of(study, number, today + more)
        trial = study.trial(parts[0], settings)
        is_mended = not missed(parts[0], trial, classes)
        looked.append(lens.look(settings, trial, is_kept=is_mended))
        return is_mended and all(not missed(part, study.trial(part, settings), classes) for part in parts[1:])

    found = first_that(mends, 1, MOST_TIMES * today)
    return None if found is None else today + found, tuple(looked)


def is_kept(study: Study, part: Part, trial: Trial, classes: Sequence[int]) -> bool:
    """Whether the trial keeps every objective that today keeps, serves as many calls, and leaves no work over."""
    return _is_served_in_time(part, trial) and not newly_missed(study, part, trial, classes)


def _is_served_in_time(part: Part, trial: Trial) -> bool:
    """Whether as many calls are served as today, and the work is done by the end of the period, or not much later than
    the last call comes.
    """
    period = part.period
    counts = period.is_counted[period.request]
    unserved, unserved_today = (
        int(np.count_nonzero(counts & ~is_served(each.outcome))) for each in (trial, part.today)
    )
    slack_s = max(_LEFT_OVER_S, _LEFT_OVER_RATIO * (period.to_s - period.from_s))
    last_s = float(np.nanmax(trial.outcome.arrival_s, initial=period.from_s))
    ends_s = max(period.to_s, part.today.outcome.horizon_s, last_s) + slack_s
    return unserved <= unserved_today and trial.outcome.horizon_s <= ends_s


def first_that(does: Does, guess: int, most: int) -> int | None:
    """The smallest number from 1 to ``most`` that does; None where none does. does: from some number on.

    Steps of 1, 2, 4 … away from the guess until it lies between two numbers, then halves.
    """
    if most < 1:
        return None
    below, at, step = 0, min(max(guess, 1), most), 1
    if does(at):
        while at - below > 1:
            lower = max(at - step, below + 1)
            if does(lower):
                at, step = lower, 2 * step
            else:
                below = lower
                break
    else:
        below = at
        while True:
            if below == most:
                return None
            at = min(below + step, most)
            if does(at):
                break
            below, step = at, 2 * step
    while at - below > 1:
        middle = (at + below) // 2
        at, below = (middle, below) if does(middle) else (at, middle)
    return at


def _busy_s_by_hour(part: Part, number: int) -> Floats:
    """Busy seconds of the pool today, by hour from the start of the part."""
    period = part.period
    hours = max(int(np.ceil((period.to_s - period.from_s) / S_PER_HOUR)), 1)
    edges_s: Floats = period.from_s + S_PER_HOUR * np.arange(hours + 1, dtype=np.float64)
    edges_s[-1] = np.inf
    busy_s = busy_s_by_pool_and_block(part.today.outcome, replicas_by_pool(period.pools), edges_s)
    found: Floats = busy_s[number]
    return found


def _guess(study: Study, number: int, today: int) -> int:
    """The fewest that keep every objective in the dearest hours; today's load alone where these are most of it."""
    busy_s = _busy_s_by_hour(study.whole, number)
    period = study.whole.period
    if busy_s.size < _FEWEST_HOURS:
        return max(int(np.ceil(busy_s.sum() / (period.to_s - period.from_s))), 1)
    dearest = np.argsort(-busy_s, kind="stable")[: max(2, int(np.ceil(_DEAREST * busy_s.size)))]
    began_s = period.began_s()
    known = np.isfinite(began_s)
    hour = np.full(began_s.size, -1)
    hour[known] = ((began_s[known] - period.from_s) // S_PER_HOUR).astype(np.int64)
    part_of = with_requests(period, np.isin(hour, dearest))
    part = Part("the dearest hours", part_of, part_of.trial(part_of.pools))
    verdict = _Verdicts(study, number, part)
    found = first_that(lambda replicas: verdict(replicas).is_kept, (today + 1) // 2, today - 1)
    return today if found is None else found
