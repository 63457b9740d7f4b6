"""Steps, rounds and loops of requests, on spans that are counted by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.relations.span_rows import chat, engine_of, span


def tool(
    key: str, start_s: float, end_s: float, name: str, arguments: str | None = None, **facts: Any
) -> dict[str, Any]:
    """A run of a tool. arguments: what ingest keeps of them."""
    told = [] if arguments is None else [("gen_ai.tool.call.arguments", arguments)]
    attributes = [("gen_ai.tool.name", name), *told]
    return span(
        key,
        start_s,
        end_s,
        name=f"execute_tool {name}",
        operation="execute_tool",
        attributes=attributes,
        **facts,
    )


def steps_of(spans: list[dict[str, Any]]) -> dict[str, Any]:
    (row,) = engine_of(spans).fetch("request_steps").to_dicts()
    return row


def agent(rounds: list[list[tuple[str, str | None]]]) -> list[dict[str, Any]]:
    """An agent that asks the model, runs the tools of the round, and asks again; last, the model answers."""
    spans = [span("a/root", 0, 100, operation="invoke_agent")]
    for at, runs in enumerate(rounds):
        spans.append(chat(f"a/m{at}/root", 10 * at, 10 * at + 1))
        spans += [
            tool(f"a/t{at}.{place}/root", 10 * at + 2 + place, 10 * at + 2.5 + place, *run)
            for place, run in enumerate(runs)
        ]
    return [*spans, chat("a/answer/root", 90, 91)]


def test_a_step_is_a_model_call_or_a_tool_run_and_a_turn_is_an_answer() -> None:
    row = steps_of(agent([[("search", None), ("weather", None)], [("search", None)]]))
    assert (row["steps"], row["turns"], row["tool_runs"], row["distinct_tools"]) == (6, 3, 3, 2)


def test_a_call_that_is_made_again_is_one_step() -> None:
    row = steps_of([span("a/root", 0, 9), chat("a/x/root", 0, 1, status="error"), chat("a/y/root", 2, 3)])
    assert (row["steps"], row["turns"]) == (1, 1)


def test_a_request_of_one_call_has_no_steps_to_count() -> None:
    assert engine_of([span("a/root", 0, 9), chat("a/x/root", 0, 1)]).fetch("request_steps").is_empty()


def test_a_tool_recorded_twice_is_one_run() -> None:
    row = steps_of([span("a/root", 0, 9), tool("a/x/root", 1, 4, "search"), tool("a/y/x", 2, 3, "search")])
    assert row["tool_runs"] == 1


def test_a_tool_that_calls_another_is_two_runs() -> None:
    row = steps_of([span("a/root", 0, 9), tool("a/x/root", 1, 4, "plan"), tool("a/y/x", 2, 3, "search")])
    assert row["tool_runs"] == 2


@pytest.mark.parametrize(("rounds", "is_looping"), [(2, False), (3, True), (5, True)])
def test_a_tool_with_the_same_arguments_three_rounds_in_a_row_is_a_loop(
    rounds: int, is_looping: bool
) -> None:
    row = steps_of(agent([[("search", "sha256:aa")]] * rounds))
    assert (row["longest_run"], row["same_calls"], row["is_looping"]) == (rounds, rounds, is_looping)
    assert row["evidence"] == "arguments"


def test_other_arguments_are_another_step() -> None:
    row = steps_of(agent([[("read", f"sha256:{page}")] for page in range(5)]))
    assert (row["longest_run"], row["same_calls"], row["is_looping"]) == (1, 1, False)


def test_without_arguments_the_name_must_do_and_the_evidence_says_so() -> None:
    row = steps_of(agent([[("read", None)]] * 4))
    assert (row["longest_run"], row["is_looping"], row["evidence"]) == (4, True, "names")


def test_arguments_that_were_blanked_tell_nothing() -> None:
    assert steps_of(agent([[("read", "{}")]] * 4))["evidence"] == "names"


def test_what_runs_in_one_round_is_fan_out_and_no_loop() -> None:
    row = steps_of(agent([[("search", "sha256:aa")] * 5]))
    assert (row["tool_runs"], row["longest_run"], row["is_looping"]) == (5, 1, False)


def test_two_tools_in_turn_are_a_loop_only_where_their_arguments_are_told() -> None:
    told = [[("search", "sha256:aa")], [("read", "sha256:bb")]] * 3
    untold = [[("search", None)], [("read", None)]] * 3
    assert (steps_of(agent(told))["longest_run"], steps_of(agent(told))["is_looping"]) == (1, True)
    assert (steps_of(agent(untold))["longest_run"], steps_of(agent(untold))["is_looping"]) == (1, False)


def test_without_model_calls_the_ends_of_tools_part_the_rounds() -> None:
    one_after_another = [tool(f"a/t{at}/root", at, at + 0.5, "search") for at in range(3)]
    at_once = [tool(f"a/t{at}/root", 1, 2, "search") for at in range(3)]
    root = span("a/root", 0, 9)
    assert steps_of([root, *one_after_another])["longest_run"] == 3
    assert steps_of([root, *at_once])["longest_run"] == 1


def test_the_model_asked_the_same_three_times_is_a_loop() -> None:
    asked = [("gen_ai.input.messages", "sha256:aa")]
    spans = [chat(f"a/m{at}/root", at, at + 0.5, attributes=asked) for at in range(3)]
    row = steps_of([span("a/root", 0, 9), *spans])
    assert (row["longest_run"], row["same_calls"], row["is_looping"]) == (None, 3, True)


def test_samples_of_one_question_drawn_at_once_are_no_loop() -> None:
    asked = [("gen_ai.input.messages", "sha256:aa")]
    spans = [chat(f"a/m{at}/root", 0, 1, attributes=asked) for at in range(3)]
    assert steps_of([span("a/root", 0, 9), *spans])["same_calls"] == 1


def test_a_loop_cannot_be_told_where_no_step_tells_anything() -> None:
    row = steps_of([span("a/root", 0, 9), chat("a/x/root", 0, 1), chat("a/y/root", 2, 3)])
    assert (row["steps"], row["longest_run"], row["same_calls"], row["is_looping"]) == (2, None, None, None)
