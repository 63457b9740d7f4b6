"""LiteLLM's spend logs: every call type that names a model and tokens counts, whatever it is called.

Call types after the enumeration CallTypes in https://github.com/BerriAI/litellm/blob/main/litellm/types/utils.py,
columns after https://github.com/BerriAI/litellm/blob/main/schema.prisma; values are invented. Prices, USD per million:
Claude Haiku 4.5 1 in, 5 out, 0.10 read from a cache; GPT-4o 2.50, 10; text-embedding-3-small 0.02; Gemini 2.5 Flash
0.30, 2.50.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.priced_logs import as_csv, lines, priced


def spend(
    number: int, call_type: str, provider: str, model: str, tokens: tuple[int, int], **more: Any
) -> dict[str, Any]:
    """One row of LiteLLM_SpendLogs. tokens: in, out."""
    return {
        "request_id": f"req-{number}",
        "call_type": call_type,
        "spend": 0.01,
        "total_tokens": sum(tokens),
        "prompt_tokens": tokens[0],
        "completion_tokens": tokens[1],
        "startTime": f"2026-11-20 10:{number:02}:00.123",
        "endTime": f"2026-11-20 10:{number:02}:05.123",
        "completionStartTime": f"2026-11-20 10:{number:02}:01.123",
        "model": model,
        "model_group": "alias",
        "custom_llm_provider": provider,
        "metadata": {"user_api_key_alias": "key-a", "status": "success"},
        "cache_hit": "None",
        "team_id": None,
        "end_user": "",
        "status": "success",
        **more,
    }


@pytest.mark.parametrize(
    ("call_type", "operation"),
    [
        ("anthropic_messages", "chat"),
        ("agenerate_content", "generate_content"),
        ("agenerate_content_stream", "generate_content"),
        ("aresponses", "chat"),
        ("atext_completion", "text_completion"),
        ("pass_through_endpoint", "pass_through_endpoint"),
        ("allm_passthrough_route", "allm_passthrough_route"),
        ("_arealtime", "realtime"),
        ("a_call_type_of_next_year", "a_call_type_of_next_year"),
    ],
)
def test_a_call_type_is_a_call(tmp_path: Path, call_type: str, operation: str) -> None:
    found = priced(tmp_path, lines([spend(0, call_type, "anthropic", "claude-haiku-4-5", (50_000, 2_000))]))
    assert [call["operation"] for call in found.calls] == [operation]
    assert found.usd == pytest.approx((50_000 * 1 + 2_000 * 5) / 1e6)


def test_all_types_of_one_log_in_json_and_in_a_table(tmp_path: Path) -> None:
    rows = [
        spend(0, "anthropic_messages", "anthropic", "claude-haiku-4-5", (1_000, 100)),
        spend(1, "aembedding", "openai", "text-embedding-3-small", (8_000, 0)),
        spend(2, "agenerate_content", "gemini", "gemini-2.5-flash", (4_000, 500)),
        spend(3, "acompletion", "openai", "gpt-4o", (2_000, 50)),
    ]
    usd = 1_000 * 1 + 100 * 5 + 8_000 * 0.02 + 4_000 * 0.3 + 500 * 2.5 + 2_000 * 2.5 + 50 * 10
    for number, text in enumerate((lines(rows), as_csv(rows), json.dumps(rows))):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = priced(folder, text)
        assert (len(found.calls), found.dialects) == (4, {"litellm_spend"})
        assert found.usd == pytest.approx(usd / 1e6)


def test_a_type_that_only_asks_for_something_stored_is_no_call(tmp_path: Path) -> None:
    rows = [
        spend(0, "afile_content", "openai", "", (0, 0), spend=0.0),
        spend(1, "acompletion", "openai", "gpt-4o", (1_000, 10)),
    ]
    found = priced(tmp_path, lines(rows))
    assert [call["operation"] for call in found.calls] == ["chat"]
    assert found.reports[0].spans == 2


def test_what_a_cache_served_is_told_by_either_name(tmp_path: Path) -> None:
    """https://docs.litellm.ai/docs/completion/prompt_caching"""
    usage = {
        "prompt_tokens": 10_000,
        "completion_tokens": 100,
        "total_tokens": 10_100,
        "prompt_tokens_details": {"cached_tokens": 0, "text_tokens": 10_000, "audio_tokens": None},
        "cache_read_input_tokens": 9_000,
        "cache_creation_input_tokens": 0,
        "server_tool_use": {"web_search_requests": 0},
    }
    metadata = {"usage_object": usage, "additional_usage_values": {"cache_read_input_tokens": 9_000}}
    row = spend(0, "acompletion", "anthropic", "claude-haiku-4-5", (10_000, 100), metadata=metadata)
    found = priced(tmp_path, lines([row]))
    assert found.usd == pytest.approx((1_000 * 1 + 9_000 * 0.1 + 100 * 5) / 1e6)
    assert (found.spans[0]["cached_input_tokens"], found.spans[0]["web_searches"]) == (9_000, 0)
    assert found.unread == set()
