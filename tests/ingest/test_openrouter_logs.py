"""What OpenRouter exports of generations is read with what it took for each, and priced at its own list.

Shapes after https://openrouter.ai/docs/cookbook/administration/activity-export and
https://openrouter.ai/docs/api/api-reference/generations/get-generation; values are invented. Prices, USD per million:
Claude Sonnet 4.5 3 in, 15 out, 0.30 read from a cache; GPT-4o 2.50, 10, 1.25; Gemini 2.5 Flash 0.30, 2.50, 0.03.
https://openrouter.ai/models
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from costctl.ingest import loader
from costctl.store.database import open_store
from tests.ingest.priced_logs import as_csv, lines, priced


def activity(number: int, model: str, tokens: tuple[int, int, int], **more: Any) -> dict[str, Any]:
    """One row of the page's export. tokens: in, of these cached, out."""
    return {
        "generation_id": f"gen-{number}",
        "created_at": f"2026-11-20 10:{number:02}:00.271",
        "cost_total": 0.0,
        "cost_web_search": 0,
        "cost_cache": 0,
        "cost_file_processing": 0,
        "byok_usage_inference": 0,
        "tokens_prompt": tokens[0],
        "tokens_completion": tokens[2],
        "tokens_reasoning": 0,
        "tokens_cached": tokens[1],
        "model_permaslug": model,
        "provider_name": "Anthropic",
        "variant": "standard",
        "cancelled": "false",
        "streamed": "true",
        "user": "",
        "finish_reason_raw": "end_turn",
        "finish_reason_normalized": "stop",
        "generation_time_ms": 5200,
        "time_to_first_token_ms": 900,
        "app_name": "app-a",
        "api_key_name": "key-1",
        **more,
    }


def generation(number: int, model: str, tokens: tuple[int, int, int], **more: Any) -> dict[str, Any]:
    """What the interface says of one generation. tokens: in, of these cached, out; as the model counts them."""
    return {
        "id": f"gen-{number}",
        "upstream_id": "chatcmpl-1",
        "total_cost": 0.0123,
        "cache_discount": None,
        "upstream_inference_cost": None,
        "created_at": f"2026-11-20T10:{number:02}:00.433273+00:00",
        "model": model,
        "app_id": 12345,
        "streamed": True,
        "cancelled": False,
        "provider_name": "Infermatic",
        "latency": 1250,
        "generation_time": 4200,
        "finish_reason": "stop",
        "tokens_prompt": 7,
        "tokens_completion": 8,
        "native_tokens_prompt": tokens[0],
        "native_tokens_completion": tokens[2],
        "native_tokens_reasoning": 0,
        "native_tokens_cached": tokens[1],
        "usage": 0.0123,
        "is_byok": False,
        **more,
    }


def test_the_cached_part_is_within_the_prompt_and_costs_less(tmp_path: Path) -> None:
    row = activity(
        0,
        "anthropic/claude-4.5-sonnet-20250929",
        (20_000, 16_000, 900),
        cost_total=0.0303,
        tokens_reasoning=300,
    )
    found = priced(tmp_path, as_csv([row]))
    assert found.usd == pytest.approx((4_000 * 3 + 16_000 * 0.3 + 900 * 15) / 1e6)
    assert found.spans[0]["recorded_usd"] == pytest.approx(found.usd)
    assert found.unread == set()
    (span,) = found.spans
    assert (span["end_ns"] - span["start_ns"], span["ttft_s"], span["is_stream"]) == (
        5_200_000_000,
        0.9,
        True,
    )
    assert (span["response_id"], span["tenant"], span["reasoning_tokens"]) == ("gen-0", "key-1", 300)


def test_with_a_key_of_your_own_both_amounts_are_what_the_call_cost(tmp_path: Path) -> None:
    """OpenRouter takes a fee; the provider bills the key."""
    row = activity(
        0, "openai/gpt-4o", (1_000, 0, 300), cost_total=0.000275, byok_usage_inference=0.0055, user="u-7"
    )
    found = priced(tmp_path, as_csv([row]))
    assert found.spans[0]["recorded_usd"] == pytest.approx(0.000275 + 0.0055)
    assert found.usd == pytest.approx((1_000 * 2.5 + 300 * 10) / 1e6)
    assert found.spans[0]["tenant"] == "u-7"


def test_several_rows_of_which_one_was_cancelled_and_one_is_free(tmp_path: Path) -> None:
    rows = [
        activity(0, "openai/gpt-4o", (1_000, 400, 50)),
        activity(1, "openai/gpt-4o", (1_000, 0, 5), cancelled="true"),
        activity(2, "deepseek/deepseek-chat-v3.1", (2_000, 0, 300), variant="free"),
    ]
    found = priced(tmp_path, as_csv(rows))
    assert [call["outcome"] for call in found.calls] == ["success", "cancelled", "success"]
    assert [call["service_tier"] for call in found.calls] == ["default", "default", "free"]
    first = (600 * 2.5 + 400 * 1.25 + 50 * 10) / 1e6
    assert found.usd >= first
    assert [span["recorded_usd"] for span in found.spans] == [0.0, 0.0, 0.0]


def test_the_interface_tells_of_tokens_as_the_model_counts_them(tmp_path: Path) -> None:
    answers = [
        {"data": generation(0, "google/gemini-2.5-flash", (10_000, 8_000, 400))},
        {"data": generation(1, "openai/gpt-4o", (500, 0, 20), is_byok=True, external_user="user-123")},
    ]
    each = (2_000 * 0.3 + 8_000 * 0.03 + 400 * 2.5, 500 * 2.5 + 20 * 10)
    for number, text in enumerate(
        (lines(answers), json.dumps(answers), lines(answer["data"] for answer in answers))
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = priced(folder, text)
        assert found.usd == pytest.approx(sum(each) / 1e6)
        assert [span["recorded_usd"] for span in found.spans] == [0.0123, None], "a fee alone is not the cost"
        assert (found.spans[0]["ttft_s"], found.unread) == (1.25, set())
        assert found.spans[1]["tenant"] == "user-123"


def test_sums_of_a_day_are_no_calls_and_it_says_what_to_export(tmp_path: Path) -> None:
    """https://openrouter.ai/docs/api/api-reference/analytics/get-user-activity"""
    day = {"date": "2026-11-20", "model": "openai/gpt-4.1", "model_permaslug": "openai/gpt-4.1-2025-04-14",
           "endpoint_id": "e", "provider_name": "OpenAI", "usage": 0.015, "byok_usage_inference": 0.0, "requests": 5,
           "prompt_tokens": 50, "completion_tokens": 125, "reasoning_tokens": 25}  # fmt: skip
    (tmp_path / "day.json").write_text(json.dumps({"data": [day]}))
    with open_store(tmp_path / "s.duckdb") as connection:
        (report,) = loader.ingest(connection, [str(tmp_path / "day.json")])
    assert report.state == "refused"
    assert "sums the generations of a day" in (report.why or "")
    assert "CSV" in (report.why or "")
