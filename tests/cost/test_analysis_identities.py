"""The analysis of the sample traces adds up, agrees with their truth, and is the same bytes every time."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from costctl import verbs
from costctl.documents.analysis import Analysis
from costctl.documents.schemas import rendered
from costctl.observation import Question, observed
from costctl.relations import load_relations


def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


@pytest.fixture(scope="module")
def truth(repository: Path) -> dict[str, dict[str, dict[str, float]]]:
    return json.loads((repository / "sample_traces" / "truth.json").read_text())


def test_loaded_and_unattributed_cost_are_the_bill(sample_analysis: Analysis) -> None:
    totals = sample_analysis.totals
    loaded = sum(report.cost.loaded_usd or 0.0 for report in sample_analysis.classes)
    assert totals.billed_usd is not None
    assert totals.unattributed_usd is not None
    assert loaded + totals.unattributed_usd == pytest.approx(totals.billed_usd, rel=1e-9)


def test_attributed_idle_and_unattributed_cost_are_the_bill(sample_analysis: Analysis) -> None:
    totals = sample_analysis.totals
    parts = (totals.attributed_usd, totals.idle_usd, totals.unattributed_usd)
    assert all(part is not None for part in parts)
    assert sum(part or 0.0 for part in parts) == pytest.approx(totals.billed_usd, rel=1e-9)
    attributed = sum(report.cost.attributed_usd or 0.0 for report in sample_analysis.classes)
    assert attributed == pytest.approx(totals.attributed_usd, rel=1e-9)


def test_components_sum_to_what_a_class_is_attributed(sample_analysis: Analysis) -> None:
    for report in sample_analysis.classes:
        parts = sum(component.usd or 0.0 for component in report.cost.components)
        assert parts == pytest.approx(report.cost.attributed_usd, rel=1e-9), report.request_class


def test_busy_seconds_of_pools_are_those_of_the_world(
    sample_analysis: Analysis, truth: dict[str, dict]
) -> None:
    # Whoever gave up in the queue never occupied a replica; nothing else may be missing.
    for pool in sample_analysis.pools:
        assert pool.busy_s == pytest.approx(truth["pools"][pool.pool]["busy_s"], rel=1e-4)


def test_requests_successes_and_attempts_are_those_of_the_world(
    sample_analysis: Analysis, truth: dict[str, dict]
) -> None:
    for report in sample_analysis.classes:
        true = truth["classes"][report.request_class]
        assert (report.requests, report.successes) == (true["requests"], true["successes"])


def test_marginal_cost_is_that_of_the_world(sample_analysis: Analysis, truth: dict[str, dict]) -> None:
    for report in sample_analysis.classes:
        true = truth["classes"][report.request_class]["marginal_usd_per_request"]
        estimate = report.cost.marginal_usd_per_request
        assert estimate is not None
        assert abs(estimate.mid - true["mean"]) <= 0.05 * true["mean"] + 2 * true["standard_error"]
        assert estimate.low <= true["mean"] <= estimate.high


def test_the_document_keeps_to_its_schema(sample_analysis: Analysis) -> None:
    encoded = msgspec.json.encode(sample_analysis, order="deterministic")
    jsonschema.validate(json.loads(encoded), json.loads(rendered("analysis")))


def test_the_document_is_written_alike_twice(short_question: Question) -> None:
    once, again = (
        msgspec.json.encode(verbs.analyze(short_question, quiet), order="deterministic") for _ in range(2)
    )
    assert once == again


def test_no_check_returns_a_row(sample_question: Question) -> None:
    checks = [name for name, each in load_relations("duckdb").items() if each.layer == "checks"]
    assert len(checks) >= 7
    with observed(sample_question, quiet) as observation:
        for check in checks:
            assert observation.engine.fetch(check).is_empty(), check


def test_an_unknown_price_is_null_with_a_note_and_never_zero(sample_store: Path, tmp_path: Path) -> None:
    (tmp_path / "costctl.toml").write_text('[pools.embedder]\nmatch = { "service.name" = "embedder" }\n')
    analysis = verbs.analyze(Question(store=sample_store, config=tmp_path / "costctl.toml"), quiet)
    assert analysis.totals.billed_usd is None
    assert all(report.cost.marginal_usd_per_request is None for report in analysis.classes)
    assert any("usd_per_replica_hour is not set" in note for note in analysis.coverage.notes)
