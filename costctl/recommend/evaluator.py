"""Is a proposal advice? Every kind is judged here, in the same way.

In: the study, a proposal. Out: ``Recommendation``, made or withheld. The data flow:

    what it would rest on → may that be acted on? → candidates, replayed on the first part → the best by its goal
    (search.py) → the same settings on the second part → advice, with its savings on the whole window, or what failed
"""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec.structs import replace

from costctl.documents.changes import SettingChange
from costctl.documents.estimate import Estimate
from costctl.documents.recommendations import Evidence, Holdout, Recommendation, Status
from costctl.documents.tried import TriedSettings
from costctl.recommend.doubts import WHEN_CHOSEN, WHEN_HELD, Doubt, Seen, doubt_of, gravest
from costctl.recommend.effects import effects_of, latency_of
from costctl.recommend.looked import Looked
from costctl.recommend.objectives import meets_objectives, missed, told_missed, untrusted
from costctl.recommend.proposals import Goal, Proposal, Subject, Unpromised, Withheld
from costctl.recommend.savings import Savings, freed_time, savings_between
from costctl.recommend.search import Best, best_of, what_fails
from costctl.recommend.study import Part, Study
from costctl.recommend.tried import changes_from_today, lens_of, tried_of
from costctl.recommend.weekly import over_both
from costctl.scenario.period import Trial
from costctl.units import S_PER_HOUR, S_PER_WEEK

LEAST_OF_PAID: Final = 0.001  # of what pools are paid for: a smaller saving is not worth a line
FREED_TIME: Final = (
    "Freed replica time is worth its price only if other work fills it, or enough of it lets a replica go."
)
_OF_REQUESTS: Final[tuple[Goal, ...]] = (
    "goodput",
    "order",
)  # of these goals requests in time are told, of others money


def evaluated(study: Study, proposed: Proposal | Unpromised | Withheld) -> Recommendation:
    """The proposal, judged."""
    if isinstance(proposed, Unpromised):
        return to_be_tried(proposed, changes_from_today(study, proposed.settings))
    if isinstance(proposed, Withheld):
        return replace(
            withheld(proposed.subject, proposed.reason, proposed.evidence),
            withheld_as=proposed.how,
            missing=proposed.missing,
            capacity=proposed.capacity,
            tried=proposed.tried,
            reuse=proposed.reuse,
        )
    return replace(_judged(study, proposed), capacity=proposed.capacity, reuse=proposed.reuse)


def _judged(study: Study, proposed: Proposal) -> Recommendation:
    """The recommendation, made or withheld."""
    off = untrusted(study, proposed)
    if off is not None:
        reason = f"The replay of today does not reproduce {off}, on which this would rest."
        return withheld(proposed.subject, reason, proposed.evidence)
    best, looked = best_of(study, proposed)
    if best is None and proposed.otherwise is not None:
        return _judged(study, proposed.otherwise)
    evidence = (*proposed.evidence, _grid(study, proposed, len(looked)))
    if best is None:
        found = withheld(proposed.subject, proposed.if_none, evidence)
    else:
        found = _held_out(study, proposed, best, evidence)
    return replace(found, tried=_tried(study, proposed, looked, found.status, best))


def _tried(
    study: Study, proposed: Proposal, looked: tuple[Looked, ...], status: Status, best: Best | None
) -> TriedSettings | None:
    """What was tried, where it is cost that is weighed against latency. best: is advised, unless it was withheld."""
    if proposed.goal in _OF_REQUESTS:
        return None
    lens = lens_of(study.first, proposed.pools, proposed.classes)
    advised = None if best is None or status == "withheld" else best.settings
    return tried_of(study, lens, (*proposed.looked, *looked), advised, both=proposed.goal == "value")


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
        withheld_as="ruled_out",
        commitment=subject.commitment,
    )


def to_be_tried(
    proposed: Unpromised, change: tuple[SettingChange, ...], calls: int | None = None
) -> Recommendation:
    """A candidate of which nobody recorded what it would meet. calls: of its class, of what is bought."""
    return replace(
        withheld(proposed.subject, proposed.reason, proposed.evidence),
        status="candidate",
        change=change,
        assumptions=proposed.assumptions,
        reversal=proposed.reversal,
        withheld_as="needs_input",
        before=proposed.before,
        calls=calls,
    )


def _held_out(study: Study, proposed: Proposal, best: Best, evidence: tuple[Evidence, ...]) -> Recommendation:
    """The advice if it holds on the part that it was not chosen on, else withheld with what failed there. What it
    saves is told of the whole window, as what all advice saves together is.
    """
    later = study.trial(study.second, best.settings)
    chosen_on = savings_between(study, study.first, study.first.today, best.trial)
    held = savings_between(study, study.second, study.second.today, later)
    doubt = _doubt(study, proposed, chosen_on, held, what_fails(study, study.second, proposed, later))
    if doubt is not None:
        reason = f"{proposed.reason} {doubt.reason}"
        return replace(withheld(proposed.subject, reason, evidence), withheld_as=doubt.how)
    whole = study.trial(study.whole, best.settings)
    saved = savings_between(study, study.whole, study.whole.today, whole)
    return _made(study, proposed, best, whole, saved, _holdout(study, proposed, held, later), evidence)


def _doubt(
    study: Study, proposed: Proposal, saved: Savings, held: Savings, failure: str | None
) -> Doubt | None:
    """Why the best candidate is no advice. failure: what it does not keep in the hold-out period."""
    goal = proposed.goal
    gain, first, second = "gain" if goal == "order" else "saving", saved.made_for(goal), held.made_for(goal)
    if first is None:
        hours = _hours(study.first).count
        return Doubt(
            f"There is too little traffic over time to say what the {gain} is: {hours:.1f} h.", "too_few"
        )
    if failure is not None:
        return Doubt(f"In the hold-out period {failure}.", "ruled_out")
    if goal == "objectives":
        return None  # it is made to keep what was promised, not to save
    if second is None:
        return Doubt(f"In the hold-out period there is no {gain} that could be told.", "ruled_out")
    parts = ((WHEN_CHOSEN, first.a_week, study.first), (WHEN_HELD, second.a_week, study.second))
    return gravest(
        doubt_of(when, each, _hours(part), _per_hour(each, goal), _worth_a_line(proposed, part), gain)
        for when, each, part in parts
    )


def _worth_a_line(proposed: Proposal, part: Part) -> float:
    """The least saving a week that is worth one: a thousandth of what its pools are paid for; of requests, any."""
    if proposed.goal == "order":
        return 0.0
    return LEAST_OF_PAID * float(part.today.paid_usd_a_week[[*proposed.pools]].sum())


def _hours(part: Part) -> Seen:
    return Seen((part.period.to_s - part.period.from_s) / S_PER_HOUR, "hours of traces")


def _holdout(study: Study, proposed: Proposal, held: Savings, later: Trial) -> Holdout:
    goodput = held.goodput if proposed.goal in _OF_REQUESTS else None
    told = over_both(cash_usd=held.cash, freed_usd=held.freed, goodput_requests=goodput)
    is_slo_met = meets_objectives(study.second, later, proposed.classes)
    found = told_missed(study, missed(study.second, later, proposed.classes))
    return Holdout(**told, is_slo_met=is_slo_met, missed=found)


def _made(
    study: Study,
    proposed: Proposal,
    best: Best,
    whole: Trial,
    saved: Savings,
    holdout: Holdout,
    evidence: tuple[Evidence, ...],
) -> Recommendation:
    pools, _ = study.replayed_as(study.whole, best.settings)
    effects = effects_of(study, proposed, best.settings, best.trial)
    return replace(
        withheld(proposed.subject, proposed.reason, evidence),
        status="recommended" if proposed.before is None else "candidate",
        change=changes_from_today(study, best.settings),
        **over_both(
            cash_usd=saved.cash,
            freed_usd=saved.freed,
            goodput_requests=saved.goodput if proposed.goal in _OF_REQUESTS else None,
        ),
        freed_time=freed_time(study, study.whole, whole, pools, proposed.pools),
        effects=effects,
        latency=latency_of(effects, proposed.subject.request_class),
        withheld_as=None if proposed.before is None else "needs_input",
        before=proposed.before,
        holdout=holdout,
        assumptions=(*proposed.assumptions, *(() if saved.freed is None else (FREED_TIME,))),
        reversal=proposed.reversal,
    )


def _per_hour(gained: Estimate, goal: Goal) -> str:
    low, high = (each * S_PER_HOUR / S_PER_WEEK for each in (gained.low, gained.high))
    unit = "requests within their objectives" if goal == "order" else "USD"
    return f"{low:.3g} to {high:.3g} {unit} an hour"


def _grid(study: Study, proposed: Proposal, count: int) -> Evidence:
    """How many candidates were replayed, on how many calls."""
    period = study.first.period
    served = np.isin(period.pool, proposed.pools) if proposed.pools else np.ones(period.pool.size, np.bool_)
    hours = (period.to_s - period.from_s) / S_PER_HOUR
    settings = "1 setting was" if count == 1 else f"{count} settings were"
    return Evidence(
        id="grid",
        kind="simulated",
        statement=f"{settings} replayed on {study.first.name}, {hours:.1f} h.",
        samples=int(served.sum()),
        value=None,
    )
