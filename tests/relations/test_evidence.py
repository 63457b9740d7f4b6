"""The evidence of a diagnosis, by hand: which facts a handful of spans, calls and requests carry."""

from __future__ import annotations

from typing import Any

from tests.relations.span_rows import chat, engine_of, span


def counted(rows: list[dict[str, Any]], relation: str, *facts: str) -> dict[tuple[Any, ...], int]:
    count = {"span_evidence": "spans", "call_evidence": "calls", "request_evidence": "requests"}[relation]
    columns = ", ".join(facts)
    found = engine_of(rows).query(f"SELECT {columns}, SUM({count}) FROM {relation} GROUP BY {columns}")
    return {row[:-1]: int(row[-1]) for row in found.rows()}


def test_a_callers_instance_is_no_replica_and_a_servers_is() -> None:
    rows = [
        chat("a/1", 0, 1, kind="client", replica_id="gateway-0"),
        chat("b/1", 0, 1, kind="server", replica_id="llm-0"),
        chat("c/1", 0, 1, replica_id="llm-1"),  # a row of a log
    ]
    assert counted(rows, "call_evidence", "has_replica") == {(True,): 2, (False,): 1}


def test_no_tokens_in_and_none_out_is_an_answer_that_reports_nothing() -> None:
    rows = [
        chat("a/1", 0, 1, input_tokens=0, output_tokens=0),
        chat("b/1", 0, 1, input_tokens=5, output_tokens=0),
    ]
    assert counted(rows, "call_evidence", "has_input_tokens", "has_output_tokens") == {
        (False, False): 1,
        (True, True): 1,
    }


def test_an_http_request_below_a_call_shows_its_tries() -> None:
    rows = [
        chat("a/1", 0, 1, kind="client"),
        span("a/2/1", 0, 1, kind="client", stage="downstream"),
        chat("b/1", 0, 1, kind="client"),
    ]
    assert counted(rows, "call_evidence", "shows_attempts") == {(True,): 1, (False,): 1}


def test_a_lost_parent_counts_only_where_the_beginning_of_the_trace_was_exported() -> None:
    rows = [span("a/root", 0, 9), span("a/x/lost", 1, 2), span("b/x/lost", 1, 2), span("b/y/x", 1, 2)]
    assert counted(rows, "span_evidence", "is_child", "has_parent") == {
        (True, False): 1,
        (False, False): 2,
        (False, True): 1,
    }
    assert counted(rows, "request_evidence", "is_fragment", "is_complete") == {
        (False, False): 1,
        (True, False): 1,
        (False, True): 1,
    }


def test_a_child_half_a_minute_before_its_parent_is_a_clock_that_is_wrong() -> None:
    rows = [span("a/root", 40, 50), span("a/x/root", 10, 11), span("a/y/root", 39.9995, 45)]
    assert counted(rows, "span_evidence", "is_timed_child", "starts_in_parent") == {
        (False, False): 1,
        (True, False): 1,
        (True, True): 1,
    }


def test_a_request_without_a_call_is_silent_where_others_of_its_route_call() -> None:
    rows = [
        span("a/root", 0, 9, name="ask"), chat("a/1/root", 1, 2),
        span("b/root", 0, 9, name="ask"),
        span("c/root", 0, 9, name="ask"), span("c/1/root", 1, 2, stage="cache", cache_hit=True),
        span("d/root", 0, 9, name="health"),
    ]  # fmt: skip
    assert counted(rows, "request_evidence", "is_on_calling_route", "is_explained") == {
        (True, True): 2,
        (True, False): 1,
        (False, False): 1,
    }


def test_a_model_call_and_what_lies_right_below_it_need_no_stage() -> None:
    rows = [chat("a/1", 0, 9), span("a/raw/1", 1, 2), span("b/step", 0, 1)]
    assert counted(rows, "span_evidence", "is_innermost", "has_stage") == {
        (False, True): 1,
        (True, True): 1,
        (True, False): 1,
    }
