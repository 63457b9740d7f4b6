"""Which model calls does an export of OTLP logs hold?

Shape in: one JSON value with ``resourceLogs``.  Shape out: ResourceSpans: a span for each record that tells of a
call, by its attributes: an access log of a gateway, a GenAI event, a coding agent's ``api_request``. A record is
written when the call has ended; its length stands in an attribute. Any other record is rejected with a reason.

The span is below the span that the record names, under an id of its own: the record is another account of that
call, and which of the two counts is settled where calls are.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from costctl.ingest.dialect import shipped_vocabulary
from costctl.ingest.formats.found import (
    SPAN_ID_DIGITS,
    TRACE_ID_DIGITS,
    Found,
    Json,
    end_text,
    listed,
    named,
    ns_text,
)
from costctl.ingest.formats.nested_arrow import snake_case
from costctl.ingest.formats.otlp_normalise import attributes_of, plain_json
from costctl.ingest.formats.otlp_values import json_text

RESOURCE_LOGS_KEYS: Final = ("resourceLogs", "resource_logs")
_CALL_COLUMNS: Final = ("input_tokens", "output_tokens", "operation", "model_requested", "model_served")
_NS_PER_UNIT: Final = (("duration_ms", 1e6), ("duration", 1e6), ("gen_ai.client.operation.duration", 1e9))
_START_KEYS: Final = ("start_time", "startTime")
_EVENT_NAME: Final = re.compile(r"[A-Za-z][\w.-]{0,99}")
_FIRST_ERROR_SEVERITY: Final = 17
_ERROR: Final = 2
_AGENT_EVENTS: Final = "claude_code."


def collect_otlp_logs(value: Json, found: Found) -> bool:
    """Adds the calls of an OTLP logs export; whether it is one."""
    key = next((key for key in RESOURCE_LOGS_KEYS if key in value), None)
    if key is None:
        return False
    for emitter in listed(value[key]):
        resource = named(_get(named(emitter), "resource"))
        for scoped in listed(_get(named(emitter), "scopeLogs")):
            scope = named(_get(named(scoped), "scope")).get("name")
            written = listed(_get(named(scoped), "logRecords"))
            records = found.objects(written, "not_otlp", "A log record that is no object.")
            spans = [span for record in records if (span := _span(record, found)) is not None]
            found.add(
                attributes_of(_get(resource, "attributes")), scope if isinstance(scope, str) else None, spans
            )
    return True


def _get(value: Json, name: str) -> Any:
    found = value.get(name)
    return value.get(snake_case(name)) if found is None else found


def _span(record: Json, found: Found) -> Json | None:
    """The call that a record tells of; None, and a reject, where it tells of none."""
    written = {
        str(pair.get("key")): plain_json(pair.get("value"))
        for pair in listed(_get(record, "attributes"))
        if isinstance(pair, dict)
    }
    name = _name(record, written)
    said = _with_body(record, written, name)
    if not any(key in said for key in _call_keys()):
        message = "A log record that tells of no model call: it names neither a model nor tokens."
        found.reject("not_a_request", message, json_text(sorted(said)))
        return None
    start_ns, end_ns = _times(record, said)
    identity = json_text([start_ns, end_ns, name, _get(record, "spanId"), sorted(said.items(), key=str)])
    digest = hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()
    parent = _get(record, "spanId") or None
    canonical = {
        "traceId": _get(record, "traceId") or digest[:TRACE_ID_DIGITS],
        "spanId": digest[-SPAN_ID_DIGITS:],
        "parentSpanId": parent,
        "name": name,
        "startTimeUnixNano": start_ns,
        "endTimeUnixNano": end_ns,
        "attributes": attributes_of(said),
        "status": {"code": _ERROR if _is_error(_get(record, "severityNumber")) else 0},
    }
    return {key: each for key, each in canonical.items() if each is not None}


def _is_error(severity: Any) -> bool:
    """Whether the severity, a number or a name, is error or worse."""
    if isinstance(severity, str):
        return severity.removeprefix("SEVERITY_NUMBER_").startswith(("ERROR", "FATAL"))
    return isinstance(severity, int) and severity >= _FIRST_ERROR_SEVERITY


def _name(record: Json, written: Json) -> str:
    """The event's name; of a body only a word may serve as one."""
    for named_by in (_get(record, "eventName"), written.get("event.name"), plain_json(record.get("body"))):
        if isinstance(named_by, str) and _EVENT_NAME.fullmatch(named_by):
            return named_by
    return ""


def _with_body(record: Json, written: Json, name: str) -> Json:
    """The attributes, with those of a body that is a list of keys and values.

    A coding agent's plain names (``model``, ``input_tokens``) get its name in front, so that they mean nothing
    on the spans of others.
    """
    body = plain_json(record.get("body"))
    said = {**(body if isinstance(body, dict) else {}), **written}
    if str(record.get("body")).find(_AGENT_EVENTS) >= 0 or name.startswith(_AGENT_EVENTS):
        return {key if "." in key else _AGENT_EVENTS + key: each for key, each in said.items()}
    return said


def _call_keys() -> frozenset[str]:
    columns = shipped_vocabulary().columns
    return frozenset(rule.key for column in _CALL_COLUMNS for rule in columns.get(column, ()))


def _times(record: Json, said: Json) -> tuple[str | None, str | None]:
    """Start and end in ns: the record's time is the end, unless it says when the call began."""
    at = ns_text(_get(record, "timeUnixNano"), 1)
    if at in (None, "0"):
        at = ns_text(_get(record, "observedTimeUnixNano"), 1)
    began = next((ns_text(said[key], 1) for key in _START_KEYS if key in said), None)
    length_ns = _length_ns(said)
    if at is None or length_ns is None:
        return began or at, None
    start = began if began is not None else end_text(at, -length_ns)
    return start, end_text(start, length_ns)


def _length_ns(said: Json) -> int | None:
    for key, ns_per_unit in _NS_PER_UNIT:
        for spelled in (key, _AGENT_EVENTS + key):
            try:
                return round(float(said[spelled]) * ns_per_unit)
            except (KeyError, TypeError, ValueError, OverflowError):
                continue
    return None
