"""Which model calls does an OTLP protobuf export of logs tell of?

Shape in: a stream of messages, framed as those of traces are.  Shape out: ``Batch`` after ``Batch``. The records go by
way of their JSON, so that which of them are calls is told in one place.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO, Final

import numpy as np
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from costctl.ingest.batch import Batch
from costctl.ingest.dialect import Translation
from costctl.ingest.formats.json_blocks import JsonBlock
from costctl.ingest.formats.otlp_json import read_slowly
from costctl.ingest.formats.otlp_protobuf import NO_MESSAGE, log_records_in, rejected
from costctl.ingest.formats.protobuf_messages import PIECE_BYTES, Framing, messages

_GLANCE_BYTES: Final = 2**16


def read_otlp_logs_protobuf(
    stream: BinaryIO, *, framing: Framing, translation: Translation, piece_bytes: int = PIECE_BYTES
) -> Iterator[Batch]:
    """Batches of canonical spans. framing: as ``detect_framing`` found it.  piece_bytes: longer messages are cut."""
    for number, message in enumerate(messages(stream, framing, piece_bytes=piece_bytes), 1):
        if message.problem is not None:
            yield rejected(message, message.problem)
            continue
        try:
            document = MessageToJson(ExportLogsServiceRequest.FromString(message.data), indent=None)
        except DecodeError:
            yield rejected(message, NO_MESSAGE)
            continue
        block = JsonBlock(document.encode(), np.array([number], np.int64))
        yield read_slowly(block, translation=translation)


def holds_logs(head: bytes, framing: Framing) -> bool:
    """Whether the first message that holds anything is of logs.

    Exports of traces and of logs nest alike: read as the other, a record has neither id nor time.
    """
    for message in messages(BytesIO(head), framing, piece_bytes=_GLANCE_BYTES):
        if _names_spans(message.data):
            return False
        if log_records_in(message.data):
            return True
    return False


def _names_spans(message: bytes) -> bool:
    try:
        traces = ExportTraceServiceRequest.FromString(message)
    except DecodeError:
        return False
    spans = [span for each in traces.resource_spans for scope in each.scope_spans for span in scope.spans]
    return any(span.trace_id or span.span_id for span in spans)
