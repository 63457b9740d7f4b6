"""Answers as providers write them, with what one call can be sold with, priced whole; and what has no price is told.

The shapes are those of https://platform.claude.com/docs/en/api/messages (speed, inference_geo, server_tool_use), of
https://developers.openai.com/api/docs/guides/tools-web-search (web_search_call and its actions) and of
https://ai.google.dev/gemini-api/docs/google-search (groundingMetadata.webSearchQueries).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from costctl import verbs
from costctl.observation import Question

BEGUN = "2026-11-20T10:00:00Z"


def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


def claude(model: str, **usage: Any) -> dict[str, Any]:
    counted = {"input_tokens": 10_000, "output_tokens": 1_000, **usage}
    return {"provider": "anthropic", "response": {"id": "msg", "model": model, "usage": counted}}


def gpt(model: str, *calls: dict[str, Any]) -> dict[str, Any]:
    usage = {"input_tokens": 10_000, "output_tokens": 1_000, "total_tokens": 11_000}
    return {
        "provider": "openai",
        "response": {"id": "resp", "model": model, "usage": usage, "output": list(calls)},
    }


SEARCH = {"type": "web_search_call", "action": {"type": "search"}}
OPENED = {"type": "web_search_call", "action": {"type": "open_page"}}


@pytest.mark.parametrize(
    ("answer", "usd"),
    [
        (claude("claude-opus-5", speed="fast"), 0.1 + 0.05),
        (claude("claude-opus-5", speed="standard"), 0.05 + 0.025),
        (claude("claude-opus-5-5", speed="fast", inference_geo="us"), 1.1 * (0.08 + 0.04)),
        (claude("claude-haiku-4-5", inference_geo="not_available"), 0.01 + 0.005),
        (claude("claude-sonnet-4-6", server_tool_use={"web_search_requests": 5}), 0.03 + 0.015 + 0.05),
        (gpt("gpt-4o", SEARCH, OPENED, SEARCH), 0.025 + 0.01 + 0.02),
        (gpt("gpt-4o", {"type": "file_search_call"}), 0.025 + 0.01 + 0.0025),
    ],
)
def test_every_dimension_of_an_answer_is_priced(answer: dict[str, Any], usd: float, tmp_path: Path) -> None:
    document = analyzed(answer, tmp_path)
    assert document.coverage.priced_token_ratio == 1.0
    assert document.totals.billed_usd == pytest.approx(usd, rel=1e-9)


@pytest.mark.parametrize(
    ("answer", "note"),
    [
        (claude("claude-sonnet-4-6", inference_geo="eu"), "with inference in eu on 2026-11-20"),
        (claude("claude-sonnet-4-6", speed="fast"), "sold as fast on 2026-11-20"),
        (claude("claude-sonnet-4-6", service_tier="priority"), "sold as priority on 2026-11-20"),
        (
            gpt("gpt-4o", {"type": "code_interpreter_call"}),
            "code_runs of openai/gpt-4o: no price for code_runs",
        ),
        (gpt("gpt-4.1-nano", SEARCH), "web_searches of openai/gpt-4.1-nano: no price for web_searches"),
    ],
)
def test_an_answer_with_a_dimension_that_has_no_price_is_not_priced_and_it_is_named(
    answer: dict[str, Any], note: str, tmp_path: Path
) -> None:
    document = analyzed(answer, tmp_path)
    assert document.coverage.priced_token_ratio == 0.0
    assert document.coverage.priced_requests == 0
    assert any(note in each for each in document.coverage.notes), document.coverage.notes


def analyzed(answer: dict[str, Any], folder: Path) -> Any:
    log = folder / "answers.jsonl"
    log.write_text(
        json.dumps({"requested_at": BEGUN, "answered_at": "2026-11-20T10:00:04Z", **answer}) + "\n"
    )
    return verbs.analyze(Question(paths=(str(log),)), quiet)
