"""How many blocks a message has, as Anthropic's lookback counts them, in each way to write it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.ingest.content_blocks import letters_of, positions_of

TEXT = {"type": "text", "text": "Look at both."}
CALLS = [{"type": "tool_use", "id": name, "name": "look", "input": {}} for name in ("a", "b")]
RESULTS = [{"type": "tool_result", "tool_use_id": name, "content": "seen"} for name in ("a", "b")]
SAID_AND_CALLED: list[dict[str, Any]] = [
    {"role": "assistant", "content": [TEXT, *CALLS]},
    {"role": "assistant", "content": json.dumps([TEXT, *CALLS])},
    {"role": "assistant", "parts": [{"type": "text", "content": "Look."}, *[{"type": "tool_call", "id": "a"}] * 2]},
    {"role": "assistant", "content": "Look.", "tool_calls": [{"id": "a"}, {"id": "b"}]},
    {"role": "assistant", "content": "Look.", "tool_calls.0.name": "a", "tool_calls.1.name": "b"},
    {
        "message.role": "assistant",
        "message.contents.0.message_content.type": "text",
        "message.contents.0.message_content.text": "Look.",
        "message.tool_calls.0.tool_call.function.name": "a",
        "message.tool_calls.1.tool_call.function.name": "b",
    },
    {"role": "assistant", "content": [{"text": "Look."}, {"toolUse": {}}, {"toolUse": {}}]},
    {"role": "model", "parts": [{"text": "Look."}, {"functionCall": {}}, {"functionCall": {}}]},
    {"type": "ai", "content": "Look.", "tool_calls": [{"id": "a"}, {"id": "b"}]},
]  # fmt: skip


@pytest.mark.parametrize("message", SAID_AND_CALLED)
def test_a_text_and_two_calls_of_tools_are_three_blocks_at_two_positions(message: dict[str, Any]) -> None:
    assert letters_of(message) == "occ"
    assert positions_of([letters_of(message)]) == [2]


@pytest.mark.parametrize(
    ("message", "letters"),
    [
        ({"role": "user", "content": RESULTS}, "rr"),
        ({"role": "tool", "content": "seen", "tool_call_id": "a"}, "r"),
        ({"role": "tool", "content": [{"type": "text", "text": "seen"}]}, "r"),
        ({"role": "tool", "parts": [{"type": "tool_call_response", "id": "a"}]}, "r"),
        ({"type": "function_call_output", "output": "seen"}, "r"),
        ({"role": "user", "content": [TEXT, {"type": "image_url"}, {}]}, "oo"),
        ({"role": "assistant", "content": None, "tool_calls": [{"id": "a"}]}, "c"),
        ({"role": "user", "content": ""}, ""),
        ("hello", "o"),
    ],
)
def test_results_pictures_and_what_is_empty(message: Any, letters: str) -> None:
    assert letters_of(message) == letters


@pytest.mark.parametrize(
    "message", [{"content": "hello"}, {"role": "user", "content": '[{"type": "te'}, 7, None]
)
def test_of_what_is_written_in_no_known_way_no_blocks_are_known(message: Any) -> None:
    assert letters_of(message) is None
    assert positions_of(["o", letters_of(message), "o"]) is None


def test_a_run_of_results_is_one_position_also_over_several_messages() -> None:
    # system prompt; question; two calls of tools; their results, a message each; an answer; a question
    assert positions_of(["", "o", "cc", "r", "r", "o", "o"]) == [0, 1, 2, 3, 3, 4, 5]


@given(st.lists(st.text("ocr", max_size=6), max_size=8))
def test_positions_are_of_the_whole_prompt_however_it_is_cut_into_messages(parts: list[str]) -> None:
    positions = positions_of(parts)
    whole = positions_of(["".join(parts)])
    assert positions == sorted(positions or [])
    assert (positions or [0])[-1:] == (whole or [0])
