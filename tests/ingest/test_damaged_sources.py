"""Whatever is done to a source, its reader sets records apart and says nothing of what people and models said."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.ingest.batch import Batch
from costctl.ingest.dialect import Translation, shipped_vocabulary
from costctl.ingest.formats.otlp_json import read_trace_documents
from costctl.ingest.formats.sessions import session_reading
from costctl.ingest.formats.trace_tables import csv_format_of, read_trace_csv
from tests.ingest import (
    test_agent_events,
    test_agentic_sessions,
    test_clickhouse_tables,
    test_dynamo,
    test_langfuse_exports,
    test_transcripts,
)
from tests.ingest.read_sources import lines_of
from tests.thoroughness import how_many

SECRET = "the vault opens at nine"
TRANSLATION = Translation(shipped_vocabulary())
Read = Callable[[bytes], list[Batch]]


def sessions(content: bytes) -> list[Batch]:
    found = session_reading(content, io.BytesIO(content), TRANSLATION)
    return [] if found is None else list(found[1])


def documents(content: bytes) -> list[Batch]:
    return list(read_trace_documents(io.BytesIO(content), translation=TRANSLATION))


def tables(content: bytes) -> list[Batch]:
    kind = csv_format_of(content)
    return [] if kind is None else list(read_trace_csv(io.BytesIO(content), kind, translation=TRANSLATION))


def with_secret(value: Any) -> Any:
    """The value with a secret wherever something was said."""
    if isinstance(value, dict):
        said = {
            "text": SECRET,
            "content": SECRET,
            "input": SECRET,
            "gen_ai.prompt": SECRET,
            "response_text": SECRET,
        }
        return {
            key: said[key] if key in said and isinstance(each, str) else with_secret(each)
            for key, each in value.items()
        }
    return [with_secret(each) for each in value] if isinstance(value, list) else value


CLAUDE = [
    {**test_transcripts.PROMPT, "message": {"role": "user", "content": SECRET}},
    test_transcripts.answer(2, "m", test_transcripts.usage(5, 0, 0, 9)),
    test_transcripts.answer(3, "m", test_transcripts.usage(5, 0, 0, 19)),
]
SOURCES: dict[str, tuple[Read, bytes]] = {
    "claude": (sessions, lines_of(with_secret(CLAUDE))),
    "codex": (sessions, lines_of(with_secret(test_transcripts.SESSION))),
    "agentic": (sessions, lines_of([test_agentic_sessions.NESTED])),
    "dynamo": (sessions, lines_of([test_dynamo.request_end(0), test_dynamo.tool_end(0)])),
    "langfuse": (documents, lines_of(with_secret(test_langfuse_exports.ROWS))),
    "langfuse table": (tables, test_langfuse_exports.as_csv(with_secret(test_langfuse_exports.ROWS))),
    "clickhouse": (documents, lines_of(with_secret(test_clickhouse_tables.ROWS))),
    "clickhouse table": (tables, test_clickhouse_tables.as_csv()),
    "events": (
        documents,
        test_agent_events.logs("gemini-cli", test_agent_events.gemini("api_response", response_text=SECRET)),
    ),
}
CUT = st.tuples(st.just("cut"), st.integers(0, 10**6), st.just(b""))
DROPPED = st.tuples(st.just("drop"), st.integers(0, 10**6), st.just(b""))
ADDED = st.tuples(
    st.just("add"),
    st.integers(0, 10**6),
    st.binary(max_size=8) | st.sampled_from([b'"', b"{", b"]", b"\n", b"-"]),
)


def damaged(content: bytes, faults: list[tuple[str, int, bytes]]) -> bytes:
    """The source after each fault: what follows a place is lost, a few bytes are lost, or bytes are added."""
    for kind, at, added in faults:
        place = at % (len(content) + 1)
        rest = {"cut": b"", "drop": content[place + 7 :], "add": added + content[place:]}[kind]
        content = content[:place] + rest
    return content


@pytest.mark.parametrize("name", SOURCES)
def test_a_whole_source_is_read(name: str) -> None:
    read, content = SOURCES[name]
    assert sum(batch.spans.num_rows for batch in read(content)) > 0


@pytest.mark.parametrize("name", SOURCES)
@settings(max_examples=how_many(12, thorough=60), deadline=None)
@given(faults=st.lists(CUT | DROPPED | ADDED, min_size=1, max_size=4))
def test_a_damaged_source_raises_nothing_and_tells_nothing(
    name: str, faults: list[tuple[str, int, bytes]]
) -> None:
    read, content = SOURCES[name]
    for batch in read(damaged(content, faults)):
        for reject in batch.rejects:
            assert not any(
                word in reject.message + reject.excerpt for word in SECRET.split() if len(word) > 3
            )
            assert reject.records >= 1


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("name", ["claude", "codex", "agentic", "dynamo", "langfuse", "clickhouse"])
@settings(max_examples=how_many(12, thorough=60), deadline=None)
@given(data=st.data())
def test_a_value_of_any_kind_anywhere_raises_nothing(name: str, data: st.DataObject) -> None:
    """One field of one record holds what nobody would expect there."""
    records = {
        "claude": CLAUDE,
        "codex": test_transcripts.SESSION,
        "agentic": [test_agentic_sessions.NESTED],
        "dynamo": [test_dynamo.request_end(0), test_dynamo.tool_end(0)],
        "langfuse": test_langfuse_exports.ROWS,
        "clickhouse": test_clickhouse_tables.ROWS,
    }[name]
    number = data.draw(st.integers(0, len(records) - 1))
    changed = [*records[:number], replaced(records[number], data), *records[number + 1 :]]
    assert isinstance(SOURCES[name][0](lines_of(changed)), list)


def replaced(value: Any, data: st.DataObject) -> Any:
    """The value with something else at one place within it."""
    if isinstance(value, dict) and value:
        key = data.draw(st.sampled_from(sorted(value)))
        return {**value, key: replaced(value[key], data)}
    if isinstance(value, list) and value:
        at = data.draw(st.integers(0, len(value) - 1))
        return [*value[:at], replaced(value[at], data), *value[at + 1 :]]
    return data.draw(VALUES)
