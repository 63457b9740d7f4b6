"""Is a proposal for bought tokens advice? Every kind is judged here, in the same way.

In: the study, a proposal. Out: ``Recommendation``: made, a candidate, or withheld. The data flow:

    candidates, billed → the cheapest on the first part → the same settings on the second part, with an interval →
    advice, a candidate where something must be declared or tried before, or what failed

What nobody recorded has no bill: it is a candidate without a saving.
"""

from __future__ import annotations

import dataclasses
from math import ceil
from typing import Final

from msgspec.structs import replace

from costctl.documents.changes import SettingChange
from costctl.documents.estimate import Estimate
from costctl.documents.recommendations import Evidence, Holdout, Recommendation
from costctl.levers.settings import change_of
from costctl.rebill.bill import Bill
from costctl.recommend.bought.cuts import Cut, cut_of
from costctl.recommend.bought.kept import reason_not_kept
from costctl.recommend.bought.proposals import BillProposal, Proposed
from costctl.recommend.bought.study import FEWEST_SESSIONS, BoughtStudy
from costctl.recommend.doubts import WHEN_CHOSEN, WHEN_HELD, Doubt, doubt_of, gravest
from costctl.recommend.evaluator import to_be_tried, withheld
from costctl.recommend.proposals import Candidate, Unpromised, Withheld
from costctl.recommend.weekly import over_both
from costctl.stats.week import Saving

LEAST_USD_PER_WEEK: Final = 0.005  # less is not worth a line


def evaluated(study: BoughtStudy, proposed: Proposed) -> Recommendation:
    """The proposal, judged."""
    if isinstance(proposed, Unpromised):
        return to_be_tried(proposed, _changes(study, proposed.settings), _calls(study, proposed))
    if isinstance(proposed, Withheld):
        return replace(
            withheld(proposed.subject, proposed.reason, proposed.evidence),
            withheld_as=proposed.how,
            missing=proposed.missing,
        )
    kept = {settings: reason_not_kept(study, settings) for settings in proposed.candidates}
    within = tuple(settings for settings, reason in kept.items() if reason is None)
    if kept and not within:
        broken = next(reason for reason in kept.values() if reason is not None)
        return withheld(proposed.subject, broken, proposed.evidence)
    proposed = dataclasses.replace(proposed, candidates=within)
    cut = cut_of(study, proposed.cut)
    before = study.bill(proposed.given) if proposed.given else study.today
    best = _cheapest(cut, proposed, before)
    evidence = (*proposed.evidence, _billed(cut, proposed))
    if best is None:
        return withheld(proposed.subject, proposed.if_none, evidence)
    settings, changed, hindsight = best
    first, rest, whole = (cut.saved(before, changed, part) for part in (cut.first, cut.rest, cut.whole))
    doubt = _doubt(cut, before, changed, first, rest)
    if doubt is not None:
        reason = f"{proposed.reason} {doubt.reason}"
        return replace(withheld(proposed.subject, reason, evidence), withheld_as=doubt.how)
    regret_usd, regret_usd_per_week = (
        (None, None) if hindsight is None else cut.less(changed, hindsight, cut.rest)
    )
    holdout = Holdout(
        **over_both(cash_usd=rest),
        is_slo_met=None,
        regret_usd=regret_usd,
        regret_usd_per_week=regret_usd_per_week,
    )
    return _made(study, proposed, settings, whole, holdout, evidence)


def _cheapest(cut: Cut, proposed: BillProposal, before: Bill) -> tuple[Candidate, Bill, Bill | None] | None:
    """The candidate with the smallest bill on the first part; None where none is smaller than before. With it the bill
    that would have been the smallest on the rest; None where there is no other.
    """
    best, least, hindsight = None, cut.usd(before, cut.first), before
    for settings in proposed.candidates:
        changed = cut.study.bill((*proposed.given, *settings))
        usd = cut.usd(changed, cut.first)
        hindsight = min(hindsight, changed, key=lambda each: cut.usd(each, cut.rest))
        if usd < least:
            best, least = (settings, changed), usd
    if best is None:
        return None
    return *best, None if len(proposed.candidates) == 1 else hindsight


def _doubt(cut: Cut, before: Bill, after: Bill, first: Saving | None, rest: Saving | None) -> Doubt | None:
    """Why the cheapest candidate is no advice; None where it saves for certain on both parts."""
    if first is None or rest is None:
        return _too_few(cut, before, after)
    if first.a_week.mid < LEAST_USD_PER_WEEK:
        return Doubt("It would save less than a cent a week.", "ruled_out")
    parts = ((WHEN_CHOSEN, first.a_week, cut.first), (WHEN_HELD, rest.a_week, cut.rest))
    return gravest(
        doubt_of(when, saved, cut.seen(before, after, part), _told(saved), LEAST_USD_PER_WEEK)
        for when, saved, part in parts
    )


def _too_few(cut: Cut, before: Bill, after: Bill) -> Doubt:
    """Too few sessions would change on one of the parts. So many are needed that the smaller one has enough."""
    first, rest = (cut.seen(before, after, part).count for part in (cut.first, cut.rest))
    needed = ceil(FEWEST_SESSIONS / min(cut.first.ratio, cut.rest.ratio))
    return Doubt(
        f"Too few sessions would change to say what that saves: {first:.0f} on the first {cut.first.ratio:.0%} "
        f"{cut.what}, and {rest:.0f} on the rest, of {FEWEST_SESSIONS} that are needed on each; about {needed} in all.",
        "too_few",
    )


def _told(saved: Estimate) -> str:
    return f"{saved.low:.3g} to {saved.high:.3g} USD a week"


def _made(
    study: BoughtStudy,
    proposed: BillProposal,
    settings: Candidate,
    whole: Saving | None,
    holdout: Holdout,
    evidence: tuple[Evidence, ...],
) -> Recommendation:
    is_ready = not proposed.missing and proposed.before is None
    return replace(
        withheld(proposed.subject, proposed.reason, evidence),
        status="recommended" if is_ready else "candidate",
        change=_changes(study, settings),
        **over_both(cash_usd=whole),
        holdout=holdout,
        assumptions=proposed.assumptions,
        reversal=proposed.reversal,
        withheld_as=None if is_ready else "needs_input",
        missing=proposed.missing,
        before=proposed.before,
        calls=_calls(study, proposed),
    )


def _changes(study: BoughtStudy, settings: Candidate) -> tuple[SettingChange, ...]:
    return tuple(
        change_of(each, each.instead_of or study.value_today(each.lever, each.subject)) for each in settings
    )


def _billed(cut: Cut, proposed: BillProposal) -> Evidence:
    """How many candidates were billed, on how many calls."""
    count = len(proposed.candidates)
    settings = "1 setting was" if count == 1 else f"{count} settings were"
    return Evidence(
        id="bills",
        kind="computed",
        statement=f"{settings} billed on the calls as recorded, chosen on the first {cut.first.ratio:.0%} {cut.what}.",
        samples=_calls(cut.study, proposed),
        value=None,
    )


def _calls(study: BoughtStudy, proposed: BillProposal | Unpromised) -> int:
    """Of the class that it is about; all of them where it is about none."""
    name = proposed.subject.request_class
    return study.calls.size if name is None else int(study.calls.of_class(name).sum())
