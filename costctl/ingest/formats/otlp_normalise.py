"""What does one JSON value hold, if it is some other spelling of an OTLP trace export?

Shape in: one JSON text: any of the wrappers, key spellings and enum names that exporters, collectors and
backends write.  Shape out: ResourceSpans in the one spelling that the fast reader parses, and what could not
be read. This is the slow reader: it sees only what the fast one could not.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import msgspec

from costctl.ingest.batch import Reject
from costctl.ingest.formats.nested_arrow import snake_case
from costctl.ingest.formats.otlp_values import json_text
from costctl.ingest.privacy import skeleton

Json: TypeAlias = dict[str, Any]

RESOURCE_SPANS_KEYS: Final = ("resourceSpans", "resource_spans", "batches")
SCOPE_SPANS_KEYS: Final = (
    "scopeSpans",
    "scope_spans",
    "instrumentationLibrarySpans",
    "instrumentation_library_spans",
)
SCOPE_KEYS: Final = ("scope", "instrumentationLibrary", "instrumentation_library")
_SPAN_MARKS: Final = ("spanId", "span_id", "startTimeUnixNano", "start_time_unix_nano")
_OTHER_SIGNALS: Final = ("resourceLogs", "resourceMetrics", "resource_logs", "resource_metrics")
_KINDS: Final = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
_STATUSES: Final = {"ok": 1, "error": 2}
_INT64_LIMIT: Final = 2**63


@dataclass(slots=True)
class Found:
    """What one line held. resource_spans: in the canonical spelling.  rejects: what could not be read."""

    position: int
    resource_spans: list[Json] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def reject(self, code: str, message: str, excerpt: str) -> None:
        """Sets one record apart."""
        self.rejects.append(Reject(self.position, code, message, skeleton(excerpt)))


def found_in_line(line: bytes, position: int, *, is_unterminated: bool = False) -> Found:
    """All spans in one line of JSON, or in one document. position: its line in the source.

    is_unterminated: the source ended without ending the line, so broken JSON is a truncated write.
    """
    found = Found(position)
    text = line.decode("utf-8", "replace")
    try:
        values = list(_json_values(text))
    except ValueError as error:
        code = "truncated" if is_unterminated else "bad_json"
        found.reject(code, f"Not readable as JSON: {_without_content(error)}", text)
        return found
    for value in values:
        _collect(value, found)
    return found


def _json_values(text: str) -> Iterator[Any]:
    """The values of a text that holds one or, one after another, several."""
    try:
        yield msgspec.json.decode(text)
        return
    except msgspec.DecodeError:
        pass
    decoder = json.JSONDecoder()  # accepts NaN, lone surrogates and further values after the first
    at = 0
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        yield msgspec.json.decode(
            json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace")
        )
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1


def _without_content(error: ValueError) -> str:
    """Where the JSON broke; the decoders' messages hold the place and the kind of fault, never the text."""
    return str(error).split("\n")[0]


def _get(value: Json, *names: str) -> Any:
    """The first of the names that is there and not null, in camelCase or snake_case."""
    for name in names:
        for spelled in (name, snake_case(name)):
            if value.get(spelled) is not None:
                return value[spelled]
    return None


def _collect(value: Any, found: Found) -> None:
    """Recognises one JSON value and adds its ResourceSpans."""
    if isinstance(value, list):
        for element in value:
            _collect(element, found)
        return
    if not isinstance(value, dict):
        found.reject("not_otlp", "A JSON value that is no object.", json_text(value))
        return
    listed = next((value[key] for key in RESOURCE_SPANS_KEYS if key in value), None)
    if any(key in value for key in RESOURCE_SPANS_KEYS):
        for emitter in listed or []:
            _collect_emitter(emitter, found)
    elif any(key in value for key in SCOPE_SPANS_KEYS):
        _collect_emitter(value, found)
    elif isinstance(value.get("trace"), dict):
        _collect(value["trace"], found)
    elif _is_span(value):
        _add(found, {}, {}, [value])
    elif isinstance(value.get("spans"), list) and all(_is_span(span) for span in value["spans"]):
        _add(found, {}, _get(value, *SCOPE_KEYS), value["spans"])
    elif value:
        _refuse(value, found)


def _refuse(value: Json, found: Found) -> None:
    if any(key in value for key in _OTHER_SIGNALS):
        found.reject("not_traces", "OTLP logs or metrics, not traces.", json_text(value))
    else:
        found.reject("not_otlp", "A JSON object that is no OTLP trace export and no span.", json_text(value))


def _is_span(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    has_mark = any(key in value for key in _SPAN_MARKS)
    return has_mark or (isinstance(value.get("name"), str) and isinstance(value.get("attributes"), list))


def _collect_emitter(emitter: Any, found: Found) -> None:
    if not isinstance(emitter, dict):
        found.reject("not_otlp", "A ResourceSpans that is no object.", json_text(emitter))
        return
    resource = _get(emitter, "resource")
    for key in SCOPE_SPANS_KEYS:
        for scope_spans in emitter.get(key) or []:
            if not isinstance(scope_spans, dict):
                found.reject("not_otlp", "A ScopeSpans that is no object.", json_text(scope_spans))
                continue
            _add(found, resource, _get(scope_spans, *SCOPE_KEYS), scope_spans.get("spans") or [])


def _add(found: Found, resource: Any, scope: Any, spans: list[Any]) -> None:
    canonical = []
    for span in spans:
        if isinstance(span, dict):
            canonical.append(_span(span))
        else:
            found.reject("not_otlp", "A span that is no object.", json_text(span))
    found.resource_spans.append(
        {
            "resource": _with_attributes(resource),
            "scopeSpans": [{"scope": _with_attributes(scope), "spans": canonical}],
        }
    )


def _with_attributes(owner: Any) -> Json:
    return {"attributes": _attributes(_get(owner, "attributes"))} if isinstance(owner, dict) else {}


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
        "attributes": _attributes(_get(span, "attributes")),
        "droppedAttributesCount": dropped,
        "events": [_event(event) for event in _get(span, "events") or [] if isinstance(event, dict)],
        "status": {"code": _enum(code, "status_code_", _STATUSES)},
    }
    return {name: value for name, value in canonical.items() if value is not None}


def _event(event: Json) -> Json:
    return {
        "timeUnixNano": _instant(_get(event, "timeUnixNano")) or "0",
        "name": _text(_get(event, "name")) or "",
        "attributes": _attributes(_get(event, "attributes")),
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


def _attributes(written: Any) -> list[Json]:
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
        return [plain_json(element) for element in inner.get("values") or []]
    if kind == "kvlistValue":
        return {pair.get("key", ""): plain_json(pair.get("value")) for pair in inner.get("values") or []}
    if kind == "intValue":
        number = _integer(inner)
        return inner if number is None else number
    if kind == "doubleValue" and isinstance(inner, int):
        return float(inner)
    return inner
