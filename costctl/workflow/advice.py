"""What classes cost, and what to change: frames are fetched, service models fitted, and handed to the inner ring.

Replay and statistics are imported where they are needed: compiled code takes a second to load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from costctl.documents.analysis import Analysis, IdleTreatment
from costctl.documents.recommendations import Recommendations
from costctl.observation import Observation, Question, observed
from costctl.progress import Progress

if TYPE_CHECKING:
    from costctl.cost.frames import Frames
    from costctl.cost.pool_fit import PoolFits


def analyze(question: Question, progress: Progress, idle: IdleTreatment = "separate") -> Analysis:
    """What each class costs, and how it behaves. idle: whose row idle time is in the reconciled bill."""
    with observed(question, progress) as observation:
        frames = frames_of(observation, progress)
        fits = fits_of(observation, frames, progress)
        return analysis_of(observation, frames, fits, progress, idle)


def recommend(question: Question, progress: Progress) -> Recommendations:
    """What to change, what it saves and how sure that is."""
    with observed(question, progress) as observation:
        frames = frames_of(observation, progress)
        return recommendations_of(observation, frames, fits_of(observation, frames, progress), progress)


def frames_of(observation: Observation, progress: Progress) -> Frames:
    """The relations that costs rest on, built and fetched."""
    from costctl.cost.frames import Frames

    fetched: dict[str, pl.DataFrame] = {}
    for name in Frames.RELATIONS:
        progress(f"Building {name}", None)
        fetched[name] = observation.engine.fetch(name)
    return Frames.of(fetched, observation.rejected_records)


def fits_of(observation: Observation, frames: Frames, progress: Progress) -> PoolFits:
    """The service models of the pools."""
    from costctl.cost.pool_fit import fit_pools

    progress("Fitting service models", None)
    return fit_pools(frames, observation.config.settings)


def analysis_of(
    observation: Observation,
    frames: Frames,
    fits: PoolFits,
    progress: Progress,
    idle: IdleTreatment = "separate",
) -> Analysis:
    """The analysis document."""
    from costctl.cost.analysis import build_analysis, methods_of

    progress("Replaying for marginal cost", None)
    settings = observation.config.settings
    provenance = observation.provenance(methods_of(settings))
    return build_analysis(frames, settings, fits, provenance, observation.seed, idle)


def recommendations_of(
    observation: Observation, frames: Frames, fits: PoolFits, progress: Progress
) -> Recommendations:
    """The recommendations document."""
    from costctl.recommend.document import METHODS, build_recommendations

    progress("Replaying candidate settings", None)
    return build_recommendations(
        frames,
        observation.config.settings,
        fits,
        observation.provenance(METHODS),
        observation.seed,
        is_weekly_asked=observation.is_extrapolating,
    )
