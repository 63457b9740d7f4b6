"""Does a change keep what was promised? All objectives of a class: end to end at p95 and p99, to the first token, and
its deadline, which 95 % must meet.

In: two replays of a period. Out: whether every objective is kept: the percentile and its upper bound lie within it, or,
where today's already do not, are no higher than today's; and which objectives a replay misses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from costctl.arrays import Bools, Floats
from costctl.documents.calibration import Metric
from costctl.documents.metrics import METRICS
from costctl.documents.recommendations import MissedObjective
from costctl.documents.setting_names import toml_key
from costctl.documents.settings import ClassSettings
from costctl.recommend.proposals import Proposal
from costctl.recommend.study import Part, Study
from costctl.scenario.period import Period, Trial, quantile_upper_s
from costctl.scenario.trust import is_trusted
from costctl.simulate.outcome_measures import quantile_s

Times = Literal["e2e_s", "ttft_s"]
SURE_DEVIATES: Final = 1.96  # of a bound of 97.5 %
_ROUNDING_S: Final = 1e-9  # what is left of sums of floats


@dataclass(frozen=True, slots=True)
class Promise:
    """One objective of a class. metric: such as e2e_p95.  times: of a trial, the one that it is about."""

    request_class: int
    metric: str
    times: Times
    level: float
    target_s: float

    def seconds(self, trial: Trial, members: Bools) -> Floats:
        """The times of these requests in the trial."""
        seconds: Floats = getattr(trial, self.times)[members]
        return seconds


@dataclass(frozen=True, slots=True)
class Missed:
    """An objective that a replay misses. seconds: what the percentile comes to; infinite where calls are refused."""

    promise: Promise
    seconds: float


def promises_of(period: Period, classes: Iterable[int]) -> Iterator[Promise]:
    """The objectives of the classes that have requests in the period."""
    for number in classes:
        members = period.members(number)
        if not members.any():
            continue
        of_class: tuple[tuple[str, Times, float, Floats], ...] = (
            ("e2e_p95", "e2e_s", 0.95, period.target_s),
            ("e2e_p99", "e2e_s", 0.99, period.p99_target_s),
            ("deadline", "e2e_s", 0.95, period.deadline_s),
            ("ttft_p95", "ttft_s", 0.95, period.ttft_target_s),
        )
        for metric, times, level, targets_s in of_class:
            target_s = float(targets_s[members][0])
            if np.isfinite(target_s):
                yield Promise(number, metric, times, level, target_s)


def meets_objectives(part: Part, changed: Trial, classes: Iterable[int]) -> bool:
    """Whether every class keeps each of its objectives. A class without one keeps it."""
    return next(not_kept(part, changed, classes), None) is None


def not_kept(
    part: Part, changed: Trial, classes: Iterable[int], deviates: float = SURE_DEVIATES
) -> Iterator[Missed]:
    """The objectives that are not kept, each with what it is held to: the upper bound of its percentile, and the
    percentile itself, since where today keeps an objective by too little to be sure its bound is above it already.
    deviates: how far above it the bound is.
    """

    def upper_s(seconds: Floats, level: float) -> float:
        return quantile_upper_s(seconds, level, deviates)

    for promise in promises_of(part.period, classes):
        members = part.period.members(promise.request_class)
        today_s, changed_s = (promise.seconds(trial, members) for trial in (part.today, changed))
        for percentile_of in (upper_s, quantile_s):
            before_s, after_s = (percentile_of(each, promise.level) for each in (today_s, changed_s))
            if after_s > max(promise.target_s, before_s + _ROUNDING_S):
                yield Missed(promise, after_s)
                break


def missed(part: Part, trial: Trial, classes: Iterable[int]) -> tuple[Missed, ...]:
    """The objectives that the trial misses, by the percentile itself."""
    found = []
    for promise in promises_of(part.period, classes):
        seconds = promise.seconds(trial, part.period.members(promise.request_class))
        known_s = seconds[~np.isnan(seconds)]
        if known_s.size and quantile_s(known_s, promise.level) > promise.target_s:
            found.append(Missed(promise, quantile_s(known_s, promise.level)))
    return tuple(found)


def missed_today(study: Study) -> tuple[MissedObjective, ...]:
    """The objectives that are missed today over the whole window, by the percentile itself, the farthest first."""
    return told_missed(study, missed(study.whole, study.whole.today, study.served_classes()))


def told_missed(study: Study, found: Iterable[Missed]) -> tuple[MissedObjective, ...]:
    """The same as the document has it, the farthest first."""
    worst = sorted(found, key=lambda each: -each.seconds / each.promise.target_s)
    return tuple(
        MissedObjective(
            request_class=study.classes[each.promise.request_class],
            metric=each.promise.metric,
            seconds=each.seconds if np.isfinite(each.seconds) else None,
            target_s=each.promise.target_s,
        )
        for each in worst
    )


def newly_missed(study: Study, part: Part, trial: Trial, classes: Iterable[int]) -> tuple[Missed, ...]:
    """The objectives that the trial misses and today does not, or not by as much: by the percentile, made longer by
    what the replay of today is too short for that class.
    """
    today = {each.promise: each.seconds for each in missed(part, part.today, classes)}
    found = []
    for promise in promises_of(part.period, classes):
        seconds = promise.seconds(trial, part.period.members(promise.request_class))
        known_s = seconds[~np.isnan(seconds)]
        if not known_s.size:
            continue
        at_s = quantile_s(known_s, promise.level)
        longer_s = at_s * (1.0 + _too_short_ratio(study, promise))
        if longer_s > promise.target_s and at_s > today.get(promise, 0.0) + _ROUNDING_S:
            found.append(Missed(promise, at_s))
    return tuple(found)


def _too_short_ratio(study: Study, promise: Promise) -> float:
    """By which ratio the replay of today is too short at the 95th percentile of the class; 0 where it is not."""
    metric = "call_ttft_p95" if promise.times == "ttft_s" else "call_latency_p95"
    name = study.classes[promise.request_class]
    errors = [
        each.error_ratio
        for fit in study.calibration.classes
        for each in fit.metrics
        if fit.name == name and each.metric == metric and each.error_ratio is not None
    ]
    return max(0.0, *(-each for each in errors)) if errors else 0.0


def has_objective(declared: ClassSettings) -> bool:
    """Whether any objective of latency, or a deadline, is declared."""
    slo = declared.slo
    asked = (slo.e2e_p95_s, slo.e2e_p99_s, slo.ttft_p95_s, declared.deadline_s)
    return any(each is not None for each in asked)


def objective_to_set(study: Study, request_class: str) -> str:
    """The setting that would tell what the class is to keep: a deadline for one that may wait."""
    setting = "deadline" if study.declared(request_class).deferrable else "slo.e2e_p95"
    return f"classes.{toml_key(request_class)}.{setting}"


def untrusted(study: Study, proposed: Proposal) -> str | None:
    """What a verdict on the proposal would rest on that the replay does not reproduce, in words; None where all of it
    may be acted on, or there are too few calls to say.
    """
    is_move = any(
        each.lever.form in ("targets", "weights") for settings in proposed.candidates for each in settings
    )
    return not_reproduced(study, (*proposed.classes, *proposed.give_way), proposed.pools, is_move=is_move)


def not_reproduced(
    study: Study, classes: Iterable[int], pools: Iterable[int], *, is_move: bool
) -> str | None:
    """The same of these classes' objectives and these pools' busy time. is_move: a class comes to the pools, where it
    has no calls yet whose times could be compared: those of the pools are asked for.
    """
    slos = {study.classes[number]: study.declared(study.classes[number]).slo for number in classes}
    has_latency = [
        name for name, slo in slos.items() if slo.e2e_p95_s is not None or slo.e2e_p99_s is not None
    ]
    asked: list[tuple[Metric, str | None, str | None]] = []
    asked += [("call_latency_p95", name, None) for name in has_latency]
    asked += [("call_ttft_p95", name, None) for name, slo in slos.items() if slo.ttft_p95_s is not None]
    times = dict.fromkeys(metric for metric, _, _ in asked) if is_move else {}
    for number in pools:
        asked += [(metric, None, study.pools[number]) for metric in ("busy", *times)]
    off = [
        f"{METRICS[metric].short} of {request_class or pool}"
        for metric, request_class, pool in asked
        if is_trusted(study.calibration, metric, request_class=request_class, pool=pool) is False
    ]
    return ", ".join(off) or None
