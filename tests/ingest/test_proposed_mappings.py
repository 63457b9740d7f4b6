"""Drafted mappings: read with its draft, a log gives what was written, whatever its units, spellings and names."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from costctl import verbs
from costctl.errors import InputError
from costctl.ingest import loader
from costctl.ingest.propose.names import likeness, words_of
from costctl.store.database import open_store
from tests.thoroughness import how_many

EXAMPLES = how_many(12, thorough=60)
SECRET = "swordfish"
NS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def drafted(path: Path) -> tuple[str, list[dict[str, Any]]]:
    """The draft, and the spans that the log gives when it is read with it."""
    draft = verbs.propose_mapping(str(path))
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


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # to shrink a failure takes minutes
)
@given(calls=calls, data=st.data())
def test_what_was_written_is_what_the_draft_reads(calls: list[tuple[Any, ...]], data: st.DataObject) -> None:
    draw = data.draw
    names = {name: draw(st.sampled_from(known), label=name) for name, known in NAMES.items()}
    time_unit = draw(
        st.sampled_from(("T", "TZ", "T+02:00", "", "Z", "+02:00", "+00", " UTC", "s", "ms", "us", "ns"))
    )
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


# Units, times and counts that no name tells.


@pytest.mark.parametrize("name", ["duration", "Duration", "took", "latency_ms"])
def test_nanoseconds_are_told_by_how_long_calls_last(tmp_path: Path, name: str) -> None:
    rows = [
        {"ts": f"2026-11-20T10:0{number}:00Z", "model": "gpt-4o", "prompt_tokens": 9, "completion_tokens": 100,
         name: 2_345_678_901 + number}
        for number in range(3)
    ]  # fmt: skip
    draft, spans = drafted(json_lines(tmp_path, rows))
    assert 'unit = "ns"' in draft
    assert ("though its name says ms" in draft) is (name == "latency_ms")
    assert [span["end_ns"] - span["start_ns"] for span in spans] == [2_345_678_901 + n for n in range(3)]


def test_times_without_a_telling_name_are_told_by_their_order(tmp_path: Path) -> None:
    rows = [
        {"b": 1_795_478_409_000 + 60_000 * n, "model": "m", "a": 1_795_478_400_000 + 60_000 * n,
         "input": 5, "output": 7}
        for n in range(3)
    ]  # fmt: skip
    draft, spans = drafted(json_lines(tmp_path, rows))
    assert 'start_ns = { from = "a", unit = "ms" }' in draft
    assert [span["end_ns"] - span["start_ns"] for span in spans] == [9_000_000_000] * 3


def test_start_and_end_whose_names_are_swapped_are_told_by_their_values(tmp_path: Path) -> None:
    rows = [{"start": f"2026-11-20T10:0{n}:05Z", "end": f"2026-11-20T10:0{n}:00Z", "input": 5, "output": 7,
             "model": "m"} for n in range(3)]  # fmt: skip
    draft, spans = drafted(json_lines(tmp_path, rows))
    assert "identified by value" in draft
    assert [span["end_ns"] - span["start_ns"] for span in spans] == [5_000_000_000] * 3


def test_times_from_the_start_of_a_trace_are_said_to_be_set_at_1970(tmp_path: Path) -> None:
    rows = [{"t": 300 * number, "in_len": 9 + number, "out_len": 100, "model": "m"} for number in range(5)]
    draft, spans = drafted(json_lines(tmp_path, rows))
    assert "set to 1970" in draft
    assert "ms is a guess" in draft
    assert [span["start_ns"] for span in spans] == [300_000_000 * number for number in range(5)]


def test_counts_without_names_are_told_by_their_sum(tmp_path: Path) -> None:
    rows = [{"ts": f"2026-11-20T10:0{n}:00Z", "model": "m", "x": 10 + n * n, "y": 1010 + n * n + n, "z": 1000 + n}
            for n in range(5)]  # fmt: skip
    draft, spans = drafted(json_lines(tmp_path, rows))
    assert "a guess" in draft
    assert [(span["input_tokens"], span["output_tokens"]) for span in spans] == [
        (1000 + n, 10 + n * n) for n in range(5)
    ]


def test_times_of_parquet_are_times(tmp_path: Path) -> None:
    at = pa.array([1_795_478_400_000_000 + 10**6 * n for n in range(3)], pa.timestamp("us", "UTC"))
    table = pa.table({"when": at, "model": ["m"] * 3, "tokens_in": [1, 2, 3], "tokens_out": [4, 5, 6]})
    pq.write_table(table, tmp_path / "log.parquet")
    _, spans = drafted(tmp_path / "log.parquet")
    assert [(span["start_ns"], span["input_tokens"], span["output_tokens"]) for span in spans] == [
        ((1_795_478_400 + n) * 10**9, 1 + n, 4 + n) for n in range(3)
    ]


# What a draft shows.


def test_a_draft_shows_nothing_that_a_cell_says(tmp_path: Path) -> None:
    rows = [
        {"ts": f"2026-11-20T10:0{n}:00Z", "model": f"{SECRET}-model", "prompt_tokens": 5, "completion_tokens": 6,
         "prompt": SECRET, "meta": json.dumps({"said": SECRET, f"my {SECRET} is a long key of words": 1}),
         "answer": str(55501990 + n), "type": SECRET, **({SECRET: 1} if n == 7 else {})}
        for n in range(30)
    ]  # fmt: skip
    rows = [row | {"ts": f"2026-11-20T10:{n:02d}:00Z"} for n, row in enumerate(rows)]
    draft, spans = drafted(json_lines(tmp_path, rows))
    assert len(spans) == 30
    assert SECRET not in draft
    assert "55501990" not in draft
    assert "not shown" in draft


def test_a_csv_without_a_header_is_refused_without_its_values(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(f"2026-11-20T10:00:00Z,{SECRET},1000,100\n2026-11-20T10:01:00Z,x,1,2\n")
    with pytest.raises(InputError, match="has no header") as raised:
        verbs.propose_mapping(str(tmp_path / "log.csv"))
    assert SECRET not in f"{raised.value.what} {raised.value.why} {raised.value.next_step}"


def test_a_log_that_is_read_without_a_mapping_is_said_to_be(tmp_path: Path) -> None:
    rows = [
        {"timestamp": 100 * n, "input_length": 5, "output_length": 6, "hash_ids": [1, 2]} for n in range(3)
    ]
    draft, spans = drafted(json_lines(tmp_path, rows))
    assert "read without a mapping, as mooncake" in draft
    assert len(spans) == 3


def test_an_export_of_traces_needs_no_mapping(tmp_path: Path) -> None:
    span = {
        "traceId": "a" * 32,
        "spanId": "b" * 16,
        "name": "chat",
        "startTimeUnixNano": "1",
        "endTimeUnixNano": "2",
    }
    path = json_lines(tmp_path, [{"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}])
    with pytest.raises(InputError, match="needs no mapping") as raised:
        verbs.propose_mapping(str(path))
    assert "otlp_json" in (raised.value.why or "")


def test_a_log_without_a_time_says_what_was_understood(tmp_path: Path) -> None:
    usage = {
        "input_tokens": 1,
        "output_tokens": 2,
        "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 0,
    }
    path = json_lines(
        tmp_path, [{"row": f"row-{n}", "answer": {"model": "m", "usage": usage}} for n in range(3)]
    )
    with pytest.raises(InputError, match="No mapping can be drafted") as raised:
        verbs.propose_mapping(str(path))
    assert "input_tokens from answer.usage.input_tokens" in (raised.value.why or "")


def test_a_total_that_no_name_tells_says_whether_the_input_holds_the_cache(tmp_path: Path) -> None:
    rows = [
        {"ts": 1_795_478_400 + n, "latency_ms": 900, "model": "gpt-4o", "tokens_in": 466 + n, "cached_tokens": 354,
         "tokens_out": 545, "both": 466 + n + 354 + 545}
        for n in range(4)
    ]  # fmt: skip
    draft, spans = drafted(json_lines(tmp_path, rows))
    assert "the total also includes the cache" in draft
    assert [span["input_tokens"] for span in spans] == [820, 821, 822, 823]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("promptTokenCount", ("input", "token", "count")),
        ("cacheReadInputTokens", ("cache", "read", "input", "token")),
        ("TTFT (ms)", ("ttft", "ms")),
        ("gen_ai.usage.output_tokens", ("gen", "ai", "usage", "output", "token")),
        ("costUSD", ("cost", "usd")),
    ],
)
def test_a_name_is_taken_apart_into_words(name: str, words: tuple[str, ...]) -> None:
    assert words_of(name) == words


@pytest.mark.parametrize(
    "path",
    ["prompt_tokens_cost", "tokens_per_s", "max_input_tokens", "cached_input_tokens", "input_audio_tokens"],
)
def test_what_is_no_count_of_input_is_not_like_one(path: str) -> None:
    assert likeness("input_tokens", path) is None
