"""Whatever the input, memory is bounded, nothing is lost without a word, and no text of it becomes SQL."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from costctl.ingest import loader
from costctl.ingest.canonical_spans import MOST_ATTRIBUTES
from costctl.ingest.discretion import Discretion
from costctl.ingest.formats.csv_records import LONGEST_LINE_BYTES
from costctl.ingest.formats.protobuf_messages import varint_bytes
from costctl.store.database import open_store
from tests.ingest.one_trace import SPANS, TRACE_ID, as_otlp
from tests.ingest.otlp_exports import pair

ROOT = Path(__file__).resolve().parents[2]
MEMORY_MB = 900


def loaded(folder: Path, content: bytes, name: str = "a.json", *, keep_content: bool = False) -> Any:
    (folder / name).write_bytes(content)
    reader = loader.reader_for(discretion=Discretion(keep_content))
    with open_store(folder / "s.duckdb") as connection:
        (report,) = loader.ingest(connection, [str(folder / name)], reader)
    return report


def with_attributes(*pairs: dict[str, Any]) -> dict[str, Any]:
    export = as_otlp(SPANS[:1])
    export["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"] += pairs
    return export


def field(number: int, data: bytes) -> bytes:
    """A field of protobuf that holds bytes."""
    return varint_bytes(number << 3 | 2) + varint_bytes(len(data)) + data


def deep_message(depth: int) -> bytes:
    """An export whose one attribute is a list in a list in a list; no writer of protobuf would write it."""
    value = b""
    for _ in range(depth):
        value = field(5, field(1, value))
    attribute = field(1, b"deep") + field(2, value)
    start = b"\x39" + (1_795_478_400_000_000_000).to_bytes(8, "little")
    return field(
        1, field(2, field(2, field(1, b"1" * 16) + field(2, b"2" * 8) + start + field(9, attribute)))
    )


def test_json_that_is_nested_without_end_is_set_apart(tmp_path: Path) -> None:
    inner = '{"arrayValue":{"values":[' * 50_000 + "]}}" * 50_000
    text = json.dumps(with_attributes({"key": "deep", "value": "HERE"})).replace('"HERE"', inner)
    report = loaded(tmp_path, (text + "\n" + json.dumps(as_otlp())).encode())
    assert report.rejected_by_code == {"too_deep": 1}
    assert report.spans == len(SPANS)


def test_protobuf_that_is_nested_too_deep_keeps_its_span(tmp_path: Path) -> None:
    report = loaded(tmp_path, deep_message(3000), "a.pb")
    assert (report.spans, report.rejected) == (1, 0)


def test_a_span_with_more_attributes_than_any_should_have_is_set_apart(tmp_path: Path) -> None:
    flood = [pair(f"key.{number}", number) for number in range(MOST_ATTRIBUTES)]
    report = loaded(tmp_path, json.dumps(with_attributes(*flood)).encode())
    assert report.rejected_by_code == {"too_many_attributes": 1}


def test_a_line_of_a_log_that_is_too_long_is_set_apart_and_the_next_one_is_read(tmp_path: Path) -> None:
    header, row = b"start_ns,input_tokens,operation\n", b"1795478400000000000,3,chat\n"
    report = loaded(tmp_path, header + row + b"a" * (LONGEST_LINE_BYTES + 5) + b"\n" + row, "a.csv")
    assert report.rejected_by_code == {"too_long": 1}
    assert report.spans == 2


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE spans; --",
        'x"); DELETE FROM spans; --',
        "a\0b",
        "%s {} $1 ?",
        "'" * 1000,
    ],
)
def test_no_name_or_value_of_a_trace_becomes_sql(tmp_path: Path, text: str) -> None:
    export = with_attributes(pair(text, text), pair("gen_ai.request.model", text), pair("tenant.id", text))
    export["resourceSpans"][0]["resource"]["attributes"] = [pair("service.name", text), pair(text, text)]
    export["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["name"] = text
    folder = tmp_path / 'it\'s; a "name"'
    folder.mkdir()
    assert loaded(folder, json.dumps(export).encode(), keep_content=True).spans == 1
    with open_store(folder / "s.duckdb") as connection:
        row = connection.execute(
            "SELECT name, model_requested, service, attributes[?] FROM spans", [text]
        ).fetchone()
        assert row == (text, text, text, text)
        assert connection.execute("SELECT trace_id FROM spans").fetchall() == [(TRACE_ID,)]


def test_what_was_said_is_not_in_the_store(tmp_path: Path) -> None:
    secret = "my password is swordfish"
    export = with_attributes(pair("gen_ai.input.messages", secret), pair("input.value", secret))
    loaded(tmp_path, json.dumps(export).encode() + b"\n" + json.dumps(export).encode()[:-40])
    assert secret.encode() not in (tmp_path / "s.duckdb").read_bytes()


ENDLESS = {
    "a text that never ends": (b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"', b"a"),
    "brackets without end": (b"", b'{"resourceSpans":[' * 100),
    "a cell that never ends": (b"start_ns,input_tokens\n1795478400000000000,", b"1"),
    "numbers without end": (b'{"resourceSpans":[{"scopeSpans":[{"spans":[', b"1,"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_line_of_many_megabytes_fits_into_bounded_memory(tmp_path: Path, name: str) -> None:
    begin, repeated = ENDLESS[name]
    piece = repeated * (2**20 // len(repeated))
    limits = (MEMORY_MB * 2**20 * 4, MEMORY_MB * 2**20 * 4)  # of addresses; what is touched is asserted below
    process = subprocess.Popen(
        [sys.executable, "-c", MEASURED, str(tmp_path / "s.duckdb")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limits),
    )
    assert process.stdin is not None
    process.stdin.write(begin)
    for _ in range(160):
        process.stdin.write(piece)
    out, error = process.communicate(timeout=250)
    assert process.returncode == 0, error.decode()
    state, peak_mb = out.decode().split()[-2:]
    assert state in ("complete", "refused")
    assert float(peak_mb) < MEMORY_MB


MEASURED = """
import sys
from pathlib import Path
from costctl.ingest import loader
from costctl.ingest.formats.protobuf_messages import varint_bytes
from costctl.store.database import open_store
with open_store(Path(sys.argv[1])) as connection:
    (report,) = loader.ingest(connection, ["-"])
# Of this program alone: ru_maxrss also holds what the process had before, as a copy of the one that tests.
(peak,) = [line.split()[1] for line in Path("/proc/self/status").open() if line.startswith("VmHWM:")]
print(report.state, int(peak) / 1024)
"""
