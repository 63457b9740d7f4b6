"""What does an OTLP protobuf export of metrics say of engines?

Shape in: a stream of messages, framed as those of traces are.  Shape out: ``Batch`` after ``Batch`` of readings. The
metrics go by way of their JSON, so that what they tell is said in one place.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO, Final

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from costctl.ingest.batch import Batch, Reject
from costctl.ingest.formats.engine_metrics import is_engine_metric
from costctl.ingest.formats.engine_rows import readings_batch
from costctl.ingest.formats.otlp_metrics import NOT_OF_ENGINES, engine_readings
from costctl.ingest.formats.otlp_protobuf import NO_MESSAGE, metrics_in, rejected
from costctl.ingest.formats.protobuf_messages import PIECE_BYTES, Framing, messages

_GLANCE_BYTES: Final = 2**16


def read_otlp_metrics_protobuf(
    stream: BinaryIO, *, framing: Framing, piece_bytes: int = PIECE_BYTES
) -> Iterator[Batch]:
    """Batches of readings. framing: as ``detect_framing`` found it.  piece_bytes: longer messages are cut."""
    for number, message in enumerate(messages(stream, framing, piece_bytes=piece_bytes), 1):
        if message.problem is not None:
            yield rejected(message, message.problem)
            continue
        try:
            export = ExportMetricsServiceRequest.FromString(message.data)
        except DecodeError:
            yield rejected(message, NO_MESSAGE)
            continue
        rows = engine_readings(MessageToDict(export), number)
        other = () if rows else (Reject(message.offset, "not_traces", NOT_OF_ENGINES, ""),)
        yield readings_batch(rows, other)


def holds_metrics(head: bytes, framing: Framing) -> bool:
    """Whether the first message that holds anything is of metrics.

    Exports of traces, logs and metrics nest alike: read as another kind, a metric has no data.
    """
    for message in messages(BytesIO(head), framing, piece_bytes=_GLANCE_BYTES):
        names = metrics_in(message.data)
        if names:
            return is_engine_metric(names)
    return False
