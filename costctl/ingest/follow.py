"""How is a file loaded that is still being written?

In: a connection, and what the user named. Out: rows in the store, a transaction for what was added since the last
look, until stopped; one ``SourceReport`` a file. Only whole lines and records are read: the last may not be finished.
A file that was cut short or replaced, as rotation does, is read from its beginning.

Followed again, a file is read from its beginning: what the store holds already is a duplicate and is dropped.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from costctl.documents.ingestion import SourceReport
from costctl.errors import InputError
from costctl.ingest.batch import Batch
from costctl.ingest.detect import HEAD_BYTES, LostContentError, Reading, UnknownFormatError, detect
from costctl.ingest.discover import discover
from costctl.ingest.formats.csv_records import header_of, unfinished_bytes
from costctl.ingest.formats.engine_log_lines import NAME as ENGINE_LOG
from costctl.ingest.formats.engine_log_lines import is_engine_log
from costctl.ingest.formats.engine_series import CSV_NAME as ENGINE_CSV
from costctl.ingest.formats.engines import LINE_FORMATS as ENGINE_FORMATS
from costctl.ingest.formats.log_rows import RowIds
from costctl.ingest.formats.prometheus_text import NAME as PROMETHEUS
from costctl.ingest.formats.prometheus_text import is_prometheus_text, unfinished_scrape_bytes
from costctl.ingest.landing import drop_duplicates, insert_batch
from costctl.ingest.ledger import Landing, judged, next_source_id, now_utc, record
from costctl.ingest.loader import Reader, outside_of, refusal, roll_back_if_open
from costctl.ingest.source import Source
from costctl.ingest.stream import SourceStream
from costctl.ingest.unnamed_calls import UnnamedCalls
from costctl.progress import Progress
from costctl.store.database import sparing

_SECONDS_BETWEEN_LOOKS: Final = 0.5
_MOST_BYTES: Final = 256 * 2**20
_LINE_FORMATS: Final = ("otlp_json", "json_log", "csv", *ENGINE_FORMATS)


@dataclass(slots=True)
class _Followed:
    """How far a file has been read. form: of what was read, once that was told.  header: of a CSV.  report: the sums so
    far.  unknown: what is said of lines of which no format can be told yet.
    """

    source: Source
    inode: int = 0
    offset: int = 0
    lines: int = 0
    form: str | None = None
    header: bytes = b""
    unknown: UnknownFormatError | LostContentError | None = None
    row_ids: RowIds = field(default_factory=RowIds)
    calls: UnnamedCalls = field(default_factory=UnnamedCalls)
    report: SourceReport | None = None


def follow_files(
    connection: duckdb.DuckDBPyConnection,
    arguments: Sequence[str],
    reader: Reader,
    *,
    progress: Progress,
    is_stopped: Callable[[], bool],
) -> tuple[SourceReport, ...]:
    """Load what the files hold and what is added to them, until ``is_stopped``; one report a file.

    Raises InputError where an argument names nothing, or something that cannot be followed.
    """
    followed: dict[str, _Followed] = {}
    while True:
        is_last = is_stopped()
        with sparing(connection):
            for source in discover(arguments).sources:
                one = followed.setdefault(source.uri, _Followed(_a_file(source)))
                _look(connection, one, reader, is_last=is_last)
        spans = sum(each.report.spans for each in followed.values() if each.report is not None)
        progress(f"Following {len(followed)} files; press Ctrl-C to stop", None, f"{spans:,} spans")
        if is_last:
            break
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return tuple(each.report or _nothing_read(each) for each in followed.values())


def _nothing_read(followed: _Followed) -> SourceReport:
    """The report of a file that is empty still, or whose lines are in no format."""
    if followed.unknown is None:
        return SourceReport(uri=followed.source.uri)
    return refusal(followed.source, followed.unknown)


def _a_file(source: Source) -> Source:
    if source.path is None or not source.path.is_file():
        raise InputError(
            f"{source.uri} cannot be followed.",
            why="Only local files can be followed.",
            next_step="Omit --follow; standard input is read to its end in any case.",
        )
    return source


def _look(
    connection: duckdb.DuckDBPyConnection, followed: _Followed, reader: Reader, *, is_last: bool
) -> None:
    """Load the whole lines that were added, some hundred megabytes at once. is_last: also a record whose quotes are
    open.
    """
    path = followed.source.path or Path()
    state = path.stat()
    if state.st_ino != followed.inode or state.st_size < followed.offset:
        report = followed.report
        followed.inode, followed.offset, followed.lines = state.st_ino, 0, 0
        followed.form, followed.unknown = None, None
        followed.header, followed.row_ids, followed.report = b"", RowIds(), report
        followed.calls = UnnamedCalls()
    while followed.offset < state.st_size:
        with path.open("rb") as file:
            file.seek(followed.offset)
            data = file.read(_MOST_BYTES)
        end = data.rfind(b"\n") + 1
        if end and not is_last:
            end -= _unfinished_bytes(followed, data[:end])
        if end <= 0:
            return
        if not data[:end].strip():
            followed.offset, followed.lines = (
                followed.offset + end,
                followed.lines + data.count(b"\n", 0, end),
            )
            continue
        try:
            _land(connection, followed, data[:end], reader)
        except (UnknownFormatError, LostContentError) as error:
            if followed.form is not None or end > HEAD_BYTES:
                raise
            followed.unknown = error  # the end of a record that another file begins: the next lines will tell
            return
        followed.offset += end


def _unfinished_bytes(followed: _Followed, data: bytes) -> int:
    """Bytes at the end of whole lines that belong to a record that may not be all there."""
    if followed.form == PROMETHEUS or (followed.form is None and is_prometheus_text(data[:HEAD_BYTES])):
        return unfinished_scrape_bytes(data)
    if followed.form == ENGINE_LOG or (followed.form is None and is_engine_log(data[:HEAD_BYTES])):
        return 0  # its lines are records, whatever quotes stand in them
    return unfinished_bytes(followed.header + data)


def _land(connection: duckdb.DuckDBPyConnection, followed: _Followed, data: bytes, reader: Reader) -> None:
    """One transaction: the lines become rows, and the ledger says so."""
    source = followed.source
    is_first = followed.lines == 0
    stream = SourceStream(io.BytesIO(followed.header + data), source.uri)
    reading = detect(
        stream,
        source,
        reader.translation,
        reader.mapping,
        row_ids=followed.row_ids,
        form=followed.form,
    )
    if reading.format not in _LINE_FORMATS or stream.compression is not None:
        raise InputError(
            f"{source.uri} cannot be followed.",
            why=f"It is {stream.compression or reading.format}; only JSON lines, CSV and engines' "
            "metrics and logs can be read as they grow.",
            next_step=(
                "Omit --follow, and ingest it again when it has grown: spans that are already loaded are "
                "skipped."
            ),
        )
    landing = Landing(now_utc())
    source_id = next_source_id(connection)
    connection.execute("BEGIN")
    try:
        for batch in _placed(reading, followed):
            wanted = reader.window.inside(followed.calls.named(batch))
            insert_batch(connection, source_id, landing.spans, wanted)
            landing.add(wanted, outside_of(batch, wanted))
        report = record(
            connection,
            source_id,
            source,
            reading.format,
            landing,
            reader.window,
            stored_bytes=len(data),
            sha256=None,
            duplicates=drop_duplicates(connection, source_id),
        )
        connection.execute("COMMIT")
    finally:
        roll_back_if_open(connection)
    if is_first and reading.format in ("csv", ENGINE_CSV):
        followed.header = header_of(data)
    if report.spans or report.readings or report.duplicates or report.outside:
        followed.form = reading.format  # something of it was understood: what follows is read alike
    followed.lines += data.count(b"\n")
    followed.report = report if followed.report is None else _sum(followed.report, report)


def _placed(reading: Reading, followed: _Followed) -> Iterator[Batch]:
    """The batches, with positions that count the lines of the file and not of what was added."""
    before = followed.lines - followed.header.count(b"\n")
    for batch in reading.batches:
        spans = _moved(batch.spans, before)
        rejects = tuple(replace(each, position=each.position + before) for each in batch.rejects)
        yield replace(batch, spans=spans, rejects=rejects, readings=_moved(batch.readings, before))


def _moved(rows: pa.Table, lines: int) -> pa.Table:
    positions = pc.add(rows["source_position"], pa.scalar(lines, pa.int64()))
    return rows.set_column(rows.schema.get_field_index("source_position"), "source_position", positions)


def _sum(before: SourceReport, added: SourceReport) -> SourceReport:
    counts = ("bytes", "spans", "readings", "records", "rejected", "duplicates", "outside")
    model = ("model_spans", "failed_model_spans", "tokenless_model_spans")
    sums = {name: getattr(before, name) + getattr(added, name) for name in (*counts, *model)}
    tallies = {
        name: {
            key: getattr(before, name).get(key, 0) + getattr(added, name).get(key, 0)
            for key in sorted({*getattr(before, name), *getattr(added, name)})
        }
        for name in ("dialects", "rejected_by_code", "doubts")
    }
    seen = [each for each in (before.first, added.first) if each is not None]
    ended = [each for each in (before.last, added.last) if each is not None]
    both = msgspec.structs.replace(
        before,
        **sums,
        **tallies,
        source_id=None,  # several rows of the ledger
        first=min(seen, default=None),
        last=max(ended, default=None),
        state="complete",
        why=None,
    )
    return judged(both, {})
