"""What does a change do, besides saving? Quantities of the first part before and after, by the catalogue of metrics.

In: the study, a proposal, the replay of the candidate. Out: ``Effect`` values. Times are of requests whose every call
was served.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from costctl.arrays import Floats
from costctl.documents.recommendations import Effect
from costctl.recommend.proposals import Candidate, Proposal
from costctl.recommend.savings import busy_replicas
from costctl.recommend.study import Study
from costctl.scenario.period import Trial, p95_s


def effects_of(study: Study, proposed: Proposal, settings: Candidate, trial: Trial) -> tuple[Effect, ...]:
    """Of each class of the proposal its times and goodput, of each pool its busy replicas."""
    told = (*proposed.classes, *proposed.give_way)
    by_class = (each for number in told for each in _of_class(study, proposed, number, trial))
    by_pool = (_of_pool(study, number, settings, trial) for number in proposed.pools)
    return (*by_class, *by_pool)


def latency_of(effects: Iterable[Effect], request_class: str | None) -> Effect | None:
    """The end-to-end p95 of the class; without one, of the class that it changes most, by ratio."""
    found = [each for each in effects if each.metric == "e2e_p95"]
    if request_class is not None:
        return next((each for each in found if each.request_class == request_class), None)
    return max(
        found, key=lambda each: abs(each.to / each.from_ - 1.0) if each.from_ > 0 else 0.0, default=None
    )


def _of_class(study: Study, proposed: Proposal, number: int, trial: Trial) -> Iterator[Effect]:
    name, today = study.classes[number], study.first.today
    members = study.first.period.members(number)
    is_ttft_told = proposed.is_about_prompts or study.declared(name).slo.ttft_p95_s is not None
    times = [("e2e_p95", today.e2e_s, trial.e2e_s)]
    times += [("ttft_p95", today.ttft_s, trial.ttft_s)] if is_ttft_told else []
    for metric, before_s, after_s in times:
        before, after = _served_p95_s(before_s[members]), _served_p95_s(after_s[members])
        if np.isfinite(before) and np.isfinite(after):
            yield Effect(metric, "s", name, None, study.first.name, before, after)
    if trial.put_off_s is not None and trial.put_off_s[members].any():
        waited_s = trial.put_off_s[members]
        for metric, waited in (("put_off_p95", p95_s(waited_s)), ("longest_put_off", float(waited_s.max()))):
            yield Effect(metric, "s", name, None, study.first.name, 0.0, waited)
    if proposed.goal != "cost" and members.any():
        before, after = (float(each.is_good[members].mean()) for each in (today, trial))
        yield Effect("goodput", "ratio", name, None, study.first.name, before, after)
    if proposed.goal == "order" and members.any():
        before, after = (_longest_wait_s(study, number, each) for each in (today, trial))
        yield Effect("longest_wait", "s", name, None, study.first.name, before, after)


def _longest_wait_s(study: Study, number: int, trial: Trial) -> float:
    """The longest that a served call of the class waited, whatever the pool."""
    period = study.first.period
    waited_s = (trial.outcome.begin_s - trial.outcome.arrival_s)[
        period.request_class[period.request] == number
    ]
    return float(np.nanmax(waited_s, initial=0.0))


def _served_p95_s(seconds: Floats) -> float:
    return p95_s(seconds[np.isfinite(seconds)])


def _of_pool(study: Study, number: int, settings: Candidate, trial: Trial) -> Effect:
    first = study.first
    pools, _ = study.replayed_as(first, settings)
    return Effect(
        "busy_replicas",
        "replicas",
        None,
        study.pools[number],
        first.name,
        busy_replicas(first, first.today, first.period.pools, number),
        busy_replicas(first, trial, pools, number),
    )
