"""Real clients under real instrumentations, traced while the test runs: calls, tokens and errors are those served."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from costctl.observation import Question, observed
from tests.clients.drive import CALLS
from tests.clients.mock_server import Mock, mock_server

FAILING = {"rate limited", "server error", "bad request", "failed embeddings"}
# A stream that breaks off: whether that is an error is for the instrumentation to say.
BROKEN = {"dropped stream"}


@dataclass(frozen=True)
class Leaves:
    """What an instrumentation does not record. calls: no span at all.  cached, reasoning: no such tokens."""

    calls: frozenset[str] = frozenset()
    cached: bool = False
    reasoning: bool = False


LEFT_OUT = {
    "openai_v2": Leaves(frozenset({"responses", "cached responses"}), cached=True, reasoning=True),
    "openinference": Leaves(),
    "traceloop": Leaves(),
}


def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


@pytest.fixture(scope="module")
def client_python(repository: Path) -> Path:
    python = repository / ".validators" / "clients" / "bin" / "python"
    if not python.exists():
        pytest.skip("the real clients are not installed; run: make validators")
    return python


def driven(python: Path, *instrumentations: str) -> Mock:
    """What the server saw of a client that was traced."""
    with mock_server() as mock:
        script = Path(__file__).with_name("drive.py")
        subprocess.run(
            [python, script, mock.url, *instrumentations], check=True, capture_output=True, timeout=120
        )
    return mock


def calls_in(*paths: Path) -> pl.DataFrame:
    """The calls, each with the name that the client gave it."""
    with observed(Question(paths=tuple(map(str, paths))), quiet) as observation:
        calls = observation.engine.fetch("calls")
        requests = observation.engine.fetch("requests").select("request_id", call=pl.col("route"))
    return calls.join(requests, on="request_id")


def written(mock: Mock, folder: Path) -> list[Path]:
    paths = []
    for number, body in enumerate(mock.bodies):
        paths.append(folder / f"{number}.pb")
        paths[-1].write_bytes(body)
    return paths


@pytest.fixture(scope="module", params=LEFT_OUT)
def traced(request: pytest.FixtureRequest, client_python: Path) -> tuple[str, Mock]:
    return request.param, driven(client_python, request.param)


def test_calls_tokens_and_errors_are_those_that_were_served(traced: tuple[str, Mock], tmp_path: Path) -> None:
    name, mock = traced
    left_out = LEFT_OUT[name]
    calls = calls_in(*written(mock, tmp_path))
    made = {call for call, *_ in CALLS}
    assert sorted(calls["call"]) == sorted(made - left_out.calls), (
        "each call once, however often it was tried"
    )
    for row in calls.iter_rows(named=True):
        served = mock.of(row["call"])[-1]
        assert row["model"].startswith(served.model), row["call"]
        assert row["is_failed"] == (row["call"] in FAILING) or row["call"] in BROKEN, row["call"]
        assert row["input_tokens"] == served.input_tokens, row["call"]
        assert (row["output_tokens"] or None) == served.output_tokens, row["call"]
        cached, reasoning = row["cached_input_tokens"] or 0, row["reasoning_tokens"] or 0
        assert left_out.cached or cached == (served.cached_tokens or 0), row["call"]
        assert left_out.reasoning or reasoning == (served.reasoning_tokens or 0), row["call"]


def test_the_same_export_as_json_gives_the_same_calls(traced: tuple[str, Mock], tmp_path: Path) -> None:
    _, mock = traced
    lines = [MessageToDict(ExportTraceServiceRequest.FromString(body)) for body in mock.bodies]
    (tmp_path / "lines.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    columns = ["call", "model", "input_tokens", "output_tokens", "is_failed", "start_ns", "end_ns"]
    from_json = calls_in(tmp_path / "lines.jsonl").select(columns).sort("start_ns")
    from_protobuf = calls_in(*written(mock, tmp_path)).select(columns).sort("start_ns")
    assert from_json.equals(from_protobuf)


@pytest.mark.parametrize("pair", [("openinference", "openai_v2"), ("openinference", "traceloop")])
def test_a_call_under_two_instrumentations_counts_once(
    client_python: Path, tmp_path: Path, pair: tuple[str, str]
) -> None:
    mock = driven(client_python, *pair)
    paths = written(mock, tmp_path)
    calls = calls_in(*paths)
    assert sorted(calls["call"]) == sorted(call for call, *_ in CALLS)
    with observed(Question(paths=tuple(map(str, paths))), quiet) as observation:
        records = observation.engine.fetch("call_records")
    assert records.height > calls.height, "both did record"
    assert records.filter("is_counted").height == calls.height
    for row in calls.iter_rows(named=True):
        assert row["input_tokens"] == mock.of(row["call"])[-1].input_tokens, row["call"]
