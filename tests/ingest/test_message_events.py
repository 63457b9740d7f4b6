"""Log events of messages, as OpenTelemetry had them before 1.37: what was said, beside spans that say what it cost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from costctl.errors import InputError
from costctl.ingest import loader
from costctl.store.database import open_store
from tests.ingest.one_trace import SPANS, as_otlp
from tests.ingest.otlp_exports import pair

EVENTS = (
    "gen_ai.system.message",
    "gen_ai.user.message",
    "gen_ai.assistant.message",
    "gen_ai.tool.message",
    "gen_ai.choice",
)


def as_events(*names: str) -> dict[str, Any]:
    """A record each, with its name where the protocol has it, and what was said in the body."""
    records = [
        {
            "timeUnixNano": "1795478400000000000",
            "eventName": name,
            "traceId": "1" * 32,
            "spanId": "2" * 16,
            "attributes": [pair("gen_ai.system", "openai")],
            "body": {"kvlistValue": {"values": [pair("content", "my swordfish")]}},
        }
        for name in names
    ]
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}


def loaded(folder: Path, *documents: dict[str, Any]) -> Any:
    file = folder / "a.json"
    file.write_text("".join(json.dumps(each) + "\n" for each in documents))
    with open_store(folder / "s.duckdb") as connection:
        return loader.ingest(connection, [str(file)])


def test_a_file_of_messages_alone_is_refused_with_what_it_lacks_and_where_that_is(tmp_path: Path) -> None:
    (report,) = loaded(tmp_path, as_events(*EVENTS))
    assert report.rejected_by_code == {"message_events": 5}
    with pytest.raises(InputError) as caught:
        loader.require_something([report])
    said = caught.value
    assert (
        "5 messages without a model or tokens (OpenTelemetry log events, such as gen_ai.user.message)"
        in said.why
    )
    assert "model and tokens are on the spans of the same calls: export those too" in said.next_step
    assert "swordfish" not in str(said)


def test_beside_spans_messages_are_no_fault_of_the_file(tmp_path: Path) -> None:
    (report,) = loaded(tmp_path, as_otlp(SPANS), as_events(*EVENTS))
    assert (report.state, report.spans, report.rejected_by_code) == (
        "complete",
        len(SPANS),
        {"message_events": 5},
    )


@pytest.mark.parametrize("name", ["gen_ai.user.feedback", "http.request"])
def test_other_events_without_a_call_are_told_as_before(tmp_path: Path, name: str) -> None:
    (report,) = loaded(tmp_path, as_otlp(SPANS), as_events(name))
    assert report.rejected_by_code == {"not_a_request": 1}
