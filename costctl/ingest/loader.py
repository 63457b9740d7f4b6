"""Sources into the store: each lands whole or not at all, and never twice.

In: a connection to a store, and what the user named. Out: one ``SourceReport`` a source. One transaction a source: a killed ingest leaves
nothing of the source that it was reading, and the same command again finishes the job. While DuckDB inserts one batch, the
next one is parsed in another thread.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from costctl import __version__
from costctl.documents.ingestion import SourceReport
from costctl.errors import CostctlError, InputError, StoreError
from costctl.ingest.batch import Batch
from costctl.ingest.detect import Reading, detect
from costctl.ingest.discover import STDIN, discover
from costctl.ingest.mapping import Mapping, named_mapping
from costctl.ingest.stream import SourceStream
from costctl.store.database import limit_memory
from costctl.units import iso_utc

Progress = Callable[[str, float | None], None]

_BATCHES_AHEAD: Final = 1
_QUARANTINE: Final = pa.schema(
    [("position", pa.int64()), ("code", pa.string()), ("message", pa.string()), ("excerpt", pa.string())]
)


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

    mapping: how to read logs, else told by their columns.  keep_content: store message content. Raises InputError after all good sources
    have landed, where others could not be used; StoreError where the store cannot be written.
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
            report = _land(connection, reading, stream, uri, started_at, _shown(progress, argument, uri, stream))
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
        raw = sys.stdin.buffer if argument == STDIN else Path(argument).open("rb")
    except OSError as error:
        raise InputError(
            f"Cannot read {uri}.", why=f"{error.strerror}.", next_step="Check that you may read the file."
        ) from error
    stream = SourceStream(raw, uri)
    if stream.bytes_read == 0:
        stream.close()
        raise InputError(
            f"{uri} is empty.", why="It has 0 bytes.", next_step="Check the export that should have written it."
        )
    return stream


def _known(connection: duckdb.DuckDBPyConnection, uri: str, argument: str) -> SourceReport | None:
    """The report of a source whose bytes are in the store already, under whatever name."""
    size = Path(argument).stat().st_size
    same_size = connection.execute("SELECT sha256, format, dialects FROM sources WHERE bytes = ?", [size]).fetchall()
    if not same_size:
        return None
    with Path(argument).open("rb") as file:
        import hashlib

        digest = hashlib.file_digest(file, "sha256").hexdigest()
    for sha256, form, dialects in same_size:
        if sha256 == digest:
            return SourceReport(uri, form, tuple(dialects), size, 0, 0, 0, 0, None, None, "already loaded")
    return None


def _shown(
    progress: Progress | None, argument: str, uri: str, stream: SourceStream
) -> Callable[[], None]:
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
    for batch in _read_ahead(reading.batches):
        _insert(connection, source_id, batch)
        landing.add(batch)
        show()
    if landing.spans + landing.rejected == 0:
        raise InputError(
            f"{uri} holds no spans.",
            why=f"It was read to its end as {reading.format}, and nothing was in it.",
            next_step="Check that it is an export of traces, not of metrics or logs.",
        )
    duplicates = _drop_duplicates(connection, source_id)
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


def _read_ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches, parsed in another thread while the caller works on the one before."""
    ready: queue.Queue[Batch | BaseException | None] = queue.Queue(_BATCHES_AHEAD)
    is_stopped = threading.Event()

    def fill() -> None:
        try:
            for batch in batches:
                if is_stopped.is_set():
                    return
                ready.put(batch)
            ready.put(None)
        except BaseException as error:  # handed to the reader, which raises it
            ready.put(error)

    thread = threading.Thread(target=fill, daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        is_stopped.set()
        while thread.is_alive():
            _discard_one(ready)
            thread.join(0.01)


def _discard_one(ready: queue.Queue[Batch | BaseException | None]) -> None:
    if not ready.empty():
        ready.get_nowait()


def _insert(connection: duckdb.DuckDBPyConnection, source_id: int, batch: Batch) -> None:
    if batch.spans.num_rows:
        connection.register("incoming_spans", batch.spans)
        connection.execute(f"INSERT INTO spans BY NAME SELECT *, {source_id} AS source_id FROM incoming_spans")
        connection.unregister("incoming_spans")
    if batch.resources.num_rows:
        connection.register("incoming_resources", batch.resources)
        connection.execute(
            "INSERT INTO resources SELECT resource_id, ANY_VALUE(attributes) FROM incoming_resources AS incoming "
            "WHERE NOT EXISTS (SELECT 1 FROM resources AS known WHERE known.resource_id = incoming.resource_id) "
            "GROUP BY resource_id"
        )
        connection.unregister("incoming_resources")
    if batch.rejects:
        rows = [{"position": r.position, "code": r.code, "message": r.message, "excerpt": r.excerpt} for r in batch.rejects]
        connection.register("incoming_rejects", pa.Table.from_pylist(rows, schema=_QUARANTINE))
        connection.execute(f"INSERT INTO quarantine BY NAME SELECT *, {source_id} AS source_id FROM incoming_rejects")
        connection.unregister("incoming_rejects")


def _drop_duplicates(connection: duckdb.DuckDBPyConnection, source_id: int) -> int:
    """Delete the source's spans that the store, or the source itself further up, already holds; how many they were."""
    repeated = connection.execute(
        "WITH incoming AS (SELECT rowid AS row_number, trace_id, span_id, source_position FROM spans WHERE source_id = $1), "
        "known AS (SELECT incoming.row_number FROM incoming SEMI JOIN spans AS older "
        "ON older.trace_id = incoming.trace_id AND older.span_id = incoming.span_id AND older.source_id <> $1), "
        "doubled AS (SELECT trace_id, span_id, ARG_MIN(row_number, (source_position, row_number)) AS first_row "
        "FROM incoming GROUP BY trace_id, span_id HAVING COUNT(*) > 1) "
        "SELECT row_number FROM known UNION "
        "SELECT incoming.row_number FROM incoming INNER JOIN doubled ON incoming.trace_id = doubled.trace_id "
        "AND incoming.span_id = doubled.span_id AND incoming.row_number <> doubled.first_row",
        [source_id],
    ).to_arrow_table()
    if repeated.num_rows:
        connection.register("repeated_rows", repeated)
        connection.execute("DELETE FROM spans WHERE rowid IN (SELECT row_number FROM repeated_rows)")
        connection.unregister("repeated_rows")
    return int(repeated.num_rows)


def _write_failed(uri: str, error: duckdb.Error) -> StoreError:
    return StoreError(
        f"The store could not take {uri}.",
        why=f"DuckDB says: {str(error).strip().splitlines()[0]}.",
        next_step="Check the free space of the store's disk; nothing of this source was kept.",
    )


def buffered(stream: SourceStream) -> BufferedReader:
    """The stream with a buffer, for readers that take a few bytes at a time."""
    return BufferedReader(stream, 2**20)
