"""Helicone's requests, out of its interface, its export tool and its page, are read with the cost that it names.

Shapes after https://docs.helicone.ai/rest/request/post-v1requestquery-clickhouse and https://docs.helicone.ai/tools/export;
values are invented. Prices, USD per million: GPT-4o 2.50 in, 1.25 cached, 10 out; GPT-4o mini 0.15, 0.075, 0.60;
Gemini 2.5 Flash 0.30, 0.03, 2.50.
https://openai.com/api/pricing/  https://ai.google.dev/gemini-api/docs/pricing
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.priced_logs import as_csv, as_parquet, lines, priced


def request(
    number: int, provider: str, model: str, tokens: tuple[int, int, int], **more: Any
) -> dict[str, Any]:
    """One request. tokens: in, of these cached, out."""
    prompt, cached, completion = tokens
    return {
        "response_id": f"resp-{number}",
        "response_created_at": f"2026-11-20T10:{number:02}:05.000Z",
        "response_body": {
            "id": f"chatcmpl-{number}",
            "choices": [{"finish_reason": "stop", "message": {"content": "swordfish"}}],
        },
        "response_status": 200,
        "request_id": f"req-{number}",
        "request_created_at": f"2026-11-20T10:{number:02}:00.000Z",
        "request_body": {"messages": [{"role": "user", "content": "swordfish"}]},
        "request_path": "https://api.openai.com/v1/chat/completions",
        "request_user_id": "user-1",
        "request_properties": {"Tenant": "acme", "Helicone-Session-Id": "session-9"},
        "request_model": model,
        "model_override": None,
        "response_model": model,
        "provider": provider,
        "delay_ms": 5000,
        "time_to_first_token": 800,
        "total_tokens": prompt + completion,
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "prompt_cache_read_tokens": cached,
        "prompt_cache_write_tokens": 0,
        "prompt_audio_tokens": 0,
        "completion_audio_tokens": 0,
        "reasoning_tokens": 0,
        "cost": 0.016,
        "country_code": "DE",
        "target_url": "https://api.openai.com",
        "cache_enabled": False,
        **more,
    }  # fmt: skip


ROWS = [
    request(0, "OPENAI", "gpt-4o-2024-08-06", (10_000, 8_000, 100)),
    request(1, "GOOGLE", "gemini-2.5-flash", (4_000, 1_000, 700), cost=0.00268, reasoning_tokens=500),
]
USD = (2_000 * 2.5 + 8_000 * 1.25 + 100 * 10 + 3_000 * 0.3 + 1_000 * 0.03 + 700 * 2.5) / 1e6


@pytest.mark.parametrize(
    "written", [lines, as_csv, as_parquet, json.dumps, lambda rows: json.dumps({"data": rows, "error": None})]
)
def test_pages_lines_and_tables_of_requests_cost_the_same(tmp_path: Path, written: Any) -> None:
    found = priced(tmp_path, written(ROWS))
    assert found.usd == pytest.approx(USD)
    assert found.unread == set()
    first, second = found.spans
    assert (first["recorded_usd"], first["tenant"], first["session_id"]) == (0.016, "acme", "session-9")
    assert (first["ttft_s"], first["end_ns"] - first["start_ns"], first["response_id"]) == (
        0.8,
        5_000_000_000,
        "chatcmpl-0",
    )
    assert (second["provider"], second["reasoning_tokens"]) == ("google", 500)


def test_a_refused_request_has_no_tokens_and_a_streamed_one_without_usage_is_unknown(tmp_path: Path) -> None:
    """Of both zeros are logged."""
    silent = request(1, "OPENAI", "gpt-4o", (0, 0, 0), cost=0)
    refused = request(0, "OPENAI", "gpt-4o", (0, 0, 0), response_status=429, cost=0)
    found = priced(tmp_path, lines([refused, silent]))
    assert [call["outcome"] for call in found.calls] == ["rate_limited", "success"]
    assert [span["input_tokens"] for span in found.spans] == [None, None]
    assert [span["recorded_usd"] for span in found.spans] == [None, None]
    assert "tokens were not observed" in found.unpriced


def test_the_total_tells_whether_the_prompt_holds_what_the_cache_served(tmp_path: Path) -> None:
    """Anthropic counts it apart, and so do rows of its calls. 3 in, 15 out, 0.30 read, 3.75 written per million."""
    apart = request(0, "ANTHROPIC", "claude-sonnet-4-5", (50, 9_000, 300), prompt_cache_write_tokens=1_000)
    rows = [
        {**apart, "total_tokens": 50 + 9_000 + 1_000 + 300},
        {**apart, "request_id": "req-9", "prompt_tokens": 10_050, "total_tokens": 10_350},
    ]
    found = priced(tmp_path, lines(rows))
    each = (50 * 3 + 9_000 * 0.3 + 1_000 * 3.75 + 300 * 15) / 1e6
    assert [span["input_tokens"] for span in found.spans] == [10_050, 10_050]
    assert found.usd == pytest.approx(2 * each)


def test_the_page_exports_a_table_of_its_own(tmp_path: Path) -> None:
    table = [
        {"Created At": f"2026-11-20T10:0{number}:00.000Z", "Status": 200, "User": f"user-{number}", "Cost": 0.0021,
         "Model": "gpt-4o-mini", "Request": "hi, you", "Response": "swordfish", "Latency (ms)": 5000,
         "Total Tokens": 11_000, "Prompt Tokens": 10_000, "Completion Tokens": 1_000}
        for number in range(3)
    ]  # fmt: skip
    found = priced(tmp_path, as_csv(table))
    assert found.dialects == {"helicone_csv"}
    assert found.usd == pytest.approx(3 * (10_000 * 0.15 + 1_000 * 0.6) / 1e6)
    assert [(span["tenant"], span["recorded_usd"]) for span in found.spans] == [
        (f"user-{n}", 0.0021) for n in range(3)
    ]
    assert found.spans[0]["end_ns"] - found.spans[0]["start_ns"] == 5_000_000_000
