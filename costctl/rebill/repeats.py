"""Which calls ask what was asked before? Those that a cache of answers would have answered.

In: calls in order of time, and how long answers are kept. Out: which calls are answered by an earlier one. An answer is
kept from the end of the call that got it, for its time to live; being given does not renew it. Tenants share nothing.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from costctl.arrays import Bools, Floats, Ints
from costctl.compiled import compiled
from costctl.levers.plan import Plan
from costctl.rebill.calls import BoughtCalls


def answered_from(calls: BoughtCalls, plan: Plan, is_made: Bools) -> Bools:
    """The calls that an earlier answer serves. is_made: of the calls, those that the plan leaves."""
    ttl_s = np.zeros(calls.size)
    for name, each in plan.classes.items():
        if each.response_ttl_s is not None:
            ttl_s[calls.of_class(name)] = each.response_ttl_s
    if not ttl_s.any():
        return np.zeros(calls.size, np.bool_)
    return repeats_within(calls, np.where(is_made, ttl_s, 0.0))


def repeats_within(calls: BoughtCalls, ttl_s: Floats) -> Bools:
    """Which calls repeat an earlier one within the time to live of each; 0 for not at all."""
    question = questions_of(calls)
    is_asked = (question >= 0) & (ttl_s > 0)
    keeps = ~calls.frame["is_failed"].to_numpy()
    found = np.zeros(calls.size, np.bool_)
    stored_s = np.full(int(question.max(initial=-1)) + 1, -np.inf)
    _answer(question, is_asked, keeps, calls.at_s, calls.end_s, ttl_s, stored_s, found)
    return found


def questions_of(calls: BoughtCalls) -> Ints:
    """A number for what each call asks, for the same tenant and class by which it may be answered; −1 where it is not
    known.
    """
    tenant = calls.frame["tenant"].cast(pl.String).fill_null("").rank("dense").to_numpy().astype(np.int64)
    asked_by = calls.request_class * (int(tenant.max(initial=0)) + 1) + tenant
    pairs = asked_by * (int(calls.prefixes.content.max(initial=-1)) + 1) + calls.prefixes.content
    numbers = np.unique(pairs, return_inverse=True)[1].astype(np.int64)
    return np.where(calls.prefixes.content < 0, -1, numbers)


@compiled
def _answer(
    question: Ints,
    is_asked: Bools,
    keeps: Bools,
    at_s: Floats,
    end_s: Floats,
    ttl_s: Floats,
    stored_s: Floats,
    found: Bools,
) -> None:
    for call in range(question.size):
        if not is_asked[call]:
            continue
        kept_from_s = stored_s[question[call]]
        if kept_from_s <= at_s[call] <= kept_from_s + ttl_s[call]:
            found[call] = True
        elif keeps[call]:
            stored_s[question[call]] = end_s[call]
