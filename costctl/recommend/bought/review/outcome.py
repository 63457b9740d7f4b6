"""What came of one promise? The bill of the calls since under the old setting, less what they were charged.

In: the study of all calls that are at hand, a promise, the time that it is held to. Out: ``ReviewedPromise``. The old
bill is played over all calls, so that caches are as full as they were; only the calls since are counted. Both bills are
of the same calls: traffic that grew or shrank is no saving. Of calls that are not made ``by_reach`` tells, of answers
that a cache gave ``answers``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl
from msgspec.structs import replace as with_

from costctl.documents.estimate import Estimate
from costctl.documents.review import Promise, ReviewedPromise
from costctl.instants import ns_from_iso
from costctl.levers.settings import Setting
from costctl.rebill.bill import Bill
from costctl.recommend.bought.review.adoption import FEWEST_CALLS, Adoption, adoption_of
from costctl.recommend.bought.review.answers import adoption_of_answers, all_paid_for, is_kept_answer
from costctl.recommend.bought.review.by_reach import reviewed_by_reach
from costctl.recommend.bought.review.made_otherwise import shown_by
from costctl.recommend.bought.review.observable import Rules, rules_of
from costctl.recommend.bought.review.promises import Standing
from costctl.recommend.bought.review.since import Since, before, since_of
from costctl.recommend.bought.review.verdict import judged, with_saving
from costctl.recommend.bought.study import BoughtStudy
from costctl.units import iso_utc, seconds_between

METHOD: Final = "the bill since under the old setting, less what was charged; sessions drawn again"
_MOST_UNKNOWN: Final = 0.05  # of the calls of the class
_STILL: Final = 0.9  # as large a part of the calls as before would have been left out
_NOTHING: Final = Estimate(low=0.0, mid=0.0, high=0.0, level=None, method="no call shows the change")
_NOT_RECORDED: Final = (
    "What a cache of your own answers is in no trace, and no call since says that one answered it. Record its answers "
    "as calls with cache.hit = true (LiteLLM, Helicone and Cloudflare log them), and they are told."
)
_WAS_THERE: Final = (
    "Calls of the class went to the advised model before, too, or none of them is at hand: which of those since the "
    "change brought there is not known. Calls of each model as a class of their own would tell."
)
_KEPT_BEFORE: Final = "A cache answered calls before, too: what it would have gone on to answer is not known."


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


def outcome_of(study: BoughtStudy | None, held: Standing) -> ReviewedPromise:
    """What came of it. study: None where nothing is bought.  Savings a week are given for any length of time: the
    document leaves them out.
    """
    promise = held.promise
    rules = rules_of(promise)
    if not rules.after:
        return ReviewedPromise(promise, "not_observable", rules.why_not)
    since = None if study is None else since_of(study, held)
    if study is None or since is None:
        return ReviewedPromise(promise, "too_early", "No call has started since.")
    told = _traffic(study, held, since, rules)
    if not since.own.any():
        return with_(
            told, outcome="too_early", reason=f"No call of {promise.request_class} has started since."
        )
    match rules.told_by:
        case "bill":
            return _billed(study, told, since, rules)
        case "reach":
            return _reached(study, told, since, rules)
        case "answers":
            return _answered(study, told, since, rules)
        case None:
            return with_(told, outcome="not_observable", reason=rules.why_not)


def _traffic(study: BoughtStudy, held: Standing, since: Since, rules: Rules) -> ReviewedPromise:
    """How much traffic there was since, and what was promised for as much. Where calls are left out, requests are
    counted: as many come with the change as without.
    """
    promise, calls = held.promise, int(since.own.sum())
    window_s = seconds_between(ns_from_iso(promise.window_from), ns_from_iso(promise.window_to))
    more = None if not promise.calls else calls / promise.calls
    if more is not None and rules.told_by == "reach":
        requests = study.calls.frame["request_id"].to_numpy()
        earlier = np.unique(requests[before(study, promise)]).size
        more = np.unique(requests[since.own]).size / earlier if earlier else more
    return ReviewedPromise(
        promise=promise,
        outcome="too_early",
        reason="",
        since_from=iso_utc(since.from_ns),
        since_to=iso_utc(since.to_ns),
        calls=calls,
        sessions=int(np.unique(study.calls.session[since.own]).size),
        promised_usd=None if more is None else promise.promised_usd.scaled(more),
        promised_usd_per_week=None if more is None else promise.promised_usd.scaled(more * since.a_week),
        traffic_ratio=None if more is None else more * window_s / since.length_s,
    )


def _reached(study: BoughtStudy, told: ReviewedPromise, since: Since, rules: Rules) -> ReviewedPromise:
    is_unpriced = study.calls.frame["unpriced_charges"].fill_null(0).to_numpy() > 0
    unknown = int((is_unpriced & since.own).sum())
    told = with_(told, unknown_calls=unknown)
    if unknown > _MOST_UNKNOWN * since.own.sum():
        return with_(
            told, outcome="not_observable", reason=f"The price of {unknown:,} of its calls is not known."
        )
    return reviewed_by_reach(study, told, since, rules.after[0])


def _answered(study: BoughtStudy, told: ReviewedPromise, since: Since, rules: Rules) -> ReviewedPromise:
    given = is_kept_answer(study)
    if (given & before(study, told.promise)).any():
        return with_(told, outcome="not_observable", reason=_KEPT_BEFORE)
    if not (given & since.own).any():
        return _no_answer_recorded(study, told, since, rules)
    old = OldRule((), all_paid_for(study), 0.0)
    seen = adoption_of_answers(study, since.own, rules.after[0])
    return _compared(study, told, since, old, seen)


def _no_answer_recorded(
    study: BoughtStudy, told: ReviewedPromise, since: Since, rules: Rules
) -> ReviewedPromise:
    """Whether repeats are still paid for can be told even then."""
    would_go = study.bill(rules.after).left_out.is_any
    earlier = before(study, told.promise)
    if would_go[earlier].any():
        was, still = float(would_go[earlier].mean()), float(would_go[since.own].mean())
        if still >= _STILL * was:
            said = f"{still:.0%} of its calls would still be left out, and are made; it was {was:.0%}."
            return with_saving(told, _NOTHING, since, "not_taken", said)
    return with_(told, outcome="not_observable", reason=_NOT_RECORDED)


def _billed(study: BoughtStudy, told: ReviewedPromise, since: Since, rules: Rules) -> ReviewedPromise:
    if _was_there(study, told.promise):
        return with_(told, outcome="not_observable", reason=_WAS_THERE)
    old, after = old_rule(study, since, rules), study.bill(rules.after)
    told = with_(told, old_rule_error_ratio=old.missed_ratio)
    bills, shown = (study.today, old.bill, after), shown_by(study.calls, told.promise)
    seen = adoption_of(study.calls, since.own, bills, rules.after, shown)
    found = _compared(study, told, since, old, seen)
    return found if found.outcome != "otherwise" else _beside_advised(study, found, since, old, after, seen)


def _beside_advised(
    study: BoughtStudy, found: ReviewedPromise, since: Since, old: OldRule, after: Bill, seen: Adoption
) -> ReviewedPromise:
    """With what was made, and what the advised change would have saved of the same calls."""
    would = delivered(study, old.bill, since, old.slack_usd(since), after)
    return with_(
        found,
        made=None if seen.otherwise is None else seen.otherwise.value,
        advised_usd=would,
        advised_usd_per_week=None if would is None else would.scaled(since.a_week),
    )


def _was_there(study: BoughtStudy, promise: Promise) -> bool:
    """Whether one model of several was to be replaced by one that calls before went to, too, or may have."""
    to = {str(each.to) for each in promise.change if each.instead_of is not None}
    earlier = study.calls.frame["model"].filter(pl.Series(before(study, promise)))
    return bool(to) and (earlier.is_empty() or bool(earlier.is_in([*to]).any()))


def _compared(
    study: BoughtStudy, told: ReviewedPromise, since: Since, old: OldRule, seen: Adoption
) -> ReviewedPromise:
    """The old bill of the calls since, beside what they were charged."""
    unknown = int((old.bill.is_unknown & since.own).sum())
    told = with_(told, unknown_calls=unknown)
    if unknown > _MOST_UNKNOWN * since.own.sum():
        said = f"Prompt or price of {unknown:,} of its calls is not known."
        return with_(told, outcome="not_observable", reason=said)
    told = with_(told, taken_ratio=seen.ratio, lately_ratio=seen.lately)
    if seen.shows.size < FEWEST_CALLS:
        said = f"{seen.shows.size} of its calls since would be billed differently; {FEWEST_CALLS} are needed."
        return with_(told, outcome="too_early", reason=said)
    if seen.is_hardly_seen:
        return with_saving(told, _NOTHING, since, "not_taken", "Its calls are billed as before.")
    saved = delivered(study, old.bill, since, old.slack_usd(since))
    if saved is None:
        return with_(told, outcome="too_early", reason="Too few sessions since to say what it saves.")
    return with_saving(told, saved, since, *judged(told, seen.seen, saved))


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


def delivered(
    study: BoughtStudy, old: Bill, since: Since, slack_usd: float, other: Bill | None = None
) -> Estimate | None:
    """USD that calls since cost less than under the old bill; None where too few sessions save or lose anything.
    slack_usd: the interval is as much wider on both sides.  other: a bill instead of today's.
    """
    now = study.today if other is None else other
    found = replace(study, window_s=since.length_s).saved(old, now, since.own, 1.0)
    if found is None:
        return None
    low, mid, high = found.of_window.low - slack_usd, found.of_window.mid, found.of_window.high + slack_usd
    return Estimate(low=low, mid=mid, high=high, level=found.of_window.level, method=METHOD)
