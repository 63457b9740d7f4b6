"""What traces does a line of JSON hold, in whichever of the formats that costctl reads?

Shape in: one JSON text, or the first bytes of a stream of them.  Shape out: ``Found``: ResourceSpans in one
spelling, and what could not be read; of a stream, the name of its format. A stream may mix formats: each value is
asked about on its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from costctl.ingest.formats.clickhouse import collect_clickhouse
from costctl.ingest.formats.found import Found, Json
from costctl.ingest.formats.jaeger import collect_jaeger
from costctl.ingest.formats.js_sdk import collect_js_sdk
from costctl.ingest.formats.json_resync import Fault, nuls_in, values_and_faults
from costctl.ingest.formats.langfuse import collect_langfuse
from costctl.ingest.formats.otlp_logs import collect_otlp_logs
from costctl.ingest.formats.otlp_metrics import METRICS_KEYS, NOT_OF_ENGINES, engine_readings
from costctl.ingest.formats.otlp_normalise import collect_otlp
from costctl.ingest.formats.otlp_values import json_text
from costctl.ingest.formats.prometheus_answers import MARKS as PROMETHEUS_MARKS
from costctl.ingest.formats.prometheus_answers import collect_prometheus_answer
from costctl.ingest.formats.sdk_spans import collect_sdk_spans
from costctl.ingest.formats.zipkin import collect_zipkin

# The narrow ones before the wide: a Jaeger document has a spanId too.
_COLLECTORS: Final[tuple[Callable[[Json, Found], bool], ...]] = (
    collect_prometheus_answer,
    collect_otlp_logs,
    collect_jaeger,
    collect_clickhouse,
    collect_langfuse,
    collect_js_sdk,
    collect_sdk_spans,
    collect_otlp,
    collect_zipkin,
)

# How each format is known by its first bytes: all patterns of a row must be met. Quotes inside texts are escaped, so
# nothing that anyone said can look like a key.
_MARKS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    *PROMETHEUS_MARKS,
    ("otlp_logs_json", (r'"(?:resourceLogs|resource_logs)"\s*:\s*\[',)),
    ("otlp_metrics_json", (r'"(?:resourceMetrics|resource_metrics)"\s*:\s*\[',)),
    ("jaeger_json", (r'"operationName"\s*:', r'"trace(?:ID|Id)"\s*:')),
    ("langfuse_json", (r'"observations"\s*:\s*\[', r'"trace(?:Id)?"\s*:')),
    ("langfuse_json", (r'"(?:parentObservationId|usageDetails)"\s*:', r'"traceId"\s*:')),
    (
        "langfuse_json",
        (r'"(?:parent_observation_id|usage_details)"\s*:', r'"trace_id"\s*:', r'"start_time"\s*:'),
    ),
    ("clickhouse_json", (r'"TraceId"', r'"(?:SpanAttributes|LogAttributes)"', r'"Timestamp"')),
    ("js_sdk_json", (r'"hrTime"\s*:\s*\[', r'"attributes"\s*:\s*\{')),
    ("js_sdk_json", (r'"_?spanContext"\s*:\s*\{', r'"startTime"\s*:\s*\[')),
    ("gemini_cli_session", (r'"sessionId"\s*:', r'"projectHash"\s*:', r'"messages"\s*:\s*\[')),
    (
        "sdk_spans_json",
        (r'"context(?:\.trace_id)?"\s*:', r'"(?:context\.)?trace_id"\s*:', r'"start_time"\s*:'),
    ),
    (
        "zipkin_json",
        (
            r'"traceId"\s*:\s*"[0-9a-fA-F]{16,32}"',
            r'"id"\s*:\s*"[0-9a-fA-F]{1,16}"',
            r'"(?:localEndpoint|remoteEndpoint|timestamp|duration|parentId|annotations)"\s*:',
        ),
    ),
)
_COMPILED: Final = tuple(
    (name, tuple(re.compile(pattern.encode()) for pattern in patterns)) for name, patterns in _MARKS
)


def trace_format_of(head: bytes) -> str | None:
    """The trace format, other than OTLP's own, that the first bytes of a JSON stream are in; None for none."""
    for name, patterns in _COMPILED:
        if all(pattern.search(head) for pattern in patterns):
            return name
    return None


def found_in_line(line: bytes, position: int, *, is_unterminated: bool = False) -> Found:
    """All spans in one line of JSON, or in one document. position: its line in the source.

    is_unterminated: the source ended without ending the line, so broken JSON is a truncated write.
    """
    found = Found(position)
    try:
        for each in values_and_faults(line, _OPENER):
            if isinstance(each, Fault):
                found.reject(*fault_reject(each, position, is_unterminated=is_unterminated), each.text)
            else:
                _collect(each.value, found)
    except RecursionError:
        found = Found(position)  # what was read of it before would be half of it
        found.reject("too_deep", TOO_DEEP, line[:_SHOWN_BYTES].decode("utf-8", "replace"))
    nuls = nuls_in(line)
    if nuls and not found.rejects:
        found.reject("nul_bytes", nuls_message(nuls), "")
    return found


def json_values(text: str) -> Iterator[Any]:
    """The values of a text that holds one or, one after another, several. Raises ValueError, RecursionError."""
    for each in values_and_faults(text.encode("utf-8", "replace")):
        if isinstance(each, Fault):
            raise ValueError(each.message)
        yield each.value


def fault_reject(fault: Fault, position: int, *, is_unterminated: bool) -> tuple[str, str]:
    """Code and message of a part of a line that is no JSON."""
    if fault.is_last and is_unterminated and not fault.is_fragment:
        return "truncated", f"Truncated while being written: {fault.message}."
    if fault.is_fragment and position == 1:
        return (
            "begins_cut",
            "The source begins in the middle of a record, as after a log rotation within a line.",
        )
    return "bad_json", f"Invalid JSON: {fault.message}."


def nuls_message(nuls: int) -> str:
    """What NULs in a text mean."""
    return (
        f"{nuls:,} NUL bytes instead of text: a lost write, or a file that was truncated while being written."
    )


# How a record begins that was written right after one that was cut off.
_OPENER: Final = re.compile(
    r'\{\s*"(?:resourceSpans|resource_spans|resourceLogs|resource_logs|resourceMetrics|batches)"\s*:\s*\['
)
TOO_DEEP: Final = "The JSON is nested too deeply."
_SHOWN_BYTES: Final = 4_000


def _collect(value: Any, found: Found) -> None:
    """Adds what one JSON value holds, or a reject."""
    if isinstance(value, list):
        inner = [each for each in value if isinstance(each, list)]
        others = [each for each in value if not isinstance(each, list)] if inner else value
        for element in (*found.objects(others, "not_a_trace", "A JSON value that is not an object."), *inner):
            _collect(element, found)
    elif not isinstance(value, dict):
        found.reject("not_a_trace", "A JSON value that is not an object.", json_text(value))
    elif any(key in value for key in METRICS_KEYS):
        _collect_metrics(value, found)
    elif value and not any(collect(value, found) for collect in _COLLECTORS):
        message = "A JSON object that is neither a span nor a trace export of a known format."
        found.reject("not_a_trace", message, json_text(value))


def _collect_metrics(value: Json, found: Found) -> None:
    """Adds what metrics say of engines, or a reject."""
    readings = engine_readings(value, found.position)
    if not readings:
        found.reject("not_traces", NOT_OF_ENGINES, json_text(value))
    found.readings.extend(readings)
