"""After how many calls should a request be stopped? After as many as the longest that succeeded has made.

What requests that failed cost beyond that is saved. Only where success is observed: where none is known to have failed,
a cap would cut successes alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Bools, Ints
from costctl.documents.recommendations import Evidence
from costctl.levers.settings import setting
from costctl.rebill.attempts import attempts_of
from costctl.recommend.bought.proposals import BillKind, BillProposal
from costctl.recommend.bought.study import BoughtStudy
from costctl.recommend.bought.told_usd import told_usd
from costctl.recommend.bought.worth_asking import LEAST_OF_A_CLASS, asked_for
from costctl.recommend.proposals import Subject, Withheld

_NAME: Final = "loop_cap"
_LONG: Final = 5  # calls: shorter requests do not run away
_FAR: Final = 3.0  # times the median: what is no longer does not run away either
_FEWEST: Final = 20  # requests: of fewer, nothing is typical
_QUANTILE: Final = 0.99
_MOST_LOST: Final = 0.01  # of the successes of the hold-out period


@dataclass(frozen=True, slots=True)
class _Requests:
    """The requests of one class. steps: calls of each, of pools of your own too.  asked: without further attempts."""

    steps: Ints
    asked: Ints
    is_success: Bools
    in_first: Bools

    def lost(self, most: int, part: Bools) -> int:
        """Successes that a cap would cut."""
        return int((part & self.is_success & (self.steps > most)).sum())


def propose(study: BoughtStudy) -> Iterator[BillProposal | Withheld]:
    """One proposal for each class with requests of several calls, of which some have a price."""
    is_first = attempts_of(study.calls).first == np.arange(study.calls.size)
    for name in study.calls.classes:
        own = study.calls.of_class(name)
        if not study.today.usd[own].any():
            continue
        requests = _requests(study, own, is_first)
        if requests.asked.max() >= _LONG:
            yield _for_class(study, name, own, requests)


def _requests(study: BoughtStudy, own: Bools, is_first: Bools) -> _Requests:
    frame = study.calls.frame
    numbers, request = np.unique(frame["request_id"].to_numpy()[own], return_inverse=True)
    steps = np.zeros(numbers.size, np.int64)
    np.maximum.at(steps, request, frame["place"].to_numpy()[own])
    is_success, in_first = np.zeros(numbers.size, np.bool_), np.zeros(numbers.size, np.bool_)
    is_success[request] = frame["is_request_success"].fill_null(value=False).to_numpy()[own]
    in_first[request] = study.in_first[own]  # of its last call, the latest assignment
    return _Requests(steps, np.bincount(request, is_first[own]).astype(np.int64), is_success, in_first)


def _for_class(study: BoughtStudy, name: str, own: Bools, requests: _Requests) -> BillProposal | Withheld:
    subject = Subject(_NAME, name)
    evidence = (_lengths(requests),)
    if requests.steps.size < _FEWEST:
        reason = (
            f"{requests.steps.size} requests of {name} are too few to say how many calls one needs; {_FEWEST} are "
            "needed."
        )
        return Withheld(subject, reason, evidence, how="too_few")
    median = float(np.median(requests.asked))
    if requests.asked.max() < _FAR * median:
        reason = (
            f"No request of {name} runs away: half make no more than {median:.0f} calls, without further attempts, the "
            f"longest {requests.asked.max()}."
        )
        return Withheld(subject, reason, evidence)
    if requests.is_success.all():
        unknown = Withheld(
            subject,
            f"No request of {name} is known to have failed, so that a cap would cut successes alone.",
            evidence,
            how="needs_input",
            missing=("an error status of the requests that came to nothing",),
        )
        return asked_for(study, unknown, LEAST_OF_A_CLASS, own)
    succeeded = requests.steps[requests.is_success & requests.in_first]
    if not succeeded.size:
        return Withheld(
            subject,
            f"No request of {name} succeeded on the first part: nothing says how long one takes.",
            evidence,
            how="too_few",
        )
    most = int(succeeded.max())
    return BillProposal(
        subject=subject,
        candidates=((setting("class", "loop.steps", name, most),),),
        reason=f"Requests that failed went on after {most} calls, enough for all that succeeded on the first part.",
        if_none=f"No request of {name} that failed makes more calls than those that succeed.",
        assumptions=("A request that is stopped fails, as it did. The calls before are what they were.",),
        reversal="Lift the cap.",
        evidence=(*evidence, *_caps(study, own, requests, succeeded)),
        before=_before(requests, most),
    )


def _before(requests: _Requests, most: int) -> str | None:
    """What must be decided first: where more than a few successes would be cut."""
    rest = ~requests.in_first
    lost, all_of_them = requests.lost(most, rest), int((rest & requests.is_success).sum())
    if lost <= _MOST_LOST * all_of_them:
        return None
    return f"In the hold-out period it would cut {lost:,} of {all_of_them:,} successes: decide whether they may fail."


def _lengths(requests: _Requests) -> Evidence:
    failed = requests.steps[~requests.is_success]
    told = f"; those that failed up to {failed.max():,}" if failed.size else ""
    return Evidence(
        id="steps",
        kind="measured",
        statement=f"Half of its requests make no more than {np.median(requests.steps):.0f} calls, the longest "
        f"{requests.steps.max():,}{told}. {failed.size:,} of {requests.steps.size:,} failed.",
        samples=requests.steps.size,
        value=None,
    )


def _caps(study: BoughtStudy, own: Bools, requests: _Requests, succeeded: Ints) -> Iterator[Evidence]:
    """What caps cut over the whole window: at the most of the successes, and at a quantile of them."""
    step = study.calls.frame["place"].to_numpy()
    everywhere = np.ones(requests.steps.size, np.bool_)
    caps = {"most": int(succeeded.max()), "quantile": int(np.quantile(succeeded, _QUANTILE, method="higher"))}
    for name, most in caps.items():
        at = "the most" if name == "most" else f"the {_QUANTILE:g} quantile"
        yield Evidence(
            id=f"cap_{name}",
            kind="computed",
            statement=f"A cap of {most} calls, {at} of those that succeeded first, would cut "
            f"{requests.lost(most, everywhere):,} of {requests.is_success.sum():,} successes, and calls of "
            f"{told_usd(study, own & (step > most))}.",
            samples=requests.steps.size,
            value=None,
        )


KIND: Final = BillKind(_NAME, propose)
