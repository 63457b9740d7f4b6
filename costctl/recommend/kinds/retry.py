"""How often should a call on replicas of one's own be attempted? Not beyond where attempts take accelerator time and
none has succeeded.

As for bought tokens (costctl/recommend/bought/kinds/retry.py), where cost is accelerator seconds. The period is
replayed without the attempts that a budget cuts: what they took is freed, and nothing leaves the bill unless a replica
goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from costctl.arrays import Bools
from costctl.documents.recommendations import Evidence
from costctl.levers.bought_levers import MOST_ATTEMPTS
from costctl.levers.settings import setting
from costctl.recommend.attempt_budgets import (
    ASSUMPTIONS,
    DEAR,
    Tried,
    decide_on_dear,
    decide_on_lost,
    none_succeeded,
    nth,
    tried_of,
)
from costctl.recommend.proposals import Kind, Proposal, Subject, Withheld
from costctl.recommend.study import Study

_NAME: Final = "retry"


def propose(study: Study) -> Iterator[Proposal | Withheld]:
    """A budget for each class of which something was attempted more than once on a pool; one line where none was."""
    period, own = study.whole.period, study.own
    in_first = np.isin(period.request, study.first.period.request)
    tried = tried_of(own.attempts, own.is_failed, own.share_s, in_first)
    of_class = period.request_class[period.request]
    again = np.unique(of_class[own.number > 1])
    if not again.size:
        reason = "No call of a pool is seen to have been made again."
        yield Withheld(Subject(_NAME), reason, how="not_applicable")
    for number in again.tolist():
        yield _for_class(study, number, tried.of(of_class == number))


def _for_class(study: Study, number: int, tried: Tried) -> Proposal | Withheld:
    subject = Subject(_NAME, study.classes[number], form="pools")
    evidence = (_failed(tried),)
    if not tried.cost[tried.is_failed].any():
        return Withheld(
            subject, "Its failed attempts take no accelerator time: fewer of them would free none.", evidence
        )
    safe = tried.safe
    if safe < MOST_ATTEMPTS and tried.cost[tried.beyond(safe, tried.in_first)].any():
        return _proposal(
            study,
            number,
            subject,
            safe,
            reason=f"Attempts after the {nth(safe)} take accelerator time, and none succeeded on the part that it was "
            "chosen on.",
            evidence=(none_succeeded(tried, safe), *evidence),
            before=decide_on_lost(tried, safe),
        )
    found = tried.dearest
    if found is None:
        return Withheld(
            subject, "Every attempt that takes accelerator time is the first of its call.", evidence
        )
    most, cost_s, usual_s = found
    compared = (
        f"a success after the {nth(most)} attempt takes {cost_s:.3g} accelerator seconds, one at the first "
        f"{usual_s:.3g}"
    )
    if cost_s <= DEAR * usual_s:
        return Withheld(subject, f"Its further attempts succeed: {compared}.", evidence)
    return _proposal(
        study,
        number,
        subject,
        most,
        reason=f"Further attempts are dear: {compared}.",
        evidence=evidence,
        before=decide_on_dear(tried, most),
    )


def _why_none(safe: int) -> str:
    if safe == 1:
        return "On the part that settings are chosen on, no further attempt took accelerator time."
    return (
        "On the part that settings are chosen on, none of its calls succeeds at once, to compare others with."
    )


def _proposal(
    study: Study,
    number: int,
    subject: Subject,
    most: int,
    *,
    reason: str,
    evidence: tuple[Evidence, ...],
    before: str | None,
) -> Proposal:
    """So many attempts and no more. Requests that then fail are not held to an objective: whether they may is asked."""
    period = study.whole.period
    pools = np.unique(period.pool[period.request_class[period.request] == number])
    beside = {each for pool in pools.tolist() for each in study.served_classes(pool)}
    return Proposal(
        subject=subject,
        candidates=((setting("class", "retry.attempts", study.classes[number], most),),),
        goal="cost",
        classes=tuple(sorted(beside - {number} if before is not None else beside)),
        pools=tuple(pools.tolist()),
        reason=reason,
        if_none="Without these attempts replicas would be busy for as long, or an objective would be missed.",
        assumptions=ASSUMPTIONS,
        reversal="Allow as many attempts as today.",
        evidence=evidence,
        before=before,
    )


def _failed(tried: Tried) -> Evidence:
    failed: Bools = tried.is_failed
    return Evidence(
        id="failed",
        kind="measured",
        statement=f"{failed.sum():,} of its {failed.size:,} calls on pools failed, and took "
        f"{tried.cost[failed].sum():,.1f} of {tried.cost.sum():,.1f} accelerator seconds.",
        samples=int(failed.size),
        value=None,
    )


KIND: Final = Kind(_NAME, propose)
