"""What to change: frames are fetched, service models fitted, and candidates handed to the inner ring.

Replay and statistics are imported where they are needed: compiled code takes a second to load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from costctl.documents.recommendations import Recommendations
from costctl.observation import Observation, Question, observed
from costctl.progress import Progress
from costctl.verbs.analyze import fits_of, frames_of

if TYPE_CHECKING:
    from costctl.frames.cost import Frames
    from costctl.service_model.pool_fit import PoolFits


def recommend(question: Question, progress: Progress) -> Recommendations:
    """What to change, what it saves and how sure that is."""
    with observed(question, progress) as observation:
        frames = frames_of(observation, progress)
        return recommendations_of(observation, frames, fits_of(observation, frames, progress), progress)


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
