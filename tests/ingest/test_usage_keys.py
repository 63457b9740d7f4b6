"""Every usage key that instrumentations write is read, and what it says costs what the provider charges for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.otlp_exports import pair
from tests.ingest.read_sources import read_sources

START_NS = 1_795_478_400_000_000_000
M = 1e-6
# USD per million tokens: https://openai.com/api/pricing, https://platform.claude.com/docs/en/about-claude/pricing,
# https://ai.google.dev/gemini-api/docs/pricing
GPT_4O_IN, GPT_4O_CACHED, GPT_4O_OUT = 2.5 * M, 1.25 * M, 10 * M
SONNET_IN, SONNET_READ, SONNET_5M, SONNET_1H, SONNET_OUT = 3 * M, 0.3 * M, 3.75 * M, 6 * M, 15 * M
REALTIME_IN, REALTIME_OUT, SOUND_IN, SOUND_OUT, SOUND_CACHED = 4 * M, 16 * M, 32 * M, 64 * M, 0.4 * M
PRO_IN, PRO_CACHED, PRO_OUT = 1.25 * M, 0.125 * M, 10 * M

OPENAI = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
CLAUDE = {**OPENAI, "gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude-sonnet-4-5"}
GEMINI = {**OPENAI, "gen_ai.provider.name": "google", "gen_ai.request.model": "gemini-2.5-pro"}
REALTIME = {**OPENAI, "gen_ai.request.model": "gpt-realtime"}

# https://github.com/open-telemetry/semantic-conventions-genai/blob/v0.1.0/model/gen-ai/spans.yaml
CONVENTIONS = [
    pytest.param(
        {
            **CLAUDE,
            "gen_ai.usage.input_tokens": 50_000,
            "gen_ai.usage.cache_read.input_tokens": 30_000,
            "gen_ai.usage.cache_write.input_tokens": 15_000,
            "gen_ai.usage.output_tokens": 200,
        },
        5_000 * SONNET_IN + 30_000 * SONNET_READ + 15_000 * SONNET_5M + 200 * SONNET_OUT,
        id="semconv 0.1.0, cache_write",
    ),
    pytest.param(
        {
            **REALTIME,
            "gen_ai.usage.input_tokens": 900,
            "gen_ai.usage.text.input_tokens": 300,
            "gen_ai.usage.audio.input_tokens": 600,
            "gen_ai.usage.audio.cache_read.input_tokens": 200,
            "gen_ai.usage.cache_read.input_tokens": 200,
            "gen_ai.usage.output_tokens": 450,
            "gen_ai.usage.text.output_tokens": 50,
            "gen_ai.usage.audio.output_tokens": 400,
        },
        300 * REALTIME_IN + 400 * SOUND_IN + 200 * SOUND_CACHED + 50 * REALTIME_OUT + 400 * SOUND_OUT,
        id="semconv 0.1.0, sound, partly cached",
    ),
    pytest.param(
        {
            **REALTIME,
            "gen_ai.usage.text.input_tokens": 300,
            "gen_ai.usage.audio.input_tokens": 600,
            "gen_ai.usage.text.output_tokens": 50,
            "gen_ai.usage.audio.output_tokens": 400,
        },
        300 * REALTIME_IN + 600 * SOUND_IN + 50 * REALTIME_OUT + 400 * SOUND_OUT,
        id="semconv 0.1.0, the parts without their sums",
    ),
]
# https://github.com/pydantic/pydantic-ai/blob/main/pydantic_ai_slim/pydantic_ai/usage.py: input_tokens is the sum
LOGFIRE = [
    pytest.param(
        {
            **CLAUDE,
            "gen_ai.usage.input_tokens": 9_010,
            "gen_ai.usage.output_tokens": 70,
            "gen_ai.usage.details.input_tokens": 10,
            "gen_ai.usage.details.output_tokens": 70,
            "gen_ai.usage.details.cache_read_input_tokens": 7_000,
            "gen_ai.usage.details.cache_creation_input_tokens": 2_000,
            "gen_ai.usage.details.cache_read_tokens": 7_000,
            "gen_ai.usage.details.cache_write_tokens": 2_000,
        },
        10 * SONNET_IN + 7_000 * SONNET_READ + 2_000 * SONNET_5M + 70 * SONNET_OUT,
        id="Logfire, Anthropic",
    ),
    pytest.param(
        {
            **GEMINI,
            "gen_ai.usage.input_tokens": 5_000,
            "gen_ai.usage.output_tokens": 900,
            "gen_ai.usage.details.cached_content_tokens": 4_000,
            "gen_ai.usage.details.thoughts_tokens": 800,
        },
        1_000 * PRO_IN + 4_000 * PRO_CACHED + 900 * PRO_OUT,
        id="Logfire, Gemini",
    ),
    pytest.param(
        {
            **OPENAI,
            "gen_ai.usage.input_tokens": 1_000,
            "gen_ai.usage.output_tokens": 300,
            "gen_ai.usage.details.cached_tokens": 600,
            "gen_ai.usage.details.reasoning_tokens": 200,
        },
        400 * GPT_4O_IN + 600 * GPT_4O_CACHED + 300 * GPT_4O_OUT,
        id="Logfire, OpenAI",
    ),
]
# https://github.com/traceloop/openllmetry/tree/main/packages/opentelemetry-semantic-conventions-ai
OPENLLMETRY = [
    pytest.param(
        {
            **CLAUDE,
            "llm.request.type": "chat",
            "gen_ai.usage.prompt_tokens": 10,
            "gen_ai.usage.completion_tokens": 70,
            "gen_ai.usage.cache_read_input_tokens": 7_000,
            "gen_ai.usage.cache_creation_input_tokens": 2_000,
            "llm.usage.total_tokens": 9_080,
        },
        10 * SONNET_IN + 7_000 * SONNET_READ + 2_000 * SONNET_5M + 70 * SONNET_OUT,
        id="OpenLLMetry, the total tells that the input leaves out the cache",
    ),
    pytest.param(
        {
            **CLAUDE,
            "llm.request.type": "chat",
            "gen_ai.usage.input_tokens": 9_010,
            "gen_ai.usage.output_tokens": 70,
            "gen_ai.usage.cache_read.input_tokens": 7_000,
            "gen_ai.usage.cache_creation.input_tokens": 2_000,
            "gen_ai.usage.total_tokens": 9_080,
        },
        10 * SONNET_IN + 7_000 * SONNET_READ + 2_000 * SONNET_5M + 70 * SONNET_OUT,
        id="OpenLLMetry, the total tells that the input holds the cache",
    ),
    pytest.param(
        {
            **OPENAI,
            "llm.request.type": "chat",
            "llm.usage.prompt_tokens": 1_000,
            "llm.usage.completion_tokens": 300,
            "llm.usage.total_tokens": 1_300,
        },
        1_000 * GPT_4O_IN + 300 * GPT_4O_OUT,
        id="OpenLLMetry, its oldest names",
    ),
]
# https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md
OPENINFERENCE = [
    pytest.param(
        {
            "openinference.span.kind": "LLM",
            "llm.provider": "anthropic",
            "llm.model_name": "claude-sonnet-4-5",
            "llm.token_count.prompt": 9_010,
            "llm.token_count.completion": 70,
            "llm.token_count.total": 9_080,
            "llm.token_count.prompt_details.cache_read": 7_000,
            "llm.token_count.prompt_details.cache_write": 2_000,
        },
        10 * SONNET_IN + 7_000 * SONNET_READ + 2_000 * SONNET_5M + 70 * SONNET_OUT,
        id="OpenInference, cache",
    ),
    pytest.param(
        {
            "openinference.span.kind": "LLM",
            "llm.provider": "openai",
            "llm.model_name": "gpt-realtime",
            "llm.token_count.prompt": 900,
            "llm.token_count.completion": 450,
            "llm.token_count.total": 1_350,
            "llm.token_count.prompt_details.audio": 600,
            "llm.token_count.completion_details.audio": 400,
        },
        300 * REALTIME_IN + 600 * SOUND_IN + 50 * REALTIME_OUT + 400 * SOUND_OUT,
        id="OpenInference, sound",
    ),
    pytest.param(
        {
            "openinference.span.kind": "LLM",
            "llm.system": "openai",
            "llm.model_name": "gpt-4o",
            "llm.token_count.prompt": 80,
            "llm.token_count.completion": 150,
            "llm.token_count.reasoning_tokens": 120,
            "llm.token_count.total": 230,
        },
        80 * GPT_4O_IN + 150 * GPT_4O_OUT,
        id="OpenInference, reasoning within the answer",
    ),
]
# https://ai-sdk.dev/docs/ai-sdk-core/telemetry
VERCEL_CALL = {"ai.operationId": "ai.generateText.doGenerate"}
VERCEL = [
    pytest.param(
        {
            **VERCEL_CALL,
            "ai.model.provider": "anthropic.messages",
            "ai.model.id": "claude-sonnet-4-5",
            "ai.usage.inputTokens": 9_010,
            "ai.usage.inputTokenDetails.noCacheTokens": 10,
            "ai.usage.inputTokenDetails.cacheReadTokens": 7_000,
            "ai.usage.inputTokenDetails.cacheWriteTokens": 2_000,
            "ai.usage.outputTokens": 70,
            "ai.usage.totalTokens": 9_080,
        },
        10 * SONNET_IN + 7_000 * SONNET_READ + 2_000 * SONNET_5M + 70 * SONNET_OUT,
        id="Vercel, version 6",
    ),
    pytest.param(
        {
            **VERCEL_CALL,
            "ai.model.provider": "openai.chat",
            "ai.model.id": "gpt-4o",
            "ai.usage.inputTokens": 1_000,
            "ai.usage.cachedInputTokens": 600,
            "ai.usage.outputTokens": 300,
            "ai.usage.reasoningTokens": 200,
            "ai.usage.outputTokenDetails.textTokens": 100,
            "ai.usage.totalTokens": 1_300,
        },
        400 * GPT_4O_IN + 600 * GPT_4O_CACHED + 300 * GPT_4O_OUT,
        id="Vercel, version 5",
    ),
    pytest.param(
        {
            **VERCEL_CALL,
            "ai.model.provider": "openai.chat",
            "ai.model.id": "gpt-4o",
            "ai.usage.promptTokens": 1_000,
            "ai.usage.completionTokens": 300,
        },
        1_000 * GPT_4O_IN + 300 * GPT_4O_OUT,
        id="Vercel, version 4",
    ),
]


def litellm(usage: dict[str, Any]) -> dict[str, Any]:
    """What LiteLLM's callback writes of the usage that it has made of the provider's.
    https://github.com/BerriAI/litellm/blob/main/litellm/types/utils.py (Usage)
    """
    return {**CLAUDE, "litellm.call_id": "c", "metadata.usage_object": json.dumps(usage)}


LITELLM = [
    pytest.param(
        litellm(
            {
                "prompt_tokens": 9_010,
                "completion_tokens": 70,
                "total_tokens": 9_080,
                "cache_read_input_tokens": 7_000,
                "cache_creation_input_tokens": 2_000,
                "prompt_tokens_details": {
                    "cached_tokens": 7_000,
                    "cache_creation_tokens": 2_000,
                    "cache_creation_token_details": {
                        "ephemeral_5m_input_tokens": 500,
                        "ephemeral_1h_input_tokens": 1_500,
                    },
                },
            }
        ),
        10 * SONNET_IN + 7_000 * SONNET_READ + 500 * SONNET_5M + 1_500 * SONNET_1H + 70 * SONNET_OUT,
        id="LiteLLM, kept for an hour",
    ),
    pytest.param(
        litellm(
            {
                "prompt_tokens": 7_010,
                "completion_tokens": 70,
                "total_tokens": 7_080,
                "cache_read_input_tokens": 7_000,
                "prompt_tokens_details": {"cached_tokens": 0},
            }
        ),
        10 * SONNET_IN + 7_000 * SONNET_READ + 70 * SONNET_OUT,
        id="LiteLLM, a zero beside the number",
    ),
    pytest.param(
        litellm({"prompt_tokens": 10, "completion_tokens": 70, "total_tokens": 80}),
        10 * SONNET_IN + 70 * SONNET_OUT,
        id="LiteLLM, plain",
    ),
]
CASES = [*CONVENTIONS, *LOGFIRE, *OPENLLMETRY, *OPENINFERENCE, *VERCEL, *LITELLM]


def export(said: dict[str, Any]) -> bytes:
    span = {
        "traceId": "ab" * 16,
        "spanId": "cd" * 8,
        "name": "call",
        "kind": 3,
        "startTimeUnixNano": str(START_NS),
        "endTimeUnixNano": str(START_NS + 10**9),
        "attributes": [pair(key, value) for key, value in said.items()],
    }
    return json.dumps(
        {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {"name": "i"}, "spans": [span]}]}]}
    ).encode()


@pytest.mark.parametrize(("said", "usd"), CASES)
def test_a_usage_costs_what_its_parts_cost(tmp_path: Path, said: dict[str, Any], usd: float) -> None:
    read = read_sources(tmp_path, spans_json=export(said))
    assert (read.spans[0]["usage_conflict"], read.spans[0]["unread_usage"]) == (None, None)
    assert read.usd == pytest.approx(usd, rel=1e-9)


# The names that it prices: https://github.com/langfuse/langfuse/blob/main/worker/src/constants/default-model-prices.json
LANGFUSE = [
    (
        "claude-sonnet-4-5",
        {
            "input": 10,
            "input_cache_read": 7_000,
            "input_cache_creation_5m": 500,
            "input_cache_creation_1h": 1_500,
            "output": 70,
            "total": 9_080,
        },
        10 * SONNET_IN + 7_000 * SONNET_READ + 500 * SONNET_5M + 1_500 * SONNET_1H + 70 * SONNET_OUT,
    ),
    (
        "gpt-4o",
        {
            "prompt_tokens": 1_000,
            "completion_tokens": 300,
            "total_tokens": 1_300,
            "prompt_tokens_details": {"cached_tokens": 600},
        },
        400 * GPT_4O_IN + 600 * GPT_4O_CACHED + 300 * GPT_4O_OUT,
    ),
    (
        "gemini-2.5-pro",
        {
            "prompt_token_count": 5_000,
            "candidates_token_count": 100,
            "thoughts_token_count": 800,
            "cached_content_token_count": 4_000,
            "total_token_count": 5_900,
        },
        1_000 * PRO_IN + 4_000 * PRO_CACHED + 900 * PRO_OUT,
    ),
    (
        "gemini-2.5-pro",
        {
            "promptTokenCount": 5_000,
            "candidatesTokenCount": 100,
            "thoughtsTokenCount": 800,
            "totalTokenCount": 5_900,
        },
        5_000 * PRO_IN + 900 * PRO_OUT,
    ),
]


@pytest.mark.parametrize(("model", "usage", "usd"), LANGFUSE)
def test_langfuses_names_of_a_usage(tmp_path: Path, model: str, usage: dict[str, Any], usd: float) -> None:
    said = {
        "langfuse.observation.type": "generation",
        "langfuse.observation.model.name": model,
        "langfuse.observation.usage_details": json.dumps(usage),
    }
    assert read_sources(tmp_path, spans_json=export(said)).usd == pytest.approx(usd, rel=1e-9)


def test_the_time_to_the_first_chunk_under_its_new_name(tmp_path: Path) -> None:
    said = {**OPENAI, "gen_ai.usage.input_tokens": 5, "gen_ai.client.operation.time_to_first_chunk": 0.25}
    assert read_sources(tmp_path, spans_json=export(said)).spans[0]["ttft_s"] == 0.25


@pytest.mark.parametrize(
    "key", ["gen_ai.usage.cost", "operation.cost", "gen_ai.usage.total_cost", "llm.cost.total"]
)
def test_what_the_source_says_it_cost_is_kept(tmp_path: Path, key: str) -> None:
    read = read_sources(tmp_path, spans_json=export({**OPENAI, "gen_ai.usage.input_tokens": 5, key: 0.125}))
    assert read.of("recorded_usd") == [(0.125,)]
