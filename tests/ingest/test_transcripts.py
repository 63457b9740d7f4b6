"""Transcripts of coding agents: each call once, whatever the number of lines that tell of it.

Claude Code's lines: https://github.com/ryoppippi/ccusage, and
https://github.com/anthropics/claude-code/issues/24348 (usage on every assistant line).
Codex's lines: https://github.com/openai/codex/blob/main/codex-rs/protocol/src/protocol.rs (TokenCountEvent).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.read_sources import lines_of, read_sources
from tests.ingest.test_agent_events import (
    CODEX_CACHED,
    CODEX_IN,
    CODEX_OUT,
    SONNET_IN,
    SONNET_OUT,
    SONNET_READ,
    SONNET_WRITE,
    claude,
    logs,
)

SONNET_WRITE_1H = 6.0  # twice the input: https://platform.claude.com/docs/en/build-with-claude/prompt-caching
WEB_SEARCH = 0.01  # 10 USD per 1,000: https://platform.claude.com/docs/en/about-claude/pricing
Json = dict[str, Any]


def usage(given: int, read: int, written: int, output: int, **more: Any) -> Json:
    return {
        "input_tokens": given,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written,
        "output_tokens": output,
        "service_tier": "standard",
        **more,
    }


def answer(second: int, message: str, used: Json | None, **facts: Any) -> Json:
    """A line of an assistant's message."""
    said: Json = {"id": message, "type": "message", "role": "assistant", "model": "claude-sonnet-4-5"}
    said |= {"content": [{"type": "text", "text": "well"}], "stop_reason": None}
    if used is not None:
        said["usage"] = used
    return {
        "parentUuid": "u-0",
        "isSidechain": False,
        "sessionId": "s-1",
        "version": "2.1.219",
        "type": "assistant",
        "uuid": f"u-{second}-{message}",
        "timestamp": f"2026-11-24T00:00:{second:02}.500Z",
        "requestId": f"req_{message}",
        "message": said,
        **facts,
    }


PROMPT = {"type": "user", "sessionId": "s-1", "uuid": "u-0", "message": {"role": "user", "content": "hi"}}


def test_a_message_that_streams_is_one_call_and_the_last_usage_holds(tmp_path: Path) -> None:
    lines = [
        {"type": "summary", "summary": "Words", "leafUuid": "u-0"},
        {**PROMPT, "timestamp": "2026-11-24T00:00:01.000Z"},
        answer(2, "msg_1", usage(5, 20_000, 1_000, 1)),
        answer(4, "msg_2", usage(7, 0, 0, 2)),
        answer(3, "msg_1", usage(5, 20_000, 1_000, 1)),
        answer(6, "msg_1", usage(5, 20_000, 1_000, 120)),
        answer(7, "msg_2", usage(7, 0, 0, 30)),
    ]
    read = read_sources(tmp_path, session_jsonl=lines_of(lines))
    report = read.report
    assert (report.format, report.spans, report.duplicates) == ("claude_code_transcript", 2, 3)
    assert report.rejected_by_code == {"not_a_request": 2}
    assert report.spans + report.duplicates + report.rejected == len(lines)
    assert read.of("input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens") == [
        (21_005, 20_000, 1_000, 120),
        (7, 0, 0, 30),
    ]
    usd = (5 * SONNET_IN + 20_000 * SONNET_READ + 1_000 * SONNET_WRITE + 120 * SONNET_OUT) + (
        7 * SONNET_IN + 30 * SONNET_OUT
    )
    assert read.usd == pytest.approx(usd / 1e6, rel=1e-9)
    assert read.spans[0]["start_ns"] == 1_795_478_402_500_000_000
    assert {span["session_id"] for span in read.spans} == {"s-1"}


def test_what_is_kept_for_an_hour_costs_more(tmp_path: Path) -> None:
    split = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 1_000}
    read = read_sources(
        tmp_path, s_jsonl=lines_of([PROMPT, answer(2, "m", usage(5, 0, 1_000, 9, cache_creation=split))])
    )
    assert read.of("cache_write_tokens", "cache_write_1h_tokens") == [(1_000, 1_000)]
    assert read.usd == pytest.approx(
        (5 * SONNET_IN + 1_000 * SONNET_WRITE_1H + 9 * SONNET_OUT) / 1e6, rel=1e-9
    )


def test_searches_tier_and_place_are_read(tmp_path: Path) -> None:
    more = {"server_tool_use": {"web_search_requests": 3, "web_fetch_requests": 0}, "inference_geo": "us"}
    read = read_sources(tmp_path, s_jsonl=lines_of([PROMPT, answer(2, "m", usage(5, 0, 0, 9, **more))]))
    (span,) = read.spans
    assert (span["web_searches"], span["inference_geo"], span["service_tier"]) == (3, "us", "standard")
    assert span["unread_usage"] is None
    nowhere = answer(2, "m", usage(5, 0, 0, 9, inference_geo="not_available"))
    assert read_sources(tmp_path / "b", s_jsonl=lines_of([nowhere])).spans[0]["inference_geo"] is None


def test_subagents_and_copies_count_once(tmp_path: Path) -> None:
    """A subagent's answers stand in a file of their own and, as progress, in its parent's; a resumed session begins
    with a copy of the older one.
    """
    side = answer(3, "msg_side", usage(100, 0, 0, 10), isSidechain=True, agentId="a-1")
    inner = {name: side[name] for name in ("type", "message", "requestId", "uuid", "timestamp")}
    progress = {
        "type": "progress",
        "sessionId": "s-1",
        "uuid": "p",
        "data": {"type": "agent_progress", "message": inner},
    }
    main = [PROMPT, answer(2, "msg_1", usage(5, 0, 0, 9)), progress]
    resumed = [{**line, "sessionId": "s-2"} for line in main] + [
        answer(9, "msg_9", usage(6, 0, 0, 8), sessionId="s-2")
    ]
    read = read_sources(tmp_path, a_jsonl=lines_of(main), b_jsonl=lines_of([side]), c_jsonl=lines_of(resumed))
    assert read.calls.height == 3
    usd = ((5 + 100 + 6) * SONNET_IN + (9 + 10 + 8) * SONNET_OUT) / 1e6
    assert read.usd == pytest.approx(usd, rel=1e-9)


def test_damaged_lines_errors_and_messages_without_usage(tmp_path: Path) -> None:
    synthetic = answer(3, "msg_error", usage(0, 0, 0, 0), isApiErrorMessage=True)
    synthetic["message"]["model"] = "<synthetic>"
    lines = [answer(2, "msg_1", usage(5, 0, 0, 9)), synthetic, answer(4, "msg_lost", None)]
    content = lines_of(lines).replace(b'{"parentUuid"', b'{"cut": "my secret plan\n{"parentUuid"', 1)
    content += json.dumps(answer(5, "msg_cut", usage(1, 0, 0, 1))).encode()[:300]
    read = read_sources(tmp_path, s_jsonl=content)
    assert read.report.rejected_by_code == {"bad_json": 1, "truncated": 1, "not_a_request": 1}
    assert read.of("input_tokens", "output_tokens") == [(5, 9), (None, None)]


def test_the_output_of_a_run_without_a_terminal(tmp_path: Path) -> None:
    """``claude -p --output-format stream-json``: no times, and at the end the sum of all calls.
    https://code.claude.com/docs/en/headless
    """
    init = {
        "type": "system",
        "subtype": "init",
        "session_id": "s-1",
        "uuid": "u",
        "model": "claude-sonnet-4-5",
    }
    said = {
        name: each
        for name, each in answer(2, "m", usage(5, 0, 0, 9)).items()
        if name in ("type", "message", "uuid")
    }
    total = {
        "type": "result",
        "session_id": "s-1",
        "uuid": "r",
        "total_cost_usd": 0.15,
        "usage": usage(5, 0, 0, 9),
    }
    read = read_sources(tmp_path, run_jsonl=lines_of([init, {**said, "session_id": "s-1"}, total]))
    assert read.of("input_tokens", "output_tokens") == [(5, 9)]
    assert list(read.usd_by_call.values()) == [None], "what it cost depends on the day, which nobody recorded"
    assert (read.spans[0]["start_ns"], read.spans[0]["session_id"]) == (None, "s-1")


def test_a_conversation_that_the_server_made_shorter_costs_that_too(tmp_path: Path) -> None:
    """https://platform.claude.com/docs/en/build-with-claude/compaction: the usage leaves out those iterations."""
    iterations = [
        {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3_500},
        {"type": "message", "input_tokens": 23_000, "output_tokens": 1_000},
    ]
    read = read_sources(
        tmp_path, s_jsonl=lines_of([answer(2, "m", usage(23_000, 0, 0, 1_000, iterations=iterations))])
    )
    assert sorted(read.of("input_tokens", "output_tokens")) == [(23_000, 1_000), (180_000, 3_500)]


def test_what_a_tool_gave_back_does_not_make_it_another_format(tmp_path: Path) -> None:
    tool = {**PROMPT, "toolUseResult": {"resourceSpans": [{"scopeSpans": []}], "usage": {"input_tokens": 9}}}
    read = read_sources(tmp_path, s_jsonl=lines_of([tool, answer(2, "m", usage(5, 0, 0, 9))]))
    assert (read.report.format, read.calls.height) == ("claude_code_transcript", 1)


def test_a_transcript_and_the_events_of_the_same_session_are_the_same_calls(tmp_path: Path) -> None:
    event = claude(
        "api_request", input_tokens=5, output_tokens=120, cache_read_tokens=20_000, duration_ms=4_000
    )
    event["timeUnixNano"] = "1795478406510000000"
    lines = [answer(5, "m", usage(5, 20_000, 0, 1)), answer(6, "m", usage(5, 20_000, 0, 120))]
    read = read_sources(
        tmp_path,
        s_jsonl=lines_of(lines),
        events_json=logs("com.anthropic.claude_code.events", event),
    )
    assert (read.calls.height, read.records.height) == (1, 2)
    assert read.usd == pytest.approx(
        (5 * SONNET_IN + 20_000 * SONNET_READ + 120 * SONNET_OUT) / 1e6, rel=1e-9
    )


def counts(given: int, cached: int, output: int, reasoning: int = 0) -> Json:
    return {
        "input_tokens": given,
        "cached_input_tokens": cached,
        "output_tokens": output,
        "reasoning_output_tokens": reasoning,
        "total_tokens": given + output,
    }


def line(second: int, kind: str, payload: Json) -> Json:
    """A line of a session file of Codex."""
    return {"timestamp": f"2026-11-24T00:00:{second:02}.000Z", "type": kind, "payload": payload}


def token_count(second: int, total: Json | None, last: Json | None = None) -> Json:
    parts = {"total_token_usage": total, "last_token_usage": last, "model_context_window": 272_000}
    info = None if total is None else {name: each for name, each in parts.items() if each is not None}
    return line(second, "event_msg", {"type": "token_count", "info": info, "rate_limits": {"primary": None}})


META = line(
    0, "session_meta", {"id": "c-1", "cwd": "/w", "originator": "codex_cli_rs", "model_provider": "openai"}
)
TURN = line(1, "turn_context", {"cwd": "/w", "model": "gpt-5.1-codex", "effort": "high"})
FIRST, SECOND = counts(10_000, 0, 300, 100), counts(12_000, 9_000, 50)
BOTH = counts(22_000, 9_000, 350, 100)
SESSION = [
    META,
    TURN,
    token_count(2, None),
    line(3, "response_item", {"type": "message", "role": "assistant", "content": []}),
    token_count(4, FIRST, FIRST),
    token_count(5, FIRST, FIRST),
    token_count(8, BOTH, SECOND),
    token_count(9, BOTH, SECOND),
]
CODEX_USD = (
    (10_000 * CODEX_IN + 300 * CODEX_OUT)
    + ((12_000 - 9_000) * CODEX_IN + 9_000 * CODEX_CACHED + 50 * CODEX_OUT)
) / 1e6


def test_sums_of_a_session_are_never_added(tmp_path: Path) -> None:
    read = read_sources(tmp_path, rollout_jsonl=lines_of(SESSION))
    assert (read.report.format, read.report.rejected_by_code) == ("codex_rollout", {"not_a_request": 6})
    assert read.of(
        "provider", "model", "input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens"
    ) == [
        ("openai", "gpt-5.1-codex", 10_000, 0, 300, 100),
        ("openai", "gpt-5.1-codex", 12_000, 9_000, 50, 0),
    ]
    assert read.usd == pytest.approx(CODEX_USD, rel=1e-9)
    assert {span["session_id"] for span in read.spans} == {"c-1"}


def test_where_only_the_sum_is_there_a_call_is_what_it_grew_by(tmp_path: Path) -> None:
    lines = [META, TURN, token_count(4, FIRST), token_count(8, BOTH), token_count(12, counts(500, 0, 5))]
    read = read_sources(tmp_path, rollout_jsonl=lines_of(lines))
    assert read.of("input_tokens", "output_tokens") == [(10_000, 300), (12_000, 50), (500, 5)]


def test_a_forked_session_begins_with_a_copy_that_is_no_new_call(tmp_path: Path) -> None:
    meta = line(20, "session_meta", {"id": "c-2", "forked_from_id": "c-1", "model_provider": "openai"})
    copied = [{**each, "timestamp": "2026-11-24T00:00:20.000Z"} for each in SESSION]
    third = counts(13_000, 11_000, 70)
    new = token_count(30, counts(35_000, 20_000, 420, 100), third)
    read = read_sources(tmp_path, a_jsonl=lines_of(SESSION), b_jsonl=lines_of([meta, *copied, TURN, new]))
    assert [report.spans for report in read.reports] == [2, 1]
    usd = CODEX_USD + (2_000 * CODEX_IN + 11_000 * CODEX_CACHED + 70 * CODEX_OUT) / 1e6
    assert read.usd == pytest.approx(usd, rel=1e-9)


def test_equal_first_calls_of_two_sessions_are_two_calls(tmp_path: Path) -> None:
    other = {**META, "payload": {**META["payload"], "id": "c-9"}}
    read = read_sources(
        tmp_path,
        a_jsonl=lines_of([META, TURN, token_count(4, FIRST, FIRST)]),
        b_jsonl=lines_of([other, TURN, token_count(4, FIRST, FIRST)]),
    )
    assert read.calls.height == 2


def test_the_model_is_the_one_of_the_turn(tmp_path: Path) -> None:
    other = line(6, "turn_context", {"model": "gpt-5.1"})
    lines = [META, TURN, token_count(4, FIRST, FIRST), other, token_count(8, BOTH, SECOND)]
    read = read_sources(tmp_path, rollout_jsonl=lines_of(lines))
    assert read.of("model") == [("gpt-5.1-codex",), ("gpt-5.1",)]
    nameless = read_sources(tmp_path / "b", rollout_jsonl=lines_of([META, token_count(4, FIRST, FIRST)]))
    assert nameless.of("model", "input_tokens") == [(None, 10_000)]
