"""What would it be with recommendations done? The forecast less what they save, both uncertain.

In: ``Ahead``, and what recommendations promise a week. Out: ``WhatIf``. A saving is one of the traffic that it was
computed on: it is taken off week by week, and does not grow with the traffic. One recommendation saves what it says;
several save what each adds to those before it, so that nothing is saved twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from costctl.arrays import Floats
from costctl.documents.estimate import Estimate
from costctl.documents.forecast import LEVEL, WhatIf
from costctl.documents.recommendations import Recommendation, Recommendations
from costctl.errors import NotEnoughDataError, UsageError
from costctl.forecast.calendar_periods import Bounds
from costctl.forecast.estimates import draws_of, estimate_of
from costctl.forecast.paths import PATHS
from costctl.forecast.spends import Ahead
from costctl.units import S_PER_WEEK


class Advised(msgspec.Struct, frozen=True):
    """ids: recommendations that are taken to be done.  savings: USD a week of each, none of it counted twice."""

    ids: tuple[str, ...]
    savings: tuple[Estimate, ...]


def advised_by(document: Recommendations, asked: Sequence[str]) -> Advised:
    """What the recommendations of these names, ids or numbers, save in a week; "all" for all that shrink the bill.

    Raises UsageError for a name that is none of them, NotEnoughDataError where they tell no saving a week.
    """
    told: dict[str, Estimate | None]
    if "all" in asked:
        told = {name: saving for name, saving in _in_order(document, document.made).items() if saving}
    else:
        made = [_named(document, name) for name in dict.fromkeys(asked)]
        told = {each.id: each.cash_usd_per_week for each in made}
        told = _in_order(document, made) if len(made) > 1 else told
    untold = [name for name, saving in told.items() if saving is None]
    if untold or not told:
        raise NotEnoughDataError(
            f"What {untold[0]} saves in a week is not told." if untold else "No recommendation saves cash.",
            why="It shrinks no bill, or too little was observed to tell a week."
            if untold
            else "Nothing is recommended of this window that would shrink the bill.",
            next_step="Omit --with; `costctl recommend` shows what saves cash, and --verbose why the rest does not.",
        )
    return Advised(tuple(told), tuple(each for each in told.values() if each is not None))


def with_advice(ahead: Ahead, advised: Advised, seed: int) -> WhatIf:
    """The total of both periods less what is saved from the end of the window on."""
    rng = np.random.default_rng([seed, len(advised.ids)])
    a_week: Floats = np.sum([draws_of(each, PATHS, rng) for each in advised.savings], axis=0)

    def saved(period: Bounds) -> Floats:
        return a_week * period.to_come_s(ahead.history.to_ns) / S_PER_WEEK

    return WhatIf(
        ids=advised.ids,
        saving_usd_per_week=estimate_of(a_week, LEVEL),
        month=ahead.total(ahead.month, saved(ahead.month)),
        quarter=ahead.total(ahead.quarter, saved(ahead.quarter)),
    )


def _named(document: Recommendations, name: str) -> Recommendation:
    known_names = {each.id: each for each in document.made}
    known_names |= {str(place): each for place, each in enumerate(document.made, 1)}
    if name in known_names:
        return known_names[name]
    there_are = ", ".join(f"{place} {each.id}" for place, each in enumerate(document.made, 1))
    raise UsageError(
        f"No recommendation {name}.",
        why=f"Recommended: {there_are or 'nothing'}.",
        next_step="Give --with one of these numbers or ids, or all.",
    )


def _in_order(document: Recommendations, made: Sequence[Recommendation]) -> dict[str, Estimate | None]:
    """What each adds to those before it: of all of them, so that of some of them it is no more than they save."""
    order = () if document.joint is None else document.joint.order
    adds = {each.id: each.cash_usd_per_week for each in order}
    return {each.id: adds.get(each.id) for each in made}
