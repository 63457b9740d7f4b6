"""Which spans does a Jaeger export hold?

Shape in: one JSON value: the answer of Jaeger's interface (``{"data": [{"traceID", "spans", "processes"}]}``), one
of its traces, a document of its Elasticsearch store, or its domain model (ISO times, ids in base64, ``vStr``).
Shape out: ResourceSpans. Times are in µs. https://www.jaegertracing.io/docs/latest/apis/
"""

from __future__ import annotations

import re
from typing import Any, Final

from costctl.ingest.formats.found import (
    SPAN_ID_DIGITS,
    TRACE_ID_DIGITS,
    Found,
    Json,
    end_text,
    hex_id,
    listed,
    named,
    ns_text,
)
from costctl.ingest.formats.otlp_normalise import attributes_of
from costctl.units import duration_s

_NS_PER_US: Final = 1_000
_STATUS_CODES: Final = {"ok": 1, "error": 2}
_SCOPE_TAGS: Final = ("otel.scope.name", "otel.library.name")
_TYPED_VALUES: Final = ("vStr", "vInt64", "vBool", "vFloat64", "vBinary")
_WHOLE: Final = re.compile(r"[+-]?\d{1,18}")


def collect_jaeger(value: Json, found: Found) -> bool:
    """Adds the spans of a Jaeger export; whether it is one."""
    if _is_span(value):
        _add(value, value.get("process"), found)
        return True
    if isinstance(value.get("data"), list) and value["data"] and all(map(_is_trace, value["data"])):
        for trace in value["data"]:
            _add_trace(trace, found)
        return True
    if _is_trace(value):
        _add_trace(value, found)
        return True
    return False


def _is_span(value: Any) -> bool:
    return isinstance(value, dict) and "operationName" in value and ("traceID" in value or "traceId" in value)


def _is_trace(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("spans"), list):
        return False
    return "processes" in value or "processMap" in value or any(map(_is_span, value["spans"]))


def _add_trace(trace: Json, found: Found) -> None:
    processes = named(trace.get("processes"))
    for span in found.objects(trace["spans"], "not_jaeger", "A span that is not an object."):
        _add(span, span.get("process") or processes.get(str(span.get("processID"))), found)


def _add(span: Json, process: Any, found: Found) -> None:
    tags = _tags(span.get("tags"))
    scope = next((str(tags.pop(key)) for key in _SCOPE_TAGS if key in tags), None)
    start = ns_text(span.get("startTime"), _NS_PER_US)
    length_ns = _length_ns(span.get("duration"))
    trace_id = _id(span.get("traceID", span.get("traceId")), TRACE_ID_DIGITS)
    canonical: Json = {
        "traceId": trace_id,
        "spanId": _id(span.get("spanID", span.get("spanId")), SPAN_ID_DIGITS),
        "parentSpanId": _parent(span, trace_id),
        "name": str(span.get("operationName") or ""),
        "startTimeUnixNano": start,
        "endTimeUnixNano": end_text(start, length_ns),
        "events": [_event(log) for log in listed(span.get("logs")) if isinstance(log, dict)],
        "status": {"code": _status(tags)},
        "kind": _KINDS.get(str(tags.pop("span.kind", "")).lower(), 0),
        "attributes": attributes_of(tags),
    }
    emitter = named(process)
    resource = {"service.name": emitter.get("serviceName"), **_tags(emitter.get("tags"))}
    found.add(
        attributes_of({key: each for key, each in resource.items() if each is not None}),
        scope,
        [{name: each for name, each in canonical.items() if each is not None}],
    )


_KINDS: Final = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}


def _id(written: Any, digits: int) -> str | None:
    """An id in hex; the base64 of the domain model, known by its padding, is left for later."""
    return written if isinstance(written, str) and written.endswith("=") else hex_id(written, digits)


def _parent(span: Json, trace_id: str | None) -> str | None:
    """The span that this one is a child of, else the one that it follows; both of the same trace."""
    if span.get("parentSpanID"):
        return _id(span["parentSpanID"], SPAN_ID_DIGITS)
    references = [each for each in listed(span.get("references")) if isinstance(each, dict)]
    references.sort(key=lambda each: each.get("refType", "CHILD_OF") != "CHILD_OF")
    for each in references:
        if _id(each.get("traceID", each.get("traceId")), TRACE_ID_DIGITS) == trace_id:
            return _id(each.get("spanID", each.get("spanId")), SPAN_ID_DIGITS)
    return None


def _length_ns(duration: Any) -> int | None:
    if isinstance(duration, str):
        try:
            return round(duration_s(duration) * 1e9)
        except ValueError:
            return None
    written = ns_text(duration, _NS_PER_US)
    return None if written is None else int(written)


def _status(tags: Json) -> int:
    code = str(tags.pop("otel.status_code", "")).lower()
    if not code and tags.get("error") in (True, "true"):
        return _STATUS_CODES["error"]
    return _STATUS_CODES.get(code, 0)


def _event(log: Json) -> Json:
    fields = _tags(log.get("fields"))
    return {
        "timeUnixNano": ns_text(log.get("timestamp"), _NS_PER_US) or "0",
        "name": str(fields.pop("event", "")),
        "attributes": attributes_of(fields),
    }


def _tags(tags: Any) -> Json:
    pairs = (pair for pair in listed(tags) if isinstance(pair, dict))
    return {str(pair.get("key")): _value(pair) for pair in pairs}


def _value(pair: Json) -> Any:
    """What a tag says; integers and truths are text in some stores, and their type stands beside them."""
    value = next((pair[name] for name in _TYPED_VALUES if name in pair), pair.get("value"))
    if not isinstance(value, str):
        return value
    kind = str(pair.get("type", "")).lower()
    if kind == "int64" and _WHOLE.fullmatch(value):
        return int(value)
    if kind == "bool" and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value
