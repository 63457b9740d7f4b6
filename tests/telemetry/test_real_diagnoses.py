"""What real instrumentations lack, as it is known from the mock server's own log and from their documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from costctl import verbs
from costctl.documents.diagnosis import Check
from costctl.observation import Question
from tests.conftest import unwatched
from tests.oracles.plain_readers import json_lines, tokens_served

# check: state, on how many it is there, of how many
KNOWN = {
    "otel_v2_2.4b0_default/otlp_file_exporter.jsonl": {
        "input_tokens": ("partial", 249, 253),  # 4 streams without include_usage
        "output_tokens": ("partial", 207, 211),
        "cached_tokens": ("missing", 0, 207),
        "ttft": ("missing", 0, 211),
        "retries": ("missing", 0, 265),  # 294 HTTP calls; the SDK's retries are inside its spans
        "errors": ("ok", 12, 12),
        "silent_requests": ("partial", 174, 179),  # 5 used the responses interface, which it does not record
        "replica": ("not_applicable", 0, 0),
        "whole_attributes": ("ok", 564, 564),
        "retrieval": ("ok", 30, 30),
        "documents": ("missing", 0, 30),
    },
    "traceloop/otlp_file_exporter.jsonl": {
        "input_tokens": ("partial", 254, 259),
        "cached_tokens": ("ok", 212, 212),
        "ttft": ("ok", 35, 35),
        "stream_flag": ("ok", 228, 228),
        "retries": ("missing", 0, 270),
        "silent_requests": ("ok", 180, 180),
        "session": ("missing", 0, 179),
    },
    "litellm/traces_len4be.pb": {
        "input_tokens": ("partial", 74, 79),  # 5 streams say 0 in and 0 out, though the server sent answers
        "entry": ("missing", 0, 86),
        "ttft": ("missing", 0, 21),
        "finish_reason": ("ok", 73, 73),
    },
    "langfuse/traces_len4be.pb": {
        "provider": ("missing", 0, 70),
        "errors": ("missing", 0, 1),
        "ttft": ("partial", 10, 69),
        "tenant": ("ok", 30, 30),
    },
}


def checks(path: Path, config: Path | None = None) -> dict[str, Check]:
    document = verbs.doctor(Question(paths=(str(path),), config=config), unwatched)
    return {check.id: check for check in document.checks}


@pytest.mark.parametrize("name", KNOWN)
def test_the_known_gaps_of_an_instrumentation_are_named_with_their_numbers(
    real_traces: Path, name: str
) -> None:
    found = checks(real_traces / "instrumented" / name)
    said = {key: (found[key].state, found[key].observed, found[key].expected) for key in KNOWN[name]}
    assert said == KNOWN[name]


def test_a_callers_own_instance_is_not_the_replica_that_served_its_calls(
    real_traces: Path, tmp_path: Path
) -> None:
    config = tmp_path / "costctl.toml"
    config.write_text('[pools.own]\nusd_per_replica_hour = 2.0\nmodels = ["gpt-4.1-nano"]\n')
    found = checks(
        real_traces / "instrumented" / "otel_v2_2.4b0_default" / "otlp_file_exporter.jsonl", config
    )
    assert (found["replica"].state, found["queue_time"].state) == ("missing", "missing")
    assert "service.instance.id" in found["replica"].example


def test_the_tokens_that_the_server_gave_and_no_span_tells_of_lie_within_the_bound(real_traces: Path) -> None:
    place = real_traces / "instrumented" / "otel_v2_2.4b0_default"
    shortfall = checks(place / "otlp_file_exporter.jsonl")["input_tokens"].shortfall
    served = json_lines(place / "server_requests.jsonl")
    reported = tokens_served(served, "/v1/chat/completions")[0]
    every = sum(
        row.get("pt", 0) for row in served if row["path"] == "/v1/chat/completions" and row["status"] == 200
    )
    assert shortfall is not None
    assert 0 < every - reported <= shortfall.at_most


def test_a_log_of_arrivals_lacks_nearly_everything_and_has_its_tokens(real_traces: Path) -> None:
    found = checks(next((real_traces / "workload" / "azure").glob("*.csv")))
    assert found["input_tokens"].state == found["output_tokens"].state == "ok"
    gaps = {key for key, check in found.items() if check.state == "missing"}
    assert gaps >= {"model", "provider", "call_times", "entry", "prices", "ttft", "tenant"}
