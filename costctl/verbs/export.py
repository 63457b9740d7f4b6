"""What finance gets: the lines of a FOCUS file, or the bill by who pays for it, from the same frames and the same
analysis that the terminal shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from costctl.documents.analysis import Analysis
from costctl.observation import Question, observed
from costctl.progress import Progress
from costctl.verbs.analyze import analysis_of, fits_of, frames_of
from costctl.verbs.asked_cuts import ask_for_cuts, require_known

if TYPE_CHECKING:
    from costctl.finance.chargeback import Chargeback
    from costctl.finance.export import FocusExport
    from costctl.finance.open_metrics import Family


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


@dataclass(frozen=True, slots=True)
class ChargedBack:
    """The bill by who pays for it, and the analysis that it ties out to."""

    chargeback: Chargeback
    analysis: Analysis


def chargeback(
    question: Question, progress: Progress, *, tenants: Literal["hashed", "plain"], by: str | None = None
) -> ChargedBack:
    """The bill of the window by one attribute, each value with its payer. by: as ``analyze`` takes it; what the
    settings say if None.

    Raises UsageError for a name or an attribute that is not known, NotEnoughDataError for one that is not observed.
    """
    from costctl.cost.cuts import cuts_of
    from costctl.finance.chargeback import chargeback_of
    from costctl.frames.cut_sums import CutSums

    if by is not None:
        require_known((by,))
    with observed(question, progress) as observation:
        settings = observation.config.settings
        asked = by or settings.chargeback.by
        require_known((asked,))
        ask_for_cuts(observation.engine, (asked,), is_whole=True)
        frames = frames_of(observation, progress)
        analysis = analysis_of(observation, frames, fits_of(observation, frames, progress), progress)
        (cut,) = cuts_of(CutSums.read(observation.engine.fetch), (asked,), analysis)
        payers = settings.chargeback.payers if asked == settings.chargeback.by else {}
        return ChargedBack(chargeback_of(cut, payers, settings.finance, tenants), analysis)


@dataclass(frozen=True, slots=True)
class Scraped:
    """Metrics of the window, and the analysis that they tie out to."""

    families: tuple[Family, ...]
    analysis: Analysis


def open_metrics(question: Question, progress: Progress) -> Scraped:
    """The window as metrics: histograms of latency, queues, caches, cost, utilisation."""
    from costctl.finance.open_metrics import families_of

    with observed(question, progress) as observation:
        frames = frames_of(observation, progress)
        analysis = analysis_of(observation, frames, fits_of(observation, frames, progress), progress)
        return Scraped(families_of(frames, analysis), analysis)
