"""Recorded sessions of coding agents: a trace a session, agents above their calls, prefixes known within it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ingest.read_sources import lines_of, read_sources
from tests.thoroughness import how_many

Json = dict[str, Any]
# USD per million tokens: https://platform.claude.com/docs/en/about-claude/pricing
OPUS_IN, OPUS_OUT, HAIKU_IN, HAIKU_OUT = 5.0, 25.0, 1.0, 5.0


def call(t: float, given_: int, out: int, blocks: list[int], **facts: Any) -> Json:
    return {
        "t": t,
        "type": "n",
        "model": "claude-opus-4-5-20251101",
        "in": given_,
        "out": out,
        "hash_ids": blocks,
        "input_types": ["text"],
        "output_types": ["text", "tool_use"],
        "stop": "tool_use",
        "api_time": 2.0,
        "think_time": 0.0,
        **facts,
    }


def agent(t: float, requests: list[Json], **facts: Any) -> Json:
    return {
        "t": t,
        "type": "subagent",
        "agent_id": "a",
        "subagent_type": "Explore",
        "requests": requests,
        **facts,
    }


def session(name: str, requests: list[Json], **facts: Any) -> Json:
    head = {"id": name, "models": ["claude-opus-4-5-20251101"], "block_size": 64, "hash_id_scope": "local"}
    return {**head, "tool_tokens": 100, "system_tokens": 50, "requests": requests, **facts}


HAIKU = {"model": "claude-haiku-4-5-20251001"}
NESTED = session(
    "s-1",
    [
        call(0.0, 128, 10, [1, 2], stop="end_turn"),
        agent(
            20.5,
            [
                call(0.0, 64, 5, [9], **HAIKU),
                call(3.0, 128, 6, [9, 10], type="s", ttft=0.5, **HAIKU),
                agent(6.0, [call(1.0, 64, 7, [11], **HAIKU)]),
            ],
            duration_ms=12_000,
        ),
        call(40.0, 192, 20, [1, 2, 3], api_time=None),
    ],
)
NESTED_USD = (
    (128 + 192) * OPUS_IN + (10 + 20) * OPUS_OUT + (64 + 128 + 64) * HAIKU_IN + (5 + 6 + 7) * HAIKU_OUT
) / 1e6


@pytest.mark.parametrize("written", ["line", "pretty", "list", "packed"])
def test_nested_agents_count_time_from_where_they_begin(tmp_path: Path, written: str) -> None:
    content = {
        "line": lines_of([NESTED]),
        "pretty": json.dumps(NESTED, indent=2).encode(),
        "list": json.dumps([NESTED]).encode(),
        "packed": gzip.compress(json.dumps(NESTED).encode()),
    }[written]
    read = read_sources(tmp_path, session_json=content)
    assert (read.report.format, read.report.rejected, read.report.spans) == ("agentic_sessions", 0, 8)
    assert [start / 1e9 for (start,) in read.of("start_ns")] == [0, 20.5, 23.5, 27.5, 40]
    assert read.of("input_tokens", "output_tokens", "duration_s", "ttft_s", "is_stream") == [
        (128, 10, 2.0, None, False),
        (64, 5, 2.0, None, False),
        (128, 6, 2.0, 0.5, True),
        (64, 7, 2.0, None, False),
        (192, 20, None, None, False),
    ]
    assert read.usd == pytest.approx(NESTED_USD, rel=1e-9)


def test_a_session_is_one_trace_with_its_agents_above_their_calls(tmp_path: Path) -> None:
    read = read_sources(tmp_path, session_json=lines_of([NESTED]))
    by_id = {span["span_id"]: span for span in read.spans}
    assert len({span["trace_id"] for span in read.spans}) == 1
    agents = [span for span in read.spans if span["operation"] == "invoke_agent"]
    assert [(span["name"], span["start_ns"] / 1e9, span["end_ns"] / 1e9) for span in agents] == [
        ("session", 0, 40),
        ("Explore", 20.5, 32.5),
        ("Explore", 26.5, 29.5),
    ]
    depths = []
    for span in read.spans:
        depth = 0
        while span["parent_span_id"] is not None:
            span, depth = by_id[span["parent_span_id"]], depth + 1
        depths.append(depth)
    assert sorted(depths) == [0, 1, 1, 1, 2, 2, 2, 3]
    assert read.records["request_id"].n_unique() == 1


def test_blocks_are_known_within_their_session_only(tmp_path: Path) -> None:
    two = [session("s-1", [call(0, 128, 1, [1, 2])]), session("s-2", [call(0, 128, 1, [1, 2])])]
    local = read_sources(tmp_path / "a", s_jsonl=lines_of(two))
    first, second = (set(span["prefix_keys"]) for span in local.spans if span["prefix_keys"])
    assert len(first) == len(second) == 2
    assert not first & second
    shared = read_sources(
        tmp_path / "b", s_jsonl=lines_of([{**each, "hash_id_scope": "global"} for each in two])
    )
    first, second = (set(span["prefix_keys"]) for span in shared.spans if span["prefix_keys"])
    assert first == second


def test_damaged_requests_are_set_apart_and_the_others_stay(tmp_path: Path) -> None:
    requests = [
        call(0, 128, 1, [1, 2]),
        {"type": "n", "in": 5},
        "nothing",
        call(3, -4, 1, []),
        call(5, 64, 2, [1], model=None, stop=""),
    ]
    content = lines_of([session("s-1", requests), {"id": "x", "hash_id_scope": "local"}])
    content += json.dumps(session("s-2", requests)).encode()[:80]
    read = read_sources(tmp_path, s_jsonl=content)
    assert read.report.rejected_by_code == {"bad_value": 2, "not_a_request": 1, "truncated": 1}
    assert read.of("input_tokens", "output_tokens") == [(128, 1), (None, 1), (64, 2)]


def test_a_session_that_is_read_again_adds_nothing(tmp_path: Path) -> None:
    read = read_sources(tmp_path, a_json=lines_of([NESTED]), b_json=json.dumps(NESTED, indent=1).encode())
    assert [(report.spans, report.duplicates) for report in read.reports] == [(8, 0), (0, 8)]


REQUESTS = st.recursive(
    st.lists(
        st.builds(
            call,
            st.floats(0, 1e4).map(lambda t: round(t, 3)),
            st.integers(1, 10**6),
            st.integers(0, 10**4),
            st.lists(st.integers(0, 50), max_size=4),
        ),
        max_size=3,
    ),
    lambda inner: st.tuples(inner, inner, st.floats(0, 100)).map(
        lambda parts: [*parts[0], agent(round(parts[2], 3), parts[1])]
    ),
    max_leaves=6,
)


def sums(requests: list[Json]) -> tuple[int, int, int]:
    """Calls, tokens in and out of a session, counted by a plain walk."""
    found = [
        sums(each["requests"]) if "requests" in each else (1, each["in"], each["out"]) for each in requests
    ]
    calls, tokens_in, tokens_out = (sum(each[place] for each in found) for place in range(3))
    return calls, tokens_in, tokens_out


@settings(
    max_examples=how_many(10, thorough=15),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(REQUESTS)
def test_every_call_of_a_session_is_read(
    tmp_path_factory: pytest.TempPathFactory, requests: list[Json]
) -> None:
    read = read_sources(tmp_path_factory.mktemp("s"), s_json=lines_of([session("s", requests)]))
    calls = read.calls
    assert (calls.height, calls["input_tokens"].sum(), calls["output_tokens"].sum()) == sums(requests)


def test_the_real_sessions_come_to_their_sums(real_traces: Path, tmp_path: Path) -> None:
    """A few of the real ones against their own totals; and one against a plain walk."""
    folder = real_traces / "workload" / "agentic_coding"
    names = ["trace_0001.json.gz", "trace_0277.json.gz", "trace_0007.json.gz"]
    content = {name.partition(".")[0] + "_gz": (folder / name).read_bytes() for name in names}
    written = [json.loads(gzip.decompress(each)) for each in content.values()]
    read = read_sources(tmp_path, **content)
    expected = [sums(each["requests"]) for each in written]
    calls = read.calls
    assert (calls.height, calls["input_tokens"].sum(), calls["output_tokens"].sum()) == tuple(
        map(sum, zip(*expected, strict=True))
    )
    assert [each["totals"]["combined_tokens"]["input"] for each in written] == [
        given_ for _, given_, _ in expected
    ]
