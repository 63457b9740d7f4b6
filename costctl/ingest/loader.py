"""Sources into the store: each lands whole or not at all, and never twice.

In: a connection to a store, and what the user named. Out: one ``SourceReport`` a source. One transaction a
source: a killed ingest leaves nothing of the source that it was reading, and the same command again finishes
the job. While DuckDB inserts one batch, the next one is parsed in another thread.
"""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow.compute as pc

from costctl import __version__
from costctl.documents.ingestion import SourceReport
from costctl.errors import CostctlError, InputError, StoreError
from costctl.ingest.batch import Batch
from costctl.ingest.detect import Reading, detect
from costctl.ingest.discover import STDIN, discover
from costctl.ingest.landing import drop_duplicates, insert_batch
from costctl.ingest.mapping import Mapping, named_mapping
from costctl.ingest.read_ahead import read_ahead
from costctl.ingest.stream import SourceStream
from costctl.store.database import limit_memory
from costctl.units import iso_utc

Progress = Callable[[str, float | None], None]


@dataclass(slots=True)
class _Landing:
    """What one source has given so far."""

    spans: int = 0
    rejected: int = 0
    first_ns: int | None = None
    last_ns: int | None = None
    dialects: frozenset[str] = frozenset()

    def add(self, batch: Batch) -> None:
        self.spans += batch.spans.num_rows
        self.rejected += len(batch.rejects)
        self.dialects |= batch.dialects
        if batch.spans.num_rows:
            bounds = pc.min_max(batch.spans["start_ns"]).as_py()
            ends = pc.max(pc.coalesce(batch.spans["end_ns"], batch.spans["start_ns"])).as_py()
            self.first_ns = min(bounds["min"], bounds["min"] if self.first_ns is None else self.first_ns)
            self.last_ns = max(ends, ends if self.last_ns is None else self.last_ns)


def ingest(
    connection: duckdb.DuckDBPyConnection,
    arguments: Sequence[str],
    *,
    mapping: str | None = None,
    keep_content: bool = False,
    progress: Progress | None = None,
) -> tuple[SourceReport, ...]:
    """Load every source that the arguments name; one report each, in order.

    mapping: how to read logs, else told by their columns.  keep_content: store message content. Raises
    InputError after all good sources have landed, where others could not be used; StoreError where the store
    cannot be written.
    """
    limit_memory(connection)
    chosen = None if mapping is None else named_mapping(mapping)
    reports: list[SourceReport] = []
    failures: list[CostctlError] = []
    for argument in discover(arguments):
        try:
            reports.append(_ingest_source(connection, argument, chosen, keep_content, progress))
        except InputError as error:
            failures.append(error)
    _raise_failures(failures, reports)
    return tuple(reports)


def _raise_failures(failures: list[CostctlError], reports: list[SourceReport]) -> None:
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise InputError(
            f"{len(failures)} of {len(failures) + len(reports)} sources could not be used.",
            why=" ".join(f"{error.what} {error.why}" for error in failures[:10]),
            next_step="The other sources are loaded. Mend or leave out these, and run the same command again.",
        )


def _ingest_source(
    connection: duckdb.DuckDBPyConnection,
    argument: str,
    mapping: Mapping | None,
    keep_content: bool,
    progress: Progress | None,
) -> SourceReport:
    uri = "stdin" if argument == STDIN else argument
    started_at = _now()
    with _opened(argument, uri) as stream:
        known = None if argument == STDIN else _known(connection, uri, argument)
        if known is not None:
            return known
        reading = detect(stream, None if argument == STDIN else Path(argument), uri, mapping, keep_content)
        try:
            connection.execute("BEGIN")
            report = _land(
                connection, reading, stream, uri, started_at, _shown(progress, argument, uri, stream)
            )
            connection.execute("COMMIT")
        except duckdb.Error as error:
            raise _write_failed(uri, error) from error
        finally:
            _roll_back_if_open(connection)
    return report


def _roll_back_if_open(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        connection.execute("ROLLBACK")
    except duckdb.TransactionException:
        return  # already committed: there is nothing to undo


def _opened(argument: str, uri: str) -> SourceStream:
    try:
        # SourceStream owns the file and closes it
        raw = sys.stdin.buffer if argument == STDIN else io.FileIO(argument)
    except OSError as error:
        raise InputError(
            f"Cannot read {uri}.", why=f"{error.strerror}.", next_step="Check that you may read the file."
        ) from error
    stream = SourceStream(raw, uri)
    if stream.bytes_read == 0:
        stream.close()
        raise InputError(
            f"{uri} is empty.",
            why="It has 0 bytes.",
            next_step="Check the export that should have written it.",
        )
    return stream


def _known(connection: duckdb.DuckDBPyConnection, uri: str, argument: str) -> SourceReport | None:
    """The report of a source whose bytes are in the store already, under whatever name."""
    size = Path(argument).stat().st_size
    same_size = connection.execute(
        "SELECT sha256, format, dialects FROM sources WHERE bytes = ?", [size]
    ).fetchall()
    if not same_size:
        return None
    with Path(argument).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    for sha256, form, dialects in same_size:
        if sha256 == digest:
            return SourceReport(uri, form, tuple(dialects), size, 0, 0, 0, 0, None, None, "already loaded")
    return None


def _shown(progress: Progress | None, argument: str, uri: str, stream: SourceStream) -> Callable[[], None]:
    if progress is None:
        return lambda: None
    size = None if argument == STDIN else Path(argument).stat().st_size
    return lambda: progress(f"Reading {uri}", stream.bytes_read / size if size else None)


def _land(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    stream: SourceStream,
    uri: str,
    started_at: datetime,
    show: Callable[[], None],
) -> SourceReport:
    (source_id,) = connection.execute("SELECT COALESCE(MAX(source_id), 0) + 1 FROM sources").fetchall()[0]
    landing = _Landing()
    for batch in read_ahead(reading.batches):
        insert_batch(connection, source_id, batch)
        landing.add(batch)
        show()
    if landing.spans + landing.rejected == 0:
        raise InputError(
            f"{uri} holds no spans.",
            why=f"It was read to its end as {reading.format}, and nothing was in it.",
            next_step="Check that it is an export of traces, not of metrics or logs.",
        )
    duplicates = drop_duplicates(connection, source_id)
    size = reading.stored_bytes if reading.stored_bytes is not None else stream.bytes_read
    sha256 = reading.sha256 or stream.sha256
    connection.execute(
        "INSERT INTO sources VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'complete')",
        [
            source_id, uri, reading.format, sorted(landing.dialects), size, sha256, landing.spans - duplicates,
            landing.spans + landing.rejected, landing.rejected, duplicates, landing.first_ns, landing.last_ns,
            started_at, _now(), __version__,
        ],
    )  # fmt: skip
    return SourceReport(
        uri=uri,
        format=reading.format,
        dialects=tuple(sorted(landing.dialects)),
        bytes=size,
        spans=landing.spans - duplicates,
        records=landing.spans + landing.rejected,
        rejected=landing.rejected,
        duplicates=duplicates,
        first=None if landing.first_ns is None else iso_utc(landing.first_ns),
        last=None if landing.last_ns is None else iso_utc(landing.last_ns),
        state="complete",
    )


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _write_failed(uri: str, error: duckdb.Error) -> StoreError:
    return StoreError(
        f"The store could not take {uri}.",
        why=f"DuckDB says: {str(error).strip().splitlines()[0]}.",
        next_step="Check the free space of the store's disk; nothing of this source was kept.",
    )
