"""Logs of common tools, renamed so that nothing recognises them: the draft finds their columns by itself.

Shapes after the tools' public documentation, named at each; values are invented.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.test_proposed_mappings import drafted, json_lines

Row = dict[str, Any]


def at(number: int) -> str:
    return f"2026-11-20T10:0{number}:00.250Z"


def bedrock(n: int) -> Row:
    """https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html"""
    usage = {"inputTokens": 50 + n, "outputTokens": 300, "totalTokens": 10_350 + n,
             "cacheReadInputTokens": 9000, "cacheWriteInputTokens": 1000}  # fmt: skip
    return {
        "ts": at(n), "who": {"arn": f"team-{n % 2}"}, "aws_region": "eu-west-1", "op": "Converse",
        "model": "amazon.nova-lite-v1:0", "in": {"inputTokenCount": 50 + n},
        "out": {"outputBodyJson": {"stopReason": "end_turn", "metrics": {"latencyMs": 2300}, "usage": usage}},
    }  # fmt: skip


def azure(n: int) -> Row:
    """https://learn.microsoft.com/azure/ai-services/openai/monitor-openai-reference"""
    props = {"requestTime": 639_000_000_000_000_000, "modelDeploymentName": "prod", "modelName": "gpt-4o",
             "promptTokens": [1000 + n], "cachedTokens": [800], "generatedTokens": [100]}  # fmt: skip
    return {"at": at(n), "operationName": "ChatCompletions_Create", "durationMs": 1500 + n, "resultSignature": "200",
            "location": "swedencentral", "tenant": "swedencentral", "props": json.dumps(props)}  # fmt: skip


def vertex(n: int) -> Row:
    """https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/request-response-logging"""
    usage = {"promptTokenCount": 1000 + n, "candidatesTokenCount": 100, "thoughtsTokenCount": 50,
             "cachedContentTokenCount": 400, "totalTokenCount": 1150 + n}  # fmt: skip
    return {"logged_at": at(n), "model_used": "google/gemini-2.5-pro", "method": "generateContent",
            "answer": {"usageMetadata": usage, "modelVersion": "gemini-2.5-pro"},
            "meta": {"request_latency": 1.25}}  # fmt: skip


def openrouter(n: int) -> Row:
    """https://openrouter.ai/docs/api-reference/get-a-generation"""
    return {"gen": f"g{n}", "created": at(n), "total_cost": 0.01, "native_tokens_prompt": 1000 + n,
            "native_tokens_completion": 100, "tokens_prompt": 900, "tokens_completion": 90,
            "model": "openai/gpt-4o", "provider_name": "Azure", "generation_time": 3100, "latency": 700,
            "app_name": "shop"}  # fmt: skip


def helicone(n: int) -> Row:
    """https://docs.helicone.ai/rest/request/post-v1requestquery-clickhouse"""
    return {"requested": at(n), "answered": at(n).replace("00.250", "05.250"), "delay_ms": 5000, "user_id": "u",
            "time_to_first_token": 800, "total_tokens": 10_100 + n, "prompt_tokens": 10_000 + n,
            "completion_tokens": 100, "prompt_cache_read_tokens": 8000, "request_model": "gpt-4o",
            "cost": 0.016}  # fmt: skip


def cloudflare(n: int) -> Row:
    """https://developers.cloudflare.com/api/resources/ai_gateway/subresources/logs"""
    return {"log": f"l{n}", "created_at": at(n), "provider": "openai", "model": "gpt-4o", "path": "chat/completions",
            "duration": 2345 + n, "tokens_in": 1000 + n, "tokens_out": 100, "cost": 0.01, "cached": False,
            "success": n > 0, "status_code": 200}  # fmt: skip


def langfuse(n: int) -> Row:
    """https://langfuse.com/docs/api-and-data-platform/features/export-to-blob-storage"""
    usage = {"input": 86 + n, "input_cached_tokens": 17_817, "output": 10, "total": 17_913 + n}
    return {"obs": f"o{n}", "started": at(n).replace("T", " ")[:-1], "ended": at(n).replace("T", " ")[:-6] + "9.250",
            "first_token_at": at(n).replace("T", " ")[:-6] + "1.250", "provided_model": "gpt-4o",
            "usage_details": json.dumps(usage), "cost_details": json.dumps({"input": 0.0002, "total": 0.02}),
            "total_cost": 0.02, "session_id": "s", "user_id": "u"}  # fmt: skip


def otel_traces(n: int) -> Row:
    """https://clickhouse.com/docs/use-cases/observability/schema-design, table otel_traces"""
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.provider.name": "openai",
                  "gen_ai.usage.input_tokens": f"{1000 + n}", "gen_ai.usage.output_tokens": "100"}  # fmt: skip
    return {"Ts": f"2026-11-20 10:0{n}:00.123456789", "TraceId": f"{n:031x}a", "SpanId": f"{n:015x}b",
            "ServiceName": "gateway", "Attrs": attributes, "Duration": 7_345_678_901}  # fmt: skip


def openai_batch(n: int) -> Row:
    """https://platform.openai.com/docs/guides/batch"""
    usage = {"prompt_tokens": 1000 + n, "completion_tokens": 100, "total_tokens": 1100 + n,
             "prompt_tokens_details": {"cached_tokens": 64}}  # fmt: skip
    body = {"id": f"c{n}", "created": 1_795_168_800 + n, "model": "gpt-4o-mini", "usage": usage}
    return {"batch": f"b{n}", "resp": {"status_code": 200, "body": body}}


def claude_code(n: int) -> Row:
    """https://docs.claude.com/en/docs/claude-code, session transcripts"""
    if n % 2:
        return {
            "kind": "user",
            "timestamp": at(n),
            "session": "s",
            "msg": {"role": "user", "content": "hello"},
        }
    usage = {"input_tokens": 5, "cache_creation_input_tokens": 1200, "cache_read_input_tokens": 30_000 + n,
             "cache_creation": {"ephemeral_5m_input_tokens": 1200, "ephemeral_1h_input_tokens": 0},
             "output_tokens": 400, "service_tier": "standard"}  # fmt: skip
    return {"kind": "assistant", "timestamp": at(n), "session": "s",
            "msg": {"id": f"m{n}", "role": "assistant", "model": "claude-sonnet-4-5", "usage": usage}}  # fmt: skip


def codex(n: int) -> Row:
    """https://developers.openai.com/codex, rollout files: a running total beside the last turn's usage"""
    if n % 2:
        return {"timestamp": at(n), "kind": "event", "payload": {"type": "agent_message", "message": "hello"}}
    last = {"input_tokens": 1000, "cached_input_tokens": 500, "output_tokens": 100, "reasoning_output_tokens": 10,
            "total_tokens": 1100}  # fmt: skip
    info = {
        "total_token_usage": {name: value * (n + 1) for name, value in last.items()},
        "last_token_usage": last,
    }
    return {"timestamp": at(n), "kind": "event", "payload": {"type": "token_count", "info": info}}


def gemini_cli(n: int) -> Row:
    """https://github.com/google-gemini/gemini-cli/blob/main/docs/cli/telemetry.md"""
    return {"event": "api_response", "stamp.time": at(n), "model": "gemini-2.5-pro", "duration_ms": 1500 + n,
            "input_token_count": 1000 + n, "output_token_count": 100, "cached_content_token_count": 200,
            "thoughts_token_count": 30, "total_token_count": 1130 + n, "session.id": "s"}  # fmt: skip


def hash_ids(n: int) -> Row:
    """Requests of agentic traces: seconds since the session began, ids of prompt blocks."""
    return {"t": 12.5 * n, "model": "claude-opus-4-5", "in": 71_175 + n, "out": 169, "hash_ids": [1, 2, 3],
            "api_time": 4.25, "ttft": 1.5, "stop": "tool_use"}  # fmt: skip


def dynamo(n: int) -> Row:
    """https://docs.nvidia.com/dynamo/dev/observability/request-traces"""
    request = {"request_id": f"r{n}", "model": "llama", "input_tokens": 1000 + n, "output_tokens": 100,
               "cached_tokens": 400, "request_received_ms": 1_795_168_800_000 + 9000 * n,
               "prefill_wait_time_ms": 12.5, "ttft_ms": 250.5, "total_time_ms": 4999.5, "avg_itl_ms": 20.1}  # fmt: skip
    return {
        "what": "request_end",
        "event_ms": 1_795_168_805_000 + 9000 * n,
        "agent": {"session_id": "s"},
        "req": request,
    }


# Input (with the cache), output, cached tokens, seconds, first token's seconds, model, USD, tenant, session.
RIGHT: list[tuple[Callable[[int], Row], tuple[Any, ...]]] = [
    (bedrock, (10_050, 300, 9000, 2.3, None, "amazon.nova-lite-v1:0", None, "team-0", None)),
    (azure, (1000, 100, 800, 1.5, None, "gpt-4o", None, None, None)),
    (vertex, (1000, 150, 400, 1.25, None, "google/gemini-2.5-pro", None, None, None)),
    (openrouter, (1000, 100, None, 3.1, None, "openai/gpt-4o", 0.01, "shop", None)),
    (helicone, (10_000, 100, 8000, 5.0, 0.8, "gpt-4o", 0.016, "u", None)),
    (cloudflare, (1000, 100, None, 2.345, None, "gpt-4o", 0.01, None, None)),
    (langfuse, (17_903, 10, 17_817, 9.0, 1.0, "gpt-4o", 0.02, "u", "s")),
    (otel_traces, (1000, 100, None, 7.345678901, None, "gpt-4o", None, None, None)),
    (openai_batch, (1000, 100, 64, None, None, "gpt-4o-mini", None, None, None)),
    (claude_code, (31_205, 400, 30_000, None, None, "claude-sonnet-4-5", None, None, "s")),
    (codex, (1000, 100, 500, None, None, None, None, None, None)),
    (gemini_cli, (1000, 130, 200, 1.5, None, "gemini-2.5-pro", None, None, "s")),
    (hash_ids, (71_175, 169, None, 4.25, 1.5, "claude-opus-4-5", None, None, None)),
    (dynamo, (1000, 100, 400, 4.9995, 0.2505, "llama", None, None, "s")),
]


@pytest.mark.parametrize(("shape", "right"), RIGHT, ids=[shape.__name__ for shape, _ in RIGHT])
def test_a_tools_log_under_other_names_is_understood(
    tmp_path: Path, shape: Callable[[int], Row], right: tuple[Any, ...]
) -> None:
    draft, spans = drafted(json_lines(tmp_path, [shape(number) for number in range(6)]))
    first = spans[0]
    lasted_s = None if first["end_ns"] is None else (first["end_ns"] - first["start_ns"]) / 1e9
    read = (
        first["input_tokens"], first["output_tokens"], first["cached_input_tokens"], lasted_s, first["ttft_s"],
        first["model_requested"] or first["model_served"], first["recorded_usd"], first["tenant"], first["session_id"],
    )  # fmt: skip
    assert read == tuple(pytest.approx(each) if isinstance(each, float) else each for each in right), draft
    assert len(spans) == (3 if shape in (claude_code, codex) else 6)
    assert all(span["is_model_call"] for span in spans if span["model_requested"])
