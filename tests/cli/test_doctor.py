"""A diagnosis says the same in every form, and its first lines say how mature each phase is."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from costctl import verbs
from costctl.documents.diagnosis import Diagnosis
from costctl.observation import Question
from costctl.render.diagnosis import csv_text, sections
from costctl.render.markdown import as_markdown
from costctl.render.sections import Notes, Table
from costctl.render.terminal import as_terminal_text
from tests.conftest import unwatched


@pytest.fixture(scope="module")
def diagnosis(sample_question: Question) -> Diagnosis:
    return verbs.doctor(sample_question, unwatched)


def test_the_sample_traces_lack_only_what_a_world_does_not_write(diagnosis: Diagnosis) -> None:
    gaps = [check.id for check in diagnosis.checks if check.state in ("missing", "partial")]
    assert set(gaps) == {
        "session", "data_classification", "label", "stream_flag", "content_keys", "finish_reason", "bills", "slos"
    }  # fmt: skip
    assert (diagnosis.requests, diagnosis.calls, diagnosis.spans) == (5629, 11479, 40212)


def test_every_gap_is_shown_with_what_it_does_and_what_to_add(diagnosis: Diagnosis) -> None:
    shown = sections(diagnosis)
    assert isinstance(shown[0], Table)
    assert [row[0] for row in shown[0].rows] == ["measure", "route", "tune", "operate"]
    gaps = [check for check in diagnosis.checks if check.state in ("missing", "partial")]
    notes = [section for section in shown if isinstance(section, Notes) and section.code]
    assert len(notes) == len(gaps)
    markdown, terminal = as_markdown(shown), as_terminal_text(shown)
    for check, note in zip(gaps, notes, strict=True):
        assert check.effect in note.lines
        assert check.add in note.lines[-1]
        assert f"```\n{check.example}\n```" in markdown
        assert check.example.splitlines()[0] in terminal


def test_csv_has_a_row_for_each_check(diagnosis: Diagnosis) -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text(diagnosis))))
    assert [row["id"] for row in rows] == [check.id for check in diagnosis.checks]
    for row, check in zip(rows, diagnosis.checks, strict=True):
        assert (row["state"], int(row["expected"]), int(row["observed"])) == (
            check.state,
            check.expected,
            check.observed,
        )


def test_what_is_nobodys_is_counted_in_calls_and_in_requests(tmp_path: Path) -> None:
    """One request of two tenants whose entry names none, and one that is a tenant's own."""
    spans = [
        otlp_span("a1", None, {}),
        otlp_span("a2", "a1", {**ASKED, "tenant": "acme"}),
        otlp_span("a3", "a1", ASKED),
        otlp_span("b1", None, {**ASKED, "tenant": "acme"}),
    ]
    path = tmp_path / "spans.json"
    path.write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}), encoding="utf-8")
    found = verbs.doctor(Question(paths=(str(path),)), unwatched)
    assert found.notes[0] == (
        "No tenant: 1 of 3 calls name none on their span or above it; 1 of 2 requests name none on their entry span, "
        "nor on all of their calls."
    )
    (check,) = (each for each in found.checks if each.id == "tenant")
    assert (check.expected, check.observed) == (2, 1)
    assert found.witness is None


ASKED = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 1,
}  # fmt: skip


def otlp_span(name: str, parent: str | None, said: dict[str, object]) -> dict[str, object]:
    """A span of a second, of the trace that its name begins with."""
    attributes = [
        {"key": key, "value": {"intValue": value} if isinstance(value, int) else {"stringValue": value}}
        for key, value in said.items()
    ]
    return {
        "traceId": name[0] * 32,
        "spanId": name.rjust(16, "0"),
        **({} if parent is None else {"parentSpanId": parent.rjust(16, "0")}),
        "name": name,
        "startTimeUnixNano": "1795168800000000000",
        "endTimeUnixNano": "1795168801000000000",
        "attributes": attributes,
    }
