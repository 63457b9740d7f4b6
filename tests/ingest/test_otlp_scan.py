"""The compiled scan of OTLP/JSON says what pyarrow and the flattening say, or nothing."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from costctl.ingest.batch import Batch
from costctl.ingest.canonical_spans import canonical_batch
from costctl.ingest.dialect import Translation, shipped_vocabulary
from costctl.ingest.discretion import Discretion
from costctl.ingest.formats import otlp_json
from costctl.ingest.formats.json_blocks import JsonBlock, line_numbers
from costctl.ingest.formats.json_scan_loop import scan
from costctl.ingest.formats.json_text_loop import gather
from costctl.ingest.formats.otlp_flatten import RawSpans
from costctl.ingest.formats.otlp_scan import scanned
from costctl.ingest.formats.scan_readiness import ScanReadiness, warm_up
from tests.ingest.otlp_corpus import write_otlp_lines
from tests.ingest.otlp_exports import Json, as_lines, export, pair, with_enum_names, with_numbers
from tests.ingest.test_otlp_json import rows_of
from tests.thoroughness import how_many

KEEPING = Translation(shipped_vocabulary(), Discretion(keep_content=True))
COMMON_SPELLINGS = (lambda value: value, with_numbers, with_enum_names)


def block_of(data: bytes) -> JsonBlock:
    return JsonBlock(data, line_numbers(data, 1))


def scanned_batch(data: bytes) -> Batch | None:
    """What the scan makes of the lines, None where it gives up or sends a document to the slow reader."""
    block = block_of(data)
    raw = scanned(data, len(block.positions))
    if raw is None or len(raw.doubtful):
        return None
    return canonical_batch(raw, block.positions, translation=KEEPING)


def other_batches(data: bytes) -> list[Batch]:
    """The same by the readers that do without the scan, which small blocks never meet."""
    return list(otlp_json._batches(block_of(data), translation=KEEPING))


def assert_same(data: bytes) -> None:
    """The scan answers, and like the others."""
    batch = scanned_batch(data)
    assert batch is not None
    assert_like_the_others(data, batch)


def assert_like_the_others(data: bytes, batch: Batch) -> None:
    others = other_batches(data)
    is_one = len(others) == 1
    assert not is_one or batch.spans.equals(others[0].spans)
    assert not is_one or batch.resources.equals(others[0].resources)
    assert rows_of([batch]) == rows_of(others)
    assert sorted(map(str, batch.rejects)) == sorted(str(each) for other in others for each in other.rejects)


def one_span(attributes: list[Json] | None = None, **members: Any) -> Json:
    span = {"traceId": "1" * 32, "spanId": "2" * 16, "name": "n", "startTimeUnixNano": "1795478400000000000"}
    span |= {"attributes": attributes or []} | members
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


def lines(*documents: Json) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in documents)


def with_value(value: str) -> bytes:
    """A document with one attribute, whose value is written like that."""
    return lines(one_span([{"key": "k", "value": "here"}])).replace(b'"here"', value.encode())


@pytest.mark.parametrize("spelling", COMMON_SPELLINGS)
@pytest.mark.parametrize("seed", range(8))
def test_generated_exports_read_as_by_the_other_reader(spelling: Any, seed: int) -> None:
    data = as_lines([spelling(export(100 * seed + number, 5)) for number in range(6)])
    block = block_of(data)
    found = scanned(data, len(block.positions))
    assert found is not None, "the common spelling is answered"
    expected = otlp_json._parsed(data, otlp_json._schema_for(data), len(block.positions))
    assert found.doubtful.tolist() == expected.doubtful.tolist()
    same = [canonical_batch(raw, block.positions, translation=KEEPING) for raw in (found, expected)]
    assert same[0].spans.equals(same[1].spans)
    assert same[0].resources.equals(same[1].resources)
    assert same[0].rejects == same[1].rejects


def test_an_export_of_a_collector_reads_as_by_the_other_reader(tmp_path: Path) -> None:
    write_otlp_lines(tmp_path / "spans.jsonl", 1)
    assert_same((tmp_path / "spans.jsonl").read_bytes())


def assert_same_attributes(found: RawSpans, expected: RawSpans) -> None:
    for name in ("attributes", "resource_attributes", "scope_attributes"):
        one, other = getattr(found, name), getattr(expected, name)
        assert one.keys == other.keys or sorted(one.keys) == sorted(other.keys)
        assert [one.keys[code] for code in one.codes] == [other.keys[code] for code in other.codes]
        assert one.owner.tolist() == other.owner.tolist()
        for column in ("text", "integer", "number", "truth"):
            assert getattr(one, column).equals(getattr(other, column)), column


@pytest.mark.parametrize("spelling", COMMON_SPELLINGS)
def test_attributes_are_those_of_the_other_reader(spelling: Any) -> None:
    data = as_lines([spelling(export(number, 5)) for number in range(40)])
    found = scanned(data, 40)
    assert found is not None
    assert_same_attributes(found, otlp_json._parsed(data, otlp_json._schema_for(data), 40))


@pytest.mark.parametrize(
    "value",
    (
        r'{"stringValue": "\n\t\r\b\f\/\\\" \u00e9 \u20AC \ud83d\ude00 \u0041"}',
        '{"stringValue": "ünï 😀"}',
        '{"stringValue": ""}',
        r'{"stringValue": "\u0000"}',
        '{"stringValue": null}',
        "{}",
        "null",
        '{ "intValue" :\t"-12" }',
        '{"intValue": 9223372036854775807}',
        '{"doubleValue": 3}',
        '{"doubleValue": -0.0}',
        '{"doubleValue": 0.1234567890123456789e-5}',
        '{"doubleValue": 5E+300}',
        '{"doubleValue": 4.9e-324}',
        '{"boolValue": true, "other": [1, {"a": [], "b": {}}, "\\"", -1.5e3, null, false]}',
        '{"bytesValue": "AAE="}',
        '{"arrayValue": {}}',
        '{"arrayValue": {"values": [{"stringValue": "\\u00e9\\n"}, {"doubleValue": 1}, {"boolValue": false}]}}',
        '{"kvlistValue": {"values": [{"value": {"intValue": "7"}, "key": "a\\"b"}]}}',
    ),
)
def test_values_read_as_by_the_other_reader(value: str) -> None:
    assert_same(with_value(value))


@pytest.mark.parametrize(
    "value",
    (
        r'{"stringValue": "\ud83d"}',
        r'{"stringValue": "\ude00"}',
        r'{"stringValue": "\ud83dA"}',
        r'{"stringValue": "\x41"}',
        '{"stringValue": "\t"}',
        '{"stringValue": 5}',
        '{"stringValue": "a", "stringValue": "b"}',
        '{"stringValue": "a", "intValue": "1"}',
        '{"intValue": "9223372036854775808"}',
        '{"intValue": 1.0}',
        '{"intValue": "007"}',
        '{"intValue": ""}',
        '{"doubleValue": "NaN"}',
        '{"doubleValue": 1e999}',
        '{"doubleValue": 01}',
        '{"doubleValue": 1.}',
        '{"boolValue": "true"}',
        '{"arrayValue": []}',
        '{"arrayValue": {"values": [null]}}',
        '{"arrayValue": {"values": [{"intValue": "x"}]}}',
        '{"other": [1,]}',
        '{"other": {"a" 1}}',
        '{"other": [1}}',
        '{"other": tru}',
        '{"other": ' + "[" * 100 + "]" * 100 + "}",
        '{"stringValue": "a",}',
        '{"stringValue": "a"',
    ),
)
def test_what_is_not_certain_is_left_to_the_other_reader(value: str) -> None:
    assert scanned(with_value(value), 1) is None


def test_members_come_in_any_order_and_unknown_ones_are_skipped() -> None:
    span = one_span([pair("llm.model_name", "m")])["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    scope = {"spans": [dict(reversed(span.items())) | {"links": [{"attributes": [1]}]}], "scope": None}
    emitter = {
        "scopeSpans": [scope],
        "schemaUrl": "x",
        "resource": {"attributes": [pair("service.name", "s")]},
    }
    assert_same(lines({"other": 1, "resourceSpans": [emitter]}))


def test_documents_that_lack_something_are_doubtful() -> None:
    documents = [{}, {"resourceSpans": [{}]}, {"resourceSpans": [{"scopeSpans": [{}]}]}, one_span()]
    found = scanned(lines(*documents, one_span(traceId=None), one_span([pair("k", [[1]])])), 6)
    assert found is not None
    assert found.doubtful.tolist() == [0, 1, 2, 4, 5]


def test_blank_lines_and_other_line_ends_are_passed_over() -> None:
    line = lines(one_span())
    assert_same(b"\n \t\r\n" + line.replace(b"\n", b"\r\n") + b"\n" + line.rstrip())


@pytest.mark.parametrize(
    "data",
    (
        lines(one_span()).replace(b'"n"', b'"\xff"'),
        lines(one_span()).replace(b'"n"', b'"\xed\xa0\x80"'),
        lines(one_span()).rstrip() * 2,
        lines(one_span()).replace(b": ", b":\n"),
        lines(one_span()).replace(b'"spanId"', b'"span\\u0049d"'),
        lines(one_span([pair("a", 1), pair("b", 2)])).replace(b'"b"', b'"\\u0061"'),
        lines(one_span()).replace(b'"name"', b'"traceId": "", "name"'),
        lines(one_span(attributes=[{}] * 1000)),
        b"[]",
        b"{",
        b"",
    ),
)
def test_lines_that_are_not_certain_are_left_to_the_other_reader(data: bytes) -> None:
    assert scanned(data, 1) is None


def test_keys_beyond_number_are_left_to_the_other_reader() -> None:
    assert scanned(lines(one_span([pair(f"k{number}", 1) for number in range(2000)])), 1) is not None
    assert scanned(lines(one_span([pair(f"k{number}", 1) for number in range(20_000)])), 1) is None


BASE = as_lines([export(number, 2) for number in range(3)]) + lines(
    one_span([pair("k", 'é\n"'), pair("k", 0.5), pair("l", [1, "é"]), pair("m", {"a": True})])
)
PIECES = st.sampled_from(
    [
        *rb'" \ { } [ ] , : null 0 - 1e5 \u00e9 \ud83d "name": "value": {"key":"a"}, "stringValue":"a",'.split(),
        *(b" ", b"\n", b"\r", b"\xff", b"\xc3", b"\x00"),
    ]
)
CHANGES = st.lists(
    st.tuples(
        st.integers(0, len(BASE)), st.integers(0, 12), st.one_of(PIECES, st.binary(max_size=3), st.just(b""))
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=how_many(80, thorough=400), deadline=None)
@given(CHANGES)
@example([(len(BASE) - 3, 3, b"")])
@example([(0, 0, b"\xef\xbb\xbf")])
def test_damaged_lines_read_as_by_the_other_readers_or_not_at_all(
    changes: list[tuple[int, int, bytes]],
) -> None:
    data = BASE
    for place, length, piece in changes:
        data = data[:place] + piece + data[place + length :]
    batch = scanned_batch(data)
    if batch is not None:
        assert_like_the_others(data, batch)


@settings(max_examples=how_many(40, thorough=200), deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_survived(data: bytes) -> None:
    scanned(data, 1)
    scanned(b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[' + data, 1)


def test_every_beginning_of_a_document_is_survived() -> None:
    line = as_lines([with_numbers(export(3, 1))])
    for end in range(1, len(line) - 2):
        assert scanned(line[:end], 1) is None


def test_the_loops_are_compiled_once_for_all_blocks() -> None:
    scanned(lines(one_span()), 1)
    scanned(as_lines([export(1, 3), export(2, 3)]), 2)
    assert len(scan.signatures) == 1
    assert len(gather.signatures) == 1


def test_the_scan_is_loaded_at_the_second_large_block_and_used_from_then_on() -> None:
    warm_up()
    readiness = ScanReadiness()
    before = set(threading.enumerate())
    assert readiness.scan() is None
    assert set(threading.enumerate()) <= before, "one block does not pay for it"
    readiness.scan()
    for thread in set(threading.enumerate()) - before:
        thread.join()
    assert readiness.scan() is scanned
