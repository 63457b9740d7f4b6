"""Outcomes of promises in words. The screen and the tables share them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from costctl.documents.estimate import Estimate
from costctl.documents.review import Outcome, PastAdvice, Promise, Review, ReviewedPromise
from costctl.render.bought_words import in_few_words, is_about_tokens
from costctl.render.cells import ratio, usd_range
from costctl.render.numbers import plural
from costctl.render.recommendation_words import changes

OUTCOMES: Final[Mapping[Outcome, str]] = {
    "delivered": "delivered",
    "partly": "partly",
    "costs_more": "costs more",
    "reverted": "gone again",
    "otherwise": "another change made",
    "not_taken": "not taken",
    "too_early": "too early",
    "not_observable": "not observable",
}
UNKNOWN: Final = "not observed"


def promise_in_words(promise: Promise) -> str:
    """What was to be changed, of whom."""
    whose = promise.request_class or promise.pool or "all"
    if any(is_about_tokens(each) for each in promise.change):
        return f"{whose}: {in_few_words(promise.change)}"
    return f"{whose}: {changes(promise.change)}"


def outcome(reviewed: ReviewedPromise) -> str:
    """What came of it; where another change was made, what the advised one would have saved."""
    would = reviewed.advised_usd_per_week or reviewed.advised_usd
    if would is None:
        return OUTCOMES[reviewed.outcome]
    over = "/week" if reviewed.advised_usd_per_week is not None else ""
    return f"{OUTCOMES[reviewed.outcome]}; advised: {usd_range(would)}{over}"


def savings(reviewed: ReviewedPromise, *, is_weekly: bool) -> tuple[Estimate | None, Estimate | None]:
    """Promised for the traffic since, and delivered: per week where that is given, else over the time since."""
    if is_weekly:
        return reviewed.promised_usd_per_week, reviewed.delivered_usd_per_week
    return reviewed.promised_usd, reviewed.delivered_usd


def past_line(past: PastAdvice) -> str:
    """How far past promises were kept: "3 of 4 taken delivered; 96% of what was promised"."""
    of = f"{past.delivered} of {plural(past.taken, 'change')} made delivered"
    return of if past.ratio is None else f"{of}; {ratio(past.ratio)} of what was promised"


def over(document: Review) -> str:
    """Per week, or over the time since."""
    return "/week" if document.is_weekly_given else ""
