"""What came of one promise? The bill of the calls since under the old setting, less what they were charged.

In: the study of all calls that are at hand, a promise, the time that it is held to. Out: ``ReviewedPromise``. The old
bill is played over all calls, so that caches are as full as they were; only the calls since are counted. Both bills are
of the same calls: traffic that grew or shrank is no saving.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from msgspec.structs import replace as with_

from costctl.arrays import Bools, Ints
from costctl.documents.estimate import Estimate
from costctl.documents.review import Outcome, ReviewedPromise
from costctl.instants import ns_from_iso
from costctl.levers.settings import Setting
from costctl.rebill.bill import Bill
from costctl.recommend.bought.review.adoption import ALL, FEWEST_CALLS, Adoption, adoption_of
from costctl.recommend.bought.review.observable import Rules, rules_of
from costctl.recommend.bought.review.promises import Standing
from costctl.recommend.bought.study import BoughtStudy
from costctl.units import S_PER_WEEK, iso_utc, seconds_between

METHOD: Final = "the bill since under the old setting, less what was charged; sessions drawn again"
_MOST_UNKNOWN: Final = 0.05  # of the calls of the class
_STILL: Final = 0.9  # as large a part of the calls as before would have been left out


@dataclass(frozen=True, slots=True)
class Since:
    """The calls that a promise is held to. is_in: of all classes.  own: of its class.  from_ns, to_ns: from the first
    start to the last end of them.
    """

    is_in: Bools
    own: Bools
    from_ns: int
    to_ns: int

    @property
    def length_s(self) -> float:
        """Of that time, seconds."""
        return seconds_between(self.from_ns, self.to_ns)

    @property
    def weeks(self) -> float:
        """The same in weeks."""
        return self.length_s / S_PER_WEEK


@dataclass(frozen=True, slots=True)
class OldRule:
    """The settings as they were, and the bill under them. missed_ratio: the part by which that bill misses what the
    calls before were charged; None where there are none.
    """

    settings: tuple[Setting, ...]
    bill: Bill
    missed_ratio: float | None

    def slack_usd(self, since: Since) -> float:
        """By how much the bill of the calls since may be wrong, USD, if it misses them as it missed those before."""
        return (self.missed_ratio or 0.0) * float(self.bill.usd[since.own].sum())


def since_of(study: BoughtStudy, held: Standing) -> Since | None:
    """The calls since; None where none has started."""
    start_ns: Ints = study.calls.frame["start_ns"].to_numpy()
    is_in = start_ns >= held.from_ns
    if held.until_ns is not None:
        is_in &= start_ns < held.until_ns
    if not is_in.any():
        return None
    end_ns = study.calls.frame["end_ns"].fill_null(0).to_numpy()
    to_ns = int(np.maximum(start_ns, end_ns)[is_in].max()) + 1
    name = held.promise.request_class
    own = is_in if name is None else is_in & study.calls.of_class(name)
    return Since(is_in, own, int(start_ns[is_in].min()), to_ns)


def outcome_of(study: BoughtStudy | None, held: Standing) -> ReviewedPromise:
    """What came of it. study: None where nothing is bought.  Savings a week are given for any length of time: the
    document leaves them out.
    """
    promise = held.promise
    rules = rules_of(promise)
    if not rules.after:
        return ReviewedPromise(promise, "not_observable", rules.why_not or "")
    since = None if study is None else since_of(study, held)
    if study is None or since is None:
        return ReviewedPromise(promise, "too_early", "No call has started since.")
    told = _traffic(study, held, since)
    if not since.own.any():
        return with_(
            told, outcome="too_early", reason=f"No call of {promise.request_class} has started since."
        )
    if rules.why_not is not None:
        return _not_observable(study, told, since, rules)
    return _billed(study, told, since, rules)


def _traffic(study: BoughtStudy, held: Standing, since: Since) -> ReviewedPromise:
    """How much traffic there was since, and what was promised for as much."""
    promise, calls = held.promise, int(since.own.sum())
    window_s = seconds_between(ns_from_iso(promise.window_from), ns_from_iso(promise.window_to))
    more = None if not promise.calls else calls / promise.calls
    return ReviewedPromise(
        promise=promise,
        outcome="too_early",
        reason="",
        since_from=iso_utc(since.from_ns),
        since_to=iso_utc(since.to_ns),
        calls=calls,
        sessions=int(np.unique(study.calls.session[since.own]).size),
        promised_usd=None if more is None else promise.promised_usd.scaled(more),
        promised_usd_per_week=None if more is None else promise.promised_usd.scaled(more / since.weeks),
        traffic_ratio=None if more is None else more * window_s / since.length_s,
    )


def _not_observable(study: BoughtStudy, told: ReviewedPromise, since: Since, rules: Rules) -> ReviewedPromise:
    """Whether calls are still made that would have been left out can be told even then."""
    would_go = study.bill(rules.after).left_out.is_any
    before = ~since.is_in & study.calls.of_class(told.promise.request_class or "")
    if would_go[before].any():
        was, still = float(would_go[before].mean()), float(would_go[since.own].mean())
        if still >= _STILL * was:
            said = f"{still:.0%} of its calls would still be left out, and are made; it was {was:.0%}."
            return with_(told, outcome="not_taken", reason=said)
    return with_(told, outcome="not_observable", reason=rules.why_not or "")


def _billed(study: BoughtStudy, told: ReviewedPromise, since: Since, rules: Rules) -> ReviewedPromise:
    old, after = old_rule(study, since, rules), study.bill(rules.after)
    unknown = int((old.bill.is_unknown & since.own).sum())
    told = with_(told, old_rule_error_ratio=old.missed_ratio, unknown_calls=unknown)
    if unknown > _MOST_UNKNOWN * since.own.sum():
        said = f"Prompt or price of {unknown:,} of its calls is not known."
        return with_(told, outcome="not_observable", reason=said)
    seen = adoption_of(study.calls, since.own, (study.today, old.bill, after), rules.after)
    told = with_(told, taken_ratio=seen.ratio, lately_ratio=seen.lately)
    if seen.shows.size < FEWEST_CALLS:
        said = f"{seen.shows.size} of its calls since would be billed differently; {FEWEST_CALLS} are needed."
        return with_(told, outcome="too_early", reason=said)
    if seen.is_hardly_seen:
        nothing = Estimate(low=0.0, mid=0.0, high=0.0, level=None, method="no call shows the change")
        return _with_saving(told, nothing, since, "not_taken", "Its calls are billed as before.")
    saved = delivered(study, old.bill, since, old.slack_usd(since))
    if saved is None:
        return with_(told, outcome="too_early", reason="Too few sessions since to say what it saves.")
    return _with_saving(told, saved, since, *_judged(told, seen, saved.scaled(since.weeks)))


def old_rule(study: BoughtStudy, since: Since, rules: Rules) -> OldRule:
    """Of several ways that the settings may have been, the one whose bill misses the calls before least."""
    earlier = study.calls.frame["start_ns"].to_numpy() < since.from_ns
    names = {each.subject for each in rules.after}
    earlier &= np.logical_or.reduce([study.calls.of_class(name) for name in sorted(names)])
    charged = float(study.today.usd[earlier].sum())

    def of(settings: tuple[Setting, ...]) -> OldRule:
        billed = study.bill(settings)
        missed = abs(float(billed.usd[earlier].sum()) - charged)
        return OldRule(settings, billed, missed / charged if charged > 0.0 else None)

    return min((of(settings) for settings in rules.before), key=lambda each: each.missed_ratio or 0.0)


def delivered(study: BoughtStudy, before: Bill, since: Since, slack_usd: float) -> Estimate | None:
    """USD a week that calls since cost less than under ``before``; None where too few sessions save or lose anything.
    slack_usd: over the time since; the interval is as much wider on both sides.
    """
    found = replace(study, window_s=since.length_s).saved_per_week(before, study.today, since.own, 1.0)
    if found is None:
        return None
    slack = slack_usd / since.weeks
    return Estimate(
        low=found.low - slack, mid=found.mid, high=found.high + slack, level=found.level, method=METHOD
    )


def _with_saving(
    told: ReviewedPromise, per_week: Estimate, since: Since, outcome: Outcome, reason: str
) -> ReviewedPromise:
    more: dict[str, Any] = {"outcome": outcome, "reason": reason}
    return with_(told, delivered_usd=per_week.scaled(since.weeks), delivered_usd_per_week=per_week, **more)


def _judged(told: ReviewedPromise, seen: Adoption, saved: Estimate) -> tuple[Outcome, str]:
    """saved: since, USD."""
    ratio, lately = seen.ratio or 0.0, seen.lately or 0.0
    if seen.is_gone:
        return "reverted", f"It was seen, and is gone: {lately:.0%} of the last quarter of its calls show it."
    if saved.high < 0.0:
        return "costs_more", "Under the old setting these calls would have cost less."
    if lately < ALL:
        return "partly", f"{ratio:.0%} of its calls show it."
    promised = told.promised_usd
    if promised is not None and saved.high < promised.low * ratio:
        return "partly", "Its calls show it, and save less each than was promised."
    since_when = "" if ratio >= ALL else f", {ratio:.0%} of all since"
    return "delivered", f"{lately:.0%} of its latest calls show it{since_when}."
