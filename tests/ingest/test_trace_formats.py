"""The same trace in every format gives the same spans: ids, parents, times, tokens, failures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from costctl.ingest import loader
from costctl.observation import Question, observed
from costctl.store.database import open_store
from tests.ingest.one_trace import (
    SPANS,
    START_US,
    TRACE_ID,
    WRITTEN,
    as_jaeger,
    as_langfuse,
    as_logs,
    as_otlp,
    as_zipkin,
    logs_message,
)
from tests.ingest.otlp_exports import as_message, pair

SHARED = (
    "trace_id",
    "span_id",
    "parent_span_id",
    "name",
    "start_ns",
    "end_ns",
    "input_tokens",
    "output_tokens",
)


def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


def loaded(folder: Path, *contents: bytes) -> tuple[list[Any], list[dict[str, Any]]]:
    """Reports and spans of some sources."""
    paths = []
    for number, content in enumerate(contents):
        paths.append(str(folder / f"{number}.json"))
        Path(paths[-1]).write_bytes(content)
    with open_store(folder / "s.duckdb") as connection:
        reports = loader.ingest(connection, paths, progress=quiet)
        rows = connection.sql("SELECT * FROM spans ORDER BY start_ns").to_arrow_table().to_pylist()
    return list(reports), rows


def calls_in(folder: Path) -> pl.DataFrame:
    with observed(Question(store=folder / "s.duckdb"), quiet) as observation:
        return observation.engine.fetch("calls")


def records_in(folder: Path) -> pl.DataFrame:
    with observed(Question(store=folder / "s.duckdb"), quiet) as observation:
        return observation.engine.fetch("call_records")


@pytest.mark.parametrize("written", WRITTEN)
def test_a_trace_says_the_same_in_every_format(tmp_path: Path, written: str) -> None:
    expected_format, write = WRITTEN[written]
    (report,), rows = loaded(tmp_path, write())
    assert (report.format, report.rejected, report.duplicates) == (expected_format, 0, 0)
    assert [tuple(row[name] for name in SHARED) for row in rows] == [
        (
            TRACE_ID,
            span.span_id,
            span.parent_id,
            span.name,
            (START_US + span.start_us) * 1000,
            (START_US + span.end_us) * 1000,
            span.said.get("gen_ai.usage.input_tokens"),
            span.said.get("gen_ai.usage.output_tokens"),
        )
        for span in SPANS
    ]
    assert [row["status"] == "error" for row in rows] == [span.has_failed for span in SPANS]
    assert [row["operation"] == "chat" for row in rows] == [
        "gen_ai.request.model" in span.said for span in SPANS
    ]
    assert rows[2]["model_requested"] == "gpt-4.1"
    assert rows[0]["tenant"] == "t1"
    names_no_emitter = written.startswith(("langfuse", "phoenix_rows"))
    assert {row["service"] for row in rows} == {None if names_no_emitter else "shop"}


def test_every_format_in_one_stream(tmp_path: Path) -> None:
    """Values of several formats one after another are told apart one by one; the same spans are known again."""
    (report,), rows = loaded(
        tmp_path,
        json.dumps(as_jaeger()).encode() + json.dumps(as_otlp()).encode() + json.dumps(as_zipkin()).encode(),
    )
    assert (report.spans, report.duplicates, report.rejected) == (4, 8, 0)
    assert len(rows) == len(SPANS)


def test_a_span_that_zipkins_client_and_server_share_is_two_spans(tmp_path: Path) -> None:
    client = {**as_zipkin()[0], "tags": {}}
    server = {
        **client,
        "kind": "SERVER",
        "shared": True,
        "timestamp": client["timestamp"] + 1000,
        "duration": 5,
    }
    (report,), rows = loaded(tmp_path, json.dumps([client, server]).encode())
    assert (report.spans, report.duplicates) == (2, 0)
    assert rows[1]["parent_span_id"] == rows[0]["span_id"] != rows[1]["span_id"]


def test_a_zipkin_span_without_a_time_is_set_apart(tmp_path: Path) -> None:
    late = {key: value for key, value in as_zipkin()[0].items() if key != "timestamp"}
    (report,), _ = loaded(tmp_path, json.dumps([as_zipkin()[1], late]).encode())
    assert (report.spans, report.rejected_by_code) == (1, {"no_start": 1})


def test_a_call_whose_ids_and_times_were_lost_counts_all_the_same(tmp_path: Path) -> None:
    """As a gateway's recordings have it: one span object, its tokens, and nothing of when or in which trace."""
    call = {
        "name": "ChatCompletion",
        "attributes": [
            {"key": "openinference.span.kind", "value": {"stringValue": "LLM"}},
            {"key": "llm.token_count.prompt", "value": {"intValue": "8"}},
        ],
    }
    tool = {"name": "lookup", "attributes": [{"key": "tool.name", "value": {"stringValue": "lookup"}}]}
    content = json.dumps([call, call, tool]).encode()
    (report,), rows = loaded(tmp_path, content)
    assert (report.spans, report.duplicates, report.rejected_by_code) == (2, 0, {"no_trace_id": 1})
    assert [(row["input_tokens"], row["start_ns"], row["end_ns"]) for row in rows] == [(8, None, None)] * 2
    assert len({row["trace_id"] for row in rows}) == 2, "each is a request of its own"
    (again,), _ = loaded(tmp_path, content + b"\n")
    assert (again.spans, again.duplicates) == (0, 2), "the same ids when read again"


def test_langfuse_writes_zeros_where_nothing_was_reported(tmp_path: Path) -> None:
    trace = as_langfuse()
    trace["observations"][2]["usageDetails"] = {"input": 0, "output": 0, "total": 0}
    _, rows = loaded(tmp_path, json.dumps(trace).encode())
    assert rows[2]["input_tokens"] is None


@pytest.mark.parametrize("write", [lambda logs: json.dumps(logs).encode(), logs_message])
def test_records_of_logs_are_the_calls_that_they_tell_of(tmp_path: Path, write: Any) -> None:
    logs = as_logs()
    chatter = {"timeUnixNano": "1795478400000000000", "body": {"stringValue": "started"}, "severityNumber": 9}
    logs["resourceLogs"][0]["scopeLogs"][0]["logRecords"].append(chatter)
    (report,), rows = loaded(tmp_path, write(logs))
    assert report.format in ("otlp_logs_json", "otlp_logs_protobuf")
    assert (report.spans, report.rejected_by_code) == (2, {"not_a_request": 1})
    answered, failed = rows
    assert (answered["input_tokens"], answered["output_tokens"], answered["status"]) == (1200, 80, None)
    assert answered["start_ns"] == (START_US + 100_000) * 1000
    assert (failed["status"], failed["input_tokens"]) == ("error", None)


def test_a_call_in_spans_and_in_logs_counts_once(tmp_path: Path) -> None:
    loaded(tmp_path, json.dumps(as_otlp()).encode(), json.dumps(as_logs()).encode())
    calls, records = calls_in(tmp_path), records_in(tmp_path)
    assert calls.height == 2
    assert int(calls["input_tokens"].sum()) == 1200
    assert records.height == 4
    assert set(records.filter(~pl.col("is_counted"))["reason"]) == {"the same call is recorded inside it"}


def test_a_server_that_was_not_handed_the_trace_is_the_same_call(tmp_path: Path) -> None:
    server = as_otlp(())
    server["resourceSpans"][0]["resource"]["attributes"] = [
        pair("service.name", "vllm"),
        pair("service.instance.id", "gpu-7"),
    ]
    server["resourceSpans"][0]["scopeSpans"][0]["scope"]["name"] = "vllm.llm_engine"
    server["resourceSpans"][0]["scopeSpans"][0]["spans"] = [
        {
            "traceId": "ab" * 16,
            "spanId": "cd" * 8,
            "name": "llm_request",
            "kind": 2,
            "startTimeUnixNano": str((START_US + 110_000) * 1000),
            "endTimeUnixNano": str((START_US + 690_000) * 1000),
            "attributes": [
                pair("gen_ai.request.id", "chatcmpl-1"),
                pair("gen_ai.usage.prompt_tokens", 1200),
                pair("gen_ai.usage.completion_tokens", 80),
                pair("gen_ai.latency.time_in_queue", 0.02),
                pair("gen_ai.latency.e2e", 0.58),
            ],
        }
    ]
    loaded(tmp_path, json.dumps(as_otlp()).encode(), as_message(server))
    calls = calls_in(tmp_path).sort("start_ns")
    assert calls.height == 2
    first = calls.row(0, named=True)
    assert (first["replica"], first["queue_s"], first["input_tokens"]) == ("gpu-7", 0.02, 1200)
    assert (first["model"], first["provider"]) == ("gpt-4.1", "openai"), (
        "what the server does not say, the gateway does"
    )
    with observed(Question(store=tmp_path / "s.duckdb"), quiet) as observation:
        assert observation.engine.fetch("requests").height == 1


def test_equal_answers_of_one_recorder_are_two_calls(tmp_path: Path) -> None:
    """A server that gives every answer the same id does not make them one call."""
    calls = tuple(span for span in SPANS if "gen_ai.response.id" in span.said)
    twice = as_otlp(calls)
    spans = twice["resourceSpans"][0]["scopeSpans"][0]["spans"]
    spans.append({**spans[0], "spanId": "00000000000000ff"})
    loaded(tmp_path, json.dumps(twice).encode())
    assert calls_in(tmp_path).height == 2


def test_two_recorders_side_by_side_are_one_call_unless_they_contradict_each_other(tmp_path: Path) -> None:
    """Of a stream, two instrumentations open spans that do not enclose one another."""
    export = as_otlp(SPANS[:3])
    (first_scope,) = export["resourceSpans"][0]["scopeSpans"]
    call = first_scope["spans"][2]
    beside = {
        **call,
        "spanId": "00000000000000b3",
        "endTimeUnixNano": str(int(call["endTimeUnixNano"]) + 2_000_000),
    }
    beside["attributes"] = [pair("llm.model_name", "gpt-4.1"), pair("openinference.span.kind", "LLM")]
    export["resourceSpans"][0]["scopeSpans"].append({"scope": {"name": "other"}, "spans": [beside]})
    loaded(tmp_path, json.dumps(export).encode())
    (row,) = calls_in(tmp_path).to_dicts()
    assert (row["input_tokens"], row["output_tokens"]) == (1200, 80)

    beside["attributes"].append(pair("llm.token_count.prompt", 7))
    (tmp_path / "other").mkdir()
    loaded(tmp_path / "other", json.dumps(export).encode())
    assert sorted(calls_in(tmp_path / "other")["input_tokens"]) == [7, 1200]
