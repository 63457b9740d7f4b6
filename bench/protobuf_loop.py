"""What one would write instead: a loop over the protobuf classes, span by span, into rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def rows_of_messages(source: Path, keys: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Rows of spans in messages each after its length in four bytes. keys: attribute → column."""
    with source.open("rb") as file:
        while length := file.read(4):
            request = ExportTraceServiceRequest.FromString(file.read(int.from_bytes(length, "big")))
            for group in request.resource_spans:
                emitter = {each.key: _value(each.value) for each in group.resource.attributes}
                for scope in group.scope_spans:
                    for span in scope.spans:
                        yield _row(span, emitter, keys)


def _row(span: Any, emitter: dict[str, Any], keys: dict[str, str]) -> dict[str, Any]:
    row = {
        "trace_id": span.trace_id.hex(),
        "span_id": span.span_id.hex(),
        "parent_span_id": span.parent_span_id.hex() or None,
        "name": span.name,
        "kind": span.kind,
        "start_ns": span.start_time_unix_nano,
        "end_ns": span.end_time_unix_nano,
        "service": emitter.get("service.name"),
    }
    others = []
    for each in span.attributes:
        value, column = _value(each.value), keys.get(each.key)
        if column is None:
            others.append((each.key, str(value)))
        else:
            row[column] = value
    row["attributes"] = others
    return row


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return str([_value(each) for each in value.array_value.values])
    return getattr(value, kind) if kind else None
