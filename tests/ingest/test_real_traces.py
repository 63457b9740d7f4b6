"""Real traces that lie beside some checkouts: counts and sums equal those of a plain reading, and nothing is lost."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import duckdb
import pytest
import zstandard

from costctl import workflow
from costctl.engine.duckdb import DuckDBEngine
from costctl.errors import InputError
from costctl.ingest import loader
from costctl.observation import Question, observed
from costctl.relations import load_relations
from costctl.store.database import open_store
from tests.oracles.otlp_slow import read_big_endian_slowly, read_json_slowly

OTLP = (
    "instrumented/*/otlp_file*.jsonl",
    "instrumented/*/traces*.pb*",
    "spans/envoy*/*.json",
    "spans/jaeger/otlp2jaeger-in.json",
    "spans/jaeger/otel*.json",
    "spans/langwatch/raw_otlp*.json",
    "spans/otlp_proto_examples/trace.json",
)


def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


def unpacked(data: bytes) -> bytes:
    """The bytes as they were before gzip or zstd."""
    if data.startswith(b"\x1f\x8b"):
        return gzip.decompress(data)
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        return zstandard.ZstdDecompressor().stream_reader(data).read()
    return data


@pytest.mark.parametrize(
    ("path", "sums"),
    [
        (
            "workload/azure/*.csv",
            "SELECT COUNT(*), SUM(ContextTokens), SUM(GeneratedTokens) FROM read_csv('{}')",
        ),
        (
            "workload/mooncake/*.jsonl",
            "SELECT COUNT(*), SUM(input_length), SUM(output_length) FROM read_json('{}')",
        ),
    ],
)
def test_requests_and_tokens_are_those_of_a_plain_query(real_traces: Path, path: str, sums: str) -> None:
    (plain,) = duckdb.sql(sums.format(real_traces / path)).fetchall()
    question = Question(paths=(str(real_traces / path),))
    analysis = workflow.analyze(question, quiet)
    assert plain == (
        analysis.totals.requests,
        sum(report.tokens.input or 0 for report in analysis.classes),
        sum(report.tokens.output or 0 for report in analysis.classes),
    )
    assert analysis.totals.billed_usd is None
    with observed(question, quiet) as observation:
        engine: DuckDBEngine = observation.engine
        for name, each in load_relations("duckdb").items():
            assert each.layer != "checks" or engine.fetch(name).is_empty(), name


def test_every_span_of_every_otlp_file_is_loaded_or_accounted_for(real_traces: Path, tmp_path: Path) -> None:
    files = sorted({path for pattern in OTLP for path in real_traces.glob(pattern)})
    assert len(files) > 50
    for number, path in enumerate(files):
        data = unpacked(path.read_bytes())
        if "_wire_" in path.name:  # one bare request; the slow reader wants its length in front
            data = struct.pack(">I", len(data)) + data
        read = read_json_slowly if data.lstrip()[:1] in (b"{", b"[") else read_big_endian_slowly
        slow_rows, slow_codes = read(data)
        with open_store(tmp_path / f"{number}.duckdb") as connection:
            try:
                (report,) = loader.ingest(connection, [str(path)], progress=quiet)
            except InputError:
                assert not slow_rows, path
                continue
        assert report.rejected == len(slow_codes), path
        assert report.spans + report.duplicates == len(slow_rows), path
