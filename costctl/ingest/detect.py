"""What kind of source is it? Told by its first bytes, never by its name.

In: a decompressed stream, or a path for formats that need one. Out: a ``Reading``: the format's name and an
iterator of batches.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pyarrow.parquet as pq

from costctl.errors import InputError
from costctl.ingest.batch import Batch
from costctl.ingest.dialect import Translation, Vocabulary
from costctl.ingest.formats.csv_records import csv_form
from costctl.ingest.formats.json_documents import trace_format_of
from costctl.ingest.formats.log_rows import RowIds
from costctl.ingest.formats.logs import PARQUET_ERRORS, read_csv, read_json_log, read_parquet
from costctl.ingest.formats.otlp_json import looks_like_otlp_json, read_otlp_json, read_trace_documents
from costctl.ingest.formats.otlp_logs_protobuf import holds_logs, read_otlp_logs_protobuf
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

HEAD_BYTES: Final = 2**20
_PARQUET_MAGIC: Final = b"PAR1"


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
    vocabulary: Vocabulary,
    mapping: Mapping | None,
    *,
    keep_content: bool,
    row_ids: RowIds | None = None,
) -> Reading:
    """How to read the source. row_ids: of a log of which earlier rows were read already.

    Raises InputError where it is none of the formats that costctl reads.
    """
    uri = source.uri
    translation = Translation(vocabulary, keep_content)
    head = _head(stream)
    if not head.strip():
        raise InputError(
            f"{uri} is empty.",
            why="Nothing, or only white space, is in it.",
            next_step="Check the export that should have written it.",
        )
    whole = io.BufferedReader(_Replayed(head, stream), HEAD_BYTES)
    if head.startswith(_PARQUET_MAGIC):
        return _parquet(source, mapping, translation)
    session = None if mapping is not None else session_reading(head, whole, translation)
    if session is not None:
        return Reading(*session)
    if mapping is None and looks_like_otlp_json(head):
        return Reading("otlp_json", read_otlp_json(whole, translation=translation))
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith((b"{", b"[")):
        trace_format = trace_format_of(text) if mapping is None else None
        if trace_format is not None:
            return Reading(trace_format, read_trace_documents(whole, translation=translation))
        return Reading("json_log", read_json_log(whole, uri, mapping, row_ids))
    framing = detect_framing(head, len(head) if len(head) < HEAD_BYTES else None)
    if framing is not None and holds_logs(head, framing):
        batches = read_otlp_logs_protobuf(whole, framing=framing, translation=translation)
        return Reading("otlp_logs_protobuf", batches)
    if framing is not None:
        batches = read_otlp_protobuf(whole, framing=framing, translation=translation)
        return Reading("otlp_protobuf", batches)
    table = csv_format_of(head) if mapping is None else None
    if table is not None:
        return Reading(f"{table}_csv", read_trace_csv(whole, table, translation=translation))
    if _is_text(head) and csv_form(head) is not None:
        return Reading("csv", read_csv(whole, uri, mapping, row_ids))
    raise InputError(
        f"{uri} is in no format that costctl reads.",
        why="Its first bytes are neither an export of traces (JSON or protobuf) nor a log as CSV, JSON or Parquet.",
        next_step="docs/reference/formats.md lists the formats; name only trace or log exports.",
    )


def _head(stream: SourceStream) -> bytes:
    parts = bytearray()
    while len(parts) < HEAD_BYTES:
        piece = stream.read(HEAD_BYTES - len(parts))
        if not piece:
            break
        parts += piece
    return bytes(parts)


def _is_text(head: bytes) -> bool:
    """Whether the bytes are UTF-8 text; a character cut at the end of the head does not count against it."""
    if b"\0" in head:
        return False
    try:
        head[:-4].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 8
    return True


def _parquet(source: Source, mapping: Mapping | None, translation: Translation) -> Reading:
    file = source.seekable()
    if file is None:
        raise InputError(
            "Parquet cannot be read from standard input.",
            why="Its index stands at the end of the file.",
            next_step="Give the file's path.",
        )
    try:
        columns = pq.ParquetFile(file)
    except PARQUET_ERRORS as error:
        raise InputError(
            f"Cannot read {source.uri}.",
            why=f"Its Parquet data are damaged: {error}.",
            next_step="Export it again.",
        ) from error
    table = table_format_of(columns.schema_arrow.names) if mapping is None else None
    if table is not None:
        spans = read_trace_parquet(columns, source.uri, table, translation=translation)
        return Reading(f"{table}_parquet", spans, digest_of(source), source.size)
    batches = read_parquet(columns, source.uri, mapping)
    return Reading("parquet", batches, digest_of(source), source.size)
