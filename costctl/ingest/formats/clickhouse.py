"""Which spans and calls does an export of ClickHouse's OpenTelemetry tables hold?

Shape in: one JSON value: a row of ``otel_traces`` or ``otel_logs`` (``FORMAT JSONEachRow``, or a row of CSV or of
Parquet as an object), or a whole answer of ``FORMAT JSON`` or ``JSONCompact`` (``{"meta", "data"}``).
Shape out: ResourceSpans. The tables are those that the OpenTelemetry collector makes:
https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/exporter/clickhouseexporter/internal/sqltemplates

Attributes are texts, also those that were numbers. In CSV, maps and arrays are written as ClickHouse's literals:
``{'key':'value'}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from costctl.ingest.attribute_text import ns_from_instant, parsed_json
from costctl.ingest.formats.found import (
    SPAN_ID_DIGITS,
    TRACE_ID_DIGITS,
    Found,
    Json,
    end_text,
    hex_id,
    listed,
    named,
)
from costctl.ingest.formats.otlp_logs import add_log_records
from costctl.ingest.formats.otlp_normalise import attributes_of
from costctl.ingest.formats.sdk_spans import flat_attributes

_SPAN_MARKS: Final = frozenset({"Timestamp", "TraceId", "SpanId", "SpanAttributes"})
_LOG_MARKS: Final = frozenset({"Timestamp", "TraceId", "LogAttributes"})
_KINDS: Final = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
_STATUSES: Final = {"ok": 1, "error": 2}
_FRACTION: Final = re.compile(r"(.*:\d\d)\.(\d{1,9})(.*)")
_DECIMAL: Final = re.compile(r"(\d{1,10})(?:\.(\d{1,9}))?")
_LATEST_S: Final = 2**32


def is_clickhouse_table(columns: Iterable[str]) -> bool:
    """Whether a table with these columns is one of the collector's."""
    names = set(columns)
    return names >= _SPAN_MARKS or names >= _LOG_MARKS


def collect_clickhouse(value: Json, found: Found) -> bool:
    """Adds the spans or the calls of an export of ClickHouse; whether it is one."""
    if value.keys() >= _SPAN_MARKS:
        _add_span(value, found)
        return True
    if value.keys() >= _LOG_MARKS:
        _add_log(value, found)
        return True
    names = [str(named(column).get("name")) for column in listed(value.get("meta"))]
    if not is_clickhouse_table(names) or not isinstance(value.get("data"), list):
        return False
    rows = [dict(zip(names, row, strict=False)) if isinstance(row, list) else row for row in value["data"]]
    for row in found.objects(rows, "not_clickhouse", "A row that is not an object."):
        collect_clickhouse({**dict.fromkeys(names), **row}, found)
    return True


def _add_span(row: Json, found: Found) -> None:
    start = clickhouse_ns(row.get("Timestamp"))
    canonical = {
        "traceId": hex_id(row.get("TraceId"), TRACE_ID_DIGITS),
        "spanId": hex_id(row.get("SpanId"), SPAN_ID_DIGITS),
        "parentSpanId": hex_id(row.get("ParentSpanId"), SPAN_ID_DIGITS),
        "name": str(row.get("SpanName") or ""),
        "kind": _KINDS.get(str(row.get("SpanKind")).lower().removeprefix("span_kind_"), 0),
        "startTimeUnixNano": start,
        "endTimeUnixNano": end_text(start, _whole(row.get("Duration"))),
        "attributes": attributes_of(_attributes(row.get("SpanAttributes"))),
        "events": list(_events(row)),
        "status": {"code": _STATUSES.get(str(row.get("StatusCode")).lower().removeprefix("status_code_"), 0)},
    }
    scope = row.get("ScopeName")
    found.add(
        attributes_of(_resource(row)),
        scope if isinstance(scope, str) and scope else None,
        [{name: each for name, each in canonical.items() if each is not None}],
    )


def _add_log(row: Json, found: Found) -> None:
    record = {
        "timeUnixNano": clickhouse_ns(row.get("Timestamp")),
        "traceId": hex_id(row.get("TraceId"), TRACE_ID_DIGITS),
        "spanId": hex_id(row.get("SpanId"), SPAN_ID_DIGITS),
        "severityNumber": _whole(row.get("SeverityNumber")),
        "eventName": row.get("EventName") or None,
        "body": {"stringValue": row.get("Body")},
        "attributes": attributes_of(_attributes(row.get("LogAttributes"))),
    }
    scope = row.get("ScopeName")
    add_log_records(_resource(row), scope if isinstance(scope, str) and scope else None, [record], found)


def _resource(row: Json) -> Json:
    """The emitter's attributes, with the service that has a column of its own."""
    service = row.get("ServiceName")
    return {
        **({"service.name": service} if service else {}),
        **_attributes(row.get("ResourceAttributes")),
    }


def _attributes(written: Any) -> Json:
    """A map, an object with objects inside, a list of pairs, or the text of any of these, as dotted keys."""
    return dict(flat_attributes(_object(written)))


def _object(written: Any) -> Json:
    value = _literal(written) if isinstance(written, str) else written
    if isinstance(value, list) and all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in value):
        return {str(key): each for key, each in value}
    return named(value)


def _list(written: Any) -> list[Any]:
    return listed(_literal(written) if isinstance(written, str) else written)


def _events(row: Json) -> Iterator[Json]:
    """The events, whether their parts are columns side by side, one object of lists, or a list of objects."""
    events = row.get("Events")
    if isinstance(events, list):
        parts = [[named(each).get(name) for each in events] for name in ("Timestamp", "Name", "Attributes")]
    else:
        inside = named(events)
        parts = [
            _list(inside.get(name, row.get(f"Events.{name}"))) for name in ("Timestamp", "Name", "Attributes")
        ]
    for at, name, attributes in zip(*parts, strict=False):
        yield {
            "timeUnixNano": clickhouse_ns(at) or "0",
            "name": str(name or ""),
            "attributes": attributes_of(_attributes(attributes)),
        }


def clickhouse_ns(written: Any) -> str | None:
    """An instant of up to nine decimals, without a zone in UTC, or seconds since 1970, in ns."""
    if isinstance(written, int | float) and not isinstance(written, bool):
        written = repr(written)
    if not isinstance(written, str):
        return None
    seconds = _DECIMAL.fullmatch(written)
    if seconds is not None:
        return _ns(int(seconds[1]), seconds[2]) if int(seconds[1]) < _LATEST_S else None
    parts = _FRACTION.fullmatch(written)
    whole = ns_from_instant(written if parts is None else parts[1] + parts[3])
    if whole is None:
        return None
    return str(whole + (int(parts[2].ljust(9, "0")) if parts is not None else 0))


def _ns(seconds: int, fraction: str | None) -> str:
    return str(seconds * 10**9 + int((fraction or "").ljust(9, "0")))


def _whole(written: Any) -> int | None:
    """A whole number, which JSON of ClickHouse writes as a text where it has 64 bits."""
    if isinstance(written, bool):
        return None
    try:
        return int(written)
    except (TypeError, ValueError):
        return None


_TOKEN: Final = re.compile(
    r"\s*(?:'((?:[^'\\]|\\.|'')*)'|(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|([\[\](){},:])|([A-Za-z_]+))",
    re.DOTALL,
)
_ESCAPED: Final = re.compile(r"\\(.)|''", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f"}
_CLOSING: Final = {"[": "]", "(": ")", "{": "}"}
_DEEPEST: Final = 32


def _literal(text: str) -> Any:
    """What a literal of ClickHouse, or JSON, says; None where it is neither."""
    value = parsed_json(text) if not text.lstrip().startswith(("{'", "['")) else None
    if value is not None:
        return value
    tokens = [match for match in _TOKEN.finditer(text) if match.group().strip()]
    try:
        value, rest = _value(tokens, 0, 0)
    except (IndexError, ValueError):
        return None
    return value if rest == len(tokens) else None


def _value(tokens: list[re.Match[str]], at: int, depth: int) -> tuple[Any, int]:
    """The value that begins at a token, and the token after it. Raises IndexError, ValueError where there is none."""
    quoted, number, bracket, word = tokens[at].groups()
    if quoted is not None:
        return _ESCAPED.sub(lambda match: _unescaped(match[1]), quoted), at + 1
    if number is not None:
        return (float(number) if re.search(r"[.eE]", number) else int(number)), at + 1
    if word is not None:
        return {"true": True, "false": False}.get(word.lower()), at + 1
    if bracket not in _CLOSING or depth > _DEEPEST:
        raise ValueError("no value begins here")
    items: list[Any] = []
    at += 1
    while tokens[at][3] != _CLOSING[bracket]:
        item, at = _value(tokens, at, depth + 1)
        items.append(item)
        if tokens[at][3] in (",", ":"):
            at += 1
    if bracket == "{":
        return dict(zip(map(str, items[::2]), items[1::2], strict=False)), at + 1
    return items, at + 1


def _unescaped(character: str | None) -> str:
    return "'" if character is None else _ESCAPES.get(character, character)
