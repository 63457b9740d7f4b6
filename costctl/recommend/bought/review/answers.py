"""What would the answers have cost that a cache gave again? What the same question cost when it was paid for last.

In: the study, a setting of such a cache. Out: today's bill with these answers paid for, and whether calls show the
cache. Only of caches that write down what they give: other calls that are not made are in no trace.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.levers.settings import Setting
from costctl.rebill.bill import Bill
from costctl.rebill.repeats import questions_of, repeats_within
from costctl.recommend.bought.review.adoption import Adoption
from costctl.recommend.bought.study import BoughtStudy

KEPT: Final = "answered_from_cache"


def is_kept_answer(study: BoughtStudy) -> Bools:
    """Which calls a cache answered."""
    found: Bools = (study.calls.frame["outcome"] == KEPT).fill_null(value=False).to_numpy()
    return found


def all_paid_for(study: BoughtStudy) -> Bill:
    """The bill if each call that a cache answered had been paid for. is_unknown: nobody paid for its question before,
    and it is billed nothing.
    """
    given = is_kept_answer(study)
    last_usd = _paid_before(study, given)
    is_unknown = given & np.isnan(last_usd)
    usd = np.where(given & ~is_unknown, last_usd, study.today.usd)
    return replace(study.today, usd=usd, is_unknown=is_unknown)


def adoption_of_answers(study: BoughtStudy, own: Bools, made: Setting) -> Adoption:
    """Of the calls that could have been answered, whether they were."""
    given = is_kept_answer(study)
    ttl_s = np.where(own & ~given, float(str(made.value)), 0.0)
    could = own & (given | repeats_within(study.calls, ttl_s))
    return Adoption(given[could])


def _paid_before(study: BoughtStudy, given: Bools) -> Floats:
    """What the last call that asked the same, and was answered by a provider, cost; NaN where none did."""
    question = questions_of(study.calls)
    is_paid = ~given & ~study.calls.frame["is_failed"].to_numpy() & (question >= 0)
    order: Ints = np.lexsort((np.arange(question.size), question))
    place = np.where(is_paid[order], np.arange(order.size), -1)
    last = np.maximum.accumulate(place)
    known = (last >= 0) & (question[order][last] == question[order]) & (question[order] >= 0)
    found = np.full(question.size, np.nan)
    found[order[known]] = study.today.usd[order[last[known]]]
    return found
