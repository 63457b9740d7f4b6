"""Which deployment did a bought call go to? What its own record says, and never who called: a cache is bound to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from costctl.observation import Question, observed
from costctl.progress import silent
from tests.ingest.otlp_exports import pair

Json = dict[str, Any]
CALLER = {"service.name": "assistant", "service.instance.id": "assistant-0"}
CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "azure.ai.openai",
    "gen_ai.request.model": "gpt-4.1",
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": 10,
}
HOST = {"server.address": "east.openai.azure.com"}
BY_PORT = {"server.address": "10.0.0.7", "server.port": 4000}


def deployment(folder: Path, resource: Json, call: Json) -> str | None:
    span = {
        "traceId": "0" * 31 + "1", "spanId": "0" * 15 + "1", "name": "chat", "kind": 3,
        "startTimeUnixNano": "1764460800000000000", "endTimeUnixNano": "1764460801000000000",
        "attributes": [pair(key, value) for key, value in call.items()],
    }  # fmt: skip
    emitter = {"attributes": [pair(key, value) for key, value in resource.items()]}
    path = folder / "a.json"
    path.write_text(json.dumps({"resourceSpans": [{"resource": emitter, "scopeSpans": [{"spans": [span]}]}]}))
    with observed(Question(paths=(str(path),)), silent) as observation:
        (found,) = observation.engine.fetch("bought_calls", ("replica",))["replica"]
    return None if found is None else str(found)


@pytest.mark.parametrize(
    ("resource", "call", "expected"),
    [
        (CALLER, HOST, "east.openai.azure.com"),
        ({"service.name": "assistant"}, HOST, "east.openai.azure.com"),
        ({"k8s.pod.name": "assistant-5f7"}, BY_PORT, "10.0.0.7:4000"),
        (CALLER, {}, None),
        (CALLER, {"upstream_host": "10.1.2.3:443", **HOST}, "10.1.2.3:443"),
        ({}, {}, None),
    ],
    ids=["caller and address", "address", "with its port", "caller alone", "what a gateway chose", "nothing"],
)
def test_a_call_is_at_the_server_that_its_record_names_and_not_at_who_called(
    tmp_path: Path, resource: Json, call: Json, expected: str | None
) -> None:
    assert deployment(tmp_path, resource, CALL | call) == expected
