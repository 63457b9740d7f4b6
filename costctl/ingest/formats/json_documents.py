"""What traces does a line of JSON hold, in whichever of the formats that costctl reads?

Shape in: one JSON text, or the first bytes of a stream of them.  Shape out: ``Found``: ResourceSpans in one
spelling, and what could not be read; of a stream, the name of its format. A stream may mix formats: each value is
asked about on its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from costctl.ingest.formats.clickhouse import collect_clickhouse
from costctl.ingest.formats.found import Found, Json
from costctl.ingest.formats.jaeger import collect_jaeger
from costctl.ingest.formats.js_sdk import collect_js_sdk
from costctl.ingest.formats.langfuse import collect_langfuse
from costctl.ingest.formats.otlp_logs import collect_otlp_logs
from costctl.ingest.formats.otlp_normalise import collect_otlp
from costctl.ingest.formats.otlp_values import json_text
from costctl.ingest.formats.sdk_spans import collect_sdk_spans
from costctl.ingest.formats.zipkin import collect_zipkin

# The narrow ones before the wide: a Jaeger document has a spanId too.
_COLLECTORS: Final[tuple[Callable[[Json, Found], bool], ...]] = (
    collect_otlp_logs,
    collect_jaeger,
    collect_clickhouse,
    collect_langfuse,
    collect_js_sdk,
    collect_sdk_spans,
    collect_otlp,
    collect_zipkin,
)
_METRICS_KEYS: Final = ("resourceMetrics", "resource_metrics", "scopeMetrics")

# How each format is known by its first bytes: all patterns of a row must be met. Quotes inside texts are escaped, so
# nothing that anyone said can look like a key.
_MARKS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
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
    text = line.decode("utf-8", "replace")
    found = Found(position)
    try:
        for value in list(json_values(text)):
            _collect(value, found)
    except RecursionError:
        found = Found(position)  # what was read of it before would be half of it
        found.reject("too_deep", "The JSON is nested deeper than can be read.", text)
    except ValueError as error:
        code = "truncated" if is_unterminated else "bad_json"
        found.reject(code, f"Not readable as JSON: {_without_content(error)}", text)
    return found


def json_values(text: str) -> Iterator[Any]:
    """The values of a text that holds one or, one after another, several. Raises ValueError, RecursionError."""
    try:
        yield msgspec.json.decode(text)
        return
    except msgspec.DecodeError:
        pass
    decoder = json.JSONDecoder()  # accepts NaN, lone surrogates and further values after the first
    at = 0
    while at < len(text):
        bracket = _BRACKET.search(text, at)
        if text[at : bracket.start() if bracket else None].strip(" \t\r\n,"):
            raise ValueError(f"neither an object nor a list: char {at}")
        if bracket is None:
            return
        value, at = decoder.raw_decode(text, bracket.start())
        yield msgspec.json.decode(
            json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace")
        )


_BRACKET: Final = re.compile(r"[{\[]")


def _without_content(error: ValueError) -> str:
    """Where the JSON broke; the decoders' messages hold the place and the kind of fault, never the text."""
    return str(error).split("\n")[0]


def _collect(value: Any, found: Found) -> None:
    """Adds what one JSON value holds, or a reject."""
    if isinstance(value, list):
        inner = [each for each in value if isinstance(each, list)]
        others = [each for each in value if not isinstance(each, list)] if inner else value
        for element in (*found.objects(others, "not_a_trace", "A JSON value that is no object."), *inner):
            _collect(element, found)
    elif not isinstance(value, dict):
        found.reject("not_a_trace", "A JSON value that is no object.", json_text(value))
    elif any(key in value for key in _METRICS_KEYS):
        found.reject("not_traces", "OTLP metrics, not traces.", json_text(value))
    elif value and not any(collect(value, found) for collect in _COLLECTORS):
        message = "A JSON object that is no trace export of a known format and no span."
        found.reject("not_a_trace", message, json_text(value))
