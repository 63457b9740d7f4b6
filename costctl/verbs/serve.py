"""What a server does with the store: what was received is loaded, and the review is made of what is there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from costctl.documents.ingestion import IngestReport
from costctl.documents.report import Report
from costctl.observation import Question
from costctl.progress import silent
from costctl.verbs.ingest import IngestRequest, ingest
from costctl.verbs.report import report


def load_received(paths: Sequence[Path], store: Path, config: Path | None) -> IngestReport:
    """Load files of an inbox; the report says what each gave."""
    return ingest(IngestRequest(tuple(map(str, paths)), store, config=config), silent)


def current_review(store: Path, config: Path | None) -> Report:
    """The review of what the store holds now."""
    return report(Question(store=store, config=config), silent)
