"""The analysis that gates compare with: it is made, found and read again."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from costctl.answers import kept_or_made
from costctl.documents.analysis import Analysis
from costctl.documents.settings import Settings
from costctl.observation import Observation, Question, configured, observed
from costctl.progress import Progress
from costctl.saved import read_saved
from costctl.verbs.analyze import Analyzed, analyzed

FILE_NAME: Final = "costctl-baseline.json"


def baseline(question: Question, progress: Progress) -> Analysis:
    """The analysis with how far its values may be off by chance."""
    with observed(question, progress) as observation:
        return kept_or_made(observation, progress, Analysis, _baseline)


def read_baseline(path: Path) -> Analysis:
    """The baseline of a file: what ``costctl baseline save`` or ``costctl analyze --format json`` wrote.

    Raises InputError.
    """
    return read_saved(path, Analysis, "costctl baseline save")


def baseline_path(config: Path | None) -> Path:
    """Where the baseline is kept if nobody says: beside costctl.toml, or where there is none, in the working directory.

    Raises UsageError for settings that cannot be used.
    """
    path = configured(config).path
    return Path(FILE_NAME) if path is None else _from_here(path.parent / FILE_NAME)


def sampled_analysis(observation: Observation, progress: Progress) -> Analyzed:
    """The analysis of what is observed, with its noise, and what it was made of."""
    from costctl.cost.sampled import sampled_of

    made = analyzed(observation, progress)
    progress("Measuring how far values may be off by chance", None)
    sessions = observation.engine.fetch("requests", ("request_id", "session_id"))
    settings: Settings = observation.config.settings
    sampled = sampled_of(made.frames, sessions, made.spending, made.document, settings, observation.seed)
    return Analyzed(msgspec.structs.replace(made.document, sampled=sampled), made.frames, made.spending)


def _baseline(observation: Observation, progress: Progress) -> Analysis:
    return sampled_analysis(observation, progress).document


def _from_here(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
