"""Is a proposal advice? Every kind is judged here, in the same way.

In: the study, a proposal. Out: ``Recommendation``, made or withheld. The data flow:

    what it would rest on → may that be acted on? → candidates, replayed on the first part → the best by its goal
    → savings and effects there → the same settings on the second part → advice, or what failed
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from msgspec.structs import replace

from costctl.documents.changes import SettingChange
from costctl.documents.estimate import Estimate
from costctl.documents.recommendations import Evidence, Holdout, Recommendation
from costctl.levers.apply import value_of
from costctl.levers.settings import change_of
from costctl.recommend.effects import effects_of
from costctl.recommend.objectives import meets_objectives, untrusted
from costctl.recommend.proposals import Candidate, Proposal, Subject, Withheld
from costctl.recommend.savings import Savings, freed_time, savings_between
from costctl.recommend.study import Part, Study
from costctl.scenario.period import Trial

FREED_TIME: Final = (
    "Freed replica time is worth its price only if other work fills it, or enough of it lets a replica go."
)
_SAME: Final = 1e-9  # of the bill: a smaller difference is what is left of sums of floats
_HOURS_OF_WEEK: Final = 168


@dataclass(frozen=True, slots=True)
class _Best:
    """The best candidate, and its replay of the first part."""

    settings: Candidate
    trial: Trial


def evaluated(study: Study, proposed: Proposal | Withheld) -> Recommendation:
    """The proposal, judged."""
    if isinstance(proposed, Withheld):
        return withheld(proposed.subject, proposed.reason, proposed.evidence)
    off = untrusted(study, proposed.classes, proposed.pools)
    if off is not None:
        reason = f"The replay of today does not reproduce {off}, on which this would rest."
        return withheld(proposed.subject, reason, proposed.evidence)
    best = _best(study, proposed)
    evidence = (*proposed.evidence, _tried(study, proposed))
    if best is None:
        return withheld(proposed.subject, proposed.if_none, evidence)
    return _held_out(study, proposed, best, evidence)


def withheld(subject: Subject, reason: str, evidence: tuple[Evidence, ...] = ()) -> Recommendation:
    """No advice, and why."""
    return Recommendation(
        id=subject.id,
        kind=subject.kind,
        request_class=subject.request_class,
        pool=subject.pool,
        status="withheld",
        reason=reason,
        change=(),
        cash_usd=None,
        cash_usd_per_week=None,
        freed_usd=None,
        freed_usd_per_week=None,
        freed_time=(),
        effects=(),
        holdout=None,
        assumptions=(),
        evidence=evidence,
        reversal=None,
    )


def _best(study: Study, proposed: Proposal) -> _Best | None:
    """The best candidate on the first part, the earlier of two that are alike; None where none beats today."""
    part = study.first
    best, score = None, _score(part, proposed, part.today)
    for settings in proposed.candidates:
        trial = study.trial(part, settings)
        reached = _score(part, proposed, trial)
        if reached < score and _is_allowed(part, proposed, trial):
            best, score = _Best(settings, trial), reached
    return best


def _score(part: Part, proposed: Proposal, trial: Trial) -> tuple[int, ...]:
    """Smaller is better: requests within their objectives where these are the goal; the bill; busy time."""
    grain_usd = _SAME * float(part.today.paid_usd.sum()) or 1.0
    usd = tuple(round(float(each.sum()) / grain_usd) for each in (trial.paid_usd, trial.busy_usd))
    return (-int(trial.is_good.sum()), *usd) if proposed.goal == "goodput" else usd


def _is_allowed(part: Part, proposed: Proposal, trial: Trial) -> bool:
    """Whether the candidate keeps what its goal must keep."""
    if proposed.goal == "cost":
        return meets_objectives(part, trial, proposed.classes)
    is_dearer = float(trial.busy_usd.sum()) > float(part.today.busy_usd.sum())
    groups = [part.period.members(number) for number in proposed.classes]
    groups.append(np.ones(trial.is_good.size, np.bool_))
    return not is_dearer and all(
        int(trial.is_good[each].sum()) >= int(part.today.is_good[each].sum()) for each in groups
    )


def _held_out(
    study: Study, proposed: Proposal, best: _Best, evidence: tuple[Evidence, ...]
) -> Recommendation:
    """The advice if it holds on the part that it was not chosen on, else withheld with what failed there."""
    second = study.second
    later = study.trial(second, best.settings)
    saved = savings_between(study, study.first, study.first.today, best.trial)
    held = savings_between(study, second, second.today, later)
    reason = None
    if saved.main is None or held.main is None:
        reason = f"{proposed.reason} There is too little traffic over time to say what that saves."
    elif not _is_allowed(second, proposed, later):
        reason = f"{proposed.reason} In the hold-out period an objective was missed."
    elif held.main.low <= 0:
        reason = (
            f"{proposed.reason} In the hold-out period the saving is not certain: {_per_hour(held.main)}."
        )
    if reason is not None:
        return withheld(proposed.subject, reason, evidence)
    return _made(study, proposed, best, saved, held, evidence)


def _made(
    study: Study,
    proposed: Proposal,
    best: _Best,
    saved: Savings,
    held: Savings,
    evidence: tuple[Evidence, ...],
) -> Recommendation:
    pools, _ = study.replayed_as(study.first, best.settings)
    return replace(
        withheld(proposed.subject, proposed.reason, evidence),
        status="recommended",
        change=_changes(study, best.settings),
        cash_usd_per_week=saved.cash,
        freed_usd_per_week=saved.freed,
        freed_time=freed_time(study, study.first, best.trial, pools, proposed.pools),
        effects=effects_of(study, proposed, best.settings, best.trial),
        holdout=Holdout(
            cash_usd=None,
            cash_usd_per_week=held.cash,
            freed_usd=None,
            freed_usd_per_week=held.freed,
            is_slo_met=True,
        ),
        assumptions=proposed.assumptions,
        reversal=proposed.reversal,
    )


def _changes(study: Study, settings: Candidate) -> tuple[SettingChange, ...]:
    """The settings that differ from today's."""
    before = [(each, value_of(study.today, each.lever, each.subject)) for each in settings]
    return tuple(change_of(each, was) for each, was in before if each.value != was)


def _per_hour(saving: Estimate) -> str:
    low, high = saving.low / _HOURS_OF_WEEK, saving.high / _HOURS_OF_WEEK
    return f"{low:.3g} to {high:.3g} USD an hour"


def _tried(study: Study, proposed: Proposal) -> Evidence:
    """How many candidates were replayed, on how many calls."""
    period, count = study.first.period, len(proposed.candidates)
    served = np.isin(period.pool, proposed.pools) if proposed.pools else np.ones(period.pool.size, np.bool_)
    hours = (period.to_s - period.from_s) / 3600.0
    settings = "1 setting was" if count == 1 else f"{count} settings were"
    return Evidence(
        id="grid",
        kind="simulated",
        statement=f"{settings} replayed on {study.first.name}, {hours:.1f} h.",
        samples=int(served.sum()),
        value=None,
    )
