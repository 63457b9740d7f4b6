"""Request traces of NVIDIA Dynamo are the calls that its workers served, and the tools that agents ran between them.

https://docs.nvidia.com/dynamo/dev/reference/observability/request-traces
https://github.com/ai-dynamo/dynamo/blob/main/docs/agents/agent-tracing.md (schema dynamo.agent.trace.v1)
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.read_sources import lines_of, read_sources

Json = dict[str, Any]
AT_MS = 1_795_478_400_000
CONTEXT = {
    "session_type_id": "deep_research",
    "session_id": "research-run-42",
    "trajectory_id": "research-run-42:researcher",
    "parent_trajectory_id": "research-run-42:planner",
}


def request_end(number: int, schema: str = "dynamo.request.trace.v1", **facts: Any) -> Json:
    received = AT_MS + 10_000 * number
    return {
        "schema": schema,
        "event_type": "request_end",
        "event_time_unix_ms": received + 2_100,
        "event_source": "dynamo",
        "agent_context": CONTEXT,
        "request": {
            "request_id": f"dynamo-{number}",
            "x_request_id": f"llm-call-{number}",
            "model": "my-model",
            "input_tokens": 128,
            "output_tokens": 16,
            "cached_tokens": 64,
            "request_received_ms": received,
            "prefill_wait_time_ms": 20.5,
            "prefill_time_ms": 79.5,
            "ttft_ms": 100.0,
            "total_time_ms": 2_000.25,
            "queue_depth": 3,
            "worker": {"prefill_worker_id": 7, "decode_worker_id": 9},
            "finish_reason_metadata": {
                "finish_reason": "tool_calls",
                "tool_calls": [{"id": f"call-{number}", "name": "web_search"}],
            },
            "replay": {
                "trace_block_size": 64,
                "input_length": 128,
                "input_sequence_hashes": [14879255164371896291, 274632075616497421 + number],
            },
            **facts,
        },
    }


def tool_end(number: int, event: str = "tool_end", **facts: Any) -> Json:
    began = AT_MS + 10_000 * number + 3_000
    return {
        "schema": "dynamo.request.trace.v1",
        "event_type": event,
        "event_time_unix_ms": began + 420,
        "agent_context": CONTEXT,
        "tool": {
            "tool_call_id": f"call-{number}",
            "tool_class": "web_search",
            "status": "succeeded",
            "started_at_unix_ms": began,
            "ended_at_unix_ms": began + 420,
            "duration_ms": 420.5,
            **facts,
        },
    }


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("schema", ["dynamo.request.trace.v1", "dynamo.agent.trace.v1"])
def test_requests_are_calls_and_tools_lie_below_them(tmp_path: Path, wrapped: bool, schema: str) -> None:
    records = [request_end(0, schema), tool_end(0), request_end(1, schema)]
    lines = [{"timestamp": number, "event": each} if wrapped else each for number, each in enumerate(records)]
    read = read_sources(tmp_path, trace_gz=gzip.compress(lines_of(lines)))
    assert (read.report.format, read.report.spans, read.report.rejected) == ("dynamo_trace", 3, 0)
    assert (
        read.of("model", "input_tokens", "cached_input_tokens", "output_tokens")
        == [("my-model", 128, 64, 16)] * 2
    )
    assert (
        read.of("duration_s", "queue_s", "prefill_s", "ttft_s", "replica")
        == [(2.00025, 0.0205, 0.0795, 0.1, "9")] * 2
    )
    call, tool, _ = read.spans
    assert (tool["operation"], tool["parent_span_id"], tool["status"]) == (
        "execute_tool",
        call["span_id"],
        "ok",
    )
    assert (tool["end_ns"] - tool["start_ns"]) / 1e9 == 0.42
    assert {span["session_id"] for span in read.spans} == {"research-run-42"}
    assert {span["workload"] for span in read.spans} == {"deep_research"}
    assert (call["response_id"], call["finish_reason"]) == ("llm-call-0", "tool_calls")
    assert call["prefix_keys"] == ["14879255164371896291", "274632075616497421"], (
        "hashes of 64 bits, unsigned"
    )


def test_a_record_for_replay_alone_has_its_input_by_the_prompts_length(tmp_path: Path) -> None:
    bare = {
        "schema": "dynamo.request.trace.v1",
        "event_type": "request_end",
        "event_time_unix_ms": AT_MS + 10,
        "request": {
            "request_id": "r-1",
            "request_received_ms": AT_MS,
            "output_tokens": 4,
            "replay": {"trace_block_size": 64, "input_length": 64, "input_sequence_hashes": [101]},
        },
    }
    read = read_sources(
        tmp_path, trace_jsonl=lines_of([bare, {**bare, "request": {**bare["request"], "request_id": "r-2"}}])
    )
    assert read.of("input_tokens", "output_tokens", "duration_s") == [(64, 4, 0.01)] * 2
    assert len({span["trace_id"] for span in read.spans}) == 2


def test_what_was_not_recorded_is_unknown(tmp_path: Path) -> None:
    lost = (
        "input_tokens",
        "cached_tokens",
        "output_tokens",
        "ttft_ms",
        "total_time_ms",
        "request_received_ms",
        "replay",
    )
    first = {"schema": "dynamo.request.trace.v1", "event_type": "request_end", "event_time_unix_ms": AT_MS}
    record = request_end(1, **dict.fromkeys(lost))
    read = read_sources(tmp_path, trace_jsonl=lines_of([{**first, "request": {"request_id": "x"}}, record]))
    assert (
        read.of("input_tokens", "cached_input_tokens", "output_tokens", "ttft_s", "duration_s")
        == [(None,) * 5] * 2
    )


def test_tools_that_failed_and_records_of_other_kinds(tmp_path: Path) -> None:
    failed = tool_end(0, "tool_error", status="error", error_type="Timeout")
    orphan = tool_end(5)
    payload = {
        "schema": "dynamo.request.trace.v1",
        "event_type": "request_payload",
        "event_time_unix_ms": AT_MS,
    }
    lines = lines_of([request_end(0), failed, orphan, payload, {"marker": True}]) + b'{"schema": "dyn'
    read = read_sources(tmp_path, trace_jsonl=lines)
    assert read.report.rejected_by_code == {"not_a_request": 2, "truncated": 1}
    tools = [span for span in read.spans if span["operation"] == "execute_tool"]
    assert [(span["status"], span["error_type"]) for span in tools] == [("error", "Timeout"), ("ok", None)]
    assert [span["parent_span_id"] is None for span in tools] == [False, True]
