"""A log is known by marks that no other log has, inside whatever an interface or an export wraps around it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from costctl.errors import InputError
from costctl.ingest.formats.json_pieces import PIECE_BYTES
from costctl.ingest.formats.log_envelopes import unwrapped
from costctl.ingest.mapping import best_fitting, built_in_mappings, mapping_for
from tests.ingest.priced_logs import as_csv, lines, priced
from tests.ingest.test_bedrock_logs import NOVA, invocation

SETS = [(name, marks) for name, mapping in built_in_mappings().items() for marks in mapping.mark_sets]


def row_with(marks: tuple[str, ...]) -> dict[str, Any]:
    """An object with these marks and nothing else."""
    row: dict[str, Any] = {}
    for mark in marks:
        first, _, rest = mark.partition(".")
        row[first] = {rest: "x"} if rest else "x"
    return row


@pytest.mark.parametrize(("name", "marks"), SETS)
def test_the_marks_of_a_log_are_those_of_no_other(name: str, marks: tuple[str, ...]) -> None:
    found = best_fitting(row_with(marks))
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(("name", "marks"), SETS)
def test_without_one_of_its_marks_it_is_another_log_or_none(name: str, marks: tuple[str, ...]) -> None:
    for left_out in marks:
        rest = tuple(mark for mark in marks if mark != left_out)
        found = best_fitting(row_with(rest))
        has_others = any({*each} <= {*rest} for each in built_in_mappings()[name].mark_sets)
        assert (found is not None and found.name == name) == has_others


def test_every_mapping_says_what_it_is_for_and_where_it_is_described(repository: Path) -> None:
    for name in built_in_mappings():
        text = (repository / "costctl" / "ingest" / "mappings" / f"{name}.toml").read_text()
        assert text.startswith("# "), name


ROW = invocation(0, NOVA, "Converse", {"input": 1_000, "read": 0, "written": 0, "output": 100})


@pytest.mark.parametrize(
    "wrapped",
    [
        {"records": [ROW, ROW]},
        {"data": {"items": [ROW, ROW]}},
        {"result": [{"message": json.dumps(ROW)}, {"message": json.dumps(ROW)}], "success": True},
        {"events": [{"message": json.dumps([ROW, ROW])}]},
    ],
)
def test_rows_are_found_in_what_is_wrapped_around_them(wrapped: dict[str, Any]) -> None:
    assert unwrapped(wrapped, None) == [ROW, ROW]


@pytest.mark.parametrize(
    "other",
    [
        {"data": [{"model": "m"}], "id": 1},
        {"message": "my password is swordfish"},
        {"message": json.dumps({"text": "swordfish"}), "records": []},
        {"start_ns": 1, "data": 3},
    ],
)
def test_what_wraps_no_known_row_stays_as_it_is(other: dict[str, Any]) -> None:
    assert unwrapped(other, None) == [other]


def test_a_known_row_is_not_looked_into() -> None:
    row = {**ROW, "data": [ROW]}
    assert unwrapped(row, None) == [row]


def test_a_document_of_many_records_is_read_in_pieces(tmp_path: Path) -> None:
    """One object of more than twice the bytes that are read at once."""
    padded = {**ROW, "padding": "x" * 100_000}
    count = 2 * PIECE_BYTES // 100_000 + 10
    found = priced(tmp_path, json.dumps({"records": [padded] * count}))
    assert len(found.calls) == count
    assert found.usd == pytest.approx(count * (1_000 * 0.06 + 100 * 0.24) / 1e6)


def test_a_log_may_begin_with_lines_about_itself(tmp_path: Path) -> None:
    found = priced(tmp_path, lines([{"version": 1}, {"note": "swordfish"}, ROW]))
    assert len(found.calls) == 1


def test_a_log_of_no_known_kind_is_refused_by_its_columns() -> None:
    with pytest.raises(InputError, match="unrecognized log format"):
        mapping_for(["message", "level"], "app.log")


def test_two_logs_of_one_answer_are_one_call(tmp_path: Path) -> None:
    """A gateway's spend log and OpenRouter's activity name the same generation."""
    gateway = {
        "request_id": "gen-1", "call_type": "acompletion", "startTime": "2026-11-20 10:00:00.000",
        "endTime": "2026-11-20 10:00:05.500", "spend": 0.0055, "model": "openai/gpt-4o", "model_group": "gpt",
        "custom_llm_provider": "openrouter", "prompt_tokens": 1_000, "completion_tokens": 300, "total_tokens": 1_300,
        "status": "success", "metadata": {},
    }  # fmt: skip
    activity = {
        "generation_id": "gen-1", "created_at": "2026-11-20 10:00:00.271", "cost_total": 0.0055, "tokens_prompt": 1_000,
        "tokens_completion": 300, "tokens_cached": 600, "model_permaslug": "openai/gpt-4o", "variant": "standard",
        "cancelled": "false", "streamed": "true", "generation_time_ms": 5_100,
    }  # fmt: skip
    found = priced(tmp_path, lines([gateway]), as_csv([activity]))
    assert (len(found.spans), len(found.calls)) == (2, 1)
    assert found.usd == pytest.approx((400 * 2.5 + 600 * 1.25 + 300 * 10) / 1e6)
