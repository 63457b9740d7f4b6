"""Over which time is a saving told?

In: the document with savings per week, the rate of what was observed. Out: the same document with the savings of the
window beside them, and without those per week where less than a day was observed and nobody asked for them: nights and
weekends are unlike the hours that were seen.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from costctl.documents.estimate import Estimate
from costctl.documents.recommendations import Holdout, Increment, Joint, Recommendation, Recommendations
from costctl.units import S_PER_HOUR, S_PER_WEEK

Saver = TypeVar("Saver", Recommendation, Holdout, Increment, Joint)


def with_savings_of_window(document: Recommendations) -> Recommendations:
    """The document, each saving over the window, and per week where that is given."""
    weeks = document.baseline.observed_hours * S_PER_HOUR / S_PER_WEEK
    is_given = document.baseline.is_weekly_given

    def told(item: Saver, **more: Any) -> Saver:
        savings: dict[str, Estimate | None] = {}
        for name in ("cash_usd", "freed_usd", "goodput_requests"):
            per_week: Estimate | None = getattr(item, f"{name}_per_week")
            savings[name] = None if per_week is None else per_week.scaled(weeks)
            savings[f"{name}_per_week"] = per_week if is_given else None
        return replace(item, **savings, **more)

    def both(name: str, per_week: float | None) -> dict[str, float | None]:
        over = None if per_week is None else per_week * weeks
        return {name: over, f"{name}_per_week": per_week if is_given else None}

    def held(holdout: Holdout | None) -> Holdout | None:
        if holdout is None:
            return None
        return told(holdout, **both("regret_usd", holdout.regret_usd_per_week))

    return msgspec.structs.replace(
        document,
        recommendations=tuple(told(each, holdout=held(each.holdout)) for each in document.recommendations),
        joint=None
        if document.joint is None
        else told(
            document.joint,
            order=tuple(
                told(step, **both("split_usd", step.split_usd_per_week)) for step in document.joint.order
            ),
        ),
    )
