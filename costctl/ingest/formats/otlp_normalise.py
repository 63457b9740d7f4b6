"""What does one JSON value hold, if it is some spelling of an OTLP trace export?

Shape in: one JSON value: any of the wrappers, key spellings and enum names that exporters, collectors and
backends write.  Shape out: ResourceSpans in the one spelling that the fast reader parses, and what could not
be read. This is the slow reader: it sees only what the fast one could not.
"""

from __future__ import annotations

import math
from typing import Any, Final

from costctl.ingest.formats.found import Found, Json, listed, named
from costctl.ingest.formats.nested_arrow import snake_case
from costctl.ingest.formats.otlp_values import json_text

RESOURCE_SPANS_KEYS: Final = ("resourceSpans", "resource_spans", "batches")
SCOPE_SPANS_KEYS: Final = (
    "scopeSpans",
    "scope_spans",
    "instrumentationLibrarySpans",
    "instrumentation_library_spans",
)
SCOPE_KEYS: Final = ("scope", "instrumentationLibrary", "instrumentation_library")
_SPAN_MARKS: Final = ("spanId", "span_id", "startTimeUnixNano", "start_time_unix_nano")
_KINDS: Final = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
_STATUSES: Final = {"ok": 1, "error": 2}
_INT64_LIMIT: Final = 2**63


def _get(value: Json, *names: str) -> Any:
    """The first of the names that is there and not null, in camelCase or snake_case."""
    for name in names:
        for spelled in (name, snake_case(name)):
            if value.get(spelled) is not None:
                return value[spelled]
    return None


def collect_otlp(value: Json, found: Found) -> bool:
    """Adds the ResourceSpans of a value that is some spelling of an OTLP trace export; whether it is one."""
    emitters = next((key for key in RESOURCE_SPANS_KEYS if key in value), None)
    if emitters is not None:
        no_object = "A ResourceSpans that is not an object."
        for emitter in found.objects(listed(value[emitters]), "not_otlp", no_object):
            _collect_emitter(emitter, found)
    elif any(key in value for key in SCOPE_SPANS_KEYS):
        _collect_emitter(value, found)
    elif isinstance(value.get("trace"), dict) and any(key in value["trace"] for key in RESOURCE_SPANS_KEYS):
        return collect_otlp(value["trace"], found)
    elif _is_span(value):
        _add(found, {}, {}, [value])
    elif isinstance(value.get("spans"), list) and all(_is_span(span) for span in value["spans"]):
        _add(found, {}, _get(value, *SCOPE_KEYS), value["spans"])
    else:
        return False
    return True


def _is_span(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    has_mark = any(key in value for key in _SPAN_MARKS)
    return has_mark or (isinstance(value.get("name"), str) and isinstance(value.get("attributes"), list))


def _collect_emitter(emitter: Json, found: Found) -> None:
    resource = _get(emitter, "resource")
    for key in SCOPE_SPANS_KEYS:
        no_object = "A ScopeSpans that is not an object."
        for scope_spans in found.objects(listed(emitter.get(key)), "not_otlp", no_object):
            _add(found, resource, _get(scope_spans, *SCOPE_KEYS), listed(scope_spans.get("spans")))


def _add(found: Found, resource: Any, scope: Any, spans: list[Any]) -> None:
    canonical = [_span(span) for span in found.objects(spans, "not_otlp", "A span that is not an object.")]
    found.resource_spans.append(
        {
            "resource": _with_attributes(resource),
            "scopeSpans": [{"scope": _with_attributes(scope), "spans": canonical}],
        }
    )


def _with_attributes(owner: Any) -> Json:
    if not isinstance(owner, dict):
        return {}
    written = {"attributes": attributes_of(_get(owner, "attributes"))}
    name = _text(_get(owner, "name"))
    return written if name is None else {"name": name, **written}


def _span(span: Json) -> Json:
    status = span.get("status")
    code = _get(status, "code") if isinstance(status, dict) else status
    dropped = _integer(_get(span, "droppedAttributesCount"))
    canonical = {
        "traceId": _text(_get(span, "traceId")),
        "spanId": _text(_get(span, "spanId")),
        "parentSpanId": _text(_get(span, "parentSpanId")),
        "name": _text(_get(span, "name")),
        "kind": _enum(_get(span, "kind"), "span_kind_", _KINDS),
        "startTimeUnixNano": _instant(_get(span, "startTimeUnixNano")),
        "endTimeUnixNano": _instant(_get(span, "endTimeUnixNano")),
        "attributes": attributes_of(_get(span, "attributes")),
        "droppedAttributesCount": dropped,
        "events": [_event(event) for event in listed(_get(span, "events")) if isinstance(event, dict)],
        "status": {"code": _enum(code, "status_code_", _STATUSES)},
    }
    return {name: value for name, value in canonical.items() if value is not None}


def _event(event: Json) -> Json:
    return {
        "timeUnixNano": _instant(_get(event, "timeUnixNano")) or "0",
        "name": _text(_get(event, "name")) or "",
        "attributes": attributes_of(_get(event, "attributes")),
    }


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) or value is None else json_text(value)


def _integer(value: Any) -> int | None:
    """An integer of 64 bits, also one written as text or as a whole float."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = int(value) if not isinstance(value, float) or value.is_integer() else None
    except (ValueError, OverflowError, TypeError):
        return None
    return number if number is not None and abs(number) < _INT64_LIMIT else None


def _instant(value: Any) -> str | None:
    number = _integer(value)
    return None if number is None else str(number)


def _enum(value: Any, prefix: str, codes: dict[str, int]) -> int | None:
    """The code of an enum written as a number, as its full name or as the short one."""
    if isinstance(value, str):
        name = value.lower().removeprefix(prefix)
        if name in codes:
            return codes[name]
    return _integer(value)


def attributes_of(written: Any) -> list[Json]:
    """Attributes as a list of key and value; a plain JSON object of them is taken as well."""
    if isinstance(written, dict):
        return [{"key": key, "value": _value(value)} for key, value in written.items()]
    if not isinstance(written, list):
        return []
    pairs = (pair for pair in written if isinstance(pair, dict))
    return [{"key": _text(pair.get("key")) or "", "value": _value(pair.get("value"))} for pair in pairs]


def _value(value: Any) -> Json:
    """One AnyValue with a scalar; nested values become JSON text."""
    if not isinstance(value, dict):
        return _scalar(value)
    kind, inner = _alternative(value)
    if kind == "intValue":
        number = _integer(inner)
        return {"stringValue": _text(inner)} if number is None else {"intValue": str(number)}
    if kind == "doubleValue":
        return _double(inner)
    if kind == "boolValue":
        return {"boolValue": inner} if isinstance(inner, bool) else {"stringValue": _text(inner)}
    if kind in ("arrayValue", "kvlistValue"):
        return {"stringValue": json_text(plain_json(value))}
    return {} if inner is None else {"stringValue": _text(inner)}


_ALTERNATIVES: Final = (
    "stringValue",
    "intValue",
    "doubleValue",
    "boolValue",
    "arrayValue",
    "kvlistValue",
    "bytesValue",
)


def _alternative(value: Json) -> tuple[str, Any]:
    """Which kind of value it is, and the value."""
    for kind in _ALTERNATIVES:
        inner = _get(value, kind)
        if inner is not None:
            return kind, inner
    return "", None


def _scalar(value: Any) -> Json:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int) and abs(value) < _INT64_LIMIT:
        return {"intValue": str(value)}
    if isinstance(value, float):
        return _double(value)
    return {} if value is None else {"stringValue": _text(value)}


def _double(value: Any) -> Json:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return {"stringValue": _text(value)}
    return {"doubleValue": number} if math.isfinite(number) else {"stringValue": str(value)}


def plain_json(value: Any) -> Any:
    """An AnyValue in OTLP/JSON as what plain JSON would hold; integers as numbers, an empty value as None."""
    if not isinstance(value, dict):
        return value
    kind, inner = _alternative(value)
    if kind == "arrayValue":
        return [plain_json(element) for element in listed(named(inner).get("values"))]
    if kind == "kvlistValue":
        return {
            pair.get("key", ""): plain_json(pair.get("value"))
            for pair in listed(named(inner).get("values"))
            if isinstance(pair, dict)
        }
    if kind == "intValue":
        number = _integer(inner)
        return inner if number is None else number
    if kind == "doubleValue" and isinstance(inner, int):
        return float(inner)
    return inner
