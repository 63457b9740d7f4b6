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
from functools import cache
from typing import Any, Final

from costctl.ingest.dialect import shipped_vocabulary
from costctl.ingest.formats.agent_events import AGENT_PREFIXES, agent_attributes, agent_event
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
_OF_LOGS: Final = " (log)"  # what a scope writes to logs is another record than its spans
# Of OpenTelemetry's GenAI conventions before 1.37: one event a message, beside the span of the call.
_MESSAGE_EVENTS: Final = frozenset(
    {*(f"gen_ai.{role}.message" for role in ("system", "user", "assistant", "tool")), "gen_ai.choice"}
)
_MESSAGE: Final = "A message of a model call: it has neither a model nor tokens; the span of the call has."
_NO_CALL: Final = "A log record without a model call: it has neither a model nor tokens."


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
            records = found.objects(written, "not_otlp", "A log record that is not an object.")
            name = scope if isinstance(scope, str) else None
            add_log_records(_get(resource, "attributes"), name, records, found)
    return True


def add_log_records(resource: Any, scope: str | None, records: list[Json], found: Found) -> None:
    """Adds the calls that records of one emitter and scope tell of. resource: its attributes, in any spelling."""
    spans = [span for record in records if (span := _span(record, scope, found)) is not None]
    found.add(attributes_of(resource), None if scope is None else scope + _OF_LOGS, spans)


def _get(value: Json, name: str) -> Any:
    found = value.get(name)
    return value.get(snake_case(name)) if found is None else found


def _span(record: Json, scope: str | None, found: Found) -> Json | None:
    """The call that a record tells of; None, and a reject, where it tells of none."""
    written = {
        str(pair.get("key")): plain_json(pair.get("value"))
        for pair in listed(_get(record, "attributes"))
        if isinstance(pair, dict)
    }
    names = _names(record, written)
    said = agent_attributes(agent_event(names, scope), _with_body(record, written))
    if said is None or not _tells_of_a_call(said):
        is_message = any(name in _MESSAGE_EVENTS for name in names)
        code, why = ("message_events", _MESSAGE) if is_message else ("not_a_request", _NO_CALL)
        found.reject(code, why, json_text(sorted(written)))
        return None
    name = next(iter(names), "")
    start_ns, end_ns = _times(record, said)
    identity = json_text([start_ns, end_ns, name, _get(record, "spanId"), sorted(said.items(), key=str)])
    digest = hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()
    parent = _id(record, "spanId")
    canonical = {
        "traceId": _id(record, "traceId") or digest[:TRACE_ID_DIGITS],
        "spanId": digest[-SPAN_ID_DIGITS:],
        "parentSpanId": parent,
        "name": name,
        "startTimeUnixNano": start_ns,
        "endTimeUnixNano": end_ns,
        "attributes": attributes_of(said),
        "status": {"code": _ERROR if _has_failed(record, said) else 0},
    }
    return {key: each for key, each in canonical.items() if each is not None}


def _id(record: Json, name: str) -> str | None:
    """An id that the record names; what is no text is none."""
    written = _get(record, name)
    return written if isinstance(written, str) and written else None


def _has_failed(record: Json, said: Json) -> bool:
    """Whether the severity, a number or a name, is error or worse, or the record names an error."""
    severity = _get(record, "severityNumber")
    if said.get("error.message"):
        return True
    if isinstance(severity, str):
        return severity.removeprefix("SEVERITY_NUMBER_").startswith(("ERROR", "FATAL"))
    return isinstance(severity, int) and severity >= _FIRST_ERROR_SEVERITY


def _names(record: Json, written: Json) -> list[str]:
    """What the event calls itself; of a body only a word may serve as its name."""
    named_by = (_get(record, "eventName"), written.get("event.name"), plain_json(record.get("body")))
    return [name for name in named_by if isinstance(name, str) and _EVENT_NAME.fullmatch(name)]


def _with_body(record: Json, written: Json) -> Json:
    """The attributes, with those of a body that is a list of keys and values."""
    body = plain_json(record.get("body"))
    return {**(body if isinstance(body, dict) else {}), **written}


@cache
def _call_rules() -> tuple[tuple[str, str | None], ...]:
    """Each key of which one makes a record a call, with the key that must stand beside it."""
    columns = shipped_vocabulary().columns
    return tuple((rule.key, rule.requires) for column in _CALL_COLUMNS for rule in columns.get(column, ()))


def _tells_of_a_call(said: Json) -> bool:
    return any(key in said and (beside is None or beside in said) for key, beside in _call_rules())


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
        for spelled in (key, *(prefix + key for prefix in AGENT_PREFIXES)):
            try:
                return round(float(said[spelled]) * ns_per_unit)
            except (KeyError, TypeError, ValueError, OverflowError):
                continue
    return None
