"""What came of all earlier advice? The review document, from calls and the promises that were kept.

In: the study (None where nothing is bought), promises, where figures come from. Out: ``Review``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from costctl.cost.weekly import is_weekly_given
from costctl.documents.provenance import Provenance
from costctl.documents.review import (
    SCHEMA_VERSION,
    TAKEN,
    PastAdvice,
    Promise,
    Review,
    ReviewedPromise,
)
from costctl.instants import ns_from_iso
from costctl.recommend.bought.review.by_reach import METHOD as BY_REACH
from costctl.recommend.bought.review.joint import together
from costctl.recommend.bought.review.outcome import METHOD, outcome_of
from costctl.recommend.bought.review.past import past_advice
from costctl.recommend.bought.review.promises import standing
from costctl.recommend.bought.study import BoughtStudy
from costctl.units import seconds_between

METHODS: Final = {
    "delivered": f"{METHOD}; of calls that are not made {BY_REACH}",
    "promised": "what was promised for each call of the class, times its calls since",
    "taken": "by the tokens and the amounts of the calls since",
}
_ORDER: Final = (
    "delivered", "partly", "costs_more", "reverted", "otherwise", "not_taken", "not_observable", "too_early",
)  # fmt: skip


def build_review(
    study: BoughtStudy | None,
    promises: Sequence[Promise],
    provenance: Provenance,
    *,
    is_weekly_asked: bool = False,
) -> Review:
    """The review of what was promised. is_weekly_asked: figures a week are given however short the time since is."""
    held = standing(promises)
    reviewed = [outcome_of(study, each) for each in held]
    first, last = _bounds(reviewed)
    length_s = (
        0.0 if first is None or last is None else seconds_between(ns_from_iso(first), ns_from_iso(last))
    )
    is_weekly = first is not None and is_weekly_given(length_s, is_asked=is_weekly_asked)
    jointly = None if study is None else together(study, held, reviewed)
    return Review(
        schema_version=SCHEMA_VERSION,
        provenance=provenance,
        since_from=first,
        since_to=last,
        is_weekly_given=is_weekly,
        promises=tuple(_told(each, is_weekly=is_weekly) for each in sorted(reviewed, key=_rank)),
        together=jointly if jointly is None or is_weekly else replace(jointly, delivered_usd_per_week=None),
        past=past_of(reviewed),
    )


def past_of(reviewed: Sequence[ReviewedPromise]) -> PastAdvice | None:
    """How far promises were kept that were taken; None where none was."""
    taken = [each for each in reviewed if each.outcome in TAKEN]
    compared = [
        (each.promised_usd.mid, each.delivered_usd.mid)
        for each in taken
        if each.promised_usd is not None and each.delivered_usd is not None
    ]
    return past_advice(
        taken=len(taken),
        delivered=sum(each.outcome == "delivered" for each in taken),
        promised_usd=sum(promised for promised, _ in compared),
        delivered_usd=sum(saved for _, saved in compared),
    )


def _bounds(reviewed: Sequence[ReviewedPromise]) -> tuple[str | None, str | None]:
    starts = [each.since_from for each in reviewed if each.since_from is not None]
    ends = [each.since_to for each in reviewed if each.since_to is not None]
    return min(starts, default=None), max(ends, default=None)


def _rank(each: ReviewedPromise) -> tuple[int, float, str]:
    usd = each.delivered_usd if each.outcome in TAKEN else each.promise.promised_usd
    return _ORDER.index(each.outcome), 0.0 if usd is None else -usd.mid, each.promise.id


def _told(each: ReviewedPromise, *, is_weekly: bool) -> ReviewedPromise:
    if is_weekly:
        return each
    return replace(each, promised_usd_per_week=None, delivered_usd_per_week=None, advised_usd_per_week=None)
