"""The study of a world of pools, as `costctl recommend` makes it."""

from __future__ import annotations

from pathlib import Path

from costctl.observation import Question, observed
from costctl.progress import silent
from costctl.recommend.study import Study, study_of
from costctl.synth.world import World
from costctl.verbs.analyze import fits_of, frames_of, with_reuse
from tests.synth.written_worlds import written


def study_of_world(world: World, folder: Path) -> Study:
    """The study of the world's traces and of what its operators declare."""
    return study_of_question(written(world, folder))


def study_of_question(question: Question) -> Study:
    """The study of these files."""
    with observed(question, silent) as observation:
        frames = with_reuse(observation, frames_of(observation, silent), silent)
        fits = fits_of(observation, frames, silent)
        found = study_of(frames, fits, observation.config.settings, 0)
    assert found is not None
    return found
