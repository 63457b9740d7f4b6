"""By how much would a change differ by chance where a side was saved? Such a side has no blocks of time, but may carry
how far its sums were off: what ``costctl baseline save`` writes does.

In: two ``ComparedTime``. Out: half of the 95 % interval of the change, USD, in all and by class. The sides are of other
times, so their squares add up:

    half² = half₀² + half₁²
"""

from __future__ import annotations

import math
from typing import Final

from costctl.cost.sampled import half_of_sum_usd
from costctl.documents.analysis import Analysis
from costctl.documents.estimate import Estimate
from costctl.documents.metric import Subject
from costctl.documents.spending import STANDARD_ERRORS
from costctl.frames.compared import ComparedTime
from costctl.frames.spending import Spending

LEVEL: Final = 0.95
_DEVIATE: Final = 1.959964  # of a normal distribution, at that level
_METHOD: Final = "standard errors of both sums by blocks of time"
_WHOLE: Final[Subject] = ()


def halves_usd(base: ComparedTime, new: ComparedTime) -> dict[Subject, float]:
    """Whom the change is of → half of its interval; whom one of the sides tells nothing of is not there."""
    sides = [_of_side(each) for each in (base, new)]
    return {
        subject: math.hypot(sides[0][subject], sides[1][subject])
        for subject in sides[0]
        if subject in sides[1]
    }


def interval(change_usd: float, half_usd: float | None) -> Estimate | None:
    """Within which the change lies with 95 %; None where that is not known."""
    if half_usd is None:
        return None
    return Estimate(change_usd - half_usd, change_usd, change_usd + half_usd, LEVEL, _METHOD)


def noise_usd(half_usd: float | None) -> float | None:
    """Its standard error."""
    return None if half_usd is None else half_usd / _DEVIATE


def is_clear(change_usd: float, half_usd: float | None) -> bool | None:
    """Whether it is more than noise, by as many standard errors as elsewhere."""
    return None if half_usd is None else abs(change_usd) > STANDARD_ERRORS * half_usd / _DEVIATE


def _of_side(side: ComparedTime) -> dict[Subject, float]:
    if side.rows is not None:
        return _of_traces(side.rows.spending)
    return {} if side.document is None else _of_document(side.document)


def _of_document(document: Analysis) -> dict[Subject, float]:
    return {
        each.subject: (each.high - each.low) / 2
        for each in document.sampled
        if each.metric == "attributed_usd" and each.low is not None and each.high is not None
    }


def _of_traces(spending: Spending) -> dict[Subject, float]:
    keys = spending.keys("class")
    classes: dict[Subject, float] = {
        (("request_class", name),): half_of_sum_usd(spending, [key])
        for key in keys
        if key[1] == "value" and (name := spending.value.get(("class", key[2]))) is not None
    }
    return {_WHOLE: half_of_sum_usd(spending, keys), **classes}
