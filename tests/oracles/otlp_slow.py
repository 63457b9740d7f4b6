"""OTLP read span by span in plain Python: the slow twin of costctl.ingest's vectorised reader.

It shares the dialects' tables and the Arrow rule for the text of a double, and no other code. Rows are
dictionaries of the columns of SPANS and source_position; rejects are codes.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import pyarrow as pa
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from costctl.ingest.content import is_content_key
from costctl.ingest.dialect import KeyRule, Vocabulary, shipped_vocabulary
from costctl.ingest.read_columns import READ_TYPES
from costctl.ingest.token_algebra import CLAIMED
from costctl.store.spans import SPANS, STAGES
from tests.oracles import usage_slow
from tests.oracles.kept_slow import column_slowly, kept_slowly, key_slowly
from tests.oracles.otlp_values_slow import hex_id, instant_ns, number_of, plain_of, text_of, unit_of, word_of
from tests.oracles.prefixes_slow import prefixes_slowly
from tests.oracles.usage_slow import Names

Row = dict[str, Any]
Read = tuple[list[Row], list[str]]
MODEL_OPERATIONS = ("chat", "text_completion", "generate_content", "embeddings", "rerank")
WORDS = ("INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")


def read_json_slowly(data: bytes) -> Read:
    """Rows and the codes of rejects of an export in any layout."""
    rows: list[Row] = []
    codes: list[str] = []
    for document in _documents(data.decode("utf-8", "replace"), codes):
        for resource, scope, span in _spans_in(document):
            _read_span(resource, scope, span, rows, codes)
    return rows, codes


def read_big_endian_slowly(data: bytes) -> Read:
    """The same of protobuf messages, each after its length in four bytes."""
    rows: list[Row] = []
    codes: list[str] = []
    at = 0
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        message = ExportTraceServiceRequest.FromString(data[at + 4 : at + 4 + length])
        at += 4 + length
        for resource, scope, span in _spans_in(MessageToDict(message)):
            _read_span(resource, scope, span, rows, codes)
    return rows, codes


def _documents(text: str, codes: list[str]) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    try:
        yield json.loads(text)
        return
    except json.JSONDecodeError:
        pass
    at = 0
    while at < len(text):
        if text[at] in " \t\r\n,":
            at += 1
            continue
        try:
            value, at = decoder.raw_decode(text, at)
            yield value
        except json.JSONDecodeError:
            end = text.find("\n", at)
            codes.append("truncated" if end < 0 else "bad_json")
            at = len(text) if end < 0 else end


def _any(owner: Any, *names: str) -> Any:
    if not isinstance(owner, dict):
        return None
    for name in names:
        snake = re.sub(r"([A-Z])", r"_\1", name).lower()
        for key in (name, snake):
            if owner.get(key) is not None:
                return owner[key]
    return None


def _spans_in(value: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    if isinstance(value, list):
        for element in value:
            yield from _spans_in(element)
    elif "trace" in value:
        yield from _spans_in(value["trace"])
    elif "resourceSpans" in value or "resource_spans" in value or "batches" in value:
        yield from _spans_in(_any(value, "resourceSpans", "batches") or [])
    elif _any(value, "scopeSpans", "instrumentationLibrarySpans") is not None:
        for scope_spans in _any(value, "scopeSpans", "instrumentationLibrarySpans"):
            scope = _any(scope_spans, "scope", "instrumentationLibrary")
            for span in scope_spans.get("spans") or []:
                yield _attributes(_any(value, "resource")), scope or {}, span
    else:
        yield {}, {}, value


def _attributes(owner: Any) -> dict[str, Any]:
    return {pair["key"]: plain_of(pair.get("value") or {}) for pair in _any(owner, "attributes") or []}


def _texts(attributes: dict[str, Any]) -> dict[str, str]:
    return {key: text for key, value in attributes.items() if (text := text_of(value)) is not None}


def _parsed(text: Any) -> Any:
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, TypeError):
            continue
    return None


def _unwrapped(value: Any) -> str | None:
    if isinstance(value, list):
        return _unwrapped(value[0]) if value else None
    text = text_of(value)
    if text and text[0] in '"[':
        inner = _parsed(text)
        return _unwrapped(inner) if inner is not None else text
    return text


def _read_value(column: str, rule: KeyRule, attributes: dict[str, Any], start_ns: int) -> Any:
    """The value that one rule finds, None where it is unusable."""
    value = attributes[rule.key]
    kind = READ_TYPES[column]
    if rule.parse == "duration":
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ns|us|µs|ms|s|m|h|d)\s*", text_of(value) or "")
        units = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400}
        return float(match[1]) * units[match[2]] if match else None
    if rule.parse == "json_length":
        listed = value if isinstance(value, list) else _parsed(value)
        return len(listed) if isinstance(listed, list) else None
    if rule.parse == "instant":
        moment = datetime.fromisoformat(value.strip('"')).astimezone(UTC)
        since = moment - datetime(1970, 1, 1, tzinfo=UTC)
        at_ns = (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000
        return (at_ns - start_ns) / 10**9
    if rule.field is not None:
        value = _parsed(value)
        whole = isinstance(value, dict) and rule.field in value
        for name in [rule.field] if whole else rule.field.split("."):
            value = value.get(name) if isinstance(value, dict) else None
    if kind == pa.string():
        text = _unwrapped(value)
        return text if text and (column != "stage" or text in STAGES) else None
    if kind == pa.bool_():
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(
            str(text_of(value)).lower()
        )
    number = number_of(value)
    if number is None or abs(number * rule.factor) >= 2**62:
        return None
    return round(number * rule.factor) if kind == pa.int64() else number * rule.factor


def _settle(row: Row, vocabulary: Vocabulary, attributes: dict[str, Any], used: set[str]) -> dict[str, Names]:
    """Fills the row's columns, and returns what each name says of the counts of tokens."""
    named: dict[str, Names] = {}
    for column, rules in vocabulary.columns.items():
        for rule in rules:
            if attributes.get(rule.key) is None or (rule.kinds and row["kind"] not in rule.kinds):
                continue
            if rule.requires is not None and rule.requires not in attributes:
                continue
            value = _read_value(column, rule, attributes, row["start_ns"] or 0)
            if value is None:
                continue
            key = rule.key if rule.field is None else f"{rule.key}.{rule.field}"
            if column in CLAIMED:
                is_apart = rule.excludes_cache or rule.excludes_reasoning
                named.setdefault(column, []).append((key, value, is_apart))
                continue
            row[column] = value
            if rule.field is None and rule.parse == "value":
                used.add(rule.key)
            break
    for count in vocabulary.counts:
        ordinals = [re.match(re.escape(count.prefix) + r"\.(\d+)(\.|$)", key) for key in attributes]
        highest = max((int(match[1]) + 1 for match in ordinals if match), default=None)
        if row[count.column] is None:
            row[count.column] = highest
    return named


def _count_tokens(row: Row, named: dict[str, Names], attributes: dict[str, Any], used: set[str]) -> None:
    """The counts that the record's arithmetic allows; the names that say them are used up."""
    counts, is_torn_in, is_torn_out = usage_slow.usage_slowly(
        named, row["operation"] in ("embeddings", "rerank")
    )
    for column, count in counts.items():
        if column in SPANS.names:
            row[column] = count
            if count is not None:
                used |= {key for key, _, _ in named.get(column, []) if key in attributes}
    row["usage_conflict"] = usage_slow.conflict_slowly(named, is_torn_in, is_torn_out)


def _apply_rules(row: Row, vocabulary: Vocabulary, attributes: dict[str, Any]) -> None:
    for rule in vocabulary.rules:
        holds = all(
            key in attributes and ("*" in values or str(text_of(attributes[key])).lower() in values)
            for key, values in rule.when.items()
        )
        holds &= not any(key in attributes for key in rule.unless)
        holds &= not rule.kinds or row["kind"] in rule.kinds
        holds &= not rule.operations or row["operation"] in rule.operations
        holds &= not rule.names or any(fnmatchcase(row["name"] or "", name) for name in rule.names)
        holds &= not rule.has_tokens or _has_tokens(row)
        holds &= not rule.has_model or bool(row["model_requested"] or row["model_served"])
        for column, value in rule.set.items() if holds else ():
            row[column] = value if row[column] is None else row[column]


def _has_tokens(row: Row) -> bool:
    return any(row[name] is not None for name in ("input_tokens", "output_tokens", "usage_conflict"))


def _from_events(row: Row, events: list[Any], vocabulary: Vocabulary) -> None:
    start = row["start_ns"] or 0
    first = [
        int(_any(event, "timeUnixNano") or 0)
        for event in events
        if event.get("name") in vocabulary.first_token_events
    ]
    if first and row["ttft_s"] is None and min(first) * unit_of(min(first)) >= start:
        row["ttft_s"] = (min(first) * unit_of(min(first)) - start) / 10**9
    last = [_attributes(event).get("exception.type") for event in events]
    thrown = [each for each in last if each is not None]
    if thrown and row["status"] == "error" and row["error_type"] is None:
        row["error_type"] = thrown[-1]


def _read_span(
    resource: dict[str, Any], scope: dict[str, Any], span: dict[str, Any], rows: list[Row], codes: list[str]
) -> None:
    vocabulary = shipped_vocabulary()
    row: Row = dict.fromkeys([*SPANS.names, "speed"])
    written = int(_any(span, "startTimeUnixNano") or 0)
    unit = unit_of(written)
    row |= {
        "trace_id": hex_id(_any(span, "traceId"), 32),
        "span_id": hex_id(_any(span, "spanId"), 16),
        "parent_span_id": hex_id(_any(span, "parentSpanId"), 16),
        "name": span.get("name"),
        "kind": word_of(span.get("kind"), "SPAN_KIND_", WORDS),
        "start_ns": instant_ns(written, unit),
        "end_ns": instant_ns(_any(span, "endTimeUnixNano"), unit) if written > 0 else None,
    }
    attributes, used = _attributes(span), set[str]()
    named = _settle(row, vocabulary, attributes, used)
    for column, words in vocabulary.words.items():
        if row[column] is not None:
            row[column] = words.get(row[column].lower(), row[column].lower()) or None
    _count_tokens(row, named, attributes, used)
    row["unread_usage"] = usage_slow.unread_slowly(attributes, vocabulary)
    status = word_of(_any(span.get("status"), "code"), "STATUS_CODE_", ("OK", "ERROR"))
    row["status"] = status or row["status"]
    for column, keys in vocabulary.resource.items():
        named = next((text_of(resource[key]) for key in keys if text_of(resource.get(key))), None)
        row[column] = row[column] if row[column] is not None else named
    if row["replica_id"] is None and attributes.get("server.address") is not None:
        port = attributes.get("server.port")
        row["replica_id"] = text_of(attributes["server.address"]) + (
            "" if port is None else f":{text_of(port)}"
        )
    _apply_rules(row, vocabulary, attributes)
    _from_events(row, _any(span, "events") or [], vocabulary)
    _name_outcome(row)
    if row["provider"] is not None:
        row["provider"] = re.sub(
            r"\.(chat|responses|completions?|messages|embeddings?|image|generative-ai)$",
            "",
            row["provider"].strip().lower(),
        )
    if row["max_tokens"] is not None and row["max_tokens"] < 0:
        row["max_tokens"] = None
    usage_slow.fold_speed_slowly(row)
    is_counted = _has_tokens(row) or (row["recorded_usd"] or 0) > 0
    is_named = bool(row["model_requested"] or row["model_served"])
    row["is_model_call"] = row["operation"] in MODEL_OPERATIONS or (is_named and is_counted)
    if row["is_model_call"] and row["operation"] is None:
        row["operation"] = "chat"
    usage_slow.keep_ttft_slowly(row)
    said = [(event.get("name", ""), _texts(_attributes(event))) for event in _any(span, "events") or []]
    row |= prefixes_slowly(_texts(attributes), said, row, vocabulary)
    row["instrumentation"] = scope.get("name") or None
    row["dialect"] = next(
        (name for name, mark in reversed(vocabulary.marks) if any(mark.fullmatch(key) for key in attributes)),
        None,
    )
    dropped = int(_any(span, "droppedAttributesCount") or 0)
    row["attributes"] = _rest(attributes, _attributes(scope), used, dropped)
    row["resource"] = {key_slowly(key): _private(key, value) or "" for key, value in resource.items()}
    row |= {name: column_slowly(value) for name, value in row.items()}
    code = _fault(row)
    rows.append(row) if code is None else codes.append(code)


def _name_outcome(row: Row) -> None:
    if row["error_type"] is not None:
        name = re.sub(r"^<class '(.+)'>$", r"\1", row["error_type"])
        name = re.split(r"(?<=\w)(?:\(|: )", name)[0]
        name = re.sub(r"^(?:[A-Za-z_]\w*\.)+(?=[A-Za-z_]\w*$)", "", name)
        row["error_type"] = (
            name
            if len(name) <= 64 and 0 < len(name.split()) <= 4 and name == " ".join(name.split())
            else "_OTHER"
        )
    refused = row["http_status"] is not None and row["http_status"] >= (
        500 if row["kind"] == "server" else 400
    )
    if row["status"] is None and (row["error_type"] is not None or refused):
        row["status"] = "error"


def _private(key: str, value: Any) -> str | None:
    text = text_of(value)
    if not text:
        return text
    is_typed = isinstance(value, bool | int | float)
    kept = None if is_content_key(key) else text if is_typed else kept_slowly(key, text)
    return kept if kept is not None else "sha256:" + hashlib.sha256(text.encode()).hexdigest()[:16]


def _rest(attributes: dict[str, Any], scope: dict[str, Any], used: set[str], dropped: int) -> dict[str, Any]:
    rest = {f"scope.{key_slowly(key)}": _private(key, value) for key, value in scope.items()}
    if dropped > 0:
        rest["otel.dropped_attributes_count"] = str(dropped)
    return rest | {
        key_slowly(key): _private(key, value) for key, value in attributes.items() if key not in used
    }


def _fault(row: Row) -> str | None:
    for column, code in (("trace_id", "no_trace_id"), ("span_id", "no_span_id"), ("start_ns", "no_start")):
        if row[column] is None and not row["is_model_call"]:  # a call's ids are the reader's to make
            return code
    if row["end_ns"] is not None and row["end_ns"] < row["start_ns"]:
        if not row["is_model_call"] and row["start_ns"] - row["end_ns"] > 10**9:
            return "ends_before_start"
        row["end_ns"] = None
    return None
