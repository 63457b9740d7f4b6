"""How often should a call of a class be attempted, and how long after a failure? Not beyond where attempts are paid for
and none has succeeded; waits are in ``retry_wait``.

A budget is advised where it would have cut no success on the first part. Where every budget that saves cuts some, one
is a candidate if those cost more than twice what others do, with their number; else it is ruled out. Attempts that the
provider does not bill save nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from costctl.arrays import Bools
from costctl.documents.recommendations import Evidence
from costctl.levers.settings import setting
from costctl.rebill.attempts import Attempts, attempts_of, following, waits_s
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
from costctl.recommend.bought.kinds.retry_wait import wait_for_class
from costctl.recommend.bought.proposals import BillKind, BillProposal, Proposed
from costctl.recommend.bought.study import BoughtStudy
from costctl.recommend.bought.told_usd import told_usd
from costctl.recommend.proposals import Subject, Withheld

_NAME: Final = "retry"
_SOON_S: Final = 5.0
_OVERLOADED: Final = ("rate_limited", "timeout")


def propose(study: BoughtStudy) -> Iterator[Proposed]:
    """A budget for each class of which something was attempted more than once, and a wait where there is a ground."""
    attempts = attempts_of(study.calls)
    for name in study.calls.classes:
        own = study.calls.of_class(name)
        if (attempts.number[own] > 1).any():
            yield _for_class(study, name, attempts, own)
            yield from wait_for_class(study, name, attempts, own)


def _for_class(study: BoughtStudy, name: str, attempts: Attempts, own: Bools) -> BillProposal | Withheld:
    is_failed = study.calls.frame["is_failed"].to_numpy()
    tried = tried_of(attempts, is_failed, study.today.usd, study.in_first).of(own)
    evidence = tuple(_evidence(study, attempts, own))
    subject = Subject(_NAME, name)
    if not tried.cost[tried.is_failed].any():
        return _free(study, subject, own, evidence)
    safe = tried.safe
    if tried.cost[tried.beyond(safe, tried.in_first)].any():
        return _safe(subject, tried, safe, evidence)
    return _dear(subject, tried, evidence)


def _free(study: BoughtStudy, subject: Subject, own: Bools, evidence: tuple[Evidence, ...]) -> Withheld:
    """What failed has no cost that is known."""
    frame = study.calls.frame
    is_unknown = own & frame["is_failed"].to_numpy() & (frame["unpriced_charges"].fill_null(0).to_numpy() > 0)
    if is_unknown.any():
        return Withheld(
            subject,
            f"What {is_unknown.sum():,} failed attempts of {subject.request_class} cost is not observed: they report "
            "no tokens, or their model has no price.",
            evidence,
            how="needs_input",
            missing=("token counts of its failed attempts",),
        )
    return Withheld(
        subject,
        f"The failed attempts of {subject.request_class} cost nothing: the provider bills nothing for them. Fewer of "
        "them would spare its rate limit, not the bill.",
        evidence,
    )


def _safe(subject: Subject, tried: Tried, most: int, evidence: tuple[Evidence, ...]) -> BillProposal:
    """A budget that cut no success on the first part."""
    return _budget(
        subject,
        most,
        reason=f"Attempts after the {nth(most)} are paid for, and none succeeded on the part that it was chosen on.",
        if_none="Attempts beyond every budget that cuts no success cost nothing.",
        evidence=(none_succeeded(tried, most), *evidence),
        before=decide_on_lost(tried, most),
    )


def _dear(subject: Subject, tried: Tried, evidence: tuple[Evidence, ...]) -> BillProposal | Withheld:
    """Every budget that saves cuts successes: what does one of them cost, and what another?"""
    found = tried.dearest
    if found is None:
        return Withheld(
            subject, f"Every attempt of {subject.request_class} that is paid for is its first.", evidence
        )
    most, cost, usual = found
    compared = (
        f"a success after the {nth(most)} attempt costs {cost:.3g} USD, one at the first {usual:.3g} USD"
    )
    if cost <= DEAR * usual:
        return Withheld(subject, f"Its further attempts succeed: {compared}.", evidence)
    return _budget(
        subject,
        most,
        reason=f"Further attempts are dear: {compared}.",
        if_none="Fewer attempts would cost no less.",
        evidence=evidence,
        before=decide_on_dear(tried, most),
    )


def _budget(
    subject: Subject,
    most: int,
    *,
    reason: str,
    if_none: str,
    evidence: tuple[Evidence, ...],
    before: str | None,
) -> BillProposal:
    """So many attempts and no more."""
    return BillProposal(
        subject=subject,
        candidates=((setting("class", "retry.attempts", subject.request_class or "", most),),),
        reason=reason,
        if_none=if_none,
        assumptions=ASSUMPTIONS,
        reversal="Allow as many attempts as today.",
        evidence=evidence,
        before=before,
    )


def _evidence(study: BoughtStudy, attempts: Attempts, own: Bools) -> Iterator[Evidence]:
    """What failed attempts cost, and how soon others followed those that met an overload."""
    frame = study.calls.frame
    is_failed = own & frame["is_failed"].to_numpy()
    yield Evidence(
        id="failed",
        kind="measured",
        statement=f"{is_failed.sum():,} of its {own.sum():,} calls failed, and cost "
        f"{told_usd(study, is_failed)} of {told_usd(study, own)}.",
        samples=int(own.sum()),
        value=None,
    )
    overloaded = frame["outcome"].is_in(_OVERLOADED).to_numpy()
    before, after = following(attempts)
    of_storms = overloaded[before] & own[after]
    wait_s = waits_s(study.calls, before[of_storms], after[of_storms])
    if wait_s.size:
        yield Evidence(
            id="storms",
            kind="measured",
            statement=f"{wait_s.size:,} further attempts followed a refusal for the rate limit or a time-out: "
            f"{(wait_s <= _SOON_S).mean():.0%} within {_SOON_S:g} s, half within {np.median(wait_s):.1f} s.",
            samples=wait_s.size,
            value=None,
        )


KIND: Final = BillKind(_NAME, propose)
