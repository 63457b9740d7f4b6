"""What to change: frames are fetched, service models fitted, and candidates handed to the inner ring.

Replay and statistics are imported where they are needed: compiled code takes a second to load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from costctl.answers import kept_or_made
from costctl.documents.recommendations import Joint, Recommendation, Recommendations
from costctl.errors import UsageError
from costctl.observation import Observation, Question, day_of, observed
from costctl.progress import Progress
from costctl.verbs.analyze import fits_of, frames_of

if TYPE_CHECKING:
    from costctl.frames.cost import Frames
    from costctl.recommend.bought.study import BoughtStudy
    from costctl.service_model.pool_fit import PoolFits


def recommend(question: Question, progress: Progress, show: str | None = None) -> Recommendations:
    """What to change, what it saves and how sure that is. show: one of them only, by its number or id.

    Raises UsageError where there is none of that name.
    """
    with observed(question, progress) as observation:
        document = kept_or_made(observation, progress, Recommendations, _recommended)
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


def _recommended(observation: Observation, progress: Progress) -> Recommendations:
    frames = frames_of(observation, progress)
    return recommendations_of(observation, frames, fits_of(observation, frames, progress), progress)


def _bought(observation: Observation, frames: Frames, progress: Progress) -> BoughtStudy | None:
    """What is bought by the token; None where too little is to advise on."""
    from costctl.rebill.calls import BOUGHT_COLUMNS, bought_calls_of
    from costctl.rebill.rates import PriceList
    from costctl.recommend.bought.study import bought_study_of

    engine, settings = observation.engine, observation.config.settings
    progress("Building bought_calls", None)
    calls = bought_calls_of(engine.fetch("bought_calls", BOUGHT_COLUMNS), engine.fetch("call_prompt"))
    as_of = day_of(observation.prices_as_of, "--prices-as-of")
    return bought_study_of(
        calls, settings, PriceList(settings.prices, as_of), frames.window_s, observation.seed
    )


def recommendations_of(
    observation: Observation, frames: Frames, fits: PoolFits, progress: Progress
) -> Recommendations:
    """The recommendations document."""
    from costctl.recommend.document import METHODS, build_recommendations

    bought = _bought(observation, frames, progress)
    progress("Replaying candidate settings" if fits.fitted else "Billing candidate settings", None)
    return build_recommendations(
        frames,
        observation.config.settings,
        fits,
        bought,
        observation.provenance(METHODS),
        observation.seed,
        is_weekly_asked=observation.is_extrapolating,
    )
