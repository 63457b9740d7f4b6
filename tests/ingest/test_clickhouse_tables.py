"""Exports of ClickHouse's OpenTelemetry tables are the spans and calls that the collector put there.

Tables: https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/exporter/clickhouseexporter/internal/sqltemplates
Formats: https://clickhouse.com/docs/en/interfaces/formats
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.ingest.read_sources import lines_of, read_sources

TRACE = "00c0ffee00c0ffee00c0ffee00c0ffee"
START_NS = 1_795_478_400_123_456_789
# USD per million tokens: https://openai.com/api/pricing, https://platform.claude.com/docs/en/about-claude/pricing
GPT_4O_IN, GPT_4O_OUT = 2.5, 10.0
SONNET_IN, SONNET_READ, SONNET_WRITE, SONNET_OUT = 3.0, 0.30, 3.75, 15.0


def row(
    number: int, parent: int | None, name: str, kind: str, said: dict[str, Any], **facts: Any
) -> dict[str, Any]:
    """A row of otel_traces, as JSONEachRow has it: attributes are texts, numbers of 64 bits too."""
    return {
        "Timestamp": f"2026-11-24 00:00:{number:02}.123456789",
        "TraceId": TRACE,
        "SpanId": f"{number + 16:016x}",
        "ParentSpanId": "" if parent is None else f"{parent + 16:016x}",
        "TraceState": "",
        "SpanName": name,
        "SpanKind": kind,
        "ServiceName": "shop",
        "ResourceAttributes": {"service.name": "shop", "k8s.pod.name": "shop-1"},
        "ScopeName": "opentelemetry.instrumentation.openai",
        "ScopeVersion": "1.0",
        "SpanAttributes": {key: str(value) for key, value in said.items()},
        "Duration": "1500000001",
        "StatusCode": "Unset",
        "StatusMessage": "",
        "Events.Timestamp": [],
        "Events.Name": [],
        "Events.Attributes": [],
        "Links.TraceId": [],
        **facts,
    }


ROWS = [
    row(0, None, "POST /ask", "Server", {"http.request.method": "POST"}, Duration="30000000000"),
    row(
        1,
        0,
        "chat gpt-4o",
        "Client",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.usage.input_tokens": 1_200,
            "gen_ai.usage.output_tokens": 80,
            "gen_ai.prompt": "it's \\ \n\t\"quoted\", {'so': [1]}",
        },
    ),
    row(
        2,
        0,
        "chat claude-sonnet-4-5",
        "SPAN_KIND_CLIENT",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "anthropic",
            "gen_ai.request.model": "claude-sonnet-4-5",
            "gen_ai.usage.input_tokens": 9_000,
            "gen_ai.usage.cache_read.input_tokens": 6_000,
            "gen_ai.usage.cache_write.input_tokens": 2_000,
            "gen_ai.usage.output_tokens": 100,
        },
    ),
    row(
        3,
        0,
        "chat gpt-4o",
        "Client",
        {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"},
        StatusCode="Error",
        **{
            "Events.Timestamp": ["2026-11-24 00:00:04.000000000"],
            "Events.Name": ["exception"],
            "Events.Attributes": [{"exception.type": "openai.RateLimitError"}],
        },
    ),
]
USD = (
    (1_200 * GPT_4O_IN + 80 * GPT_4O_OUT)
    + ((9_000 - 6_000 - 2_000) * SONNET_IN + 6_000 * SONNET_READ + 2_000 * SONNET_WRITE + 100 * SONNET_OUT)
) / 1e6


def literal(value: Any) -> str:
    """A value as ClickHouse writes it in a cell of CSV."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t")
        return f"'{escaped}'"
    if isinstance(value, dict):
        return "{" + ",".join(f"{literal(key)}:{literal(each)}" for key, each in value.items()) + "}"
    return "[" + ",".join(map(literal, value)) + "]"


def as_csv() -> bytes:
    """FORMAT CSVWithNames."""
    lines = [",".join(f'"{name}"' for name in ROWS[0])]
    for each in ROWS:
        cells = (cell if isinstance(cell, str) else literal(cell) for cell in each.values())
        lines.append(",".join('"' + cell.replace('"', '""') + '"' for cell in cells))
    return "\n".join(lines).encode() + b"\n"


def as_parquet() -> bytes:
    """Times as timestamps of ns, texts as bytes, maps as maps."""
    texts = pa.map_(pa.binary(), pa.binary())
    columns: dict[str, Any] = {}
    for name in ROWS[0]:
        values = [each[name] for each in ROWS]
        if name == "Timestamp":
            columns[name] = pa.array([START_NS + number * 10**9 for number in range(4)], pa.timestamp("ns"))
        elif name == "Duration":
            columns[name] = pa.array([int(value) for value in values], pa.uint64())
        elif name.endswith("Attributes") and not name.startswith("Events"):
            columns[name] = pa.array([list(value.items()) for value in values], texts)
        elif name == "Events.Attributes":
            columns[name] = pa.array(
                [[list(each.items()) for each in value] for value in values], pa.list_(texts)
            )
        elif isinstance(values[0], list):
            columns[name] = pa.array(values, pa.list_(pa.string()))
        else:
            columns[name] = pa.array(values, pa.string()).cast(pa.binary())
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def as_json_type() -> list[dict[str, Any]]:
    """Attributes in columns of the type JSON, which nests their names; events as one column of objects."""
    rows = []
    for each in ROWS:
        said: dict[str, Any] = {}
        for key, value in each["SpanAttributes"].items():
            *path, last = key.split(".")
            place = said
            for part in path:
                place = place.setdefault(part, {})
            place[last] = value
        names = ("Timestamp", "Name", "Attributes")
        parts = zip(*(each[f"Events.{name}"] for name in names), strict=True)
        events = [dict(zip(names, part, strict=True)) for part in parts]
        rest = {name: cell for name, cell in each.items() if not name.startswith("Events.")}
        rows.append({**rest, "SpanAttributes": said, "Events": events, "Duration": int(each["Duration"])})
    return rows


META = [{"name": name, "type": "String"} for name in ROWS[0]]
COMPACT = {"meta": META, "data": [list(each.values()) for each in ROWS], "rows": 4}
WRITTEN_AS = {
    "rows_jsonl": ("clickhouse_json", lines_of(ROWS)),
    "typed_jsonl": ("clickhouse_json", lines_of(as_json_type())),
    "answer_json": (
        "clickhouse_json",
        json.dumps({"meta": META, "data": ROWS, "rows": 4}, indent=1).encode(),
    ),
    "compact_json": ("clickhouse_json", json.dumps(COMPACT).encode()),
    "rows_csv": ("clickhouse_csv", as_csv()),
    "rows_parquet": ("clickhouse_parquet", as_parquet()),
}


@pytest.mark.parametrize("written", WRITTEN_AS)
def test_a_trace_is_the_same_in_every_format(tmp_path: Path, written: str) -> None:
    expected_format, content = WRITTEN_AS[written]
    read = read_sources(tmp_path, **{written: content})
    assert (read.report.format, read.report.rejected, read.report.spans) == (expected_format, 0, 4)
    assert [span["start_ns"] for span in read.spans] == [START_NS + number * 10**9 for number in range(4)]
    assert [span["end_ns"] - span["start_ns"] for span in read.spans] == [
        30_000_000_000,
        *[1_500_000_001] * 3,
    ]
    assert [span["parent_span_id"] for span in read.spans] == [None, *[f"{16:016x}"] * 3]
    assert [span["kind"] for span in read.spans] == ["server", "client", "client", "client"]
    assert {span["replica_id"] for span in read.spans} == {"shop-1"}
    assert read.of(
        "input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens", "is_failed"
    ) == [
        (1_200, None, None, 80, False),
        (9_000, 6_000, 2_000, 100, False),
        (None, None, None, None, True),
    ]
    assert read.spans[3]["error_type"] == "RateLimitError"
    assert read.usd == pytest.approx(USD, rel=1e-9)


def test_a_record_of_otel_logs_is_the_call_that_it_tells_of(tmp_path: Path) -> None:
    """Claude Code's events, kept in ClickHouse: 12 in, 3,000 read, 500 written, 40 out."""
    said = {
        "session.id": "s-1",
        "model": "claude-sonnet-4-5",
        "input_tokens": "12",
        "cache_read_tokens": "3000",
        "cache_creation_tokens": "500",
        "output_tokens": "40",
        "duration_ms": "2500",
        "event.name": "api_request",
    }
    log = {
        "Timestamp": "2026-11-24 00:00:05.000000000",
        "TraceId": "",
        "SpanId": "",
        "SeverityText": "INFO",
        "SeverityNumber": 9,
        "ServiceName": "claude-code",
        "Body": "claude_code.api_request",
        "ResourceAttributes": {},
        "ScopeName": "com.anthropic.claude_code.events",
        "LogAttributes": said,
    }
    chatter = {**log, "Body": "claude_code.user_prompt", "LogAttributes": {"event.name": "user_prompt"}}
    read = read_sources(tmp_path, logs_jsonl=lines_of([log, chatter]))
    assert (read.report.format, read.report.rejected_by_code) == ("clickhouse_json", {"not_a_request": 1})
    assert read.of("input_tokens", "output_tokens", "duration_s") == [(3_512, 40, 2.5)]
    usd = (12 * SONNET_IN + 3_000 * SONNET_READ + 500 * SONNET_WRITE + 40 * SONNET_OUT) / 1e6
    assert read.usd == pytest.approx(usd, rel=1e-9)


@pytest.mark.parametrize(
    "attributes", ["{'open", "{'a':}", "}{", "{'a':'b'", "[[[[", "{" * 100, "'a'", "12", ""]
)
def test_a_map_that_is_broken_leaves_the_span(tmp_path: Path, attributes: str) -> None:
    header = "Timestamp,TraceId,SpanId,SpanName,SpanAttributes,Duration"
    line = f'"2026-11-24 00:00:01","{TRACE}","00000000000000a1","x","{attributes}",5'
    read = read_sources(tmp_path, rows_csv=f"{header}\n{line}\n".encode())
    assert (read.report.spans, read.report.rejected) == (1, 0)


def test_a_row_without_a_time_is_set_apart(tmp_path: Path) -> None:
    lost = {**ROWS[0], "Timestamp": "soon"}
    read = read_sources(tmp_path, rows_jsonl=lines_of([ROWS[1], lost]))
    assert (read.report.spans, read.report.rejected_by_code) == (1, {"no_start": 1})
