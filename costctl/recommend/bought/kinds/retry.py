"""How often should a call of a class be attempted, and how long after a failure? Not beyond where attempts are paid for
and none has succeeded; waits are in ``retry_wait``.

A budget is advised where it would have cut no success on the first part. Where every budget that saves cuts some, one
is a candidate if those cost more than twice what others do, with their number; else it is ruled out. Attempts that the
provider does not bill save nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.documents.recommendations import Evidence
from costctl.levers.settings import setting
from costctl.rebill.attempts import Attempts, attempts_of, following, waits_s
from costctl.recommend.bought.kinds.retry_wait import wait_for_class
from costctl.recommend.bought.proposals import BillKind, BillProposal, Proposed
from costctl.recommend.bought.study import LEVEL, BoughtStudy
from costctl.recommend.bought.told_usd import told_usd
from costctl.recommend.proposals import Subject, Withheld

_NAME: Final = "retry"
_DEAR: Final = 2.0  # times what a call costs that succeeds at once: dearer successes are a choice
_SOON_S: Final = 5.0
_OVERLOADED: Final = ("rate_limited", "timeout")


@dataclass(frozen=True, slots=True)
class _Tried:
    """The calls of one class, an array over them each. number: of the attempt.  succeeded_at: for first attempts, the
    number of the first attempt that succeeded; 0 where none did.  is_opening: it is a first attempt.
    """

    number: Ints
    usd: Floats
    is_failed: Bools
    in_first: Bools
    succeeded_at: Ints
    is_opening: Bools

    def beyond(self, most: int, part: Bools) -> Bools:
        """The attempts that a budget would cut."""
        return part & (self.number > most)

    def lost(self, most: int, part: Bools) -> int:
        """Successes that a budget would cut."""
        return int((part & self.is_opening & (self.succeeded_at > most)).sum())

    def went_on(self, most: int, part: Bools) -> int:
        """Of how many things a further attempt was made after so many."""
        return int((part & (self.number == most + 1)).sum())

    def cost_of_success(self, most: int) -> float:
        """USD of all attempts beyond the budget for each success among them, on the first part."""
        return float(self.usd[self.beyond(most, self.in_first)].sum()) / self.lost(most, self.in_first)


def propose(study: BoughtStudy) -> Iterator[Proposed]:
    """A budget for each class of which something was attempted more than once, and a wait where there is a ground."""
    attempts = attempts_of(study.calls)
    for name in study.calls.classes:
        own = study.calls.of_class(name)
        if (attempts.number[own] > 1).any():
            yield _for_class(study, name, attempts, own)
            yield from wait_for_class(study, name, attempts, own)


def _for_class(study: BoughtStudy, name: str, attempts: Attempts, own: Bools) -> BillProposal | Withheld:
    tried = _tried(study, attempts, own)
    evidence = tuple(_evidence(study, attempts, own))
    subject = Subject(_NAME, name)
    if not tried.usd[tried.is_failed].any():
        return _free(study, subject, own, evidence)
    safe = next(most for most in range(int(tried.number.max()) + 1) if not tried.lost(most, tried.in_first))
    safe = max(safe, 1)
    if tried.usd[tried.beyond(safe, tried.in_first)].any():
        return _safe(subject, tried, safe, evidence)
    return _dear(subject, tried, safe, evidence)


def _tried(study: BoughtStudy, attempts: Attempts, own: Bools) -> _Tried:
    is_failed = study.calls.frame["is_failed"].to_numpy()
    never = np.iinfo(np.int64).max
    succeeded_at = np.full(study.calls.size, never)
    np.minimum.at(succeeded_at, attempts.first[~is_failed], attempts.number[~is_failed])
    opening = attempts.first == np.arange(study.calls.size)
    return _Tried(
        number=attempts.number[own],
        usd=study.today.usd[own],
        is_failed=is_failed[own],
        in_first=study.in_first[own],
        succeeded_at=np.where(succeeded_at == never, 0, succeeded_at)[own],
        is_opening=opening[own],
    )


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


def _safe(subject: Subject, tried: _Tried, most: int, evidence: tuple[Evidence, ...]) -> BillProposal:
    """A budget that cut no success on the first part."""
    lost = tried.lost(most, ~tried.in_first)
    seen = tried.went_on(most, tried.in_first)
    bound = 1.0 - (1.0 - LEVEL) ** (1.0 / max(seen, 1))
    told = Evidence(
        id="successes",
        kind="measured",
        statement=f"{seen:,} calls were attempted more than {_times(most)}, and none of them succeeded: of more of "
        f"them at most {bound:.1%} would. In the hold-out period {lost:,} of "
        f"{tried.went_on(most, ~tried.in_first):,} did.",
        samples=seen,
        value=None,
    )
    return _budget(
        subject,
        most,
        reason=f"Attempts after the {_nth(most)} are paid for, and none succeeded on the part that it was chosen on.",
        if_none="Attempts beyond every budget that cuts no success cost nothing.",
        evidence=(told, *evidence),
        before=None
        if not lost
        else f"In the hold-out period {_calls(lost)} succeeded only after the {_nth(most)} attempt: decide whether "
        "they may fail.",
    )


def _dear(
    subject: Subject, tried: _Tried, safe: int, evidence: tuple[Evidence, ...]
) -> BillProposal | Withheld:
    """Every budget that saves cuts successes: what does one of them cost, and what another?"""
    at_once = tried.is_opening & (tried.succeeded_at == 1) & tried.in_first
    budgets = [most for most in range(1, safe) if tried.lost(most, tried.in_first)]
    if not budgets or not at_once.any():
        return Withheld(
            subject, f"Every attempt of {subject.request_class} that is paid for is its first.", evidence
        )
    usual = float(tried.usd[at_once].mean())
    most = max(budgets, key=tried.cost_of_success)
    cost, lost = tried.cost_of_success(most), tried.lost(most, tried.in_first)
    compared = (
        f"a success after the {_nth(most)} attempt costs {cost:.3g} USD, one at the first {usual:.3g} USD"
    )
    if cost <= _DEAR * usual:
        return Withheld(subject, f"Its further attempts succeed: {compared}.", evidence)
    return _budget(
        subject,
        most,
        reason=f"Further attempts are dear: {compared}.",
        if_none="Fewer attempts would cost no less.",
        evidence=evidence,
        before=f"{_calls(lost)} of the first part succeeded only after the {_nth(most)} attempt: decide whether they "
        "may fail.",
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
        assumptions=_ASSUMPTIONS,
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


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count:,} calls"


def _nth(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


_ASSUMPTIONS: Final = (
    "A call is a further attempt where its source says so, or where it follows one that failed, of the same operation "
    "and prompt, in the same request.",
    "The rest of a request stays as it is.",
)
KIND: Final = BillKind(_NAME, propose)
