"""Results of batches are calls sold at batch prices; where they hold no time, their tokens are known, their day is not.

Shapes after https://platform.openai.com/docs/guides/batch,
https://platform.openai.com/docs/api-reference/batch/request-output and
https://docs.claude.com/en/docs/build-with-claude/batch-processing; values are invented. Prices, USD per million, half
of the standard ones: GPT-4o mini 0.075 in, 0.30 out; GPT-4o 1.25, 5; what a cache served costs as much as the rest.
https://platform.openai.com/docs/pricing
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.priced_logs import as_csv, lines, priced

CREATED = 1_795_168_800


def output(number: int, body: dict[str, Any] | None, status: int = 200, error: Any = None) -> dict[str, Any]:
    """One line of OpenAI's output or error file."""
    response = None if body is None else {"status_code": status, "request_id": f"r{number}", "body": body}
    return {"id": f"batch_req_{number}", "custom_id": f"row-{number}", "response": response, "error": error}


def completion(number: int, model: str, tokens: tuple[int, int, int]) -> dict[str, Any]:
    """A chat completion. tokens: in, of these cached, out."""
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": CREATED + number,
        "model": model,
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "swordfish"}, "finish_reason": "length"}
        ],
        "usage": {
            "prompt_tokens": tokens[0],
            "completion_tokens": tokens[2],
            "total_tokens": tokens[0] + tokens[2],
            "prompt_tokens_details": {"cached_tokens": tokens[1]},
        },
        "service_tier": "default",
    }


def test_completions_cost_half_whatever_tier_their_body_names(tmp_path: Path) -> None:
    rows = [
        output(0, completion(0, "gpt-4o-mini-2024-07-18", (20_000, 0, 1_000))),
        output(1, completion(1, "gpt-4o-2024-08-06", (3_000, 1_024, 200))),
    ]
    usd = 20_000 * 0.075 + 1_000 * 0.3 + (1_976 + 1_024) * 1.25 + 200 * 5
    for number, text in enumerate((lines(rows), as_csv(rows))):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = priced(folder, text)
        assert found.usd == pytest.approx(usd / 1e6)
        assert found.unread == set()
        assert [span["start_ns"] for span in found.spans] == [CREATED * 10**9, (CREATED + 1) * 10**9]
        assert {call["service_tier"] for call in found.calls} == {"batch"}
        assert [span["response_id"] for span in found.spans] == ["chatcmpl-0", "chatcmpl-1"]
        assert {span["finish_reason"] for span in found.spans} == {"length"}


def test_answers_of_the_responses_interface_count_otherwise_and_cost_the_same(tmp_path: Path) -> None:
    body = {"id": "resp_1", "object": "response", "created_at": CREATED, "model": "gpt-4o-mini-2024-07-18",
            "usage": {"input_tokens": 1_000, "input_tokens_details": {"cached_tokens": 600}, "output_tokens": 90,
                      "output_tokens_details": {"reasoning_tokens": 30}, "total_tokens": 1_090}}  # fmt: skip
    found = priced(tmp_path, lines([output(0, body)]))
    assert found.usd == pytest.approx(((400 + 600) * 0.075 + 90 * 0.3) / 1e6)
    assert found.spans[0]["reasoning_tokens"] == 30


def test_entries_that_failed_or_expired_have_no_price_and_their_error(tmp_path: Path) -> None:
    refused = {"error": {"message": "swordfish", "type": "invalid_request_error", "code": "invalid_value"}}
    expired = {
        "code": "batch_expired",
        "message": "This request could not be executed before the completion window.",
    }
    rows = [
        output(0, None, error=expired),
        output(1, refused, 400),
        output(2, completion(2, "gpt-4o-mini", (100, 0, 10))),
    ]
    found = priced(tmp_path, lines(rows))
    assert len(found.calls) == 3
    assert {span["error_type"] for span in found.spans} == {"batch_expired", "invalid_value", None}
    assert [call["is_failed"] for call in found.calls].count(True) == 2
    assert found.usd == pytest.approx((100 * 0.075 + 10 * 0.3) / 1e6)


def test_embeddings_hold_no_time_so_that_their_day_is_not_known(tmp_path: Path) -> None:
    body = {"object": "list", "data": [{"object": "embedding", "embedding": [0.1]}], "model": "text-embedding-3-small",
            "usage": {"prompt_tokens": 4_000, "total_tokens": 4_000}}  # fmt: skip
    found = priced(tmp_path, lines([output(0, body)]))
    assert [(call["operation"], call["input_tokens"], call["start_ns"]) for call in found.calls] == [
        ("embeddings", 4_000, None)
    ]


def result(number: int, kind: str, **more: Any) -> dict[str, Any]:
    """One line of Anthropic's results."""
    return {"custom_id": f"row-{number}", "result": {"type": kind, **more}}


def message(number: int, **usage: Any) -> dict[str, Any]:
    """A message of a result that succeeded."""
    return {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929",
            "stop_reason": "end_turn", "content": [{"type": "text", "text": "swordfish"}], "usage": usage}  # fmt: skip


MESSAGES = [
    result(0, "succeeded", message=message(0, input_tokens=1_000, output_tokens=100, service_tier="batch")),
    result(1, "succeeded", message=message(
        1, input_tokens=20, output_tokens=300, cache_read_input_tokens=9_000, cache_creation_input_tokens=1_000,
        cache_creation={"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600},
        server_tool_use={"web_search_requests": 2}, service_tier="batch")),
    result(2, "errored", error={"type": "error", "error": {"type": "invalid_request_error", "message": "swordfish"}}),
    result(3, "canceled"),
    result(4, "expired"),
]  # fmt: skip


@pytest.mark.parametrize("written", [lines, json.dumps, as_csv])
def test_results_of_messages_are_calls_without_a_time(tmp_path: Path, written: Any) -> None:
    found = priced(tmp_path, written(MESSAGES))
    assert (found.dialects, found.unread) == ({"anthropic_batch"}, set())
    by_place = sorted(
        found.spans, key=lambda span: span["source_position"] * 10 + int((span["response_id"] or "_9")[-1])
    )
    first, second = (span for span in by_place if span["status"] == "ok")
    assert (first["input_tokens"], first["output_tokens"], first["start_ns"]) == (1_000, 100, None)
    assert (second["input_tokens"], second["cached_input_tokens"], second["cache_write_tokens"]) == (
        10_020,
        9_000,
        1_000,
    )
    assert (second["cache_write_1h_tokens"], second["web_searches"]) == (600, 2)
    assert {span["error_type"] for span in found.spans} == {
        None,
        "invalid_request_error",
        "cancelled",
        "expired",
    }
    assert {call["service_tier"] for call in found.calls} == {"batch"}
    assert sum(call["is_failed"] for call in found.calls) == 3


def test_what_is_not_dated_is_not_priced_and_it_says_so(tmp_path: Path) -> None:
    found = priced(tmp_path, lines(MESSAGES))
    assert "the day of the call was not observed" in found.unpriced
    assert found.usd == 0
