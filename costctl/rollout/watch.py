"""What must hold of the classes that a step changes, and from how many requests on can that be said?

In: the classes, the baseline, the changes to see. Out: a ``Watch`` for each metric of each class.

    success rate       may not fall
    cost per success   may not rise
    p95 latency        within its objective where the class has one and keeps it, else may not rise; of what waits on
                       purpose it is not watched
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from costctl.documents.analysis import Analysis, ClassReport
from costctl.documents.gate_settings import FEWEST_SAMPLES
from costctl.documents.policy_plan import Watch, WatchedLimit
from costctl.documents.sampled import Sampled
from costctl.rollout.sample_size import (
    Needed,
    samples_against,
    samples_needed,
    spread_of_one,
    spread_of_part,
)
from costctl.units import S_PER_DAY, duration_s

SUCCESS: Final = "success_ratio"
COST: Final = "usd_per_success"
LATENCY: Final = "e2e_p95"
_NO_BASELINE: Final = "no baseline was given"


@dataclass(frozen=True, slots=True)
class Sizes:
    """The smallest changes to see. change: of cost and latency, as a ratio.  drop: of the success rate, likewise."""

    change: float
    drop: float


def watches(
    classes: Iterable[str], baseline: Analysis | None, sizes: Sizes, *, is_slower: bool
) -> tuple[Watch, ...]:
    """Class by class; success first. is_slower: they are made to wait, so that their latency tells nothing."""
    metrics = (SUCCESS, COST) if is_slower else (SUCCESS, COST, LATENCY)
    return tuple(_watch(name, metric, baseline, sizes) for name in classes for metric in metrics)


def _watch(name: str, metric: str, baseline: Analysis | None, sizes: Sizes) -> Watch:
    report = (
        next((each for each in baseline.classes if each.request_class == name), None) if baseline else None
    )
    change = sizes.drop if metric == SUCCESS else sizes.change
    if baseline is None or report is None:
        reason = _NO_BASELINE if baseline is None else "the class is not in the baseline"
        return _unknown(name, metric, change, reason)
    a_day = requests_a_day(baseline, report)
    found = next(
        (
            each
            for each in baseline.sampled
            if each.metric == metric and each.subject == (("request_class", name),)
        ),
        None,
    )
    if found is None:
        return _unknown(name, metric, change, _why_missing(baseline), a_day)
    target_s = _objective_s(report) if metric == LATENCY else None
    is_kept = target_s is not None and found.value is not None and found.value <= target_s
    needed = _needed(found, change, is_against_limit=is_kept)
    if needed is None:
        return _unknown(name, metric, change, "the baseline has too few to tell how far it varies", a_day)
    now = max(FEWEST_SAMPLES, needed.now)
    requests = math.ceil(now * report.requests / found.samples)
    limit: WatchedLimit = "max_decrease" if metric == SUCCESS else "max" if is_kept else "max_increase"
    return Watch(
        request_class=name,
        metric=metric,
        limit=limit,
        limit_value=target_s if is_kept and target_s is not None else 0.0,
        change=change,
        samples=now,
        samples_of=found.unit,
        requests=requests,
        baseline_samples=found.samples,
        design_effect=report.requests / found.samples if metric == COST else None,
        requests_a_day=a_day,
        days=None if a_day is None else max(1, math.ceil(requests / a_day)),
        reason=None if a_day is not None else "the baseline spans no time",
    )


def requests_a_day(baseline: Analysis, report: ClassReport) -> float | None:
    """Of a class, at the rate of the baseline; None where that spans no time."""
    days = baseline.window.seconds / S_PER_DAY
    return report.requests / days if days > 0.0 and report.requests else None


def missing_days(watch: Watch) -> int | None:
    """Days until the baseline itself has enough samples; 0 where it has them or needs none, None where that is not
    known.
    """
    if watch.limit == "max":
        return 0
    if watch.samples is None or watch.baseline_samples is None or watch.days is None or not watch.requests:
        return None
    return math.ceil(watch.days * max(0, watch.samples - watch.baseline_samples) / watch.samples)


def _needed(found: Sampled, change: float, *, is_against_limit: bool) -> Needed | None:
    """None where the interval bounds nothing on a side that is needed."""
    if found.value is None or found.value <= 0.0 or not found.low or found.low <= 0.0:
        return None
    if found.high is None or found.high <= found.low:
        return None
    spread = spread_of_one(found.low, found.high, found.samples)
    if found.metric == SUCCESS:
        after = spread_of_part(found.value * (1.0 - change))
        return samples_needed(spread, after, -change, found.samples)
    if is_against_limit:
        return Needed(0, samples_against(spread, change))
    return samples_needed(spread, spread, change, found.samples)


def _objective_s(report: ClassReport) -> float | None:
    """The declared p95 latency of the class, in seconds."""
    for each in report.slo:
        metric, _, target = each.target.partition(" ")
        if metric == LATENCY:
            return duration_s(target)
    return None


def _why_missing(baseline: Analysis) -> str:
    if not baseline.sampled:
        return "the baseline has no intervals: `costctl baseline save` writes them"
    return "it is not observed in the baseline"


def _unknown(
    name: str, metric: str, change: float, reason: str, requests_a_day: float | None = None
) -> Watch:
    return Watch(
        request_class=name,
        metric=metric,
        limit="max_decrease" if metric == SUCCESS else "max_increase",
        limit_value=0.0,
        change=change,
        samples=None,
        samples_of="requests",
        requests=None,
        baseline_samples=None,
        design_effect=None,
        requests_a_day=requests_a_day,
        days=None,
        reason=reason,
    )
