"""Which work can wait for the quiet hours, and does a replica go when it does?

For each pool with classes that may wait (``deadline``, or ``deferrable``), spans of its quietest hours are tried:
requests wait for them, within the deadline, and the fewest replicas that keep every objective then are found by replay.
A proposal is made only where fewer replicas are left than without: a peak that is shaved on replicas that stay saves
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Floats
from costctl.documents.recommendations import Evidence
from costctl.levers.day_hours import DayHours
from costctl.levers.settings import setting
from costctl.recommend.fewest import first_that, is_kept, replicas_of
from costctl.recommend.hours import FEWEST_DAYS, Clock, busy_by_hour, clock_of
from costctl.recommend.kinds.capacity import need_of
from costctl.recommend.need import Need, plural
from costctl.recommend.objectives import meets_objectives
from costctl.recommend.proposals import Candidate, Kind, Proposal, Subject, Withheld
from costctl.recommend.study import Study
from costctl.scenario.period import quantile_upper_s
from costctl.units import S_PER_DAY, S_PER_HOUR, S_PER_MINUTE

_NAME: Final = "deferral"
_SPANS_H: Final = (4, 8, 12, 16, 20)  # lengths of the quiet hours that are tried
_LONGEST_S: Final = S_PER_DAY  # that a class waits which is deferrable and has no deadline


@dataclass(frozen=True, slots=True)
class _Tried:
    """Quiet hours that were tried. replicas: fewest that are needed then, None where no fewer.  peak: busy replicas in
    the busiest hour of the day.
    """

    hours: DayHours
    settings: Candidate
    replicas: int | None
    peak: float


def propose(study: Study) -> Iterator[Proposal | Withheld]:
    """A proposal for each pool that has something to put off."""
    waiting = {number: _waiting(study, number) for number in range(len(study.pools))}
    if not any(waiting.values()):
        reason = "No class is declared to be able to wait: classes.NAME.deadline, or deferrable = true, would say so."
        yield Withheld(Subject(_NAME), reason, how="not_applicable")
        return
    times = clock_of(study)
    if times is None:
        hours = (study.whole.period.to_s - study.whole.period.from_s) / S_PER_HOUR
        reason = f"Which hours are quiet takes {FEWEST_DAYS} days of traces to tell, not {hours:.1f} h."
        yield Withheld(Subject(_NAME), reason, how="too_few")
        return
    by_day = Clock(times.starts_s, is_weekly=False)
    for number, classes in waiting.items():
        if classes:
            yield _for_pool(study, number, classes, by_day)


def _for_pool(study: Study, number: int, classes: list[int], times: Clock) -> Proposal | Withheld:
    name = study.pools[number]
    subject, need = Subject(_NAME, None, name), need_of(study, number)
    if isinstance(need, Withheld):
        return Withheld(subject, need.reason, how=need.how, missing=need.missing)
    if need.is_missed_today:
        return Withheld(subject, "An objective is missed today: see capacity for what the pool needs first.")
    within_s = {each: _may_wait_s(study, each) for each in classes}
    in_time = {each: seconds for each, seconds in within_s.items() if seconds > 0}
    if not in_time:
        return Withheld(subject, f"{_names(study, classes)} takes as long as its deadline, and cannot wait.")
    tried = [_tried(study, need, in_time, times, hours) for hours in _quiet(study, number, times)]
    peak = _peak(study, number, times, ())
    best = min(tried, key=lambda each: (each.replicas or need.needed, each.peak))
    evidence = (_evidence(study, number, [*in_time], best, peak),)
    if best.replicas is None:
        return Withheld(subject, _why_none(study, need, [*in_time], best, peak), evidence)
    advised = min(best.replicas + need.reserve, need.today)
    if advised >= need.today:
        reason = (
            f"{_names(study, [*in_time])} in {best.hours.text} leaves {plural(best.replicas)} needed, and with "
            f"{need.reserve} in reserve none of {need.today} goes."
        )
        return Withheld(subject, reason, evidence)
    return Proposal(
        subject=subject,
        candidates=((*best.settings, *replicas_of(study, number, advised)),),
        goal="cost",
        classes=tuple(study.served_classes(number)),
        pools=(number,),
        reason=f"{_names(study, [*in_time])} can wait for {best.hours.text} UTC: {plural(best.replicas)} "
        f"{'keeps' if best.replicas == 1 else 'keep'} every objective then, {need.needed} without. {advised} of "
        f"{need.today} stay, {need.reserve} in reserve.",
        if_none="An objective would be missed, or the bill is no smaller.",
        assumptions=(
            "Who sends these requests waits for the hours, or a queue of jobs does it for them; how long they wait "
            "is within the deadline, and counts in no objective.",
        ),
        reversal=f"Let them come when they come, and go back to {plural(need.today)}.",
        evidence=evidence,
    )


def _waiting(study: Study, number: int) -> list[int]:
    """The classes of the pool that may wait."""
    declared = {each: study.declared(study.classes[each]) for each in study.served_classes(number)}
    return [each for each, of in declared.items() if of.deferrable or of.deadline_s is not None]


def _may_wait_s(study: Study, number: int) -> float:
    """How long the class may be put off: its deadline less what its slowest requests take."""
    deadline_s = study.declared(study.classes[number]).deadline_s
    members = study.whole.period.members(number)
    slow_s = quantile_upper_s(study.whole.today.e2e_s[members], 0.95)
    return (_LONGEST_S if deadline_s is None else deadline_s) - slow_s


def _quiet(study: Study, number: int, times: Clock) -> Iterator[DayHours]:
    """Spans of the day in which the pool is least busy today, the earliest of several: a short one for what fits into
    the night, a long one that leaves out the peak alone.
    """
    period = study.whole.period
    busy = np.nan_to_num(busy_by_hour(times, period, study.whole.today.outcome, period.pools, number))
    around: Floats = np.concatenate([busy, busy])
    for length in _SPANS_H:
        sums = [float(around[hour : hour + length].sum()) for hour in range(times.hours)]
        begin = int(np.argmin(sums))
        yield DayHours(60 * begin, 60 * ((begin + length) % times.hours))


def rounded_wait_s(seconds: float) -> float:
    """The longest that may be waited, as people would write it: whole hours from 12 on, minutes from 10 on, or seconds;
    never longer.
    """
    for size, least in ((S_PER_HOUR, 12), (S_PER_MINUTE, 10), (1.0, 0)):
        if seconds >= least * size:
            return float(np.floor(seconds / size) * size)
    return 0.0


def _tried(study: Study, need: Need, within_s: dict[int, float], times: Clock, hours: DayHours) -> _Tried:
    """The fewest replicas, below those needed today, when the classes wait for these hours."""
    settings = tuple(
        each
        for number, seconds in within_s.items()
        for each in (
            setting("class", "defer.hours", study.classes[number], hours.text),
            setting("class", "defer.within", study.classes[number], rounded_wait_s(seconds)),
        )
    )
    classes = study.served_classes(need.number)

    def does(replicas: int) -> bool:
        wanted = (*settings, *replicas_of(study, need.number, replicas))
        trials = [(part, study.trial(part, wanted)) for part in (study.first, study.second, study.whole)]
        return all(
            is_kept(study, part, trial, classes) and meets_objectives(part, trial, classes)
            for part, trial in trials
        )

    replicas = first_that(does, need.needed - 1, need.needed - 1)
    return _Tried(hours, settings, replicas, _peak(study, need.number, times, settings))


def _peak(study: Study, number: int, times: Clock, settings: Candidate) -> float:
    """Busy replicas in the busiest hour of the day."""
    pools, _ = study.replayed_as(study.whole, settings)
    outcome = study.trial(study.whole, settings).outcome
    return float(np.nanmax(busy_by_hour(times, study.whole.period, outcome, pools, number)))


def _names(study: Study, classes: list[int]) -> str:
    return " and ".join(study.classes[each] for each in classes)


def _why_none(study: Study, need: Need, classes: list[int], best: _Tried, peak: float) -> str:
    return (
        f"When {_names(study, classes)} waits for {best.hours.text} UTC, the busiest hour falls from {peak:.3g} to "
        f"{best.peak:.3g} busy replicas, but {plural(need.needed)} are still needed: no replica goes, and nothing is "
        "saved."
    )


def _evidence(study: Study, number: int, classes: list[int], best: _Tried, peak: float) -> Evidence:
    period = study.whole.period
    calls = np.isin(period.request_class[period.request], classes) & (period.pool == number)
    return Evidence(
        id="peak",
        kind="simulated",
        statement=f"Waiting for {best.hours.text} UTC takes the busiest hour from {peak:.3g} to {best.peak:.3g} busy "
        "replicas.",
        samples=int(calls.sum()),
        value=None,
    )


KIND: Final = Kind(_NAME, propose)
