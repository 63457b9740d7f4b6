"""Over which time is a saving told?

In: the document with savings per week, the rate of what was observed. Out: the same document with the saving of the
window beside them, and without those per week where less than a day was observed and nobody asked for them: nights and
weekends are unlike the hours that were seen.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from costctl.documents.estimate import Estimate
from costctl.documents.recommendations import Holdout, Increment, Joint, Recommendation, Recommendations
from costctl.units import S_PER_HOUR, S_PER_WEEK

FEWEST_HOURS: Final = 24.0  # observed, for a figure a week: all hours of a day at least once


def is_weekly_given(window_s: float, *, is_asked: bool) -> bool:
    """Whether figures a week are given for a window of this length."""
    return is_asked or window_s >= FEWEST_HOURS * S_PER_HOUR


def with_savings_of_window(document: Recommendations) -> Recommendations:
    """The document, each saving over the window, and per week where that is given."""
    weeks = document.baseline.observed_hours * S_PER_HOUR / S_PER_WEEK
    is_given = document.baseline.is_weekly_given

    def both(per_week: Estimate | None) -> dict[str, Estimate | None]:
        return {
            "saving_usd": None if per_week is None else per_week.scaled(weeks),
            "saving_usd_per_week": per_week if is_given else None,
        }

    def of_holdout(each: Holdout | None) -> Holdout | None:
        return None if each is None else replace(each, **both(each.saving_usd_per_week))

    def of_increment(each: Increment) -> Increment:
        return replace(each, **both(each.saving_usd_per_week))

    def of_advice(each: Recommendation) -> Recommendation:
        return replace(each, **both(each.saving_usd_per_week), holdout=of_holdout(each.holdout))

    def of_joint(each: Joint) -> Joint:
        return replace(
            each, **both(each.saving_usd_per_week), order=tuple(of_increment(step) for step in each.order)
        )

    return replace(
        document,
        recommendations=tuple(of_advice(each) for each in document.recommendations),
        joint=None if document.joint is None else of_joint(document.joint),
    )
