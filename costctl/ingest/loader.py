"""Sources into the store: each lands whole or not at all, and never twice.

In: a connection to a store, and what the user named. Out: one ``SourceReport`` a source. One transaction a
source: a killed ingest leaves nothing of the source that it was reading, and the same command again finishes
the job. While DuckDB inserts one batch, the next one is parsed in another thread.
"""

from __future__ import annotations

import time
from collections.abc import Container, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import duckdb

from costctl.documents.ingestion import SourceReport
from costctl.errors import InputError, NotTelemetryError, StoreError, said_by_engine
from costctl.ingest.batch import Batch
from costctl.ingest.detect import Reading, detect
from costctl.ingest.dialect import Translation, vocabulary_with
from costctl.ingest.discover import discover
from costctl.ingest.discretion import Discretion
from costctl.ingest.landing import drop_duplicates, insert_batch
from costctl.ingest.ledger import Landing, Window, already_loaded, next_source_id, now_utc, record, unusable
from costctl.ingest.mapping import Mapping, named_mapping
from costctl.ingest.read_ahead import read_ahead
from costctl.ingest.source import Source
from costctl.ingest.stream import SourceStream
from costctl.ingest.unnamed_calls import UnnamedCalls
from costctl.progress import Progress
from costctl.store.database import sparing
from costctl.units import MB


@dataclass(frozen=True, slots=True)
class Reader:
    """How sources are read. mapping: of logs, None to tell by their columns."""

    translation: Translation
    mapping: Mapping | None = None
    window: Window = field(default_factory=Window)


def reader_for(
    *,
    mapping: str | None = None,
    dialects: Sequence[str] = (),
    discretion: Discretion | None = None,
    window: Window | None = None,
) -> Reader:
    """The reader that a user asks for. mapping: a name or a TOML file.  dialects: TOML files of their own.
    discretion: what is kept of texts; None for the default.
    """
    chosen = None if mapping is None else named_mapping(mapping)
    translation = Translation(vocabulary_with(tuple(dialects)), discretion or Discretion())
    return Reader(translation, chosen, window or Window())


def ingest(
    connection: duckdb.DuckDBPyConnection,
    arguments: Sequence[str],
    reader: Reader | None = None,
    *,
    progress: Progress | None = None,
) -> tuple[SourceReport, ...]:
    """Load every source that the arguments name; one report each, in order, also for those that were refused.

    Raises InputError where an argument names nothing, StoreError where the store cannot be written.
    """
    chosen = reader or reader_for()
    found = discover(arguments)
    with sparing(connection):
        read = [ingest_source(connection, source, chosen, progress) for source in found.sources]
    return (*read, *(_passed_over(source) for source in found.passed_over))


def require_usable(reports: Sequence[SourceReport], *, is_strict: bool = False) -> None:
    """Raise InputError where a source was refused, or where nothing at all could be loaded: the others have landed.

    is_strict: a file that was skipped counts as refused.
    """
    require_something(reports)
    _refuse_states(reports, {"refused", "skipped"} if is_strict else {"refused"})


def require_something(reports: Sequence[SourceReport]) -> None:
    """Raise InputError where nothing at all could be loaded."""
    if any(map(_holds_something, reports)):
        return
    _refuse_states(reports, {"refused", "skipped"})
    rejected = [report for report in reports if report.rejected]
    if rejected:
        why, _, next_step = unusable(rejected[0], {}).partition("\n")
        more = f" {len(rejected) - 1} more sources gave no records either." if len(rejected) > 1 else ""
        raise InputError("Nothing could be loaded.", why=why + more, next_step=next_step)


def _refuse_states(reports: Sequence[SourceReport], states: Container[str]) -> None:
    refused = [report for report in reports if report.state in states]
    if len(refused) == 1:
        why, _, next_step = (refused[0].why or "").partition("\n")
        raise InputError(f"{refused[0].uri} could not be used.", why=why, next_step=next_step)
    if refused and len(refused) == len(reports):
        why, _, next_step = (refused[0].why or "").partition("\n")
        raise InputError(
            f"None of {len(reports)} sources could be used.", why=f"The first: {why}", next_step=next_step
        )
    if refused:
        raise InputError(
            f"{len(refused)} of {len(reports)} sources could not be used.",
            why=f"The first: {(refused[0].why or '').splitlines()[0]}",
            next_step="The other sources are loaded. Fix or omit these, and run the same command again.",
        )


def _holds_something(report: SourceReport) -> bool:
    is_known = report.state == "already loaded" and not report.records
    return bool(report.spans or report.readings or report.duplicates or report.outside or is_known)


def ingest_source(
    connection: duckdb.DuckDBPyConnection, source: Source, reader: Reader, progress: Progress | None
) -> SourceReport:
    """Load one source in one transaction. A source that cannot be read leaves nothing behind but its report; one of
    which every record was rejected leaves these in quarantine.
    """
    try:
        known = already_loaded(connection, source, reader.window)
        return known if known is not None else _loaded(connection, source, reader, progress)
    except InputError as error:
        return refusal(source, error)


def refusal(source: Source, error: InputError) -> SourceReport:
    """The report of a source that cannot be read. One that only lies among others, and is no telemetry, is skipped."""
    if isinstance(error, NotTelemetryError) and not source.is_named:
        return _skipped(source, f"{error.what}\n{error.why} {error.next_step}")
    return SourceReport(
        uri=source.uri,
        bytes=source.size or 0,
        state="refused",
        why=f"{error.what} {error.why}\n{error.next_step}",
    )


def _skipped(source: Source, why: str) -> SourceReport:
    return SourceReport(uri=source.uri, bytes=source.size or 0, state="skipped", why=why)


def _passed_over(source: Source) -> SourceReport:
    """The report of a file that was not opened."""
    return _skipped(
        source, f"{source.uri} is not named like an export.\nTo read it all the same, name the file itself."
    )


def _loaded(
    connection: duckdb.DuckDBPyConnection, source: Source, reader: Reader, progress: Progress | None
) -> SourceReport:
    landing = Landing(now_utc())
    with _opened(source) as stream:
        reading = detect(stream, source, reader.translation, reader.mapping)
        try:
            connection.execute("BEGIN")
            report = _land(connection, source, reader, reading, stream, landing, progress)
            connection.execute("COMMIT")
        except duckdb.Error as error:
            raise _write_failed(source.uri, error) from error
        finally:
            roll_back_if_open(connection)
    return report


def roll_back_if_open(connection: duckdb.DuckDBPyConnection) -> None:
    """Undo what was not committed."""
    try:
        connection.execute("ROLLBACK")
    except duckdb.Error:
        return  # committed, or undone by DuckDB itself


def _opened(source: Source) -> SourceStream:
    stream = SourceStream(source.opened(), source.uri)
    if stream.bytes_read == 0:
        stream.close()
        raise NotTelemetryError(
            f"{source.uri} is empty.",
            why="It has 0 bytes.",
            next_step="Check the export that writes it.",
        )
    return stream


def _land(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    reader: Reader,
    reading: Reading,
    stream: SourceStream,
    landing: Landing,
    progress: Progress | None,
) -> SourceReport:
    source_id = next_source_id(connection)
    begin = time.monotonic()
    calls = UnnamedCalls()
    with closing(read_ahead(reading.batches)) as batches:
        for batch in batches:
            wanted = reader.window.inside(calls.named(batch))
            insert_batch(connection, source_id, landing.spans, wanted)
            landing.add(wanted, outside_of(batch, wanted))
            if progress is not None:
                seconds = max(time.monotonic() - begin, 1e-9)
                done = stream.bytes_read / source.size if source.size else None
                progress(
                    f"Reading {source.uri}",
                    done,
                    f"{landing.spans + landing.readings:,} records, {stream.bytes_read / MB / seconds:,.0f} MB/s",
                )
    if landing.records == 0:
        raise NotTelemetryError(
            f"{source.uri} holds no records.",
            why=f"It was read to its end as {reading.format} and is empty.",
            next_step="Check that it is an export of traces or calls, or of an engine's metrics.",
        )
    return record(
        connection,
        source_id,
        source,
        reading.format,
        landing,
        reader.window,
        stored_bytes=stream.bytes_read if reading.stored_bytes is None else reading.stored_bytes,
        sha256=reading.sha256 or stream.sha256,
        duplicates=drop_duplicates(connection, source_id),
    )


def outside_of(batch: Batch, wanted: Batch) -> int:
    """Records of a batch that what is wanted of it leaves out."""
    rows = batch.spans.num_rows + batch.readings.num_rows
    return int(rows - wanted.spans.num_rows - wanted.readings.num_rows)


def _write_failed(uri: str, error: duckdb.Error) -> StoreError:
    return StoreError(
        f"{uri} could not be written to the store.",
        why=f"DuckDB says: {said_by_engine(error)}.",
        next_step="Check the free space of the store's disk; nothing of this source was loaded.",
    )
