"""What a server does with the store: what was received is loaded, and the review is made of what is there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from costctl.documents.ingestion import IngestReport
from costctl.documents.report import Report
from costctl.observation import Question
from costctl.progress import silent
from costctl.verbs.export import Scraped, open_metrics
from costctl.verbs.ingest import IngestRequest, ingest
from costctl.verbs.report import report


def load_received(paths: Sequence[Path], store: Path, config: Path | None, wait_s: float) -> IngestReport:
    """Load files of an inbox; the report says what each gave. wait_s: how long to wait for a store that is held."""
    return ingest(IngestRequest(tuple(map(str, paths)), store, wait_s=wait_s, config=config), silent)


def current_review(store: Path, config: Path | None, wait_s: float) -> Report:
    """The review of what the store holds now. wait_s: as there."""
    return report(Question(store=store, wait_s=wait_s, config=config), silent)


def current_metrics(store: Path, config: Path | None, wait_s: float) -> Scraped:
    """Metrics of what the store holds now. wait_s: as there."""
    return open_metrics(Question(store=store, config=config, wait_s=wait_s), silent)
