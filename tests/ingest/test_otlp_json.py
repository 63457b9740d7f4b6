"""OTLP/JSON: the vectorised reader says what the slow twin says, whatever the layout, spelling and block."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from costctl.ingest.batch import Batch
from costctl.ingest.dialect import Translation, shipped_vocabulary
from costctl.ingest.discretion import Discretion
from costctl.ingest.formats.otlp_json import looks_like_otlp_json, read_otlp_json
from tests.ingest.otlp_exports import (
    LAYOUTS,
    SPELLINGS,
    as_lines,
    as_one_document,
    as_pretty,
    export,
    pair,
    with_microseconds,
)
from tests.oracles.otlp_slow import read_json_slowly

Row = dict[str, Any]


def read(data: bytes, block_bytes: int = 2**24, *, keep_content: bool = False) -> list[Batch]:
    translation = Translation(shipped_vocabulary(), Discretion(keep_content=keep_content))
    return list(read_otlp_json(io.BytesIO(data), translation=translation, block_bytes=block_bytes))


def rows_of(batches: list[Batch]) -> list[Row]:
    """All rows with their emitters' attributes, in an order of their own."""
    said = {
        row["resource_id"]: dict(row["attributes"]) for each in batches for row in each.resources.to_pylist()
    }
    rows = pa.concat_tables([batch.spans for batch in batches]).to_pylist()
    for row in rows:
        del row["source_position"]
        row["resource"] = said[row.pop("resource_id")]
        assert len(dict(row["attributes"])) == len(row["attributes"]), "keys of a MAP are unique"
        row["attributes"] = dict(row["attributes"])
    return ordered(rows)


def ordered(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (str(row["trace_id"]), str(row["span_id"]), str(row)))


def codes_of(batches: list[Batch]) -> Counter[str]:
    return Counter(reject.code for batch in batches for reject in batch.rejects)


def twin(data: bytes) -> tuple[list[Row], Counter[str]]:
    rows, codes = read_json_slowly(data)
    for row in rows:
        row.pop("resource_id")
    return ordered(rows), Counter(codes)


KEYS_IN_ORDER = (
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.details.input_audio_tokens",
    "gen_ai.usage.details.cache_audio_read_tokens",
)


def assert_same_rows(found: list[Row], expected: list[Row]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        differing = {name: (one[name], other[name]) for name in other if not same(one[name], other[name])}
        assert not differing, f"{one['trace_id']}: {differing}"


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 1e-9 * max(1.0, abs(other))
    return bool(one == other)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
@pytest.mark.parametrize("seed", range(4))
def test_every_layout_reads_as_the_slow_twin_reads_it(layout: Any, seed: int) -> None:
    data = layout([export(10 * seed + number, 5) for number in range(4)])
    rows, codes = twin(data)
    batches = read(data)
    assert_same_rows(rows_of(batches), rows)
    assert codes_of(batches) == codes


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.__name__)
@pytest.mark.parametrize("layout", (as_lines, as_pretty), ids=lambda layout: layout.__name__)
def test_every_spelling_gives_the_rows_of_the_canonical_one(spelling: Any, layout: Any) -> None:
    exports = [export(number, 6) for number in range(5)]
    canonical = rows_of(read(as_lines(exports)))
    spelled = layout([spelling(each) for each in exports])
    assert_same_rows(rows_of(read(spelled)), canonical)
    assert_same_rows(rows_of(read(spelled)), twin(spelled)[0])


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
@pytest.mark.parametrize("block_bytes", (61, 512, 3001, 20_000))
def test_rows_do_not_depend_on_the_size_of_a_block(layout: Any, block_bytes: int) -> None:
    data = layout([export(number, 4) for number in range(4)])
    whole, cut = read(data), read(data, block_bytes)
    assert_same_rows(rows_of(cut), rows_of(whole))
    assert codes_of(cut) == codes_of(whole)


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.__name__)
def test_a_large_file_in_any_spelling_gives_the_rows_of_the_canonical_one(spelling: Any) -> None:
    exports = [export(number, 4) for number in range(100)]
    spelled = as_lines([spelling(each) if number % 5 else each for number, each in enumerate(exports)])
    assert len(spelled) > 2**19, "large enough that blocks are respelled and not read line by line"
    assert_same_rows(rows_of(read(spelled)), rows_of(read(as_lines(exports))))


def test_a_mix_of_spellings_in_one_file_loses_no_span() -> None:
    exports = [export(number, 3) for number in range(30)]
    spelled = [SPELLINGS[number % len(SPELLINGS)](each) for number, each in enumerate(exports)]
    assert_same_rows(rows_of(read(as_lines(spelled))), rows_of(read(as_lines(exports))))


def test_microseconds_in_a_field_for_nanoseconds_are_recognised_by_their_size() -> None:
    data = as_lines([with_microseconds(export(1, 5))])
    exact = {row["span_id"]: row for row in rows_of(read(as_lines([export(1, 5)])))}
    for row in rows_of(read(data)):
        assert row["start_ns"] == exact[row["span_id"]]["start_ns"] // 1000 * 1000


def one_span(**fields: Any) -> dict[str, Any]:
    span = {"traceId": "1" * 32, "spanId": "2" * 16, "name": "s", "startTimeUnixNano": "1795478400000000000"}
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span | fields]}]}]}


def only_row(attributes: dict[str, Any], **fields: Any) -> Row:
    pairs = [pair(key, value) for key, value in attributes.items()]
    (row,) = rows_of(read(as_lines([one_span(attributes=pairs, **fields)])))
    return row


def test_a_bad_line_is_set_apart_and_the_lines_around_it_are_kept() -> None:
    good = as_lines([export(1, 5)])
    batches = read(good + b'{"resourceSpans": [{"broken\n' + good + b"\n\n" + good)
    assert len(rows_of(batches)) == 3 * len(rows_of(read(good)))
    (bad,) = [each for batch in batches for each in batch.rejects if each.code == "bad_json"]
    assert bad.position == 2


def test_one_bad_line_among_thousands_costs_no_other() -> None:
    lines = as_lines([export(number, 2) for number in range(300)]).split(b"\n")
    lines[150] = lines[150].replace(b'"spanId":"', b'"spanId":', 1)
    whole = read(b"\n".join(lines))
    rest = read(b"\n".join(lines[:150] + lines[151:]))
    assert_same_rows(rows_of(whole), rows_of(rest))
    assert codes_of(whole) == codes_of(rest) + Counter(bad_json=1)


def test_a_truncated_last_line_is_named_so() -> None:
    good = as_lines([export(1, 5)])
    batches = read(good + good[:500])
    assert codes_of(batches)["truncated"] == 1
    assert len(rows_of(batches)) == len(rows_of(read(good)))


def test_a_truncated_document_keeps_the_spans_before_the_break() -> None:
    exports = [export(number, 20) for number in range(20)]
    whole = as_one_document(exports)
    batches = read(whole[: len(whole) * 3 // 4], block_bytes=4000)
    kept = rows_of(batches)
    known = {str(row) for row in rows_of(read(whole))}
    assert len(kept) > len(known) // 2
    assert all(str(row) in known for row in kept)
    assert codes_of(batches)["truncated"] == 1


def test_an_excerpt_never_holds_content() -> None:
    broken = b'{"resourceSpans":[{"attributes":[{"key":"gen_ai.prompt","value":{"stringValue":"my secret 4711'
    (reject,) = [each for batch in read(broken) for each in batch.rejects]
    assert "secret" not in reject.excerpt
    assert "4711" not in reject.excerpt
    assert "stringValue" in reject.excerpt


def test_content_is_kept_as_a_hash_unless_asked_for() -> None:
    attributes = {"gen_ai.input.messages": "hello", "app.step": "x"}
    data = as_lines([one_span(attributes=[pair(key, value) for key, value in attributes.items()])])
    (private,) = rows_of(read(data))
    (open_,) = rows_of(read(data, keep_content=True))
    assert private["attributes"] == {"gen_ai.input.messages": "sha256:2cf24dba5fb0a30e", "app.step": "x"}
    assert open_["attributes"] == attributes


def test_a_key_written_twice_keeps_its_last_value() -> None:
    pairs = [
        pair("gen_ai.usage.input_tokens", 5),
        pair("a", "1"),
        pair("a", "2"),
        pair("gen_ai.usage.input_tokens", 6),
    ]
    (row,) = rows_of(read(as_lines([one_span(attributes=pairs)])))
    assert (row["input_tokens"], row["attributes"]) == (6, {"a": "2"})


def test_more_cached_than_input_tokens_were_counted_apart() -> None:
    attributes = {"gen_ai.usage.input_tokens": 10, "gen_ai.usage.cache_read.input_tokens": 11}
    assert only_row(attributes)["input_tokens"] == 21


@pytest.mark.parametrize("audio", [3, 4])
def test_more_cached_audio_than_audio_is_contradictory(audio: int) -> None:
    attributes = {
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.cache_read.input_tokens": 8,
        "gen_ai.usage.details.cache_audio_read_tokens": 4,
        "gen_ai.usage.details.input_audio_tokens": audio,
    }
    row = only_row(attributes)
    assert row["input_tokens"] == (10 if audio == 4 else None)
    assert row["usage_conflict"] == (
        None if audio == 4 else " ".join(sorted(attributes, key=KEYS_IN_ORDER.index))
    )


def test_langfuse_counts_apart_what_the_canonical_columns_count_together() -> None:
    usage = {"input": 1000, "output": 50, "cache_read_input_tokens": 800, "output_reasoning": 64}
    row = only_row({"langfuse.observation.usage_details": json.dumps(usage)})
    assert (row["input_tokens"], row["cached_input_tokens"], row["output_tokens"]) == (1800, 800, 114)


def test_an_exception_event_names_the_error_of_a_failed_span_only() -> None:
    event = {
        "name": "exception",
        "timeUnixNano": "1",
        "attributes": [pair("exception.type", "openai.APITimeoutError")],
    }
    assert only_row({}, events=[event], status={"code": 2})["error_type"] == "APITimeoutError"
    assert only_row({}, events=[event])["error_type"] is None


def test_an_error_in_the_attributes_alone_fails_the_span() -> None:
    row = only_row({"error.type": "<class 'openai.BadRequestError'>"}, status={})
    assert (row["status"], row["error_type"]) == ("error", "BadRequestError")


def test_a_time_that_no_unit_brings_into_this_century_is_nanoseconds() -> None:
    day_ns = 86_400 * 10**9
    row = only_row({}, startTimeUnixNano=str(day_ns + 2), endTimeUnixNano=str(day_ns + 5))
    assert (row["start_ns"], row["end_ns"]) == (day_ns + 2, day_ns + 5)


def test_the_first_token_event_tells_the_time_to_first_token() -> None:
    events = [
        {"name": "gen_ai.content.completion.chunk", "timeUnixNano": str(1795478400000000000 + ms * 10**6)}
        for ms in (300, 250, 400)
    ]
    assert only_row({}, events=events)["ttft_s"] == pytest.approx(0.25)


def test_attributes_that_the_sdk_dropped_are_counted() -> None:
    assert only_row({}, droppedAttributesCount="139")["attributes"] == {
        "otel.dropped_attributes_count": "139"
    }
    assert only_row({}, droppedAttributesCount=139)["attributes"] == {"otel.dropped_attributes_count": "139"}


def test_positions_are_lines_of_the_source() -> None:
    data = b"\n" + as_lines([export(1, 2)]) + b"\n" + as_lines([export(2, 2)])
    positions = {at for batch in read(data) for at in batch.spans.column("source_position").to_pylist()}
    assert positions == {2, 4}


def test_other_json_is_refused_by_its_head() -> None:
    assert looks_like_otlp_json(as_pretty([export(1, 2)]))
    assert looks_like_otlp_json(b'{"name":"chat","attributes":[{"key":"a","value":{"intValue":"1"}}]}')
    assert not looks_like_otlp_json(b'{"resourceLogs":[{"scopeLogs":[]}]}')
    assert not looks_like_otlp_json(b'[{"traceId":"1","id":"2","timestamp":3}]')
    assert not looks_like_otlp_json(b'{"data":[{"traceID":"1","spans":[{"spanID":"a"}]}]}')


@pytest.mark.parametrize(
    ("directory", "operation", "tokens"),
    [
        ("otel_v2_2.4b0_default", "chat", (403_804, 63_427)),
        ("otel_v2_2.4b0_default", "embeddings", (306_039, None)),
        ("traceloop", None, (744_168, 78_675)),
    ],
)
def test_tokens_are_those_that_the_server_counted(
    real_traces: Path, directory: str, operation: str | None, tokens: tuple[int, int | None]
) -> None:
    rows = rows_of(read((real_traces / "instrumented" / directory / "otlp_file_exporter.jsonl").read_bytes()))
    chosen = [row for row in rows if operation is None or row["operation"] == operation]
    assert total(chosen, "input_tokens") == tokens[0]
    assert total(chosen, "output_tokens") == tokens[1]


def total(rows: list[Row], column: str) -> int | None:
    counts = [row[column] for row in rows if row[column] is not None]
    return sum(counts) if counts else None


def test_every_real_export_reads_as_the_slow_twin_reads_it(real_traces: Path) -> None:
    paths = [
        path
        for path in sorted(real_traces.rglob("*.json*"))
        if looks_like_otlp_json(path.read_bytes()[: 2**20])
    ]
    assert len(paths) > 40
    for path in paths:
        data = path.read_bytes()
        rows, codes = twin(data)
        batches = read(data)
        assert_same_rows(rows_of(batches), rows)
        assert codes_of(batches) == codes, path.name
