"""A path of a mapping may count: what a provider ran for a call stands as items of its answer."""

from __future__ import annotations

from typing import Any

import pytest

from costctl.ingest.formats.log_columns import columns_of_objects
from costctl.ingest.mapping import built_in_mappings
from costctl.ingest.value_path import value_at

ANSWER: dict[str, Any] = {
    "output": [
        {"type": "reasoning"},
        {"type": "web_search_call", "action": {"type": "search"}},
        {"type": "web_search_call", "action": {"type": "open_page"}},
        {"type": "web_search_call"},
        {"type": "file_search_call"},
    ]
}


@pytest.mark.parametrize(
    ("path", "counted"),
    [
        ("output.#", 5),
        ("output.type=web_search_call.#", 3),
        ("output.type=web_search_call&action.type=search.#", 1),
        ("output.type=web_search_call&action.type!=open_page.#", 2),
        ("output.type=code_interpreter_call.#", 0),
        ("answers.#", None),
    ],
)
def test_a_last_step_counts_the_items_that_meet_the_conditions(path: str, counted: int | None) -> None:
    assert value_at(ANSWER, path) == counted


@pytest.mark.parametrize(
    ("response", "searches"),
    [
        # https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool#usage-and-pricing
        ({"usage": {"input_tokens": 1, "server_tool_use": {"web_search_requests": 3}}}, "3"),
        # https://developers.openai.com/api/docs/guides/tools-web-search: of its actions, those that search
        (ANSWER, "2"),
        # https://ai.google.dev/gemini-api/docs/google-search#grounded-response
        ({"candidates": [{"groundingMetadata": {"webSearchQueries": ["one", "another"]}}]}, "2"),
        # https://docs.perplexity.ai/getting-started/pricing: num_search_queries of the usage
        ({"usage": {"num_search_queries": 18}}, "18"),
        ({"usage": {"input_tokens": 1}}, None),
    ],
)
def test_searches_of_each_provider_are_counted(response: dict[str, Any], searches: str | None) -> None:
    row = {"requested_at": "2026-11-20T10:00:00Z", "provider": "any", "response": response}
    mapping = built_in_mappings()["provider_responses"]
    cells = columns_of_objects([row], mapping).table["web_searches"].to_pylist()
    assert cells == [searches]
