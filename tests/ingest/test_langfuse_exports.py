"""Exports of Langfuse to blob storage and pages of its API cost what their usage costs at the provider.

Fields: https://langfuse.com/docs/api-and-data-platform/features/blob-storage-export-fields
Pages: https://api.reference.langfuse.com/#tag/observations
Parquet: https://langfuse.com/changelog/2026-07-08-parquet-blob-storage-exports
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.ingest.read_sources import lines_of, read_sources

# USD per million tokens: https://openai.com/api/pricing, https://platform.claude.com/docs/en/about-claude/pricing
GPT_4O_IN, GPT_4O_CACHED, GPT_4O_OUT = 2.5, 1.25, 10.0
SONNET_IN, SONNET_READ, SONNET_WRITE_5M, SONNET_OUT = 3.0, 0.30, 3.75, 15.0


def observation(number: int, **said: Any) -> dict[str, Any]:
    """A row of observations_v2 as Langfuse names its fields."""
    at = f"2026-11-20 10:{number:02}:00"
    return {
        "id": f"obs-{number}",
        "trace_id": f"trace-{number}",
        "project_id": "p",
        "environment": "default",
        "type": "GENERATION",
        "parent_observation_id": None,
        "start_time": f"{at}.000000",
        "end_time": f"{at}.750000",
        "name": "answer",
        "metadata": {},
        "level": "DEFAULT",
        "status_message": None,
        "input": 'Tell me,\nplease: "what"?',
        "output": "It is\n\nso.",
        "provided_model_name": "gpt-4o",
        "model_parameters": "{}",
        "usage_details": {},
        "cost_details": {},
        "completion_start_time": None,
        "total_cost": None,
        "user_id": "u-1",
        "session_id": "s-1",
        "tags": [],
        **said,
    }


CACHED = observation(
    1,
    usage_details={"input": 400, "input_cached_tokens": 1_600, "output": 50, "total": 2_050},
    cost_details={"input": 0.001, "input_cached_tokens": 0.002, "output": 0.0005, "total": 0.0035},
    completion_start_time="2026-11-20 10:01:00.250000",
)
WRITTEN = observation(
    2,
    provided_model_name="claude-sonnet-4-5",
    usage_details={
        "input": 10,
        "cache_read_input_tokens": 5_000,
        "cache_creation_input_tokens": 2_000,
        "output": 300,
        "total": 7_310,
    },
)
REASONED = observation(
    3, usage_details={"input": 100, "output": 20, "output_reasoning_tokens": 80, "total": 200}
)
FAILED = observation(4, level="ERROR", status_message="429 from the provider")
AROUND = observation(5, type="SPAN", provided_model_name=None, total_cost=0.0035)
ROWS = [CACHED, WRITTEN, REASONED, FAILED, AROUND]
USD = (
    (400 * GPT_4O_IN + 1_600 * GPT_4O_CACHED + 50 * GPT_4O_OUT)
    + (10 * SONNET_IN + 5_000 * SONNET_READ + 2_000 * SONNET_WRITE_5M + 300 * SONNET_OUT)
    + (100 * GPT_4O_IN + (20 + 80) * GPT_4O_OUT)
) / 1e6


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    """Objects as JSON in cells, nothing where there is no value."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    for row in rows:
        cells = {
            name: json.dumps(each) if isinstance(each, dict | list) else each for name, each in row.items()
        }
        writer.writerow(cells)
    return text.getvalue().encode()


def as_parquet(rows: list[dict[str, Any]], *, as_maps: bool) -> bytes:
    """Typed columns: times as timestamps, usage as a map or as JSON text."""
    columns: dict[str, Any] = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        if name in ("start_time", "end_time", "completion_start_time"):
            columns[name] = pa.array(values, pa.string()).cast(pa.timestamp("us"))
        elif name in ("usage_details", "cost_details") and as_maps:
            kind = pa.map_(pa.string(), pa.float64() if name == "cost_details" else pa.uint64())
            columns[name] = pa.array([list(value.items()) for value in values], kind)
        elif name == "total_cost":
            columns[name] = pa.array(values, pa.float64())
        else:
            columns[name] = [
                json.dumps(value) if isinstance(value, dict | list) else value for value in values
            ]
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def as_camel(row: dict[str, Any]) -> dict[str, Any]:
    """A row as the API has it."""
    words = {
        name: "".join(part.title() if at else part for at, part in enumerate(name.split("_"))) for name in row
    }
    spelled = {words[name]: each for name, each in row.items()}
    for name in ("startTime", "endTime", "completionStartTime"):
        spelled[name] = spelled[name] and spelled[name].replace(" ", "T")[:-3] + "Z"
    return spelled


PAGE = {
    "data": [as_camel(row) for row in ROWS],
    "meta": {"page": 1, "limit": 50, "totalItems": 5, "totalPages": 1},
}
WRITTEN_AS = {
    "jsonl": ("langfuse_json", lines_of(ROWS)),
    "json": ("langfuse_json", json.dumps(ROWS).encode()),
    "csv": ("langfuse_csv", as_csv(ROWS)),
    "parquet": ("langfuse_parquet", as_parquet(ROWS, as_maps=True)),
    "texts_parquet": ("langfuse_parquet", as_parquet(ROWS, as_maps=False)),
    "page_json": ("langfuse_json", json.dumps(PAGE).encode()),
    "cursor_json": ("langfuse_json", json.dumps({**PAGE, "meta": {"cursor": "abc"}}, indent=2).encode()),
}


@pytest.mark.parametrize("written", WRITTEN_AS)
def test_an_export_costs_the_same_in_every_format(tmp_path: Path, written: str) -> None:
    expected_format, content = WRITTEN_AS[written]
    read = read_sources(tmp_path, **{f"export_{written.rpartition('_')[2]}": content})
    assert (read.report.format, read.report.rejected, read.report.spans) == (expected_format, 0, 5)
    assert read.of(
        "input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens", "is_failed"
    ) == [
        (2_000, 1_600, None, 50, False),
        (7_010, 5_000, 2_000, 300, False),
        (100, None, None, 100, False),
        (None, None, None, None, True),
    ]
    assert read.usd == pytest.approx(USD, rel=1e-9)
    first = read.spans[0]
    assert (first["ttft_s"], first["end_ns"] - first["start_ns"]) == (0.25, 750_000_000)
    assert (first["session_id"], first["tenant"], first["recorded_usd"]) == ("s-1", "u-1", 0.0035)


def test_a_page_of_traces_that_hold_their_observations(tmp_path: Path) -> None:
    """https://api.reference.langfuse.com/#tag/trace/GET/api/public/traces/{traceId}"""
    trace = {
        "id": "trace-1",
        "timestamp": "2026-11-20T10:01:00.000Z",
        "name": "answer",
        "sessionId": "s-7",
        "userId": "u-7",
        "totalCost": 0.0035,
        "observations": [as_camel(CACHED)],
        "scores": [],
    }
    read = read_sources(tmp_path, page_json=json.dumps({"data": [trace], "meta": {"page": 1}}).encode())
    assert read.of("input_tokens", "output_tokens") == [(2_000, 50)]
    assert read.spans[0]["session_id"] == "s-7"


def test_traces_and_scores_tell_of_no_call_and_are_counted(tmp_path: Path) -> None:
    trace = {
        "id": "t",
        "timestamp": "2026-11-20T10:01:00.000Z",
        "name": "n",
        "sessionId": None,
        "userId": None,
    }
    listed = {**trace, "observations": ["obs-1", "obs-2"]}
    score = {"id": "x", "traceId": "t", "dataType": "NUMERIC", "value": 1, "source": "API"}
    rows = [as_camel(CACHED), trace, listed, score]
    read = read_sources(tmp_path, rows_jsonl=lines_of(rows))
    assert (read.report.spans, read.report.rejected_by_code) == (1, {"not_a_request": 3})


def test_sound_is_in_a_bucket_beside_the_input(tmp_path: Path) -> None:
    """Langfuse's buckets do not overlap: `input` leaves out the sound that came in, `output` that which went out.
    https://langfuse.com/docs/observability/features/token-and-cost-tracking
    gpt-realtime: text 4.00 in, 16.00 out; sound 32.00 in, 64.00 out, USD per million tokens.
    """
    usage = {"input": 20, "input_audio_tokens": 100, "output": 30, "output_audio_tokens": 200, "total": 350}
    row = observation(1, provided_model_name="gpt-realtime", usage_details=usage)
    read = read_sources(tmp_path, rows_jsonl=lines_of([row]))
    assert read.of("input_tokens", "input_audio_tokens", "output_tokens", "output_audio_tokens") == [
        (120, 100, 230, 200)
    ]
    assert read.usd == pytest.approx((20 * 4 + 100 * 32 + 30 * 16 + 200 * 64) / 1e6)


def test_a_row_that_is_cut_off_or_has_other_cells_is_set_apart(tmp_path: Path) -> None:
    lines = as_csv(ROWS[:3])
    broken = lines + b"obs-9,trace-9,p\n" + as_csv([FAILED]).split(b"\n", 1)[1] + b'obs-8,trace-8,"open'
    read = read_sources(tmp_path, rows_csv=broken)
    assert (read.report.spans, read.report.rejected_by_code) == (4, {"bad_columns": 1, "bad_quotes": 1})


def test_reading_again_adds_nothing(tmp_path: Path) -> None:
    """A day exported as CSV and as JSON is the same day."""
    read = read_sources(tmp_path, a_csv=as_csv(ROWS), b_jsonl=lines_of(ROWS))
    assert [(report.spans, report.duplicates) for report in read.reports] == [(5, 0), (0, 5)]
