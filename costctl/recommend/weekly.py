"""Over which time is a saving told?

In: savings, each over the window and in a week of it; whether figures a week are given. Out: the fields of documents,
and the document without figures a week where less than a day was observed and nobody asked for them: nights and
weekends are unlike the hours that were seen.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

from msgspec.structs import replace

from costctl.documents.recommendations import Holdout, Increment, Joint, Recommendation, Recommendations
from costctl.documents.tried import TriedSettings
from costctl.stats.week import Saving

Saver = TypeVar("Saver", Recommendation, Holdout, Increment, Joint)

_SAVINGS: Final = ("cash_usd", "freed_usd", "goodput_requests")


def over_both(**savings: Saving | None) -> dict[str, Any]:
    """The fields of a document that tell these savings, over the window and per week; those not named are null."""
    told = dict.fromkeys(_SAVINGS) | savings
    over = {name: None if each is None else each.of_window for name, each in told.items()}
    return over | {f"{name}_per_week": None if each is None else each.a_week for name, each in told.items()}


def without_weeks(document: Recommendations) -> Recommendations:
    """The document without any figure a week."""

    def told(item: Saver, **more: Any) -> Saver:
        return replace(item, **{f"{name}_per_week": None for name in _SAVINGS}, **more)

    def held(holdout: Holdout | None) -> Holdout | None:
        return None if holdout is None else told(holdout, regret_usd_per_week=None)

    def tried(found: TriedSettings | None) -> TriedSettings | None:
        if found is None:
            return None
        return replace(found, settings=tuple(replace(each, usd_per_week=None) for each in found.settings))

    joint = document.joint
    if joint is not None:
        joint = told(joint, order=tuple(told(step, split_usd_per_week=None) for step in joint.order))
    advice = tuple(
        told(each, holdout=held(each.holdout), tried=tried(each.tried)) for each in document.recommendations
    )
    return replace(document, recommendations=advice, joint=joint)
