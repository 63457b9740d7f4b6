"""What kind of source is it? Told by what its first lines or bytes hold, never by its name.

In: a decompressed stream, or a path for formats that need one. Out: a ``Reading``: the format's name and an
iterator of batches.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pyarrow.parquet as pq

from costctl.errors import InputError, NotTelemetryError
from costctl.ingest.batch import Batch, Reject
from costctl.ingest.canonical_spans import BATCH_SCHEMA
from costctl.ingest.dialect import Translation
from costctl.ingest.formats.engine_series import CSV_NAME as ENGINE_CSV
from costctl.ingest.formats.engines import engine_series_reading, engine_text_reading
from costctl.ingest.formats.json_documents import nuls_message, trace_format_of
from costctl.ingest.formats.log_rows import RowIds
from costctl.ingest.formats.logs import PARQUET_ERRORS, damaged_parquet, read_csv, read_json_log, read_parquet
from costctl.ingest.formats.otlp_json import looks_like_otlp_json, read_otlp_json, read_trace_documents
from costctl.ingest.formats.otlp_logs_protobuf import holds_logs, read_otlp_logs_protobuf
from costctl.ingest.formats.otlp_metrics_protobuf import holds_metrics, read_otlp_metrics_protobuf
from costctl.ingest.formats.otlp_protobuf import detect_framing, read_otlp_protobuf
from costctl.ingest.formats.sessions import session_reading
from costctl.ingest.formats.trace_tables import (
    csv_format_of,
    read_trace_csv,
    read_trace_parquet,
    table_format_of,
)
from costctl.ingest.ledger import digest_of
from costctl.ingest.mapping import Mapping
from costctl.ingest.source import Source
from costctl.ingest.stream import SourceStream
from costctl.ingest.text_kind import BYTE_ORDER_MARK, TextKind, looks_binary, text_kind

HEAD_BYTES: Final = 2**20
_LONGEST_HEAD_BYTES: Final = 32 * 2**20
_PARQUET_MAGIC: Final = b"PAR1"
_CSV_FORMATS: Final = ("csv", ENGINE_CSV)


class UnknownFormatError(NotTelemetryError):
    """Nothing in the source tells a format: more of it may."""


class LostContentError(InputError):
    """All of the source is NUL bytes: its content was lost, or is still to come."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a source is read. sha256, stored_bytes: where the format reads the file itself and not the stream."""

    format: str
    batches: Iterator[Batch]
    sha256: str | None = None
    stored_bytes: int | None = None


class _Replayed(io.RawIOBase):
    """A stream whose first bytes were read already, from its beginning."""

    def __init__(self, head: bytes, rest: SourceStream) -> None:
        super().__init__()
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._head:
            return self._rest.readinto(buffer)
        view = memoryview(buffer).cast("B")
        size = min(len(view), len(self._head))
        view[:size] = self._head[:size]
        self._head = self._head[size:]
        return size


def detect(
    stream: SourceStream,
    source: Source,
    translation: Translation,
    mapping: Mapping | None,
    *,
    row_ids: RowIds | None = None,
    form: str | None = None,
) -> Reading:
    """How to read the source. row_ids: of a log of which earlier rows were read already.  form: the format that it is
    known to be in: ``otlp_json``, ``json_log``, ``csv``, or one of engines.

    Raises InputError where it is none of the formats that costctl reads.
    """
    head = _filled(b"", stream, HEAD_BYTES)
    if not head.strip():
        raise NotTelemetryError(
            f"{source.uri} is empty.",
            why="It contains only white space, or nothing.",
            next_step="Check the export that writes it.",
        )
    if head.startswith(_PARQUET_MAGIC):
        return _parquet(source, mapping, translation)
    if form is None and (head.startswith(b"\0") or looks_binary(head)):
        reading = _protobuf(head, stream, translation)
        if reading is not None:
            return reading
    head, nuls = _without_first_nuls(head, stream)
    head = _with_a_second_line(head, stream)
    reading = _text(head, stream, source, translation, mapping, row_ids, form) if head else None
    if reading is None and not nuls:
        reading = _protobuf(head, stream, translation)
    if reading is None:
        raise _unknown(source.uri, nuls) if head else _lost(source.uri, nuls)
    return Reading(reading.format, _after_nuls(nuls, reading.batches)) if nuls else reading


def _text(
    head: bytes,
    stream: SourceStream,
    source: Source,
    translation: Translation,
    mapping: Mapping | None,
    row_ids: RowIds | None,
    form: str | None,
) -> Reading | None:
    whole = _from_the_beginning(head, stream)
    engine = engine_text_reading(head, whole, _written_ns(source), form) if mapping is None else None
    if engine is not None:
        return Reading(*engine)
    known: TextKind | None = None if form is None else "csv" if form in _CSV_FORMATS else "json"
    kind = known or text_kind(head, is_whole=len(head) < HEAD_BYTES)
    if kind is None:
        return None
    series = engine_series_reading(head, whole, is_csv=kind == "csv", form=form) if mapping is None else None
    if series is not None:
        return Reading(*series)
    uri = source.uri
    if kind == "csv":
        table = csv_format_of(head) if mapping is None and form is None else None
        if table is not None:
            return Reading(f"{table}_csv", read_trace_csv(whole, table, translation=translation))
        return Reading("csv", read_csv(whole, uri, mapping, row_ids, translation.salt))
    session = session_reading(head, whole, translation) if mapping is None and form is None else None
    if session is not None:
        return Reading(*session)
    if form == "otlp_json" or (form is None and mapping is None and looks_like_otlp_json(head)):
        return Reading("otlp_json", read_otlp_json(whole, translation=translation))
    text = head.removeprefix(BYTE_ORDER_MARK).lstrip()
    trace_format = trace_format_of(text) if mapping is None and form is None else None
    if trace_format is not None:
        return Reading(trace_format, read_trace_documents(whole, translation=translation))
    return Reading("json_log", read_json_log(whole, uri, mapping, row_ids, translation.salt))


def _written_ns(source: Source) -> int:
    """When the file was last written, else now, ns UTC."""
    return time.time_ns() if source.path is None else source.path.stat().st_mtime_ns


def _protobuf(head: bytes, stream: SourceStream, translation: Translation) -> Reading | None:
    framing = detect_framing(head, len(head) if len(head) < HEAD_BYTES else None)
    if framing is None:
        return None
    whole = _from_the_beginning(head, stream)
    if holds_metrics(head, framing):
        return Reading("otlp_metrics_protobuf", read_otlp_metrics_protobuf(whole, framing=framing))
    if holds_logs(head, framing):
        batches = read_otlp_logs_protobuf(whole, framing=framing, translation=translation)
        return Reading("otlp_logs_protobuf", batches)
    return Reading("otlp_protobuf", read_otlp_protobuf(whole, framing=framing, translation=translation))


def _from_the_beginning(head: bytes, stream: SourceStream) -> io.BufferedReader:
    return io.BufferedReader(_Replayed(head, stream), HEAD_BYTES)


def _filled(head: bytes, stream: SourceStream, size: int) -> bytes:
    """The head with as much more of the stream as it lacks of the size."""
    parts = bytearray(head)
    while len(parts) < size:
        piece = stream.read(size - len(parts))
        if not piece:
            break
        parts += piece
    return bytes(parts)


def _without_first_nuls(head: bytes, stream: SourceStream) -> tuple[bytes, int]:
    """The head from the first byte on that is no NUL, and how many there were: a file that was cut short under its
    writer begins with as many as it was long.
    """
    nuls = 0
    while head.startswith(b"\0"):
        rest = head.lstrip(b"\0")
        nuls += len(head) - len(rest)
        head = _filled(rest, stream, HEAD_BYTES)
    return head, nuls


def _with_a_second_line(head: bytes, stream: SourceStream) -> bytes:
    """The head, as long as it takes to see what follows the end of a record that fills it: records are megabytes."""
    if head.lstrip().startswith((b"{", b"[")) or looks_binary(head):
        return head
    while b"\n" not in head and HEAD_BYTES <= len(head) < _LONGEST_HEAD_BYTES:
        longer = _filled(head, stream, len(head) + HEAD_BYTES)
        if len(longer) == len(head):
            return head
        head = _filled(longer, stream, len(longer) + HEAD_BYTES) if b"\n" in longer else longer
    return head


def _after_nuls(nuls: int, batches: Iterator[Batch]) -> Iterator[Batch]:
    """The batches, after a reject for the NULs."""
    yield Batch(BATCH_SCHEMA.empty_table(), (Reject(1, "nul_bytes", nuls_message(nuls), ""),))
    yield from batches


def _lost(uri: str, nuls: int) -> LostContentError:
    return LostContentError(
        f"{uri} contains no data.",
        why=f"All of its {nuls:,} bytes are NUL: the content was lost, or has not reached the disk.",
        next_step="Fetch or export it again.",
    )


def _unknown(uri: str, nuls: int) -> UnknownFormatError:
    after = f" after {nuls:,} NUL bytes" if nuls else ""
    return UnknownFormatError(
        f"{uri}: unrecognized format.",
        why=f"Its beginning{after} is neither a trace export (JSON or protobuf), nor a log in CSV, JSON or "
        "Parquet, nor metrics or log lines of vLLM or SGLang.",
        next_step="`costctl help formats` lists the formats; pass only trace or log exports.",
    )


def _parquet(source: Source, mapping: Mapping | None, translation: Translation) -> Reading:
    file = source.seekable()
    if file is None:
        raise InputError(
            "Parquet cannot be read from standard input.",
            why="Its index is at the end of the file.",
            next_step="Pass the file's path.",
        )
    try:
        columns = pq.ParquetFile(file)
    except PARQUET_ERRORS as error:
        raise damaged_parquet(source.uri, error) from error
    table = table_format_of(columns.schema_arrow.names) if mapping is None else None
    if table is not None:
        spans = read_trace_parquet(columns, source.uri, table, translation=translation)
        return Reading(f"{table}_parquet", spans, digest_of(source), source.size)
    batches = read_parquet(columns, source.uri, mapping, translation.salt)
    return Reading("parquet", batches, digest_of(source), source.size)
