"""Which spans and calls does a dump of the JavaScript OpenTelemetry SDK's own objects hold?

Shape in: one JSON value: a span (``_spanContext``, times as ``[seconds, nanoseconds]``) or a log record (``hrTime``),
as JSON.stringify writes them and Gemini CLI keeps them, pretty-printed, in the file that its setting
``telemetry.outfile`` names; or a session that Gemini CLI saved (``{sessionId, messages}``).  Shape out:
ResourceSpans.
https://github.com/google-gemini/gemini-cli/blob/main/packages/core/src/telemetry/file-exporters.ts
"""

from __future__ import annotations

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
from costctl.ingest.formats.otlp_logs import add_log_records
from costctl.ingest.formats.otlp_normalise import attributes_of
from costctl.ingest.formats.sdk_spans import flat_attributes

_NS_PER_S: Final = 10**9
_NO_CALL: Final = "A message that is not from a model, or has no tokens."


def collect_js_sdk(value: Json, found: Found) -> bool:
    """Adds the spans or calls of a dump of the JavaScript SDK, or of a session of Gemini CLI; whether it is one."""
    if "hrTime" in value and isinstance(value.get("attributes"), dict):
        _add_log(value, found)
    elif ("_spanContext" in value or "spanContext" in value) and isinstance(value.get("startTime"), list):
        _add_span(value, found)
    elif "sessionId" in value and "projectHash" in value and isinstance(value.get("messages"), list):
        _add_session(value, found)
    else:
        return False
    return True


def _private(value: Json, name: str) -> Any:
    """A field that the SDK keeps under its name, or with an underscore in front."""
    return value.get(name, value.get(f"_{name}"))


def _resource(value: Json) -> Json:
    """The emitter's attributes: an object, or the SDK's list of pairs."""
    resource = named(value.get("resource"))
    attributes = _private(resource, "attributes")
    if attributes is None:
        pairs = listed(resource.get("_rawAttributes"))
        attributes = {str(pair[0]): pair[1] for pair in pairs if isinstance(pair, list) and len(pair) == 2}
    return dict(flat_attributes(attributes))


def _scope(value: Json) -> str | None:
    name = named(value.get("instrumentationScope", value.get("instrumentationLibrary"))).get("name")
    return name if isinstance(name, str) and name else None


def _ns(time: Any) -> int | None:
    """An instant that is a pair of seconds and nanoseconds."""
    parts = listed(time)
    if len(parts) != 2 or not all(isinstance(part, int) and not isinstance(part, bool) for part in parts):
        return None
    return int(parts[0]) * _NS_PER_S + int(parts[1])


def _text(at_ns: int | None) -> str | None:
    return None if at_ns is None else ns_text(at_ns, 1)


def _add_log(record: Json, found: Found) -> None:
    context = named(record.get("spanContext"))
    written = {
        "timeUnixNano": _text(_ns(record["hrTime"])),
        "observedTimeUnixNano": _text(_ns(record.get("hrTimeObserved"))),
        "severityNumber": _private(record, "severityNumber"),
        "eventName": _private(record, "eventName"),
        "traceId": context.get("traceId"),
        "spanId": context.get("spanId"),
        "attributes": attributes_of(record["attributes"]),
    }
    add_log_records(_resource(record), _scope(record), [written], found)


def _add_span(span: Json, found: Found) -> None:
    context = named(_private(span, "spanContext"))
    parent = named(span.get("parentSpanContext")).get("spanId") or span.get("parentSpanId")
    kind = span.get("kind")
    start, end = _ns(span["startTime"]), _ns(span.get("endTime"))
    canonical = {
        "traceId": hex_id(context.get("traceId"), TRACE_ID_DIGITS),
        "spanId": hex_id(context.get("spanId"), SPAN_ID_DIGITS),
        "parentSpanId": hex_id(parent, SPAN_ID_DIGITS),
        "name": str(span.get("name") or ""),
        "kind": kind + 1 if isinstance(kind, int) else 0,  # the SDK counts from 0, the protocol from 1
        "startTimeUnixNano": _text(start),
        "endTimeUnixNano": None if not end else _text(end),
        "attributes": attributes_of(dict(flat_attributes(span.get("attributes")))),
        "events": [_event(each) for each in listed(span.get("events")) if isinstance(each, dict)],
        "status": {"code": _status(named(span.get("status")).get("code"))},
    }
    found.add(
        attributes_of(_resource(span)),
        _scope(span),
        [{name: each for name, each in canonical.items() if each is not None}],
    )


def _status(code: Any) -> int:
    return code if isinstance(code, int) and not isinstance(code, bool) else 0


def _event(event: Json) -> Json:
    return {
        "timeUnixNano": _text(_ns(event.get("time"))) or "0",
        "name": str(event.get("name") or ""),
        "attributes": attributes_of(dict(flat_attributes(event.get("attributes")))),
    }


def _add_session(session: Json, found: Found) -> None:
    """The calls of a saved session: each message of the model's, with its tokens."""
    spans = []
    for message in found.objects(session["messages"], "not_a_trace", "A message that is not an object."):
        tokens = named(message.get("tokens"))
        if not tokens:
            found.reject("not_a_request", _NO_CALL, str(message.get("id") or ""))
            continue
        identity = f"{session['sessionId']} {message.get('id')}"
        counts = {f"gemini_cli.tokens.{name}": each for name, each in _with_tool_input(tokens).items()}
        said = {"session.id": session["sessionId"], "gemini_cli.model": message.get("model"), **counts}
        spans.append(
            {
                "traceId": hex_id(f"call {identity}", TRACE_ID_DIGITS),
                "spanId": hex_id(f"call {identity}", SPAN_ID_DIGITS),
                "name": "gemini_cli.message",
                "startTimeUnixNano": ns_text(message.get("timestamp"), _NS_PER_S) or "0",
                "attributes": attributes_of({key: each for key, each in said.items() if each is not None}),
            }
        )
    found.add(attributes_of({"service.name": "gemini-cli"}), "gemini-cli session (log)", spans)


def _with_tool_input(tokens: Json) -> Json:
    """What tools put into the prompt is counted beside the prompt; here the input holds both."""
    given, by_tools = tokens.get("input"), tokens.get("tool")
    if not isinstance(given, int) or not isinstance(by_tools, int):
        return tokens
    return {**{name: each for name, each in tokens.items() if name != "tool"}, "input": given + by_tools}
