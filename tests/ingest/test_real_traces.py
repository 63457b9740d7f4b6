"""Real traces that lie beside some checkouts: counts and sums equal those of a plain reading, and nothing is lost."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import duckdb
import polars as pl
import pytest
import zstandard

from costctl import verbs
from costctl.engine.protocol import Engine
from costctl.ingest import loader
from costctl.observation import Question, observed
from costctl.relations import load_relations
from costctl.store.database import open_store
from tests.oracles.otlp_slow import read_big_endian_slowly, read_json_slowly
from tests.oracles.plain_readers import READERS, Read, json_lines, tokens_served

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
    analysis = verbs.analyze(question, quiet)
    assert plain == (
        analysis.totals.requests,
        sum(report.tokens.input or 0 for report in analysis.classes),
        sum(report.tokens.output or 0 for report in analysis.classes),
    )
    assert analysis.totals.billed_usd is None
    with observed(question, quiet) as observation:
        engine: Engine = observation.engine
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
            (report,) = loader.ingest(connection, [str(path)], progress=quiet)
        assert report.state == ("complete" if slow_rows else "refused"), path  # where nothing could be loaded
        assert report.rejected == len(slow_codes), path
        assert report.spans + report.duplicates == len(slow_rows), path


def calls_of(*paths: Path) -> pl.DataFrame:
    """The calls that some files tell of."""
    with observed(Question(paths=tuple(map(str, paths))), quiet) as observation:
        return observation.engine.fetch("calls")


@pytest.mark.parametrize("pattern", READERS)
def test_spans_calls_tokens_and_failures_are_those_of_a_plain_reader(
    real_traces: Path, tmp_path: Path, pattern: str
) -> None:
    files = sorted(real_traces.glob(pattern))
    assert files
    for number, path in enumerate(files):
        expected = READERS[pattern](path)
        with open_store(tmp_path / f"{number}.duckdb") as connection:
            (report,) = loader.ingest(connection, [str(path)], progress=quiet)
        assert report.records == expected.spans, path
        assert report.spans == expected.distinct, path
        with observed(Question(store=tmp_path / f"{number}.duckdb"), quiet) as observation:
            calls = observation.engine.fetch("calls")
        found = Read(
            report.records,
            report.spans,
            calls.height,
            int(calls["input_tokens"].sum()),
            int(calls["output_tokens"].sum()),
            int(calls["is_failed"].sum()),
        )
        assert found == expected, path


# What the README of the traces says of each file: format, spans, of them rejected, and duplicates.
SAID = {
    "spans/agentevals/helm.json": ("jaeger_json", 96),
    "spans/agentevals/helm_2.json": ("jaeger_json", 72),
    "spans/agentevals/k8s.json": ("jaeger_json", 73),
    "spans/zipkin/ascend.json": ("zipkin_json", 8),
    "spans/zipkin/messaging-kafka.json": ("zipkin_json", 28),
    "spans/zipkin/messaging.json": ("zipkin_json", 4),
    "spans/zipkin/messaging2.json": ("zipkin_json", 11),
    "spans/zipkin/smartthings-mobile-web-install.json": ("zipkin_json", 1041),
    "spans/zipkin/smartthings-oauth-authorization.json": ("zipkin_json", 175),
    "spans/zipkin/yelp.json": ("zipkin_json", 16),
    "spans/jaeger/ui_01.json": ("jaeger_json", 5),
    "spans/jaeger/es_01.json": ("jaeger_json", 1),
    "spans/jaeger/domain_01.json": ("jaeger_json", 5),
    "spans/jaeger/otlp2jaeger-out.json": ("jaeger_json", 2),
    "spans/otlp_proto_examples/trace.json": ("otlp_json", 1),
    "spans/otlp_proto_examples/logs.json": ("otlp_logs_json", 1),
    "spans/otlp_proto_examples/events.json": ("otlp_logs_json", 1),
    "spans/langwatch/raw_otlp_advanced.json": ("otlp_json", 1),
    "spans/langwatch/codex_responses_stream_bare.json": ("json_log", 20),
    "logs/litellm_spend/spend_logs_payload_trimmed.json": ("json_log", 1),
    "logs/vllm_burstgpt_replay/detail_log_scale300.json": ("json_log", 500),
    "workload/azure/AzureLLMInferenceTrace_code.csv": ("csv", 8819),
    "workload/mooncake/conversation_trace.jsonl": ("json_log", 12031),
    "instrumented/langfuse/traces_len4be.pb": ("otlp_protobuf", 140),
    "instrumented/litellm/traces_len4be.pb": ("otlp_protobuf", 165),
    "instrumented/litellm/standard_logging_payload.jsonl": ("json_log", 86),
    "instrumented/otel_v2_2.4b0_default/otlp_file_exporter.jsonl": ("otlp_json", 564),
    "instrumented/traceloop/traces_len4be.pb": ("otlp_protobuf", 564),
}


@pytest.mark.parametrize("name", SAID)
def test_a_file_is_what_its_description_says(real_traces: Path, tmp_path: Path, name: str) -> None:
    with open_store(tmp_path / "s.duckdb") as connection:
        (report,) = loader.ingest(connection, [str(real_traces / name)], progress=quiet)
    assert (report.format, report.records) == SAID[name]
    assert report.spans + report.rejected + report.duplicates == report.records


@pytest.mark.parametrize(
    ("folder", "calls", "failed"),
    [("otel_v2_2.4b0_default", 265, 12), ("otel_v2_2.4b0_optin", 265, 12), ("traceloop", 270, 11)],
)
def test_calls_and_tokens_are_those_that_the_mock_server_served(
    real_traces: Path, folder: str, calls: int, failed: int
) -> None:
    place = real_traces / "instrumented" / folder
    found = calls_of(place / "otlp_file_exporter.jsonl")
    served = json_lines(place / "server_requests.jsonl")
    assert (found.height, int(found["is_failed"].sum())) == (calls, failed)
    embeddings = found.filter(pl.col("operation") == "embeddings")
    answered = found.filter(pl.col("operation") == "chat")
    assert int(embeddings["input_tokens"].sum()) == tokens_served(served, "/v1/embeddings")[0]
    chat = tokens_served(served, "/v1/chat/completions")
    if folder == "traceloop":  # it alone records the responses interface
        responses = tokens_served(served, "/v1/responses")
        chat = (chat[0] + responses[0], chat[1] + responses[1])
    assert (int(answered["input_tokens"].sum()), int(answered["output_tokens"].sum())) == chat
    silent = answered.filter(pl.col("input_tokens").is_null() & ~pl.col("is_failed"))
    assert silent.height > 0, "streams that were not asked for usage have unknown tokens, not none"


def test_a_gateways_spans_and_its_log_are_one_set_of_calls(real_traces: Path) -> None:
    place = real_traces / "instrumented" / "litellm"
    spans = calls_of(place / "traces_len4be.pb")
    log = calls_of(place / "standard_logging_payload.jsonl")
    both = calls_of(place / "traces_len4be.pb", place / "standard_logging_payload.jsonl")
    for name in ("input_tokens", "output_tokens", "is_failed"):
        assert spans[name].sum() == both[name].sum() == log[name].sum(), name
    assert spans.height == both.height == log.height == 86


def test_a_drafted_mapping_reads_the_mock_servers_own_log(real_traces: Path, tmp_path: Path) -> None:
    path = real_traces / "instrumented" / "traceloop" / "server_requests.jsonl"
    mapping = tmp_path / "drafted.toml"
    mapping.write_text(verbs.propose_mapping(str(path)))
    with open_store(tmp_path / "s.duckdb") as connection:
        reader = loader.reader_for(mapping=str(mapping))
        (report,) = loader.ingest(connection, [str(path)], reader)
        sums = connection.execute(
            "SELECT COUNT(*), SUM(input_tokens), SUM(output_tokens) FROM spans"
        ).fetchone()
    rows = json_lines(path)
    assert report.rejected == 0
    assert sums == (len(rows), sum(row.get("pt", 0) for row in rows), sum(row.get("ct", 0) for row in rows))


# Long values of real traces in which nobody says anything: counts, schemas and grants.
SAYING_NOTHING = (
    "llm.openai.usage",
    "langfuse.observation.usage_details",
    "metadata.usage_object",
    "logfire.json_schema",
    "oauth.additionalInfo.scope",
)
SENTENCES = """
SELECT DISTINCT key
FROM (SELECT attributes, UNNEST(MAP_KEYS(attributes)) AS key FROM spans)
WHERE LEN(STRING_SPLIT(attributes[key], ' ')) > 6 AND NOT LIST_CONTAINS($1, key)
ORDER BY key
"""


def test_no_sentence_that_people_or_models_said_is_stored(real_traces: Path, tmp_path: Path) -> None:
    with open_store(tmp_path / "s.duckdb") as connection:
        loader.ingest(connection, [str(real_traces / "spans"), str(real_traces / "instrumented")])
        assert connection.execute(SENTENCES, [list(SAYING_NOTHING)]).fetchall() == []
