"""Prompts are told apart by hashes: which begin alike and which are the same, without a word of what they say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.ingest import loader
from costctl.ingest.discretion import Discretion
from costctl.ingest.message_parts import part_of
from costctl.ingest.prompt_parts import prompt_of
from costctl.ingest.prompt_prefixes import prefix_tokens, prefix_tokens_of_blocks
from costctl.store.database import open_store
from tests.ingest.one_trace import SPANS, as_otlp
from tests.ingest.otlp_exports import pair
from tests.thoroughness import how_many

Json = dict[str, Any]
Turn = tuple[str, str]  # role, text

SYSTEM = "You answer for a shop of bicycles. " * 20
FIRST: tuple[Turn, ...] = (("user", "Is the blue one in stock?"),)
SECOND: tuple[Turn, ...] = (*FIRST, ("assistant", "Yes, two of them."), ("user", "And the red one?"))
OTHER: tuple[Turn, ...] = (("user", "When do you open?"),)
CALL: Json = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-4.1",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 10,
}


def gen_ai(turns: tuple[Turn, ...], **more: Any) -> Json:
    messages = [{"role": role, "parts": [{"type": "text", "content": text}]} for role, text in turns]
    system = [{"type": "text", "content": SYSTEM}]
    return CALL | {
        "gen_ai.system_instructions": json.dumps(system),
        "gen_ai.input.messages": json.dumps(messages),
        **more,
    }


def plain_messages(turns: tuple[Turn, ...]) -> list[Json]:
    return [{"role": role, "content": text} for role, text in (("system", SYSTEM), *turns)]


def openllmetry(turns: tuple[Turn, ...]) -> Json:
    numbered = {
        f"gen_ai.prompt.{number}.{key}": value
        for number, message in enumerate(plain_messages(turns))
        for key, value in message.items()
    }
    return CALL | {"traceloop.span.kind": "llm"} | numbered


def openinference(turns: tuple[Turn, ...]) -> Json:
    numbered = {
        f"llm.input_messages.{number}.message.{key}": value
        for number, message in enumerate(plain_messages(turns))
        for key, value in message.items()
    }
    counts = {"llm.token_count.prompt": 1000, "llm.token_count.completion": 10, "llm.model_name": "gpt-4.1"}
    return {"openinference.span.kind": "LLM"} | counts | numbered


def langfuse(turns: tuple[Turn, ...]) -> Json:
    return CALL | {"langfuse.observation.input": json.dumps(plain_messages(turns))}


def langfuse_with_tools(turns: tuple[Turn, ...]) -> Json:
    held = {
        "messages": plain_messages(turns),
        "tools": [{"name": "stock", "description": "What is in stock"}],
    }
    return CALL | {"langfuse.observation.input": json.dumps(held)}


def vercel(turns: tuple[Turn, ...]) -> Json:
    said = {
        "ai.operationId": "ai.generateText.doGenerate",
        "ai.model.id": "gpt-4.1",
        "ai.usage.inputTokens": 1000,
    }
    return said | {"ai.prompt.messages": json.dumps(plain_messages(turns))}


INSTRUMENTATIONS = [gen_ai, openllmetry, openinference, langfuse, langfuse_with_tools, vercel]


def stored(
    folder: Path, calls: list[Json], events: list[list[Json]] | None = None, salt: str = ""
) -> list[Any]:
    """prefix_keys, prefix_tokens and content_key of a span for each set of attributes."""
    export = as_otlp(SPANS[:1])
    scope = export["resourceSpans"][0]["scopeSpans"][0]
    (first,) = scope["spans"]
    scope["spans"] = [
        {
            **first,
            "spanId": f"{number + 1:016x}",
            "attributes": [pair(key, value) for key, value in attributes.items()],
            "events": events[number] if events else [],
        }
        for number, attributes in enumerate(calls)
    ]
    (folder / "a.json").write_text(json.dumps(export))
    with open_store(folder / "s.duckdb") as connection:
        loader.ingest(
            connection, [str(folder / "a.json")], loader.reader_for(discretion=Discretion(salt=salt))
        )
        query = "SELECT prefix_keys, prefix_tokens, content_key FROM spans ORDER BY span_id"
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("written", INSTRUMENTATIONS)
def test_a_later_turn_begins_with_the_keys_of_the_one_before(
    tmp_path: Path, written: Callable[[tuple[Turn, ...]], Json]
) -> None:
    (first, _, first_key), (second, _, second_key), (other, _, _), (again, _, again_key) = stored(
        tmp_path, [written(FIRST), written(SECOND), written(OTHER), written(FIRST)]
    )
    assert second[: len(first)] == first
    assert len(second) == len(first) + 2
    assert (other[0], other[-1] == first[-1]) == (first[0], False)
    assert (again, again_key) == (first, first_key)
    assert second_key != first_key


@pytest.mark.parametrize("written", INSTRUMENTATIONS)
def test_the_tokens_of_prefixes_grow_to_those_of_the_prompt(
    tmp_path: Path, written: Callable[[tuple[Turn, ...]], Json]
) -> None:
    ((_, sizes, _),) = stored(tmp_path, [written(SECOND)])
    assert sizes == sorted(sizes)
    assert sizes[-1] == 1000
    system = len(SYSTEM) / (len(SYSTEM) + sum(len(text) for _, text in SECOND))
    assert min(abs(size - 1000 * system) for size in sizes) <= 30  # its share of the characters


@pytest.mark.parametrize("written", INSTRUMENTATIONS)
def test_each_message_of_text_is_one_content_block_more(
    tmp_path: Path, written: Callable[[tuple[Turn, ...]], Json]
) -> None:
    ((keys, _, _),) = stored(tmp_path, [written(SECOND)])
    with open_store(tmp_path / "s.duckdb") as connection:
        ((blocks,),) = connection.execute("SELECT prefix_blocks FROM spans").fetchall()
    assert blocks == list(range(len(keys)))  # what stands before the first message counts for nothing


def test_what_decides_the_answer_is_in_the_content_key_and_not_in_the_prefixes(tmp_path: Path) -> None:
    cold, warm = gen_ai(FIRST), gen_ai(FIRST, **{"gen_ai.request.temperature": 0.7})
    large = gen_ai(FIRST, **{"gen_ai.request.model": "gpt-4.1-mini"})
    (first, _, a), (second, _, b), (third, _, c) = stored(tmp_path, [cold, warm, large])
    assert first == second == third
    assert len({a, b, c}) == 3


def test_hashes_of_two_salts_have_nothing_in_common(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    ((first, _, a),), ((second, _, b),) = (
        stored(folder, [gen_ai(SECOND)], salt=salt) for folder, salt in ((here, "one"), (there, "two"))
    )
    assert {*first, a}.isdisjoint({*second, b})


def test_no_guess_at_what_was_said_is_found_by_its_hash_where_there_is_a_salt(tmp_path: Path) -> None:
    call = gen_ai(FIRST, **{"gen_ai.output.messages": "Yes, two of them."})
    guesses = [hashlib.sha256(str(value).encode()).hexdigest()[:16] for value in call.values()]
    told = {}
    for salt in ("", "pepper"):
        folder = tmp_path / f"salt-{salt}"
        folder.mkdir()
        stored(folder, [call], salt=salt)
        with open_store(folder / "s.duckdb") as connection:
            ((told[salt],),) = connection.execute("SELECT CAST(attributes AS VARCHAR) FROM spans").fetchall()
    hits = {salt: sum(guess in text for guess in guesses) for salt, text in told.items()}
    assert hits == {"": 3, "pepper": 0}


def test_nothing_that_was_said_is_in_the_bytes_of_the_store(tmp_path: Path) -> None:
    secret = "correct-horse-battery-staple"
    stored(tmp_path, [written((("user", secret),)) for written in INSTRUMENTATIONS])
    assert secret.encode() not in (tmp_path / "s.duckdb").read_bytes()
    assert b"shop of bicycles" not in (tmp_path / "s.duckdb").read_bytes()


def test_a_mark_of_a_cache_breakpoint_that_moves_changes_no_key(tmp_path: Path) -> None:
    marked = [
        {"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]}
    ]
    plain = [{"role": "user", "content": [{"type": "text", "text": "a"}]}]
    calls = [CALL | {"gen_ai.input.messages": json.dumps(messages)} for messages in (marked, plain)]
    (first, _, a), (second, _, b) = stored(tmp_path, calls)
    assert (first, a) == (second, b)


def test_a_prompt_that_was_cut_off_has_no_keys(tmp_path: Path) -> None:
    cut = json.dumps([{"role": "user", "content": SYSTEM}])[:200]
    missing = {key: value for key, value in openllmetry(SECOND).items() if ".1." not in key}
    assert stored(tmp_path, [CALL | {"gen_ai.input.messages": cut}, missing]) == [(None, None, None)] * 2


def test_a_prompt_is_also_read_from_events(tmp_path: Path) -> None:
    whole = gen_ai(FIRST)
    said = {key: whole[key] for key in ("gen_ai.system_instructions", "gen_ai.input.messages")}
    attributes = [pair(key, value) for key, value in said.items()]
    event = {
        "name": "gen_ai.client.inference.operation.details",
        "timeUnixNano": "1",
        "attributes": attributes,
    }
    one_by_one = [
        {"name": f"gen_ai.{role}.message", "timeUnixNano": "1", "attributes": [pair("content", text)]}
        for role, text in (("system", SYSTEM), *FIRST)
    ]
    found = stored(tmp_path, [CALL, whole, CALL], events=[[event], [], one_by_one])
    assert found[0][:2] == found[1][:2]
    assert len(found[2][0]) == len(found[1][0]) == 2


def test_an_event_with_nested_values_says_what_one_with_json_texts_says(tmp_path: Path) -> None:
    calls = [gen_ai(FIRST), gen_ai(OTHER)]
    names = ("gen_ai.system_instructions", "gen_ai.input.messages")
    events = [
        [
            {
                "name": "gen_ai.client.inference.operation.details",
                "timeUnixNano": "1",
                "attributes": [pair(name, json.loads(call[name])) for name in names],
            }
        ]
        for call in calls
    ]
    found = stored(tmp_path, [*calls, CALL, CALL], events=[[], [], *events])
    assert found[2:] == found[:2]
    assert found[2] != found[3]


NO_CONTENT: list[Json] = [
    {"role": "user", "parts": []},
    {"role": "user"},
    {"role": "user", "content": ""},
    {"role": "user", "parts": [{"type": "text", "content": ""}]},
    {"role": "user", "parts": [{"type": "text", "content": "[REDACTED]"}]},
    {"role": "user", "content": "What does <redacted:name> owe?"},
    {"role": "user", "content": "***"},
    {"role": "user", "content": "redacted-by-litellm"},
    {"role": "user", "parts": [{"type": "blob", "mime_type": "image/png", "modality": "image"}]},
    {"role": "user", "content": json.loads('{"a":' * 900 + "1" + "}" * 900)},
]


@pytest.mark.parametrize("message", NO_CONTENT)
def test_a_message_that_was_blanked_or_is_too_deep_leaves_the_prompt_unknown(message: Json) -> None:
    asked = {"role": "user", "content": "Is the blue one in stock?"}
    assert prompt_of([asked]) is not None
    assert prompt_of([asked, message]) is None
    assert prompt_of([asked], before=([message],)) is None


def test_a_tool_may_give_nothing_back() -> None:
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "a", "function": {"name": "stop"}}]}
    assert prompt_of([call, {"role": "tool", "tool_call_id": "a", "content": ""}]) is not None


@pytest.mark.parametrize("depth", [900, 3_000, 50_000])
def test_what_is_nested_too_deep_is_unknown_and_all_else_is_loaded(tmp_path: Path, depth: int) -> None:
    deep = CALL | {"gen_ai.input.messages": "[" * depth + "]" * depth}
    (unknown, known) = stored(tmp_path, [deep, gen_ai(FIRST)])
    assert unknown == (None, None, None)
    assert None not in known


def test_a_system_prompt_that_was_cut_off_leaves_the_prompt_unknown(tmp_path: Path) -> None:
    cut = gen_ai(FIRST, **{"gen_ai.system_instructions": json.dumps([{"content": SYSTEM}])[:200]})
    assert stored(tmp_path, [cut]) == [(None, None, None)]


@pytest.mark.parametrize("written", INSTRUMENTATIONS)
def test_the_first_prefix_ends_with_the_system_prompt_wherever_it_is_written(
    tmp_path: Path, written: Callable[[tuple[Turn, ...]], Json]
) -> None:
    ((keys, sizes, _),) = stored(tmp_path, [written(FIRST)])
    assert len(keys) == 1 + len(FIRST)
    assert sizes[0] > 900  # of 1,000 tokens


def test_instructions_further_on_stay_where_they_are() -> None:
    said = [("system", "a"), ("developer", "bc"), ("user", "d"), ("system", "efg")]
    prompt = prompt_of([{"role": role, "content": text} for role, text in said])
    assert prompt is not None
    assert [part.characters for part in prompt.parts] == [3, 1, 3]


ATTACHMENTS: list[Json] = [
    {"type": "file", "modality": "document", "file_id": "file-1"},
    {"type": "blob", "modality": "image", "content": "AAAA"},
    {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    {"image": {"format": "png", "source": {"bytes": "AAAA"}}},
    {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
]


@pytest.mark.parametrize("attachment", ATTACHMENTS)
def test_sizes_beside_a_file_or_an_image_are_not_known(tmp_path: Path, attachment: Json) -> None:
    message = {"role": "user", "content": [attachment, {"type": "text", "text": "What is this?"}]}
    as_list = CALL | {"gen_ai.input.messages": json.dumps([message])}
    as_text = CALL | {
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": json.dumps(message["content"]),
    }
    other = CALL | {
        "gen_ai.input.messages": json.dumps([message]).replace("AAAA", "BBBB").replace("file-1", "f")
    }
    for keys, sizes, content in stored(tmp_path, [as_list, as_text, other]):
        assert (len(keys), sizes, content is None) == (2, None, False)


def test_a_tool_that_takes_an_image_holds_none() -> None:
    schema = {"type": "object", "properties": {"image": {"type": "string"}, "file": {"type": "string"}}}
    tool = {"type": "function", "function": {"name": "look", "parameters": schema}}
    assert part_of(tool).is_all_text


def test_spans_that_are_no_calls_have_no_keys(tmp_path: Path) -> None:
    agent = gen_ai(FIRST) | {"gen_ai.operation.name": "invoke_agent"}
    quiet = {key: value for key, value in agent.items() if "usage" not in key and "model" not in key}
    assert stored(tmp_path, [quiet]) == [(None, None, None)]


@given(st.lists(st.text(max_size=40), min_size=1, max_size=8), st.integers(0, 5000))
@settings(max_examples=how_many(50, thorough=300), deadline=None)
def test_sizes_never_fall_and_end_with_the_whole(texts: list[str], input_tokens: int) -> None:
    sizes = prefix_tokens(tuple(part_of({"role": "user", "content": text}) for text in texts), input_tokens)
    assert sizes == sorted(sizes)
    assert (len(sizes), sizes[-1]) == (len(texts), input_tokens)


def test_only_text_counts_as_characters() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 1000}}
    part = part_of({"role": "user", "content": [{"type": "text", "text": "four"}, image]})
    assert (part.characters, part.is_all_text) == (4, False)
    prompt = prompt_of([{"role": "user", "content": "hello"}], before=(None, "system"))
    assert prompt is not None
    assert (prompt.first.characters, prompt.messages[0].characters) == (6, 5)


def test_blocks_have_their_own_size_and_the_last_may_be_short() -> None:
    assert prefix_tokens_of_blocks(["a", "b", "c"], 64, 150) == [64, 128, 150]
    assert prefix_tokens_of_blocks(["a"], 64, 150) == [64]
    assert prefix_tokens_of_blocks(["a"], None, 150) is prefix_tokens_of_blocks([], 64, 150) is None
