"""A receiver on loopback: what it answers, and that what it acknowledged is in the store, also after kill -9."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import duckdb
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from costctl.documents.report import Report
from costctl.report.page import as_page

MOST_S = 60.0
PROTOBUF, JSON = "application/x-protobuf", "application/json"
START_NS = 1_767_225_600_000_000_000


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[str]
    url: str

    def get(self, path: str, **headers: str) -> Answer:
        return self._asked(urllib.request.Request(self.url + path, headers=headers))

    def post(self, path: str, body: bytes, kind: str, packing: str | None = None) -> Answer:
        headers = {"Content-Type": kind, **({} if packing is None else {"Content-Encoding": packing})}
        return self._asked(urllib.request.Request(self.url + path, data=body, headers=headers, method="POST"))

    def _asked(self, request: urllib.request.Request) -> Answer:
        try:
            with urllib.request.urlopen(request, timeout=MOST_S) as found:
                return Answer(found.status, found.read(), _lower(found.headers))
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read(), _lower(error.headers))

    def counted(self, name: str) -> int:
        text = self.get("/metrics").body.decode()
        (found,) = re.findall(rf"^costctl_{name} (\d+)$", text, re.MULTILINE)
        return int(found)


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@contextlib.contextmanager
def served(folder: Path, *options: str) -> Iterator[Server]:
    """A server of its own process, whose page is drawn once at most."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "costctl", "serve", "--port", "0", "--refresh", "1h", *options],
        cwd=folder,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = process.stderr.readline()
    try:
        yield Server(process, said.split()[1].rstrip("/"))
    finally:
        process.terminate()
        process.wait(MOST_S)


def spans(first: int, count: int) -> ExportTraceServiceRequest:
    """Calls of a model, a trace each."""
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for number in range(first, first + count):
        span = scope.spans.add()
        span.trace_id, span.span_id = number.to_bytes(16), number.to_bytes(8)
        span.name, span.kind = "chat gpt-4o-mini", 3
        span.start_time_unix_nano = START_NS + number * 1_000_000_000
        span.end_time_unix_nano = span.start_time_unix_nano + 500_000_000
        for key, value in (("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "gpt-4o-mini")):
            span.attributes.add(key=key).value.string_value = value
        span.attributes.add(key="gen_ai.usage.input_tokens").value.int_value = 100
        span.attributes.add(key="gen_ai.usage.output_tokens").value.int_value = 10
    return request


def as_json(first: int, count: int) -> bytes:
    """The same as OTLP/JSON has it: ids in hexadecimal."""
    found = [
        {
            "traceId": each.trace_id.hex(),
            "spanId": each.span_id.hex(),
            "name": each.name,
            "kind": each.kind,
            "startTimeUnixNano": str(each.start_time_unix_nano),
            "endTimeUnixNano": str(each.end_time_unix_nano),
        }
        for each in spans(first, count).resource_spans[0].scope_spans[0].spans
    ]
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": found}]}]}).encode()


def stored(folder: Path) -> int:
    with duckdb.connect(str(folder / "costctl.duckdb"), read_only=True) as connection:
        row = connection.execute("SELECT count(DISTINCT trace_id) FROM spans").fetchone()
    assert row is not None
    return int(row[0])


def until(is_so: object) -> None:
    """Wait for it."""
    assert callable(is_so)
    begin_s = time.monotonic()
    while not is_so():
        assert time.monotonic() - begin_s < MOST_S
        time.sleep(0.1)


def test_what_is_sent_in_every_form_is_in_the_store_once(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        protobuf = spans(1, 50).SerializeToString()
        answers = [
            server.post("/v1/traces", protobuf, PROTOBUF),
            server.post("/v1/traces", gzip.compress(protobuf), PROTOBUF, "gzip"),  # sent again
            server.post("/v1/traces", as_json(101, 30), JSON),
            server.post("/v1/traces", gzip.compress(as_json(201, 20)), f"{JSON}; charset=utf-8", "gzip"),
            server.post("/v1/logs", ExportLogsServiceRequest().SerializeToString(), PROTOBUF),
        ]
        assert [(each.status, each.body) for each in answers] == [
            (200, b""),
            (200, b""),
            (200, b"{}"),
            (200, b"{}"),
            (200, b""),
        ]
        until(lambda: server.counted("inbox_bytes") == 0)
        assert server.counted("receiver_duplicates_total") == 50
        assert server.counted("receiver_rejected_total") == 0
    assert stored(tmp_path) == 100


@pytest.mark.parametrize(
    ("path", "body", "kind", "packing", "status", "says"),
    [
        ("/v1/traces", b'{"SECRET": ', JSON, None, 400, "no OTLP message of traces in json"),
        ("/v1/traces", b'{"resourceSpans": "SECRET"}', JSON, None, 400, "no list of resourceSpans"),
        ("/v1/logs", b"SECRET", PROTOBUF, None, 400, "no OTLP message of logs in protobuf"),
        ("/v1/traces", b"SECRET", JSON, "gzip", 400, "no gzip"),
        ("/v1/traces", gzip.compress(b"{}" * 999, mtime=0)[:20], JSON, "gzip", 400, "ends too early"),
        ("/v1/traces", b"{}", "text/plain", None, 415, "Content-Type must be"),
        ("/v1/traces", b"{}", JSON, "br", 415, "Content-Encoding must be gzip"),
        ("/v1/traces", b" " * 1_000_001, JSON, None, 413, "send smaller batches"),
        ("/v1/traces", gzip.compress(b" " * 1_000_001, mtime=0), JSON, "gzip", 413, "send smaller batches"),
    ],
)
def test_what_is_no_message_is_refused_without_a_word_of_it(
    small: Server, path: str, body: bytes, kind: str, packing: str | None, status: int, says: str
) -> None:
    answer = small.post(path, body, kind, packing)
    assert answer.status == status
    assert says.encode() in answer.body
    assert b"SECRET" not in answer.body


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that takes a megabyte at once."""
    with served(tmp_path_factory.mktemp("small"), "--max-body-mb", "1") as server:
        yield server


def test_names_that_lead_here_from_elsewhere_are_not_answered(small: Server) -> None:
    assert small.get("/healthz", Host="evil.example").status == 400
    assert json.loads(small.get("/healthz").body)["inbox_bytes"] == 0
    assert small.get("/").status == 503
    assert "server" not in small.get("/").headers


def test_nothing_that_was_acknowledged_is_lost_by_kill_9(tmp_path: Path) -> None:
    acknowledged = 0
    with served(tmp_path) as server:
        for number in range(40):
            answer = server.post("/v1/traces", spans(1 + 10 * number, 10).SerializeToString(), PROTOBUF)
            acknowledged += 10 * (answer.status == 200)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(MOST_S)
    assert acknowledged == 400
    with served(tmp_path) as again:
        until(lambda: again.counted("inbox_bytes") == 0)
    assert stored(tmp_path) == acknowledged


def test_what_comes_when_there_is_no_room_is_told_to_come_again(tmp_path: Path) -> None:
    store = tmp_path / "costctl.duckdb"
    with (
        duckdb.connect(str(store)),
        served(tmp_path, "--max-inbox-mb", "1") as server,
    ):  # nothing can be loaded
        body = spans(1, 4_000).SerializeToString()
        answers = [server.post("/v1/traces", body, PROTOBUF) for _ in range(3)]
        assert [each.status for each in answers] == [200, 503, 503]
        assert answers[-1].headers["retry-after"] == "5"
        until(lambda: json.loads(server.get("/healthz").body)["status"] == "degraded")


def test_the_page_is_the_one_that_report_writes(
    sample_report: Report, tmp_path: Path, sample_store: Path
) -> None:
    assert as_page(sample_report).startswith("<!doctype html>")
    store = tmp_path / "costctl.duckdb"
    store.write_bytes(sample_store.read_bytes())
    with served(
        tmp_path, "--config", str(Path(__file__).parents[2] / "sample_traces" / "costctl.toml")
    ) as server:
        until(lambda: server.get("/").status == 200)
        answer = server.get("/")
        scraped = server.get("/metrics").body.decode()
    assert answer.body.decode() == as_page(sample_report)
    families = {each.name: each for each in text_string_to_metric_families(scraped)}
    billed = sum(sample.value for sample in families["costctl_billed_usd"].samples)
    assert billed == pytest.approx(sample_report.analysis.totals.billed_usd, rel=1e-9)
    assert {"costctl_receiver_requests", "costctl_inbox_bytes"} <= set(families), "and its own"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_exporters_of_the_sdk_send_to_it(tmp_path: Path, repository: Path) -> None:
    python = repository / ".validators" / "clients" / "bin" / "python"
    if not python.exists():
        pytest.skip("the real clients are not installed; run: make validators")
    script = (
        "import sys\n"
        "from opentelemetry.sdk.trace import TracerProvider\n"
        "from opentelemetry.sdk.trace.export import BatchSpanProcessor\n"
        "from opentelemetry.exporter.otlp.proto.http import Compression\n"
        "from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter\n"
        "provider = TracerProvider()\n"
        "exporter = OTLPSpanExporter(sys.argv[1] + '/v1/traces', compression=Compression.Gzip)\n"
        "provider.add_span_processor(BatchSpanProcessor(exporter))\n"
        "for number in range(700):\n"
        "    provider.get_tracer('a').start_span('chat').end()\n"
        "provider.shutdown()\n"
    )
    with served(tmp_path) as server:
        subprocess.run([python, "-c", script, server.url], check=True, timeout=MOST_S)
        until(lambda: server.counted("receiver_spans_total") == 700)
    assert stored(tmp_path) == 700


def test_the_exporters_of_javascript_send_json_to_it(tmp_path: Path, repository: Path) -> None:
    packages = repository / ".validators" / "javascript"
    if not packages.exists():
        pytest.skip("the exporters for JavaScript are not installed; run: make validators")
    script = Path(__file__).with_name("exporters.mjs")
    with served(tmp_path) as server:
        subprocess.run(["node", script, packages, server.url, "700"], check=True, timeout=MOST_S)
        until(lambda: server.counted("receiver_spans_total") == 700)
        metrics = server.get("/metrics").body.decode()
    assert 'costctl_receiver_requests_total{signal="logs",status="200"} 1\n' in metrics
    with duckdb.connect(str(tmp_path / "costctl.duckdb"), read_only=True) as connection:
        sent = connection.execute(
            "SELECT count(DISTINCT trace_id), sum(input_tokens), any_value(model_served), any_value(provider) "
            "FROM spans"
        ).fetchone()
    assert sent == (700, 700 * 701 // 2, "gpt-4o", "openai")
