"""Records of one call by several recorders are one call, also where no trace joins them; what was joined is said."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from tests.relations.span_rows import chat, engine_of, span

DAY_S = 1_795_478_400.0  # 2026-11-24T00:00:00Z
USAGE = {"input_tokens": 1_000, "output_tokens": 50}
CLAUDE = {"provider": "anthropic", "model_served": "claude-sonnet-4-5", "session_id": "s-1"}
SPANS = "com.anthropic.claude_code.tracing"
EVENTS = "com.anthropic.claude_code.events (log)"
FILE = "claude-code transcript (log)"


def traced(key: str, start_s: float, end_s: float | None, **facts: Any) -> dict[str, Any]:
    """A call that the agent's tracing records below its interaction."""
    said = {"instrumentation": SPANS, "dialect": "coding_agents", **CLAUDE, **USAGE, **facts}
    return chat(f"{key}/root", DAY_S + start_s, None if end_s is None else DAY_S + end_s, **said)


def logged(key: str, start_s: float, end_s: float | None, by: str = EVENTS, **facts: Any) -> dict[str, Any]:
    """A call that a log or a transcript tells of, in a trace of its own."""
    said = {"instrumentation": by, "dialect": "coding_agents", **CLAUDE, **USAGE, **facts}
    return chat(f"{key}/{key}", DAY_S + start_s, None if end_s is None else DAY_S + end_s, **said)


ROOT = span("trace/root", DAY_S, DAY_S + 600)


def told(spans: list[dict[str, Any]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Calls and records."""
    engine = engine_of(spans)
    return engine.fetch("calls"), engine.fetch("call_records")


def test_a_span_and_a_log_of_one_session_are_one_call_and_it_is_said_why() -> None:
    calls, records = told([ROOT, traced("trace/a", 1, 4), logged("b", 1.02, 4.05, recorded_usd=0.004)])
    assert calls.height == 1
    assert calls["recorded_usd"].to_list() == [0.004]
    assert set(records["reason"]) == {
        f"the innermost record of the call; recorded also by {SPANS}, joined by session, model and tokens",
        f"the same call is recorded inside it; recorded also by {EVENTS}, joined by session, model and tokens",
    }


def test_three_records_of_one_call_are_one_call() -> None:
    calls, records = told([ROOT, traced("trace/a", 1, 4), logged("b", 1, 4), logged("c", 3.5, None, FILE)])
    assert (calls.height, records.height) == (1, 3)


def test_three_records_of_one_answer_are_one_call() -> None:
    answer = {"response_id": "msg_1"}
    calls, _ = told(
        [
            ROOT,
            traced("trace/a", 1, 4, **answer),
            logged("b", 1, 4, **answer),
            logged("c", 2, 3, FILE, **answer),
        ]
    )
    assert calls.height == 1


def test_a_record_that_names_the_answer_and_one_that_does_not_are_one_call() -> None:
    answer = {"response_id": "req_1"}
    calls, records = told(
        [ROOT, traced("trace/a", 1, 4), logged("b", 1, 4, **answer), logged("c", 3, None, FILE, **answer)]
    )
    assert (calls.height, records.height) == (1, 3)


def test_equal_calls_one_after_another_pair_off_in_their_order() -> None:
    spans = [ROOT]
    for at in (1, 10, 20):
        spans += [traced(f"trace/a{at}", at, at + 3), logged(f"b{at}", at + 0.1, at + 3.2)]
    calls, records = told(spans)
    assert (calls.height, records.height) == (3, 6)


def test_a_log_that_lost_a_record_hides_no_call() -> None:
    spans = [ROOT, *(traced(f"trace/a{at}", at, at + 3) for at in (1, 10, 20)), logged("b", 20.1, 23.1)]
    assert told(spans)[0].height == 3


def test_equal_calls_at_one_time_pair_off_one_to_one() -> None:
    spans = [ROOT, *(traced(f"trace/a{at}", 1 + at / 10, 4) for at in range(3))]
    spans += [logged(f"b{at}", 1 + at / 10, 4) for at in range(3)]
    assert told(spans)[0].height == 3


def test_repeats_by_one_recorder_are_calls_of_their_own() -> None:
    assert told([logged("b", 1, 4), logged("c", 1, 4)])[0].height == 2
    assert told([ROOT, traced("trace/a", 1, 4), traced("trace/b", 1, 4)])[0].height == 2


@pytest.mark.parametrize(
    "other",
    [
        {"session_id": "s-2"},
        {"session_id": None},
        {"model_served": "claude-haiku-4-5"},
        {"input_tokens": 1_001},
        {"output_tokens": 51},
        {"input_tokens": None},
        {"output_tokens": None},
    ],
)
def test_what_differs_in_session_model_or_tokens_is_another_call(other: dict[str, Any]) -> None:
    assert told([ROOT, traced("trace/a", 1, 4), logged("b", 1, 4, **other)])[0].height == 2


def test_what_runs_at_another_time_is_another_call() -> None:
    assert told([ROOT, traced("trace/a", 1, 4), logged("b", 5.5, 8)])[0].height == 2
    assert told([ROOT, traced("trace/a", 1, 4), logged("b", 4.9, 8)])[0].height == 1


def test_a_record_within_another_request_is_not_moved() -> None:
    """Both lie below parents that were exported: neither is a log that lost its trace."""
    beside = chat(
        "other/b/top", DAY_S + 1, DAY_S + 4, instrumentation=EVENTS, dialect="otel", **CLAUDE, **USAGE
    )
    top = span("other/top", DAY_S, DAY_S + 9)
    assert told([ROOT, traced("trace/a", 1, 4), top, beside])[0].height == 2


def test_a_record_that_leaves_out_the_reasoning_is_the_same_call_and_no_token_is_lost() -> None:
    gemini = {"provider": "google", "model_served": "gemini-2.5-pro"}
    whole = {"output_tokens": 450, "reasoning_tokens": 400}
    calls, _ = told([ROOT, traced("trace/a", 1, 4, **gemini), logged("b", 1, 4, **gemini, **whole)])
    assert calls.select("input_tokens", "output_tokens", "reasoning_tokens").rows() == [(1_000, 450, 400)]


def test_the_model_that_answered_is_known_under_the_name_that_was_asked_for() -> None:
    asked = {"model_requested": "claude-sonnet-4-5-latest"}
    calls, _ = told([ROOT, traced("trace/a", 1, 4, **asked), logged("b", 1, 4)])
    assert calls.height == 1


def test_a_successful_answer_of_no_tokens_tells_of_no_twin() -> None:
    nothing = {"input_tokens": 0, "output_tokens": 0}
    assert told([ROOT, traced("trace/a", 1, 4, **nothing), logged("b", 1, 4, **nothing)])[0].height == 2


def test_pairs_of_recorders_can_be_counted() -> None:
    spans = [ROOT]
    for at in (1, 10):
        spans += [traced(f"trace/a{at}", at, at + 3), logged(f"b{at}", at, at + 3)]
    counted = engine_of(spans).query(
        "SELECT instrumentation, reason, COUNT(*) AS records FROM call_records GROUP BY ALL ORDER BY ALL"
    )
    assert counted.select("instrumentation", "records").rows() == [(EVENTS, 2), (SPANS, 2)]


def test_a_call_is_timed_by_the_record_that_saw_its_end() -> None:
    """A transcript says when an answer was written, and not for how long the call took."""
    calls, _ = told([ROOT, traced("trace/a", 1, 4, ttft_s=0.5), logged("b", 3.5, None, FILE)])
    assert calls.select("start_ns", "duration_s", "ttft_s").rows() == [(round((DAY_S + 1) * 1e9), 3.0, 0.5)]
