"""``costctl segment --admission``: every form of the document says the same."""

from __future__ import annotations

import csv
import io
import json

import msgspec
from jsonschema import validate

from costctl import verbs
from costctl.documents.admission_accuracy import MatchCondition
from costctl.documents.schemas import schema_for
from costctl.observation import Question
from costctl.render.admission_accuracy import csv_text, in_words, sections
from costctl.render.markdown import as_markdown
from costctl.render.terminal import as_terminal_text
from tests.conftest import unwatched


def test_the_classes_of_the_sample_traces_are_told_by_route_model_and_limits(
    sample_question: Question,
) -> None:
    document = verbs.segment_admission(sample_question, unwatched)
    told = document.without_label
    assert document.requests == document.evaluated == sum(cell.requests for cell in told.confusion)
    assert {item.recall and item.recall.mid for item in told.classes} == {1.0}
    assert document.with_label is None
    rows = list(csv.DictReader(io.StringIO(csv_text(document))))
    assert [float(row["recall_low"]) for row in rows] == [
        item.recall.low for item in told.classes if item.recall
    ]
    table, markdown = as_terminal_text(sections(document)), as_markdown(sections(document))
    assert max(len(line) for line in table.splitlines()) <= 100
    for rule in told.rules:
        assert f"{rule.requests:,}" in table
        assert f"| {in_words(rule.conditions)} | {rule.request_class} |" in markdown
    validate(json.loads(msgspec.json.encode(document)), schema_for("admission_accuracy"))


def test_conditions_are_said_in_words() -> None:
    assert in_words(()) == "all others"
    assert (
        in_words((MatchCondition("prompt_tokens", at_most=1024), MatchCondition("route", equals="/v1/x")))
        == "prompt ≤ 1,024 and route = /v1/x"
    )
    assert in_words((MatchCondition("max_tokens", is_given=False),)) == "no max_tokens"
