"""Request logs: what a mapping reads, what it leaves unknown, and what is drafted where there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from costctl import verbs
from costctl.errors import InputError, UsageError
from costctl.ingest import loader
from costctl.store.database import open_store

SPEND = {
    "request_id": "chatcmpl-1",
    "call_type": "acompletion",
    "startTime": "2026-11-24 00:00:00.250000",
    "endTime": "2026-11-24 00:00:02.250000",
    "completionStartTime": "2026-11-24 00:00:00.750000",
    "model": "gpt-4.1-mini",
    "model_group": "",
    "custom_llm_provider": "openai",
    "prompt_tokens": 100,
    "completion_tokens": 20,
    "total_tokens": 120,
    "spend": 0.0003,
    "status": "success",
    "cache_hit": "None",
    "session_id": "s1",
    "team_id": "",
    "metadata": json.dumps(
        {
            "usage_object": {
                "prompt_tokens_details": {"cached_tokens": 64},
                "completion_tokens_details": {"reasoning_tokens": 5},
            },
            "user_api_key_alias": "team-7",
            "error_information": None,
        }
    ),
    "messages": "my password is swordfish",
}


def stored(folder: Path, rows: Any, mapping: str | None = None) -> tuple[Any, list[dict[str, Any]]]:
    path = folder / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with open_store(folder / "s.duckdb") as connection:
        (report,) = loader.ingest(connection, [str(path)], loader.reader_for(mapping=mapping))
        found = connection.sql("SELECT * FROM spans ORDER BY start_ns, span_id").to_arrow_table().to_pylist()
    return report, found


def test_litellms_spend_log_with_its_json_inside_texts(tmp_path: Path) -> None:
    report, (row,) = stored(tmp_path, [SPEND])
    assert (report.format, report.dialects) == ("json_log", {"litellm_spend": 1})
    assert (row["end_ns"] - row["start_ns"], row["ttft_s"]) == (2_000_000_000, 0.5)
    assert (row["input_tokens"], row["cached_input_tokens"], row["reasoning_tokens"]) == (100, 64, 5)
    assert (row["operation"], row["status"], row["tenant"]) == ("chat", "ok", "team-7")
    assert (row["model_requested"], row["cache_hit"], row["response_id"]) == (
        "gpt-4.1-mini",
        None,
        "chatcmpl-1",
    )


def test_zeros_that_stand_for_nothing_are_unknown(tmp_path: Path) -> None:
    silent = {**SPEND, "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "spend": 0.0}
    _, (row,) = stored(tmp_path, [silent])
    assert (row["input_tokens"], row["output_tokens"], row["recorded_usd"]) == (None, None, None)


def test_a_first_token_at_the_very_end_says_nothing(tmp_path: Path) -> None:
    _, (row,) = stored(tmp_path, [{**SPEND, "completionStartTime": SPEND["endTime"]}])
    assert row["ttft_s"] is None


def test_two_equal_rows_are_two_requests_in_whatever_layout(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    row = {"start_ns": 1_795_478_400_000_000_000, "input_tokens": 4, "operation": "chat"}
    path.write_text(json.dumps([row, row]))
    with open_store(tmp_path / "s.duckdb") as connection:
        (report,) = loader.ingest(connection, [str(path)])
    assert (report.spans, report.duplicates) == (2, 0)


def test_a_row_that_a_log_keeps_under_a_key_of_its_own_is_one_call_however_often_it_is_exported(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log.json"
    path.write_text(json.dumps([SPEND, SPEND]))
    with open_store(tmp_path / "s.duckdb") as connection:
        (report,) = loader.ingest(connection, [str(path)])
    assert (report.spans, report.duplicates) == (1, 1)


def test_rows_under_numbered_keys_and_times_that_are_ends(tmp_path: Path) -> None:
    """As BurstGPT's load generator logs a replay against vLLM."""
    logged = {
        str(number): {
            "event_id": number,
            "in_len": 10 + number,
            "first_chunk_time": 0.25,
            "total_chunk_time": 2.0,
            "record_time": 100.0 + number,
        }
        for number in range(3)
    }
    report, rows = stored(tmp_path, [logged])
    assert report.dialects == {"vllm_replay": 3}
    assert [(row["start_ns"], row["end_ns"]) for row in rows] == [
        ((98 + number) * 10**9, (100 + number) * 10**9) for number in range(3)
    ]
    assert {row["output_tokens"] for row in rows} == {None}


def test_of_a_stream_of_events_only_the_last_is_a_request(tmp_path: Path) -> None:
    response = {"id": "resp_1", "created_at": 1795478400, "completed_at": 1795478402, "model": "gpt-5.5"}
    usage = {"input_tokens": 50, "output_tokens": 9, "input_tokens_details": {"cached_tokens": 8}}
    events = [
        {"type": "response.created", "sequence_number": 0, "response": {**response, "usage": None}},
        {"type": "response.output_text.delta", "sequence_number": 1, "delta": "secret"},
        {"type": "response.completed", "sequence_number": 2, "response": {**response, "usage": usage}},
    ]
    report, (row,) = stored(tmp_path, events)
    assert report.rejected_by_code == {"not_a_request": 2}
    assert (row["input_tokens"], row["cached_input_tokens"], row["model_served"]) == (50, 8, "gpt-5.5")


UNKNOWN_LOG = [
    {"when": "", "ts": 1795478400.5 + number, "took_ms": 1, "latency_ms": 500 + number, "llm": {"model": "m"},
     "usage": {"prompt_tokens": 10 * number + 1, "completion_tokens": 3}, "ok": True, "prompt": "say a word"}
    for number in range(5)
]  # fmt: skip


def test_a_draft_reads_the_log_that_it_was_drafted_from(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in UNKNOWN_LOG))
    with open_store(tmp_path / "none.duckdb") as connection:
        (refused,) = loader.ingest(connection, [str(path)])
    assert refused.state == "refused"
    assert "--propose-mapping" in (refused.why or "")
    draft = verbs.propose_mapping(str(path))
    assert "say a word" not in draft, "a draft shows no content"
    (tmp_path / "mine.toml").write_text(draft)
    report, rows = stored(tmp_path, UNKNOWN_LOG, str(tmp_path / "mine.toml"))
    assert (report.spans, report.rejected) == (5, 0)
    assert [row["input_tokens"] for row in rows] == [1, 11, 21, 31, 41]
    assert [row["end_ns"] - row["start_ns"] for row in rows] == [
        (500 + number) * 1_000_000 for number in range(5)
    ]
    assert {row["model_requested"] for row in rows} == {"m"}


def test_a_log_without_a_time_has_no_draft(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("model,tokens\nm,3\n")
    with pytest.raises(InputError, match="No mapping can be drafted"):
        verbs.propose_mapping(str(tmp_path / "log.csv"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[columns]\nstart_ns = { from = 't' }", "unit"),
        ("[columns]\nend_ns = { from = 't', unit = 's' }", "duration_s"),
        ("[columns]\nstart_ns = { from = 't', unit = 's' }\ninput_token = { from = 'x' }", "input_tokens"),
        ("[columns]\nstart_ns = { from = 't', unit = 'h' }", "h"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_explained(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(UsageError) as raised:
        loader.reader_for(mapping=str(tmp_path / "mine.toml"))
    assert said in raised.value.why
