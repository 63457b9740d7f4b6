"""What finance gets: the lines of a FOCUS file, from the same frames and the same analysis that the terminal shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from costctl.documents.analysis import Analysis
from costctl.observation import Question, observed
from costctl.progress import Progress
from costctl.verbs.analyze import analysis_of, fits_of, frames_of

if TYPE_CHECKING:
    from costctl.finance.export import FocusExport


@dataclass(frozen=True, slots=True)
class Exported:
    """The lines, and the analysis that they tie out to."""

    focus: FocusExport
    analysis: Analysis


def export(
    question: Question, progress: Progress, *, tenants: Literal["hashed", "plain"], is_idle_spread: bool
) -> Exported:
    """The lines of the window. is_idle_spread: idle time is loaded on the classes, else lines of its own."""
    from costctl.finance.export import focus_export

    with observed(question, progress) as observation:
        frames = frames_of(observation, progress)
        analysis = analysis_of(observation, frames, fits_of(observation, frames, progress), progress)
        progress("Writing charge lines", None)
        settings = observation.config.settings
        usage_day, class_day = (observation.engine.fetch(name) for name in ("usage_day", "class_day"))
        lines = focus_export(
            frames, usage_day, class_day, settings, analysis, tenants, is_idle_spread=is_idle_spread
        )
        return Exported(lines, analysis)
