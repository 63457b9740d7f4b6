"""How long should pass before a call of a class is made again? So long that attempts which failed, and were paid for,
would not have been made, where the calls were answered in the end.

What is billed is in costctl/rebill/waits.py. Calls that would be answered later for it are counted: the wait is advised
to classes that are declared deferrable, and else where none would be; otherwise it is a candidate. Of calls that were
given up nobody recorded what a longer wait would have met: a wait longer than all that were tried is a candidate
without a promise. Nothing is said of why attempts failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats
from costctl.documents.recommendations import Evidence
from costctl.levers.plan import plan_of
from costctl.levers.settings import Setting, setting
from costctl.rebill.attempts import Attempts, following, waits_s
from costctl.rebill.waits import Waited, waited_of
from costctl.recommend.bought.proposals import BillProposal, Proposed
from costctl.recommend.bought.study import BoughtStudy
from costctl.recommend.bought.told_usd import told_usd
from costctl.recommend.proposals import Subject, Unpromised, Withheld

_WAITS_S: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
_NEARLY_ALL: Final = 0.95  # of what the longest of them saves: more of it is not worth waiting for
_FEWEST: Final = 20  # calls that were given up, to say anything of them


def wait_for_class(study: BoughtStudy, name: str, attempts: Attempts, own: Bools) -> Iterator[Proposed]:
    """A proposal where attempts after a failure failed too, and are paid for; else none."""
    is_failed = own & study.calls.frame["is_failed"].to_numpy()
    before, after = following(attempts)
    before, after = before[is_failed[before]], after[is_failed[before]]
    again = np.zeros(own.size, np.bool_)
    again[after] = is_failed[after]
    if not study.today.usd[again].any():
        return
    first = own & (attempts.first == np.arange(own.size))
    evidence = (_failing(is_failed[first], is_failed[after]), _cost(study, again))
    subject = Subject("retry", name, form="wait")
    answered = _is_answered(attempts, own & ~is_failed)
    in_vain = (again & ~answered)[after]
    given_up = np.unique(attempts.first[after[in_vain]]).size
    made = _shortest(study, name)
    if made is not None:
        yield _answered(study, subject, made, evidence)
    elif given_up >= _FEWEST:
        waited_s = waits_s(study.calls, before[in_vain], after[in_vain])
        yield _given_up(subject, given_up, waited_s, evidence)
    elif study.today.usd[again & answered].any():
        yield _ruled_out(subject, evidence)
    elif given_up:
        reason = (
            f"{given_up:,} calls were made again soon and given up: too few to say what a longer wait may be worth; "
            f"{_FEWEST} are needed."
        )
        yield Withheld(subject, reason, evidence, how="too_few")


def _is_answered(attempts: Attempts, succeeded: Bools) -> Bools:
    """Of each call, whether an attempt of the same succeeded."""
    found = np.zeros(succeeded.size, np.bool_)
    found[attempts.first[succeeded]] = True
    return found[attempts.first]


def _shortest(study: BoughtStudy, name: str) -> Setting | None:
    """The shortest wait that saves nearly all that any of them saves on the first part; None where none saves."""
    made = [setting("class", "retry.wait", name, wait_s) for wait_s in _WAITS_S]
    saved = [float((study.today.usd - study.bill((each,)).usd)[study.in_first].sum()) for each in made]
    enough = _NEARLY_ALL * max(saved)
    return next((each for each, usd in zip(made, saved, strict=True) if enough > 0.0 and usd >= enough), None)


def _ruled_out(subject: Subject, evidence: tuple[Evidence, ...]) -> Withheld:
    return Withheld(
        subject,
        f"Waits of up to {_WAITS_S[-1]:g} s would not lower the bill of {subject.request_class}: an attempt at another "
        "time may fail too, as often as first ones do, and that would cost as much as is left out.",
        evidence,
    )


def _answered(
    study: BoughtStudy, subject: Subject, made: Setting, evidence: tuple[Evidence, ...]
) -> BillProposal:
    """Calls that were answered in the end say when."""
    later = _later(waited_of(study.calls, plan_of((made,))))
    is_free = study.declared(made.subject).deferrable or not later.size
    return BillProposal(
        subject=subject,
        candidates=((made,),),
        reason="Calls were made again soon after they failed, failed again, and are paid for each time.",
        if_none=f"No longer wait makes {made.subject} cheaper.",
        assumptions=_ASSUMPTIONS,
        reversal="Make calls again as soon as today.",
        evidence=(*evidence, *_delays(later)),
        before=None
        if is_free
        else f"{_calls(later.size)} be answered later: {_by(later)}. Decide whether they may.",
    )


def _later(waited: Waited) -> Floats:
    """By how much the calls are answered later that are, s."""
    return waited.later_s[waited.later_s > 0.0]


def _given_up(subject: Subject, count: int, waited_s: Floats, evidence: tuple[Evidence, ...]) -> Unpromised:
    """Calls that were given up say only what waits were in vain. count: of them.  waited_s: before their attempts."""
    longest_s = float(waited_s.max())
    wait_s = next((each for each in _WAITS_S if each > longest_s), 2.0 * longest_s)
    return Unpromised(
        subject=subject,
        settings=(setting("class", "retry.wait", subject.request_class or "", wait_s),),
        reason=f"{count:,} calls were made again within {longest_s:.3g} s and given up: nobody recorded what a longer "
        "wait would have met.",
        before=f"Nothing is promised: wait {wait_s:g} s before another attempt of some calls, and see how many of them "
        "succeed.",
        assumptions=(_ATTEMPTS,),
        reversal="Make calls again as soon as today.",
        evidence=evidence,
    )


def _failing(first: Bools, after_failure: Bools) -> Evidence:
    """How often first attempts fail, and how often those do that come after a failure."""
    return Evidence(
        id="failing",
        kind="measured",
        statement=f"{first.mean():.1%} of its first attempts fail, and {after_failure.mean():.1%} of those that follow "
        "a failure.",
        samples=first.size,
        value=None,
    )


def _cost(study: BoughtStudy, again: Bools) -> Evidence:
    return Evidence(
        id="again",
        kind="measured",
        statement=f"{again.sum():,} further attempts failed, and cost {told_usd(study, again)}.",
        samples=int(again.sum()),
        value=None,
    )


def _delays(later: Floats) -> tuple[Evidence, ...]:
    if not later.size:
        return ()
    statement = f"{_calls(later.size)} be answered later: {_by(later)}."
    return (Evidence("later", "computed", statement, samples=later.size, value=None),)


def _by(later: Floats) -> str:
    return f"half of them by up to {np.median(later):.3g} s, the last by {later.max():.3g} s"


def _calls(count: int) -> str:
    return "1 call would" if count == 1 else f"{count:,} calls would"


_ATTEMPTS: Final = (
    "A call is a further attempt where its source says so, or where it follows one that failed, of the same operation "
    "and prompt, in the same request."
)
_ASSUMPTIONS: Final = (
    _ATTEMPTS,
    "An attempt that would begin before the one that was answered did is taken to fail; one that would begin after it, "
    "to fail as often as first attempts of the class do.",
    "Calls that were given up cost as much as they did; that fewer attempts spare the provider is not counted.",
)
