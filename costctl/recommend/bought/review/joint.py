"""What did all that was taken save at once?

In: the study, what came of each promise. Out: ``Together``. Those that are told by a bill are one bill under all the
old settings. What calls would have cost that are not made is added: of one class, of each what it adds to those before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from costctl.arrays import Floats
from costctl.documents.estimate import Estimate
from costctl.documents.review import TAKEN, ReviewedPromise, Together
from costctl.levers.settings import Setting
from costctl.recommend.bought.review.answers import all_paid_for, is_kept_answer
from costctl.recommend.bought.review.by_reach import compared
from costctl.recommend.bought.review.observable import Rules, rules_of
from costctl.recommend.bought.review.outcome import delivered, old_rule
from costctl.recommend.bought.review.promises import Standing
from costctl.recommend.bought.review.reach import ORDER
from costctl.recommend.bought.review.since import Since, since_between, since_of
from costctl.recommend.bought.study import BoughtStudy

Taken = tuple[Standing, Since, Rules]


def together(
    study: BoughtStudy, held: Sequence[Standing], reviewed: Sequence[ReviewedPromise]
) -> Together | None:
    """All that was taken; None where nothing was, or too few sessions tell."""
    taken = [
        (one, since, rules_of(one.promise))
        for one, each in zip(held, reviewed, strict=True)
        if each.outcome in TAKEN and (since := since_of(study, one)) is not None
    ]
    if not taken:
        return None
    whole = since_between(
        is_in=np.logical_or.reduce([since.is_in for _, since, _ in taken]),
        own=np.logical_or.reduce([since.own for _, since, _ in taken]),
        start_ns=study.calls.frame["start_ns"].to_numpy(),
        from_ns=min(since.from_ns for _, since, _ in taken),
        to_ns=max(since.to_ns for _, since, _ in taken),
    )
    found = [*_by_bill(study, taken, whole), *_by_reach(study, taken)]
    if not found:
        return None
    saved = Estimate(
        low=sum(each.low for each in found),
        mid=sum(each.mid for each in found),
        high=sum(each.high for each in found),
        level=found[0].level,
        method="; ".join(dict.fromkeys(each.method for each in found)),
    )
    return Together(saved, saved.scaled(whole.a_week))


def _by_bill(study: BoughtStudy, taken: Sequence[Taken], whole: Since) -> list[Estimate]:
    """USD of those that are told by a bill; none where there are none, or too few sessions."""
    old = [(old_rule(study, since, rules), since) for _, since, rules in taken if rules.told_by == "bill"]
    answers = [since for _, since, rules in taken if rules.told_by == "answers"]
    if not old and not answers:
        return []
    bill = study.bill(tuple(each for rule, _ in old for each in rule.settings))
    if answers:
        paid = np.logical_or.reduce([since.own for since in answers]) & is_kept_answer(study)
        usd: Floats = np.where(paid, all_paid_for(study).usd, bill.usd)
        bill = replace(bill, usd=usd)
    found = delivered(study, bill, whole, sum(rule.slack_usd(since) for rule, since in old))
    return [] if found is None else [found]


def _by_reach(study: BoughtStudy, taken: Sequence[Taken]) -> list[Estimate]:
    """USD of those whose calls are not made, in the order in which they act."""
    given: dict[str, tuple[Setting, ...]] = {}
    found = []
    reached = [each for each in taken if each[2].told_by == "reach"]
    for one, since, rules in sorted(reached, key=lambda each: ORDER.index(each[2].after[0].lever.field)):
        (made,) = rules.after
        before = given.get(made.subject, ())
        saved = compared(study, one.promise, since, made, before).saved_usd
        found.append(saved)
        given[made.subject] = (*before, made)
    return found
