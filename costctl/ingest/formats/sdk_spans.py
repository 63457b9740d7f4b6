"""Which spans does a dump of an OpenTelemetry SDK's own span objects hold?

Shape in: one JSON value: a span as Python's console exporter prints it, as Phoenix exports it (also with its
columns flattened, ``context.trace_id``), as frameworks dump it (any-agent), or a list of them under ``spans`` or
``data``.  Shape out: ResourceSpans. Ids are hex, with or without 0x, or integers beyond 64 bits; times are ISO
texts or ns.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from costctl.ingest.formats.found import (
    SPAN_ID_DIGITS,
    TRACE_ID_DIGITS,
    Found,
    Json,
    hex_id,
    listed,
    named,
    ns_text,
)
from costctl.ingest.formats.otlp_normalise import attributes_of

_KIND_KEY: Final = "openinference.span.kind"
_STATUSES: Final = {"ok": 1, "error": 2}
_KINDS: Final = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
_DEEPEST: Final = 32


def collect_sdk_spans(value: Json, found: Found) -> bool:
    """Adds the spans of a dump; whether it is one."""
    if _is_span(value):
        _add(_nested(value), found)
        return True
    for key in ("spans", "data"):
        spans = value.get(key)
        if isinstance(spans, list) and spans and all(map(_is_span, spans)):
            for span in spans:
                _add(_nested(span), found)
            return True
    return False


def _is_span(value: Any) -> bool:
    if not isinstance(value, dict) or "start_time" not in value:
        return False
    return "context.trace_id" in value or "trace_id" in named(value.get("context"))


def _nested(span: Json) -> Json:
    """A span with flattened columns, as Phoenix's tables have them, with its context and attributes in one piece."""
    if "context.trace_id" not in span:
        return span
    context = {key.removeprefix("context."): each for key, each in span.items() if key.startswith("context.")}
    attributes = {
        key.removeprefix("attributes."): each for key, each in span.items() if key.startswith("attributes.")
    }
    return {**span, "context": context, "attributes": attributes}


def _add(span: Json, found: Found) -> None:
    context = named(span["context"])
    parent = named(span.get("parent")).get("span_id", span.get("parent_id", span.get("parent_span_id")))
    attributes = dict(flat_attributes(span.get("attributes")))
    if span.get("span_kind"):
        attributes.setdefault(_KIND_KEY, span["span_kind"])
    canonical = {
        "traceId": hex_id(context.get("trace_id"), TRACE_ID_DIGITS),
        "spanId": hex_id(context.get("span_id"), SPAN_ID_DIGITS),
        "parentSpanId": hex_id(parent, SPAN_ID_DIGITS),
        "name": str(span.get("name") or ""),
        "kind": _KINDS.get(str(span.get("kind")).lower().removeprefix("spankind."), 0),
        "startTimeUnixNano": ns_text(span.get("start_time"), 1),
        "endTimeUnixNano": ns_text(span.get("end_time"), 1),
        "attributes": attributes_of(attributes),
        "events": [_event(each) for each in listed(span.get("events")) if isinstance(each, dict)],
        "status": {"code": _status(span)},
    }
    resource = span.get("resource")
    found.add(
        attributes_of(named(named(resource).get("attributes", resource))),
        None,
        [{name: each for name, each in canonical.items() if each is not None}],
    )


def _status(span: Json) -> int:
    status = span.get("status")
    code = named(status).get("status_code") or span.get("status_code") or (status if _is_text(status) else "")
    return _STATUSES.get(str(code).lower().removeprefix("statuscode."), 0)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _event(event: Json) -> Json:
    return {
        "timeUnixNano": ns_text(event.get("timestamp"), 1) or "0",
        "name": str(event.get("name") or ""),
        "attributes": attributes_of(dict(flat_attributes(event.get("attributes")))),
    }


def flat_attributes(value: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Nested objects as dotted keys, and lists of objects as numbered ones; anything else is a value."""
    if isinstance(value, dict) and depth < _DEEPEST:
        for key, inner in value.items():
            yield from flat_attributes(inner, f"{prefix}.{key}" if prefix else str(key), depth + 1)
    elif isinstance(value, list) and value and isinstance(value[0], dict) and depth < _DEEPEST:
        for number, inner in enumerate(value):
            yield from flat_attributes(inner, f"{prefix}.{number}", depth + 1)
    elif prefix and value is not None:
        yield prefix, value
