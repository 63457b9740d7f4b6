"""Drafted mappings: read with its draft, a log gives what was written, whatever its units, spellings and names."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costctl import workflow
from costctl.ingest import loader
from costctl.store.database import open_store

EXAMPLES = int(os.environ.get("COSTCTL_EXAMPLES", "60"))
SECRET = "swordfish"
NS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def drafted(path: Path) -> tuple[str, list[dict[str, Any]]]:
    """The draft, and the spans that the log gives when it is read with it."""
    draft = workflow.propose_mapping(str(path))
    with tempfile.TemporaryDirectory() as folder:
        mapping = Path(folder) / "drafted.toml"
        mapping.write_text(draft)
        with open_store(Path(folder) / "s.duckdb") as connection:
            (report,) = loader.ingest(connection, [str(path)], loader.reader_for(mapping=str(mapping)))
            assert report.state != "refused", (report.why, draft)
            found = (
                connection.sql("SELECT * FROM spans ORDER BY source_position").to_arrow_table().to_pylist()
            )
    assert report.rejected == report.rejected_by_code.get("not_a_request", 0), (
        report.rejected_by_code,
        draft,
    )
    return draft, found


def json_lines(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def iso(at_ns: int, spelling: str) -> str:
    moment = datetime.fromtimestamp(at_ns // 10**9, tz=UTC)
    whole = moment.strftime("%Y-%m-%dT%H:%M:%S" if "T" in spelling else "%Y-%m-%d %H:%M:%S")
    return f"{whole}.{at_ns % 10**9 // 10**3:06d}" + spelling.removeprefix("T")


# The law: what a log says is what its draft reads.

calls = st.lists(
    st.tuples(
        st.integers(1, 10**6),  # ms after the call before
        st.integers(50, 60_000),  # ms that it lasts
        st.integers(1, 10**6),
        st.integers(11, 3000),
        st.sampled_from(("gpt-4o", "claude-sonnet-4-5", "gemini-2.5-pro")),
        st.floats(0.05, 1.0),  # where the first token lies
        st.floats(0.0, 1.0),  # of the input cached
    ),
    min_size=4,
    max_size=20,
)
NAMES = {
    "start": ("start_time", "started_at", "timestamp", "requestedAt", "created", "ts", "Arrival"),
    "end": ("end_time", "finished_at", "completedAt", "response_created_at"),
    "input": ("prompt_tokens", "inputTokens", "tokens_in", "usage.input", "Context Tokens", "in_len"),
    "output": ("completion_tokens", "outputTokens", "tokens_out", "usage.output", "Generated Tokens", "out_len"),
    "cached": ("cached_tokens", "cache_read_tokens", "usage.cached"),
    "total": ("total_tokens", "totalTokens", "usage.total", "both"),
    "model": ("model", "model_name", "modelId", "requestModel"),
    "duration": ("duration", "latency", "elapsed", "response time", "totalTime"),
    "ttft": ("ttft", "time_to_first_token", "firstTokenLatency"),
    "other": ("note", "kind", "customer"),
}  # fmt: skip
SUFFIXES = {"s": ("_s", "_sec", "_seconds"), "ms": ("_ms", "Ms", " (ms)", "_millis"), "us": ("_us", "_micros"),
            "ns": ("_ns", "_nanos")}  # fmt: skip


def length(nanoseconds: int, unit: str) -> int | float:
    return nanoseconds // NS[unit] if unit in ("us", "ns") else nanoseconds / NS[unit]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(calls=calls, data=st.data())
def test_what_was_written_is_what_the_draft_reads(calls: list[tuple[Any, ...]], data: st.DataObject) -> None:
    draw = data.draw
    names = {name: draw(st.sampled_from(known), label=name) for name, known in NAMES.items()}
    time_unit = draw(st.sampled_from(("T", "TZ", "T+02:00", " ", "", "Z", "s", "ms", "us", "ns")))
    unit = draw(st.sampled_from(tuple(NS)))
    suffix = draw(st.sampled_from(("", *SUFFIXES[unit])))
    has = {
        part: draw(st.booleans(), label=f"has {part}") for part in ("end", "ttft", "total", "cached", "other")
    }
    excludes = has["cached"] and has["total"] and draw(st.booleans(), label="input excludes the cache")
    at_ns = 1_795_478_400 * 10**9
    rows, truth = [], []
    for gap, lasts, tokens_in, tokens_out, model, first, part in calls:
        at_ns += gap * 10**6
        lasts_ns = max(lasts, tokens_out) * 10**6  # at most a thousand tokens a second
        ttft_ns = int(lasts * first) * 10**6
        cached = int(tokens_in * part) if has["cached"] else 0
        written_in = tokens_in - cached if excludes else tokens_in
        instants = {"start": at_ns, "end": at_ns + lasts_ns}
        row: dict[str, Any] = {
            names[name]: instants[name] / 10**9
            if time_unit == "s"
            else instants[name] // NS[time_unit]
            if time_unit in NS
            else iso(instants[name] + 2 * 3600 * 10**9 * ("+02" in time_unit), time_unit)
            for name in (("start", "end") if has["end"] else ("start",))
        }
        row |= {names["input"]: written_in, names["output"]: tokens_out, names["model"]: model}
        row[names["duration"] + suffix] = length(lasts_ns, unit)
        if has["ttft"]:
            row[names["ttft"] + suffix] = length(ttft_ns, unit)
        if has["total"]:
            row[names["total"]] = tokens_in + tokens_out
        if has["cached"]:
            row[names["cached"]] = cached
        if has["other"]:
            row[names["other"]] = f'{SECRET}, "{model}"\nand; more'
        rows.append(row)
        truth.append(
            (at_ns, lasts_ns, ttft_ns if has["ttft"] else None, tokens_in, tokens_out, model, cached)
        )
    columns = draw(st.permutations(list(rows[0])))
    with tempfile.TemporaryDirectory() as folder:
        layout = draw(st.sampled_from(("jsonl", ",", ";", "\t")))
        path = json_lines(Path(folder), [{name: row[name] for name in columns} for row in rows])
        if layout != "jsonl":
            text = io.StringIO(newline="")
            writer = csv.writer(text, delimiter=layout)
            writer.writerows([columns, *([row[name] for name in columns] for row in rows)])
            path.write_bytes(text.getvalue().encode())
        draft, spans = drafted(path)
    assert SECRET not in draft
    read = [
        (span["start_ns"], span["end_ns"] - span["start_ns"], span["input_tokens"], span["output_tokens"],
         span["model_requested"], span["cached_input_tokens"] or 0)
        for span in spans
    ]  # fmt: skip
    # Seconds as a float64 since 1970 know a quarter of a microsecond.
    near_ns = 1000 if time_unit == "s" else 0
    for (start, lasts, *rest), (at, lasted, _, *written) in zip(read, truth, strict=True):
        assert abs(start - at) <= near_ns, draft
        assert abs(lasts - lasted) <= 2 * near_ns, draft
        assert rest == written, draft
    for span, (_, _, ttft_ns, *_) in zip(spans, truth, strict=True):
        assert span["ttft_s"] == (None if ttft_ns is None else pytest.approx(ttft_ns / 10**9)), draft
