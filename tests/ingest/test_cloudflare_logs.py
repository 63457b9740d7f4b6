"""Cloudflare AI Gateway's logs: pages of its interface, and what Logpush delivers.

Shapes after https://developers.cloudflare.com/api/resources/ai_gateway/subresources/logs/methods/list and
https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/account/ai_gateway_events/; values are invented.
Prices, USD per million: GPT-4o 2.50 in, 1.25 cached, 10 out; Claude Haiku 4.5 1 in, 5 out, 0.10 read from a cache.
https://openai.com/api/pricing/  https://claude.com/pricing
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.priced_logs import lines, priced


def entry(
    number: int, provider: str, model: str, tokens: tuple[int | None, int | None], **more: Any
) -> dict[str, Any]:
    """One entry of a page. tokens: in, out; None where it says none."""
    return {
        "id": f"01JCLOG{number}",
        "cached": False,
        "created_at": f"2026-11-20T10:{number:02}:00.117Z",
        "duration": 2100,
        "model": model,
        "path": "chat/completions",
        "provider": provider,
        "success": True,
        "tokens_in": tokens[0],
        "tokens_out": tokens[1],
        "cost": 0.01,
        "custom_cost": False,
        "metadata": json.dumps({"team": "search", "user": "u-1"}),
        "model_type": "Text Generation",
        "status_code": 200,
        "step": 0,
        **more,
    }


def pushed(provider: str, model: str, body: Any, **more: Any) -> dict[str, Any]:
    """One event of Logpush, its bodies decrypted."""
    return {
        "Cached": False,
        "Endpoint": "chat/completions",
        "Gateway": "prod",
        "Metadata": {"tenant": "acme"},
        "Model": model,
        "Provider": provider,
        "RateLimited": False,
        "RequestBody": {"messages": [{"role": "user", "content": "swordfish"}]},
        "ResponseBody": body,
        "StatusCode": 200,
        **more,
    }


def page(entries: list[dict[str, Any]]) -> str:
    """As the interface answers."""
    return json.dumps(
        {"result": entries, "result_info": {"page": 1, "count": len(entries)}, "success": True, "errors": []}
    )


def test_a_page_of_logs_is_read_with_its_costs(tmp_path: Path) -> None:
    entries = [
        entry(0, "openai", "gpt-4o", (1_000, 100), cost=0.0035),
        entry(1, "anthropic", "claude-haiku-4-5", (2_000, 400), cost=0.004),
        entry(2, "google-ai-studio", "gemini-2.5-flash", (5_000, 200), cost=0.002),
    ]
    usd = [1_000 * 2.5 + 100 * 10, 2_000 * 1 + 400 * 5, 5_000 * 0.3 + 200 * 2.5]
    for number, text in enumerate((page(entries), lines(entries))):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = priced(folder, text)
        assert found.usd == pytest.approx(sum(usd) / 1e6)
        assert found.unread == set()
        assert [span["recorded_usd"] for span in found.spans] == [0.0035, 0.004, 0.002]
        assert {span["tenant"] for span in found.spans} == {"search"}
        assert {span["end_ns"] - span["start_ns"] for span in found.spans} == {2_100_000_000}


def test_what_the_gateway_answered_itself_is_not_billed(tmp_path: Path) -> None:
    """https://developers.cloudflare.com/ai-gateway/features/caching/"""
    found = priced(tmp_path, page([entry(0, "openai", "gpt-4o", (1_000, 100), cached=True, cost=0)]))
    assert [call["outcome"] for call in found.calls] == ["answered_from_cache"]
    assert found.usd == 0
    assert found.spans[0]["cache_hit"] is True


def test_failures_and_entries_without_tokens(tmp_path: Path) -> None:
    failed = entry(0, "openai", "gpt-4o", (0, 0), success=False, status_code=429, cost=0)
    silent = entry(1, "azure-openai", "gpt-4o", (None, None), cost=None)
    found = priced(tmp_path, page([failed, silent]))
    assert [call["outcome"] for call in found.calls] == ["rate_limited", "success"]
    assert [call["provider"] for call in found.calls] == ["openai", "azure"]
    assert found.unpriced == {"tokens were not observed"}


def test_logpush_tells_of_tokens_in_the_body_of_the_answer(tmp_path: Path) -> None:
    openai = {"id": "chatcmpl-1", "model": "gpt-4o-2024-08-06",
              "usage": {"prompt_tokens": 3_000, "completion_tokens": 50,
              "prompt_tokens_details": {"cached_tokens": 2_000}}}  # fmt: skip
    anthropic = {"id": "msg_1", "model": "claude-haiku-4-5", "usage": {"input_tokens": 10, "output_tokens": 20,
                 "cache_read_input_tokens": 4_000, "cache_creation_input_tokens": 0}}  # fmt: skip
    events = [
        pushed("openai", "gpt-4o", openai, Datetime=1_795_168_800_117_000_000),
        pushed("anthropic", "claude-haiku-4-5", json.dumps(anthropic), Datetime="2026-11-20T10:05:00Z"),
    ]
    found = priced(tmp_path, lines(events))
    usd = 1_000 * 2.5 + 2_000 * 1.25 + 50 * 10 + 10 * 1 + 4_000 * 0.1 + 20 * 5
    assert found.usd == pytest.approx(usd / 1e6)
    assert [span["response_id"] for span in found.spans] == ["chatcmpl-1", "msg_1"]
    assert [span["start_ns"] for span in found.spans] == [
        1_795_168_800_117_000_000,
        1_795_169_100_000_000_000,
    ]
    assert {span["tenant"] for span in found.spans} == {"acme"}


def test_an_event_without_a_time_and_with_bodies_encrypted_is_a_call_of_which_little_is_known(
    tmp_path: Path,
) -> None:
    sealed = {"type": "encrypted", "data": "AAAA"}
    found = priced(tmp_path, lines([pushed("openai", "gpt-4o", sealed)]))
    assert [(call["start_ns"], call["model"], call["input_tokens"]) for call in found.calls] == [
        (None, "gpt-4o", None)
    ]
    assert found.unpriced == {"tokens were not observed"}
