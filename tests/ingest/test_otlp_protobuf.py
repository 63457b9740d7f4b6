"""OTLP protobuf: the rows of the JSON encoding, in every framing, however long the messages."""

from __future__ import annotations

import gzip
import io
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import zstandard

from costctl.ingest.batch import Batch
from costctl.ingest.dialect import Translation, shipped_vocabulary
from costctl.ingest.formats.otlp_protobuf import detect_framing, read_otlp_protobuf
from costctl.ingest.formats.protobuf_messages import varint_bytes
from tests.ingest.otlp_exports import as_lines, as_message, export, framed_big_endian
from tests.ingest.test_otlp_json import assert_same_rows, codes_of, ordered, read, rows_of
from tests.oracles.otlp_slow import read_big_endian_slowly

EXPORTS = [export(number, 5) for number in range(6)]
MESSAGES = [as_message(each) for each in EXPORTS]
FRAMED = {
    "one": b"".join(MESSAGES),
    "varint": b"".join(varint_bytes(len(message)) + message for message in MESSAGES),
    "big_endian_4": framed_big_endian(MESSAGES),
}


def read_framed(data: bytes, framing: Any, piece_bytes: int = 2**23) -> list[Batch]:
    stream = io.BytesIO(data)
    return list(
        read_otlp_protobuf(
            stream, framing=framing, translation=Translation(shipped_vocabulary()), piece_bytes=piece_bytes
        )
    )


@pytest.mark.parametrize("framing", FRAMED)
@pytest.mark.parametrize("piece_bytes", (1, 700, 2**23))
def test_protobuf_gives_the_rows_of_json_in_every_framing(framing: str, piece_bytes: int) -> None:
    batches = read_framed(FRAMED[framing], framing, piece_bytes)
    from_json = read(as_lines(EXPORTS))
    assert_same_rows(rows_of(batches), rows_of(from_json))
    assert codes_of(batches) == codes_of(from_json)


def test_protobuf_reads_as_the_slow_twin_reads_it() -> None:
    rows, codes = read_big_endian_slowly(FRAMED["big_endian_4"])
    for row in rows:
        row.pop("resource_id")
    batches = read_framed(FRAMED["big_endian_4"], "big_endian_4")
    assert_same_rows(rows_of(batches), ordered(rows))
    assert codes_of(batches) == Counter(codes)


@pytest.mark.parametrize("framing", FRAMED)
@pytest.mark.parametrize("head_bytes", (200, 5000, 10**9))
def test_the_framing_is_found_from_the_head(framing: str, head_bytes: int) -> None:
    data = FRAMED[framing]
    assert detect_framing(data[:head_bytes], len(data)) == framing
    assert detect_framing(data[:head_bytes], None) == framing


@pytest.mark.parametrize(
    "head", (b"", b"\n\n\n\n", b"trace_id,model\n1,2\n", b'{"a":1}', b"PAR1\x00\x00", bytes(64))
)
def test_what_is_no_protobuf_has_no_framing(head: bytes) -> None:
    assert detect_framing(head, len(head)) is None


@pytest.mark.parametrize(
    "payloads", (MESSAGES, [as_lines([each]) for each in EXPORTS]), ids=("protobuf", "json")
)
def test_the_collector_compresses_each_message_for_itself(payloads: list[bytes]) -> None:
    compressor = zstandard.ZstdCompressor()
    data = framed_big_endian([compressor.compress(payload) for payload in payloads])
    assert detect_framing(data, len(data)) == "big_endian_4"
    batches = read_framed(data, "big_endian_4")
    assert_same_rows(rows_of(batches), rows_of(read(as_lines(EXPORTS))))
    positions = {at for batch in batches for at in batch.spans.column("source_position").to_pylist()}
    assert positions == set(range(1, len(EXPORTS) + 1))


def test_a_message_that_is_none_is_set_apart_and_the_others_are_kept() -> None:
    broken = [*MESSAGES[:2], b"\x0a\x7fnonsense", *MESSAGES[2:]]
    batches = read_framed(framed_big_endian(broken), "big_endian_4")
    assert_same_rows(rows_of(batches), rows_of(read(as_lines(EXPORTS))))
    assert codes_of(batches)["bad_protobuf"] == 1


@pytest.mark.parametrize("framing", FRAMED)
def test_a_truncated_stream_keeps_what_came_before(framing: str) -> None:
    data = FRAMED[framing]
    batches = read_framed(data[:-40], framing)
    assert codes_of(batches)["bad_protobuf"] == 1
    assert len(rows_of(batches)) >= len(rows_of(read(as_lines(EXPORTS[:-1]))))


def test_real_files_hold_the_same_spans_in_both_encodings(real_traces: Path) -> None:
    pairs = [
        (path, path.with_name("otlp_file_exporter.jsonl"))
        for path in sorted(real_traces.glob("instrumented/*/traces_len4be.pb"))
    ]
    compared = [(path, lines) for path, lines in pairs if lines.exists()]
    assert len(compared) == 3
    for path, lines in compared:
        assert_same_rows(
            rows_of(read_framed(path.read_bytes(), "big_endian_4")), rows_of(read(lines.read_bytes()))
        )


def test_every_real_file_reads_as_the_slow_twin_reads_it(real_traces: Path) -> None:
    for path in sorted(real_traces.glob("instrumented/*/traces_*.pb*")):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        framing = detect_framing(data[: 2**20], len(data))
        assert framing == ("big_endian_4" if "len4be" in path.name else "one")
        rows, codes = read_big_endian_slowly(data if framing == "big_endian_4" else framed_big_endian([data]))
        batches = read_framed(data, framing)
        assert sum(batch.records for batch in batches) == len(rows) + len(codes)
        for row in rows:
            row.pop("resource_id")
        assert_same_rows(rows_of(batches), ordered(rows))
