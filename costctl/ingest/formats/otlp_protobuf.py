"""Which spans does an OTLP protobuf export hold?

Shape in: a stream of decompressed bytes: one TracesData or ExportTraceServiceRequest, or many of them framed
by their lengths.  Shape out: ``Batch`` after ``Batch``, the same rows that the JSON encoding of the same
export gives. Messages become Arrow columns in ptars; no Python object is made for a span.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from io import BytesIO
from typing import Any, BinaryIO, Final

import numpy as np
import ptars
import pyarrow as pa
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from costctl.ingest.batch import Batch, Reject
from costctl.ingest.canonical_spans import BATCH_SCHEMA, canonical_batch
from costctl.ingest.dialect import Translation
from costctl.ingest.formats.otlp_flatten import flatten_documents
from costctl.ingest.formats.otlp_json import read_otlp_json
from costctl.ingest.formats.protobuf_messages import (
    PIECE_BYTES,
    ZSTD_MAGIC,
    Framing,
    Message,
    messages,
    varint_value,
)

_RESOURCE_SPANS_TAG: Final = 0x0A
_RESOURCE_SPANS_FIELDS: Final = (0x0A, 0x12, 0x1A)  # tags of resource, scope_spans and schema_url
_LONGEST_LENGTH_BYTES: Final = 5
# Not what a decoder says: some quote the bytes that they stopped at.
NO_MESSAGE: Final = "its bytes are not a message of that kind"


def read_otlp_protobuf(
    stream: BinaryIO, *, framing: Framing, translation: Translation, piece_bytes: int = PIECE_BYTES
) -> Iterator[Batch]:
    """Batches of canonical spans. framing: as ``detect_framing`` found it.

    translation: the dialects, and whether content is kept.  piece_bytes: longer messages are
    cut; the rows do not depend on it.
    """
    waiting: list[tuple[int, Message]] = []
    size = 0
    for number, message in enumerate(messages(stream, framing, piece_bytes=piece_bytes), 1):
        if message.problem is not None:
            yield from _read(waiting, translation=translation)
            waiting, size = [], 0
            yield rejected(message, message.problem)
        elif message.data[:1] in (b"{", b"["):
            for batch in read_otlp_json(BytesIO(message.data), translation=translation):
                yield _at_record(batch, number, message.offset)
        else:
            waiting.append((number, message))
            size += len(message.data)
        if size >= PIECE_BYTES:
            yield from _read(waiting, translation=translation)
            waiting, size = [], 0
    yield from _read(waiting, translation=translation)


@cache
def _handler() -> Any:
    pool = ptars.HandlerPool([ExportTraceServiceRequest.DESCRIPTOR.file])
    return pool.get_for_message(ExportTraceServiceRequest.DESCRIPTOR)


def _read(numbered: list[tuple[int, Message]], *, translation: Translation) -> Iterator[Batch]:
    """The batch of some messages; those that are no messages are found by halving."""
    if not numbered:
        return
    try:
        columns = _handler().list_to_record_batch([message.data for _, message in numbered])
    except ValueError:
        if len(numbered) == 1:
            yield rejected(numbered[0][1], NO_MESSAGE)
            return
        middle = len(numbered) // 2
        yield from _read(numbered[:middle], translation=translation)
        yield from _read(numbered[middle:], translation=translation)
        return
    position = np.array([number for number, _ in numbered], np.int64)
    yield canonical_batch(flatten_documents(columns.column(0)), position, translation=translation)


def rejected(message: Message, problem: str) -> Batch:
    """A batch of one reject: a message that could not be read."""
    reject = Reject(message.offset, "bad_protobuf", f"Invalid OTLP protobuf: {problem}.", "")
    return Batch(BATCH_SCHEMA.empty_table(), (reject,))


def _at_record(batch: Batch, number: int, offset: int) -> Batch:
    """A batch read from one message of many: its lines mean nothing, the message's number does."""
    numbers = pa.array(np.full(batch.spans.num_rows, number, np.int64))
    spans = batch.spans.set_column(batch.spans.num_columns - 1, "source_position", numbers)
    rejects = tuple(replace(each, position=offset) for each in batch.rejects)
    return replace(batch, spans=spans, rejects=rejects)


def detect_framing(head: bytes, size: int | None) -> Framing | None:
    """How the messages are framed, or None where this is no OTLP protobuf.

    head: the first bytes, decompressed, at most 1 MiB.  size: of the whole stream, None where unknown.
    """
    if _is_framed(head, size, _big_endian_length):
        return "big_endian_4"
    if _is_message(head, _ENDLESS if size is None else size):
        return "one"
    return "varint" if _is_framed(head, size, _varint_length) else None


_ENDLESS: Final = 2**62


def _big_endian_length(head: bytes, at: int) -> tuple[int, int] | None:
    raw = head[at : at + 4]
    return (int.from_bytes(raw, "big"), at + 4) if len(raw) == 4 else None


def _varint_length(head: bytes, at: int) -> tuple[int, int] | None:
    for end in range(at + 1, min(at + _LONGEST_LENGTH_BYTES, len(head)) + 1):
        if head[end - 1] < 0x80:
            return varint_value(head[at:end]), end
    return None


def _is_framed(head: bytes, size: int | None, length_at: Any) -> bool:
    """Whether lengths lead from message to message through the whole head."""
    at, found = 0, 0
    while at < len(head):
        framed = length_at(head, at)
        if framed is None:
            return found > 0
        length, begin = framed
        if size is not None and begin + length > size:
            return False
        body = head[begin : begin + length]
        is_known = body.startswith((ZSTD_MAGIC, b"{")) or length == 0 or _is_message(body, length)
        if not is_known:
            return False
        found += length > 0
        at = begin + length
    return found > 0


def _is_message(head: bytes, length: int) -> bool:
    """Whether the first bytes of a message of that length begin a list of ResourceSpans."""
    at = 0
    while at < len(head):
        framed = _varint_length(head, at + 1)
        if head[at] != _RESOURCE_SPANS_TAG or framed is None:
            return at > 0 and head[at] == _RESOURCE_SPANS_TAG
        inner, begin = framed
        if begin + inner > length or not _is_resource_spans(head[at : begin + inner], begin - at, inner):
            return False
        at = begin + inner
    return len(head) > 0


def _is_resource_spans(field: bytes, begin: int, length: int) -> bool:
    """Whether a field that holds ``length`` bytes from ``begin`` on may be a ResourceSpans.

    Where all of it is there, it is parsed; else its first tag has to do.
    """
    if len(field) > begin and field[begin] not in _RESOURCE_SPANS_FIELDS:
        return False
    if len(field) < begin + length:
        return True
    try:
        _handler().list_to_record_batch([field])
    except ValueError:
        return log_records_in(field) > 0 or bool(metrics_in(field))
    return True


def log_records_in(message: bytes) -> int:
    """Log records in a message of which some say when or what; 0 where it is no export of logs.

    Exports of traces and of logs nest alike: read as the other kind, a record says nothing.
    """
    try:
        logs = ExportLogsServiceRequest.FromString(message)
    except DecodeError:
        return 0
    records = [
        record for each in logs.resource_logs for scope in each.scope_logs for record in scope.log_records
    ]
    return sum(
        bool(each.time_unix_nano or each.observed_time_unix_nano or each.attributes) for each in records
    )


def metrics_in(message: bytes) -> list[str]:
    """The names of the metrics in a message that have data; none where it is no export of metrics."""
    try:
        export = ExportMetricsServiceRequest.FromString(message)
    except DecodeError:
        return []
    return [
        metric.name
        for each in export.resource_metrics
        for scope in each.scope_metrics
        for metric in scope.metrics
        if metric.WhichOneof("data") is not None
    ]
