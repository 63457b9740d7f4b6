"""Steps and explanations on real traces, beside what the clients that made them say they did."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from costctl import verbs
from costctl.observation import Question


def unwatched(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


def stored(traces: Path, folder: Path) -> Question:
    store = folder / "store.duckdb"
    verbs.ingest(verbs.IngestRequest((str(traces),), store), unwatched)
    return Question(store=store)


def selected(query: str, question: Question) -> pl.DataFrame:
    return verbs.sql(query, question, unwatched).rows


@pytest.mark.parametrize("dialect", ["traceloop", "otel_v2_2.4b0_default", "otel_v2_2.4b0_optin"])
def test_the_turns_of_an_agent_are_the_steps_that_its_client_took(
    dialect: str, real_traces: Path, tmp_path: Path
) -> None:
    folder = real_traces / "instrumented" / dialect
    lines = (json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines())
    truth = {line["trace_id"]: line["steps"] for line in lines if "steps" in line}
    question = stored(folder / "traces_len4be.pb", tmp_path)
    turns = selected(
        "SELECT trace_id, turns, steps, tool_runs FROM request_steps INNER JOIN requests "
        "ON request_steps.request_id = requests.request_id",
        question,
    )
    found = turns.filter(pl.col("trace_id").is_in(list(truth)))
    assert dict(found.select("trace_id", "turns").iter_rows()) == truth
    assert (found["steps"] == found["turns"] + found["tool_runs"]).all()


def requests_of(question: Question) -> Iterator[str]:
    yield from selected("SELECT DISTINCT trace_id FROM requests ORDER BY trace_id", question)["trace_id"]


@pytest.mark.parametrize("corpus", ["agentevals", "langfuse_framework_traces", "any_agent"])
def test_the_traces_of_agent_frameworks_are_explained(corpus: str, real_traces: Path, tmp_path: Path) -> None:
    question = stored(real_traces / "spans" / corpus, tmp_path)
    for trace_id in requests_of(question):
        document = verbs.explain(trace_id, question, unwatched)
        for request in document.requests:
            total = sum(stage.self_s for stage in request.stages)
            assert total == pytest.approx(request.duration_s or 0.0, abs=1e-6)
            assert sum(rule.is_taken for rule in request.rules) == 1
            assert request.call_count == sum(record.is_counted for record in request.records)
