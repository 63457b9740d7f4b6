"""Events and spans of coding agents cost what the provider charges for the usage that they name.

Claude Code: https://code.claude.com/docs/en/monitoring-usage
Codex: https://github.com/openai/codex/blob/main/codex-rs/otel/src/events/session_telemetry.rs
Gemini CLI: https://github.com/google-gemini/gemini-cli/blob/main/docs/cli/telemetry.md
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.otlp_exports import pair
from tests.ingest.read_sources import read_sources

START_NS = 1_795_478_400_000_000_000
# USD per million tokens: https://platform.claude.com/docs/en/about-claude/pricing, https://openai.com/api/pricing,
# https://ai.google.dev/gemini-api/docs/pricing
SONNET_IN, SONNET_READ, SONNET_WRITE, SONNET_OUT = 3.0, 0.30, 3.75, 15.0
CODEX_IN, CODEX_CACHED, CODEX_OUT = 1.25, 0.125, 10.0
GEMINI_IN, GEMINI_CACHED, GEMINI_OUT = 1.25, 0.125, 10.0


def logs(scope: str, *records: dict[str, Any], service: str = "agent") -> bytes:
    """An OTLP export of records, a second apart."""
    written = [
        {"timeUnixNano": str(START_NS + number * 10**9), "severityNumber": 9, **record}
        for number, record in enumerate(records)
    ]
    resource = {"attributes": [pair("service.name", service)]}
    scoped = {"scope": {"name": scope}, "logRecords": written}
    return json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [scoped]}]}).encode()


def spans(scope: str, *written: dict[str, Any]) -> bytes:
    """An OTLP export of spans."""
    scoped = {"scope": {"name": scope}, "spans": list(written)}
    return json.dumps({"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [scoped]}]}).encode()


def record(body: str | None = None, **said: Any) -> dict[str, Any]:
    """A record of attributes; a double _ in a name is a dot."""
    attributes = [pair(name.replace("__", "."), value) for name, value in said.items()]
    return {"attributes": attributes, **({} if body is None else {"body": {"stringValue": body}})}


def claude(event: str, **said: Any) -> dict[str, Any]:
    """An event of Claude Code, whose attributes name it without the agent."""
    return record(
        f"claude_code.{event}", event__name=event, session__id="s-1", model="claude-sonnet-4-5", **said
    )


def codex(event: str, **said: Any) -> dict[str, Any]:
    """An event of Codex; its counts are written as texts."""
    return record(event__name=f"codex.{event}", conversation__id="c-1", model="gpt-5.1-codex", **said)


def gemini(event: str, **said: Any) -> dict[str, Any]:
    """An event of Gemini CLI."""
    return record(
        "API response", event__name=f"gemini_cli.{event}", session__id="g-1", model="gemini-2.5-pro", **said
    )


def test_claude_codes_input_leaves_out_what_the_cache_served(tmp_path: Path) -> None:
    usage = {
        "input_tokens": 5,
        "output_tokens": 120,
        "cache_read_tokens": 20_000,
        "cache_creation_tokens": 1_000,
    }
    export = logs(
        "com.anthropic.claude_code.events",
        claude("user_prompt", prompt_length=12),
        claude("api_request", cost_usd=0.01, duration_ms=4_000, request_id="req_1", speed="normal", **usage),
        claude("tool_result", tool_name="Bash", duration_ms=80),
        claude("api_error", error="overloaded_error", status_code=529, duration_ms=900, attempt=3),
    )
    read = read_sources(tmp_path, logs_json=export)
    assert read.report.rejected_by_code == {"not_a_request": 2}
    assert read.of(
        "provider", "input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens"
    ) == [
        ("anthropic", 21_005, 20_000, 1_000, 120),
        ("anthropic", None, None, None, None),
    ]
    assert read.of("duration_s", "recorded_usd", "is_failed") == [(4.0, 0.01, False), (0.9, None, True)]
    usd = (5 * SONNET_IN + 20_000 * SONNET_READ + 1_000 * SONNET_WRITE + 120 * SONNET_OUT) / 1e6
    assert read.usd == pytest.approx(usd, rel=1e-9)
    assert {span["session_id"] for span in read.spans} == {"s-1"}
    assert read.spans[0]["response_id"] == "req_1"


def test_an_event_that_its_scope_alone_tells_to_be_claude_codes(tmp_path: Path) -> None:
    said = record(event__name="api_request", model="claude-sonnet-4-5", input_tokens=1_000, output_tokens=10)
    read = read_sources(tmp_path, logs_json=logs("com.anthropic.claude_code.events", said))
    assert read.usd == pytest.approx((1_000 * SONNET_IN + 10 * SONNET_OUT) / 1e6)


def llm_request(**said: Any) -> dict[str, Any]:
    """A span of Claude Code's tracing, with the attributes that it writes.

    https://github.com/langfuse/langfuse/blob/main/packages/shared/src/server/otel/OtelIngestionProcessor.claudeCode.test.ts
    """
    attributes = {
        "span.type": "llm_request",
        "model": "claude-sonnet-4-5",
        "gen_ai.system": "anthropic",
        "gen_ai.request.model": "claude-sonnet-4-5",
        "llm_request.context": "interaction",
        "speed": "normal",
        "duration_ms": 4705,
        "ttft_ms": 1341,
        "input_tokens": 2,
        "output_tokens": 333,
        "cache_read_tokens": 63_002,
        "cache_creation_tokens": 679,
        "success": "true",
        "session.id": "s-1",
        **said,
    }
    return {
        "traceId": "f996f9fc4575b1ce4e7dfc4de5b6dcf7",
        "spanId": "f3816a9fbd63e3d6",
        "parentSpanId": "00000000000000a1",
        "name": "claude_code.llm_request",
        "kind": 1,
        "startTimeUnixNano": str(START_NS),
        "endTimeUnixNano": str(START_NS + 4_705_000_000),
        "attributes": [pair(key, value) for key, value in attributes.items()],
    }


INTERACTION = {
    "traceId": "f996f9fc4575b1ce4e7dfc4de5b6dcf7",
    "spanId": "00000000000000a1",
    "name": "claude_code.interaction",
    "kind": 1,
    "startTimeUnixNano": str(START_NS - 10**9),
    "endTimeUnixNano": str(START_NS + 9 * 10**9),
    "attributes": [pair("span.type", "interaction"), pair("session.id", "s-1")],
}
LLM_USD = (2 * SONNET_IN + 63_002 * SONNET_READ + 679 * SONNET_WRITE + 333 * SONNET_OUT) / 1e6


def test_claude_codes_span_is_a_call(tmp_path: Path) -> None:
    read = read_sources(
        tmp_path, spans_json=spans("com.anthropic.claude_code.tracing", INTERACTION, llm_request())
    )
    assert read.of("operation", "provider", "input_tokens", "output_tokens", "ttft_s") == [
        ("chat", "anthropic", 63_683, 333, 1.341)
    ]
    assert read.usd == pytest.approx(LLM_USD, rel=1e-9)
    assert {span["operation"] for span in read.spans} == {"invoke_agent", "chat"}


def test_claude_codes_span_and_event_are_one_call(tmp_path: Path) -> None:
    event = claude(
        "api_request",
        input_tokens=2,
        output_tokens=333,
        cache_read_tokens=63_002,
        cache_creation_tokens=679,
        cost_usd=LLM_USD,
        duration_ms=4_705,
    )
    event["timeUnixNano"] = str(START_NS + 4_712_000_000)
    read = read_sources(
        tmp_path,
        spans_json=spans("com.anthropic.claude_code.tracing", INTERACTION, llm_request()),
        logs_json=logs("com.anthropic.claude_code.events", event),
    )
    assert (read.calls.height, read.records.height) == (1, 2)
    assert read.usd == pytest.approx(LLM_USD, rel=1e-9)
    assert read.of("recorded_usd") == [(pytest.approx(LLM_USD),)]
    assert all("joined by session, model and tokens" in reason for reason in read.records["reason"])


def test_plain_names_on_the_spans_of_others_mean_nothing(tmp_path: Path) -> None:
    span = llm_request()
    span["name"] = "resize"
    span["attributes"] = [pair("model", "T-800"), pair("input_tokens", 7), pair("speed", "fast")]
    read = read_sources(tmp_path, spans_json=spans("mine", INTERACTION, span))
    assert read.calls.height == 0


def test_codex_counts_the_cached_input_within_the_input(tmp_path: Path) -> None:
    """The name that Codex gives to the total of a call is tool_token_count."""
    usage = {
        "input_token_count": "11874",
        "output_token_count": "320",
        "cached_token_count": 9_600,
        "reasoning_token_count": 256,
        "tool_token_count": "12194",
    }
    export = logs(
        "codex_cli_rs",
        codex("conversation_starts", provider_name="OpenAI"),
        codex("api_request", duration_ms="812", http__response__status_code="200"),
        codex("sse_event", event__kind="response.created", duration_ms="3"),
        codex("sse_event", event__kind="response.completed", **usage),
        codex("api_request", duration_ms="90", http__response__status_code="429", error__message="slow down"),
    )
    read = read_sources(tmp_path, logs_json=export)
    assert read.report.rejected_by_code == {"not_a_request": 3}
    assert read.of(
        "provider", "input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens"
    ) == [
        ("openai", 11_874, 9_600, 320, 256),
        ("openai", None, None, None, None),
    ]
    assert read.of("is_failed") == [(False,), (True,)]
    usd = ((11_874 - 9_600) * CODEX_IN + 9_600 * CODEX_CACHED + 320 * CODEX_OUT) / 1e6
    assert read.usd == pytest.approx(usd, rel=1e-9)
    assert {span["session_id"] for span in read.spans} == {"c-1"}


def test_a_turn_of_codex_sums_up_the_calls_that_its_events_tell_of(tmp_path: Path) -> None:
    turn = {
        "traceId": "ab" * 16,
        "spanId": "cd" * 8,
        "name": "session_task.turn",
        "startTimeUnixNano": str(START_NS),
        "endTimeUnixNano": str(START_NS + 60 * 10**9),
        "attributes": [
            pair("model", "gpt-5.1-codex"),
            pair("codex.turn.token_usage.input_tokens", 3_000),
            pair("codex.turn.token_usage.cached_input_tokens", 1_000),
            pair("codex.turn.token_usage.non_cached_input_tokens", 2_000),
            pair("codex.turn.token_usage.output_tokens", 50),
            pair("codex.turn.token_usage.reasoning_output_tokens", 20),
            pair("codex.turn.token_usage.total_tokens", 3_050),
        ],
    }
    usd = (2_000 * CODEX_IN + 1_000 * CODEX_CACHED + 50 * CODEX_OUT) / 1e6
    alone = read_sources(tmp_path / "alone", turn_json=spans("codex_cli_rs", turn))
    assert alone.usd == pytest.approx(usd, rel=1e-9)
    calls = [
        codex(
            "sse_event", event__kind="response.completed", input_token_count="1000", output_token_count="20"
        ),
        codex(
            "sse_event",
            event__kind="response.completed",
            input_token_count="2000",
            output_token_count="30",
            cached_token_count=1_000,
        ),
    ]
    inside = [{**call, "traceId": "ab" * 16, "spanId": "cd" * 8} for call in calls]
    both = read_sources(
        tmp_path / "both", turn_json=spans("codex_cli_rs", turn), logs_json=logs("codex_cli_rs", *inside)
    )
    assert both.calls.height == 2
    assert both.usd == pytest.approx(usd, rel=1e-9)


GEMINI_USAGE = {
    "input_token_count": 10_000,
    "output_token_count": 200,
    "cached_content_token_count": 4_000,
    "thoughts_token_count": 800,
    "tool_token_count": 500,
    "total_token_count": 11_500,
}
# Cached tokens are part of the prompt, what tools put into it is counted beside it, thoughts beside the answer.
GEMINI_USD = ((10_000 + 500 - 4_000) * GEMINI_IN + 4_000 * GEMINI_CACHED + (200 + 800) * GEMINI_OUT) / 1e6


def test_gemini_cli_counts_thoughts_beside_the_answer(tmp_path: Path) -> None:
    export = logs(
        "gemini-cli",
        gemini("api_request", prompt_id="p"),
        gemini("api_response", duration_ms=3_000, status_code=200, prompt_id="p", **GEMINI_USAGE),
        gemini("api_error", error_type="ApiError", status_code=503, duration_ms=400),
    )
    read = read_sources(tmp_path, logs_json=export)
    assert read.report.rejected_by_code == {"not_a_request": 1}
    assert read.of(
        "provider", "input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens"
    ) == [
        ("google", 10_500, 4_000, 1_000, 800),
        ("google", None, None, None, None),
    ]
    assert read.of("duration_s", "is_failed") == [(3.0, False), (0.4, True)]
    assert read.usd == pytest.approx(GEMINI_USD, rel=1e-9)


def test_gemini_clis_two_records_of_an_answer_are_one_call(tmp_path: Path) -> None:
    """For each answer it writes an event of the GenAI conventions too, without the thoughts."""
    ours = gemini(
        "api_response",
        duration_ms=3_000,
        **{**GEMINI_USAGE, "tool_token_count": 0, "total_token_count": 11_000},
    )
    semantic = record(
        event__name="gen_ai.client.inference.operation.details",
        session__id="g-1",
        gen_ai__request__model="gemini-2.5-pro",
        gen_ai__response__model="gemini-2.5-pro",
        gen_ai__operation__name="generate_content",
        gen_ai__provider__name="gcp.gen_ai",
        gen_ai__usage__input_tokens=10_000,
        gen_ai__usage__output_tokens=200,
    )
    semantic["timeUnixNano"] = str(START_NS)
    read = read_sources(tmp_path, logs_json=logs("gemini-cli", ours, semantic))
    assert (read.calls.height, read.records.height) == (1, 2)
    assert read.of("input_tokens", "output_tokens", "reasoning_tokens") == [(10_000, 1_000, 800)]


def test_gemini_clis_file_of_objects_one_after_another(tmp_path: Path) -> None:
    """https://github.com/google-gemini/gemini-cli/blob/main/packages/core/src/telemetry/file-exporters.ts"""
    said = {
        "session.id": "g-1",
        "event.name": "gemini_cli.api_response",
        "event.timestamp": "2026-11-24T00:00:03.000Z",
        "model": "gemini-2.5-pro",
        "duration_ms": 3_000,
        "response_text": '{"hrTime": "no", "resourceSpans": []}',
        **GEMINI_USAGE,
    }
    log = {
        "hrTime": [1_795_478_403, 500],
        "hrTimeObserved": [1_795_478_403, 700],
        "resource": {"_rawAttributes": [["service.name", "gemini-cli"]], "_asyncAttributesPending": False},
        "instrumentationScope": {"name": "gemini-cli"},
        "attributes": said,
        "_body": "API response from gemini-2.5-pro. Status: 200. Duration: 3000ms.",
        "totalAttributesCount": 12,
    }
    prompt = {**log, "attributes": {"event.name": "gemini_cli.user_prompt", "prompt_length": 4}}
    span = {
        "instrumentationScope": {"name": "gemini-cli"},
        "resource": {"attributes": {"service.name": "gemini-cli"}},
        "_spanContext": {"traceId": "ab" * 16, "spanId": "cd" * 8, "traceFlags": 1},
        "parentSpanContext": {"traceId": "ab" * 16, "spanId": "ef" * 8},
        "kind": 0,
        "name": "tool_call",
        "startTime": [1_795_478_401, 250_000_000],
        "endTime": [1_795_478_402, 0],
        "status": {"code": 2},
        "attributes": {"gen_ai.operation.name": "execute_tool"},
        "events": [],
    }
    metrics = {"resource": {}, "scopeMetrics": []}
    content = b"\n".join(json.dumps(each, indent=2).encode() for each in (prompt, log, span, metrics))
    read = read_sources(tmp_path, telemetry_log=content)
    assert read.report.format == "js_sdk_json"
    assert read.report.rejected_by_code == {"not_a_request": 1, "not_traces": 1}
    assert read.usd == pytest.approx(GEMINI_USD, rel=1e-9)
    tool, call = sorted(read.spans, key=lambda each: each["operation"] != "execute_tool")
    assert (tool["status"], tool["kind"], tool["end_ns"] - tool["start_ns"]) == (
        "error",
        "internal",
        750_000_000,
    )
    assert (call["end_ns"], call["service"]) == (1_795_478_403_000_000_500, "gemini-cli")


def test_a_session_that_gemini_cli_saved(tmp_path: Path) -> None:
    """~/.gemini/tmp/<hash>/chats/session-*.json"""
    tokens = {"input": 10_000, "output": 200, "cached": 4_000, "thoughts": 800, "tool": 500, "total": 11_500}
    at = "2026-11-24T00:00:0{}.000Z"
    messages = [
        {"id": "m-1", "timestamp": at.format(1), "type": "user", "content": "hi"},
        {
            "id": "m-2",
            "timestamp": at.format(4),
            "type": "gemini",
            "model": "gemini-2.5-pro",
            "tokens": tokens,
        },
        {"id": "m-3", "timestamp": at.format(5), "type": "gemini", "model": "gemini-2.5-pro", "tokens": None},
    ]
    session = {"sessionId": "g-1", "projectHash": "h", "startTime": at.format(0), "messages": messages}
    read = read_sources(tmp_path, session_json=json.dumps(session, indent=2).encode())
    assert (read.report.format, read.report.rejected_by_code) == ("gemini_cli_session", {"not_a_request": 2})
    assert read.usd == pytest.approx(GEMINI_USD, rel=1e-9)
    assert read.spans[0]["session_id"] == "g-1"
