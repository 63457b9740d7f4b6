"""Which outcome is it? From what shows the change, and what was saved: the same for every way of telling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from msgspec.structs import replace

from costctl.documents.estimate import Estimate
from costctl.documents.review import Outcome, ReviewedPromise
from costctl.recommend.bought.review.since import Since

ALL: Final = 0.9  # of the last quarter: more is all of them


@dataclass(frozen=True, slots=True)
class Otherwise:
    """Another change than the advised one. value: of the setting, as most of these calls have it.  said, advised: what
    they do, and what was to be done, in words.  ratio: of the calls that say it, those that do something else.
    """

    value: str
    said: str
    advised: str
    ratio: float


@dataclass(frozen=True, slots=True)
class Seen:
    """ratio: the part that shows the change; lately: of the last quarter.  is_gone: it was seen, and went away.
    otherwise: what more of them show instead; None where that is not so.
    """

    ratio: float
    lately: float
    is_gone: bool
    otherwise: Otherwise | None = None


def judged(told: ReviewedPromise, seen: Seen, saved: Estimate) -> tuple[Outcome, str]:
    """The outcome, and what it rests on. saved: since, USD."""
    ratio, lately = seen.ratio, seen.lately
    if seen.otherwise is not None:
        return "otherwise", _otherwise(seen.otherwise, saved)
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


def _otherwise(found: Otherwise, saved: Estimate) -> str:
    """What was done instead, and whether that saves."""
    if saved.high < 0.0:
        came = "Under the old setting they would have cost less."
    else:
        came = "It saves." if saved.low > 0.0 else "Whether that saves is not certain."
    return (
        f"{found.ratio:.0%} of its calls that say it show another change: they {found.said}; advised was that they "
        f"{found.advised}. {came}"
    )


def with_saving(
    told: ReviewedPromise, saved: Estimate, since: Since, outcome: Outcome, reason: str
) -> ReviewedPromise:
    """What was delivered, with its outcome. saved: since, USD."""
    more: dict[str, Any] = {"outcome": outcome, "reason": reason}
    return replace(told, delivered_usd=saved, delivered_usd_per_week=saved.scaled(since.a_week), **more)
