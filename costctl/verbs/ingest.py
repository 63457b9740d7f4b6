"""Sources into the store, from what was asked to the report of what each gave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from costctl import __version__
from costctl.config import load_config
from costctl.documents.ingestion import SCHEMA_VERSION, IngestReport, IngestTotals, SourceReport
from costctl.documents.provenance import InputRecord, Provenance
from costctl.errors import InputError
from costctl.ingest import loader
from costctl.ingest.discretion import discretion_for
from costctl.ingest.ledger import Window
from costctl.observed_window import bounds, since_last_ns
from costctl.progress import Progress
from costctl.store.database import open_store
from costctl.store.waiting import saying


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """What is to be loaded, and how.

    mapping: of logs, a name or a TOML file; None to tell by their columns.  dialects: TOML files of attribute
    dialects.  since, until: RFC 3339, or durations before now; last: a duration before now.  wait_s: how long to wait
    for a store that another process holds.  config: None for the nearest; its salt goes into the hashes of prompts.
    """

    paths: tuple[str, ...]
    store: Path
    mapping: str | None = None
    dialects: tuple[str, ...] = ()
    keep_content: bool = False
    since: str | None = None
    until: str | None = None
    last: str | None = None
    wait_s: float = 0.0
    config: Path | None = None


def ingest(request: IngestRequest, progress: Progress) -> IngestReport:
    """Load the sources into the store; the report says what each gave, also those that were refused."""
    reader = _reader(request)
    with _writable(request, progress) as connection:
        sources = loader.ingest(connection, request.paths, reader, progress=progress)
        return _ingest_report(connection, sources)


def follow(request: IngestRequest, progress: Progress, *, is_stopped: Callable[[], bool]) -> IngestReport:
    """Load what files hold, and then what is written to them, until stopped."""
    from costctl.ingest.follow import follow_files

    reader = _reader(request)
    with _writable(request, progress) as connection:
        sources = follow_files(connection, request.paths, reader, progress=progress, is_stopped=is_stopped)
        return _ingest_report(connection, sources)


def _reader(request: IngestRequest) -> loader.Reader:
    asked = bounds(request.since, request.until, request.last)
    since_ns = asked.since_ns if request.last is None else since_last_ns(request.last)
    window = Window(since_ns, asked.until_ns)
    return loader.reader_for(
        mapping=request.mapping,
        dialects=request.dialects,
        discretion=discretion_for(
            load_config(request.config, Path.cwd()).settings, keep_content=request.keep_content
        ),
        window=window,
    )


def _writable(request: IngestRequest, progress: Progress) -> duckdb.DuckDBPyConnection:
    return open_store(request.store, wait_s=request.wait_s, waiting=saying(progress))


def _ingest_report(connection: duckdb.DuckDBPyConnection, sources: tuple[SourceReport, ...]) -> IngestReport:
    digests = dict(connection.execute("SELECT uri, sha256 FROM sources WHERE sha256 IS NOT NULL").fetchall())
    inputs = tuple(
        InputRecord(each.uri, digests[each.uri], each.records) for each in sources if each.uri in digests
    )
    return IngestReport(
        schema_version=SCHEMA_VERSION,
        provenance=Provenance(__version__, inputs, None, None, {}, 0),
        sources=sources,
        totals=IngestTotals(
            spans=sum(each.spans for each in sources),
            rejected=sum(each.rejected for each in sources),
            duplicates=sum(each.duplicates for each in sources),
            outside=sum(each.outside for each in sources),
            refused_sources=sum(each.state == "refused" for each in sources),
            seconds=None,
            skipped_sources=sum(each.state == "skipped" for each in sources),
            readings=sum(each.readings for each in sources),
        ),
    )


def refuse_unusable(report: IngestReport, *, is_strict: bool = False) -> None:
    """Raise InputError if a source was refused, or nothing could be loaded; the others are. is_strict: or skipped."""
    loader.require_usable(report.sources, is_strict=is_strict)


def propose_mapping(path: str) -> str:
    """A draft, as TOML, of how to read a log whose columns no mapping knows."""
    from costctl.ingest.propose import proposed_mapping

    return proposed_mapping(path)


def refuse_rejected(report: IngestReport) -> None:
    """Raise InputError if any record was rejected: what --strict asks for."""
    if report.totals.rejected:
        raise InputError(
            f"{report.totals.rejected:,} records were rejected.",
            why="--strict accepts no rejected records; the other records are loaded.",
            next_step="`costctl sql 'SELECT * FROM quarantine'` shows each record with its reason.",
        )
