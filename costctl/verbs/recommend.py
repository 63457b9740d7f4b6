"""What to change: frames are fetched, service models fitted, and candidates handed to the inner ring.

Replay and statistics are imported where they are needed: compiled code takes a second to load.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from costctl.answers import kept_or_made
from costctl.documents.grades import Grade
from costctl.documents.recommendations import Joint, Recommendation, Recommendations
from costctl.documents.shown_by import ShownBy
from costctl.errors import InputError, UsageError
from costctl.grades import read_grades
from costctl.observation import Observation, Question, observed
from costctl.progress import Progress
from costctl.units import seconds_between
from costctl.verbs.analyze import fits_of, frames_of, with_reuse
from costctl.verbs.bought import bought_calls_in, offers_in, price_list_of
from costctl.verbs.explain_ids import entries_of
from costctl.verbs.promises import past_in_store

if TYPE_CHECKING:
    import polars as pl

    from costctl.frames.cost import Frames
    from costctl.recommend.bought.study import BoughtStudy
    from costctl.service_model.pool_fit import PoolFits


def recommend(
    question: Question, progress: Progress, show: str | None = None, grades: Path | None = None
) -> Recommendations:
    """What to change, what it saves and how sure that is. show: one of them only, by its number or id.  grades: a file
    of what graders found of models.

    Raises UsageError where there is none of that name, InputError for grades that cannot be used.
    """
    graded = () if grades is None else read_grades(grades)
    with observed(question, progress) as observation:
        made = recommendations_in(observation, progress, graded)
        document = replace(made, past=past_in_store(observation.engine))
    return document if show is None else _alone(document, show)


def _alone(document: Recommendations, asked: str) -> Recommendations:
    """The document with the one recommendation that is asked for, or what was withheld under that id."""
    named = {each.id: each for each in document.recommendations}
    named |= {str(place): each for place, each in enumerate(document.made, 1)}
    if asked in named:
        return replace(
            document, recommendations=(named[asked],), joint=_beside_others(document, named[asked])
        )
    made = ", ".join(f"{place} {each.id}" for place, each in enumerate(document.made, 1))
    others = ", ".join(each.id for each in document.recommendations if each.status == "withheld")
    raise UsageError(
        f"No recommendation {asked}.",
        why=f"Recommended: {made or 'nothing'}. Not recommended: {others or 'nothing'}.",
        next_step="Give --show one of these numbers or ids.",
    )


def _beside_others(document: Recommendations, advice: Recommendation) -> Joint | None:
    """Of the joint saving what this one adds; None where it is in no sum."""
    order = () if document.joint is None else document.joint.order
    own = tuple(each for each in order if each.id == advice.id)
    return replace(document.joint, order=own) if document.joint is not None and own else None


def recommendations_in(
    observation: Observation, progress: Progress, grades: tuple[Grade, ...] = ()
) -> Recommendations:
    """The recommendations document, kept or made. grades: what graders found of models."""
    return kept_or_made(observation, progress, Recommendations, _recommended, grades)


def _recommended(observation: Observation, progress: Progress, grades: tuple[Grade, ...]) -> Recommendations:
    frames = with_reuse(observation, frames_of(observation, progress), progress)
    fits = fits_of(observation, frames, progress, with_untimed=True)
    return recommendations_of(observation, frames, fits, progress, grades)


def bought_study(
    observation: Observation,
    progress: Progress,
    window_ns: tuple[int, int] | None = None,
    grades: tuple[Grade, ...] = (),
) -> BoughtStudy | None:
    """What is bought by the token; None where nothing is. window_ns: over which savings are told; None where a time of
    their own is set for each.  grades: what graders found of models.
    """
    from costctl.recommend.bought.study import bought_study_of

    calls = bought_calls_in(observation.engine, progress)
    window_s = 0.0 if window_ns is None else seconds_between(*window_ns)
    prices = dataclasses.replace(price_list_of(observation), offers=offers_in(observation, window_s))
    _require_known_classes(grades, calls.classes)
    from_s = seconds_between(calls.first_ns, window_ns[0]) if window_ns is not None and calls.size else 0.0
    settings = observation.config.settings
    return bought_study_of(calls, settings, prices, window_s, observation.seed, grades, from_s)


def _require_known_classes(grades: tuple[Grade, ...], classes: tuple[str, ...]) -> None:
    """Raise InputError for grades of which none is of a class that is bought."""
    if grades and not {each.request_class for each in grades} & {*classes}:
        raise InputError(
            "The grades say nothing of these traces.",
            why="None of their classes is a class that buys tokens here.",
            next_step=f"In the column class, use the names of the classes: {', '.join(classes[:8])}.",
        )


def recommendations_of(
    observation: Observation,
    frames: Frames,
    fits: PoolFits,
    progress: Progress,
    grades: tuple[Grade, ...] = (),
) -> Recommendations:
    """The recommendations document. grades: what graders found of models."""
    from costctl.recommend.document import METHODS, build_recommendations

    bought = bought_study(observation, progress, (frames.window_from_ns, frames.window_to_ns), grades)
    progress("Replaying candidate settings" if fits.fitted else "Billing candidate settings", None)
    document = build_recommendations(
        frames,
        observation.config.settings,
        fits,
        bought,
        observation.provenance(METHODS),
        observation.seed,
        is_weekly_asked=observation.is_extrapolating,
    )
    return _with_requests(document, observation, frames.pool_call, bought)


def _with_requests(
    document: Recommendations, observation: Observation, pool_call: pl.DataFrame, bought: BoughtStudy | None
) -> Recommendations:
    """The document, each piece of advice with the requests that show it."""
    from costctl.recommend.shown_by import requests_behind

    calls = None if bought is None else bought.calls.frame
    behind = [requests_behind(each, pool_call, calls) for each in document.recommendations]
    keys = sorted({key for rows in behind for key in rows["request_id"]})
    name_of = entries_of(observation.engine, keys) if keys else {}
    advice = tuple(
        replace(
            each,
            shown_by=tuple(
                ShownBy(name_of[row["request_id"]], row["calls"], row["busy_s"], row["usd"])
                for row in rows.iter_rows(named=True)
            ),
        )
        for each, rows in zip(document.recommendations, behind, strict=True)
    )
    return replace(document, recommendations=advice)
