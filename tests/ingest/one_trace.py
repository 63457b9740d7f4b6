"""One small trace in every format that traces are exported in: a request, a retrieval and two model calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from tests.ingest.otlp_exports import as_message, pair

Json = dict[str, Any]
TRACE_ID = "00c0ffee00c0ffee00c0ffee00c0ffee"
START_US = 1_795_478_400_000_000


@dataclass(frozen=True)
class Span:
    """Times in µs from START_US."""

    span_id: str
    parent_id: str | None
    name: str
    start_us: int
    end_us: int
    said: dict[str, Any] = field(default_factory=dict)
    has_failed: bool = False


SPANS = (
    Span("00000000000000a1", None, "handle_request", 0, 900_000, {"tenant.id": "t1"}),
    Span("00000000000000a2", "00000000000000a1", "search", 10_000, 60_000, {"db.system": "qdrant"}),
    Span(
        "00000000000000a3",
        "00000000000000a1",
        "chat gpt-4.1",
        100_000,
        700_000,
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4.1",
            "gen_ai.usage.input_tokens": 1200,
            "gen_ai.usage.output_tokens": 80,
            "gen_ai.response.id": "chatcmpl-1",
        },
    ),
    Span(
        "00000000000000a4",
        "00000000000000a1",
        "chat gpt-4.1",
        710_000,
        720_000,
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4.1",
        },
        has_failed=True,
    ),
)


def _iso(at_us: int) -> str:
    return datetime.fromtimestamp((START_US + at_us) / 1e6, tz=UTC).isoformat().replace("+00:00", "Z")


def as_otlp(spans: tuple[Span, ...] = SPANS) -> Json:
    """OTLP in its canonical spelling."""
    written = [
        {
            "traceId": TRACE_ID,
            "spanId": span.span_id,
            **({"parentSpanId": span.parent_id} if span.parent_id else {}),
            "name": span.name,
            "kind": 3,
            "startTimeUnixNano": str((START_US + span.start_us) * 1000),
            "endTimeUnixNano": str((START_US + span.end_us) * 1000),
            "attributes": [pair(key, value) for key, value in span.said.items()],
            "status": {"code": 2} if span.has_failed else {},
        }
        for span in spans
    ]
    resource = {"attributes": [pair("service.name", "shop")]}
    return {
        "resourceSpans": [
            {"resource": resource, "scopeSpans": [{"scope": {"name": "sdk"}, "spans": written}]}
        ]
    }


def _tag(key: str, value: Any) -> Json:
    kind = "bool" if isinstance(value, bool) else "int64" if isinstance(value, int) else "string"
    return {"key": key, "type": kind, "value": value}


def as_jaeger(spans: tuple[Span, ...] = SPANS) -> Json:
    """As Jaeger's interface answers."""
    written = [
        {
            "traceID": TRACE_ID.lstrip("0"),
            "spanID": span.span_id,
            "operationName": span.name,
            "references": [{"refType": "CHILD_OF", "traceID": TRACE_ID.lstrip("0"), "spanID": span.parent_id}]
            if span.parent_id
            else [],
            "startTime": START_US + span.start_us,
            "duration": span.end_us - span.start_us,
            "tags": [
                *(_tag(key, value) for key, value in span.said.items()),
                _tag("span.kind", "client"),
                _tag("otel.scope.name", "sdk"),
                *([_tag("error", True)] if span.has_failed else []),
            ],
            "logs": [],
            "processID": "p1",
        }
        for span in spans
    ]
    return {
        "data": [
            {
                "traceID": TRACE_ID,
                "spans": written,
                "processes": {"p1": {"serviceName": "shop", "tags": []}},
            }
        ]
    }


def as_jaeger_documents(spans: tuple[Span, ...] = SPANS) -> list[Json]:
    """As Jaeger keeps spans in Elasticsearch: integers as texts, each with its process."""
    (trace,) = as_jaeger(spans)["data"]
    return [
        {
            **{key: value for key, value in span.items() if key != "processID"},
            "tags": [{**tag, "value": str(tag["value"]).lower() if tag["type"] == "bool" else str(tag["value"])}
                     for tag in span["tags"]],
            "process": {"serviceName": "shop", "tags": []},
        }
        for span in trace["spans"]
    ]  # fmt: skip


def as_zipkin(spans: tuple[Span, ...] = SPANS) -> list[Json]:
    """Zipkin v2; tags are texts."""
    return [
        {
            "traceId": TRACE_ID,
            "id": span.span_id,
            **({"parentId": span.parent_id} if span.parent_id else {}),
            "kind": "CLIENT",
            "name": span.name,
            "timestamp": START_US + span.start_us,
            "duration": span.end_us - span.start_us,
            "localEndpoint": {"serviceName": "shop"},
            "tags": {
                **{key: str(value) for key, value in span.said.items()},
                **({"error": "timeout"} if span.has_failed else {}),
            },
        }
        for span in spans
    ]


def as_sdk(spans: tuple[Span, ...] = SPANS) -> list[Json]:
    """As Python's console exporter prints spans."""
    return [
        {
            "name": span.name,
            "context": {"trace_id": "0x" + TRACE_ID, "span_id": "0x" + span.span_id, "trace_state": "[]"},
            "kind": "SpanKind.CLIENT",
            "parent_id": "0x" + span.parent_id if span.parent_id else None,
            "start_time": _iso(span.start_us),
            "end_time": _iso(span.end_us),
            "status": {"status_code": "ERROR" if span.has_failed else "UNSET"},
            "attributes": span.said,
            "events": [],
            "links": [],
            "resource": {"attributes": {"service.name": "shop"}, "schema_url": ""},
        }
        for span in spans
    ]


def as_phoenix_rows(spans: tuple[Span, ...] = SPANS) -> list[Json]:
    """As Phoenix exports its table of spans: columns with dots."""
    return [
        {
            "context.trace_id": TRACE_ID,
            "context.span_id": span.span_id,
            "parent_id": span.parent_id,
            "name": span.name,
            "start_time": _iso(span.start_us),
            "end_time": _iso(span.end_us),
            "status_code": "ERROR" if span.has_failed else "OK",
            **{f"attributes.{key}": value for key, value in span.said.items()},
        }
        for span in spans
    ]


def as_langfuse(spans: tuple[Span, ...] = SPANS) -> Json:
    """As Langfuse downloads a trace; its times have milliseconds."""
    observations = [
        {
            "id": span.span_id,
            "traceId": TRACE_ID,
            "parentObservationId": span.parent_id,
            "type": "GENERATION" if "gen_ai.request.model" in span.said else "SPAN",
            "name": span.name,
            "startTime": _iso(span.start_us),
            "endTime": _iso(span.end_us),
            "level": "ERROR" if span.has_failed else "DEFAULT",
            "model": span.said.get("gen_ai.request.model"),
            "usageDetails": {
                "input": span.said["gen_ai.usage.input_tokens"],
                "output": span.said["gen_ai.usage.output_tokens"],
                "total": 1280,
            }
            if "gen_ai.usage.input_tokens" in span.said
            else {},
            "metadata": json.dumps({"attributes": {"tenant.id": "t1"}}) if span.parent_id is None else None,
        }
        for span in spans
    ]
    return {"trace": {"id": TRACE_ID, "sessionId": None, "userId": None}, "observations": observations}


def as_logs(spans: tuple[Span, ...] = SPANS) -> Json:
    """The model calls as records of OTLP logs, each written when its call ended."""
    records = [
        {
            "timeUnixNano": str((START_US + span.end_us) * 1000),
            "eventName": "gen_ai.client.inference.operation.details",
            "severityNumber": 17 if span.has_failed else 9,
            "traceId": TRACE_ID,
            "spanId": span.span_id,
            "attributes": [
                pair("duration_ms", (span.end_us - span.start_us) / 1000),
                *(pair(key, value) for key, value in span.said.items()),
            ],
        }
        for span in spans
        if "gen_ai.request.model" in span.said
    ]
    resource = {"attributes": [pair("service.name", "shop")]}
    return {
        "resourceLogs": [
            {"resource": resource, "scopeLogs": [{"scope": {"name": "sdk"}, "logRecords": records}]}
        ]
    }


def logs_message(document: Json) -> bytes:
    """OTLP logs as protobuf."""
    return bytes(ParseDict(_with_base64_ids(document), ExportLogsServiceRequest()).SerializeToString())


def _with_base64_ids(value: Any) -> Any:
    from tests.ingest.otlp_exports import with_base64_ids

    return with_base64_ids(value)


def _lines(values: list[Json]) -> bytes:
    return "".join(json.dumps(value) + "\n" for value in values).encode()


def _text(value: Any) -> bytes:
    return json.dumps(value).encode()


# Each way of writing the trace, with the format that it must be taken for.
WRITTEN: dict[str, tuple[str, Callable[[], bytes]]] = {
    "otlp": ("otlp_json", lambda: _text(as_otlp())),
    "otlp_protobuf": ("otlp_protobuf", lambda: as_message(as_otlp())),
    "jaeger": ("jaeger_json", lambda: json.dumps(as_jaeger(), indent=2).encode()),
    "jaeger_documents": ("jaeger_json", lambda: _lines(as_jaeger_documents())),
    "zipkin": ("zipkin_json", lambda: _text(as_zipkin())),
    "zipkin_lists": ("zipkin_json", lambda: _text([as_zipkin()])),
    "sdk": ("sdk_spans_json", lambda: b"\n".join(json.dumps(each, indent=4).encode() for each in as_sdk())),
    "phoenix_interface": ("sdk_spans_json", lambda: _text({"data": as_sdk(), "next_cursor": None})),
    "phoenix_rows": ("sdk_spans_json", lambda: _lines(as_phoenix_rows())),
    "langfuse": ("langfuse_json", lambda: json.dumps(as_langfuse(), indent=2).encode()),
    "langfuse_observations": ("langfuse_json", lambda: _lines(as_langfuse()["observations"])),
}
