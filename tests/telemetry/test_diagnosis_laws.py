"""Laws of a diagnosis: counts, scores and bounds, whatever the evidence; the catalogue against what costctl reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.documents.diagnosis import AffectedCost
from costctl.documents.settings import ClassSettings, Pool, Settings, Slo, Value
from costctl.ingest.dialect import KeyRule, shipped_dialects
from costctl.relations import load_relations
from costctl.telemetry.catalogue import catalogue
from costctl.telemetry.coverage import COVERAGE, Evidence, coverage, settings_counts
from costctl.telemetry.diagnosis import checks_of, phases_of
from tests.thoroughness import how_many

FACTS = catalogue()
SETTINGS = {fact.id: (2, 1) for fact in FACTS if fact.of == "settings"}
EVIDENCE = {"spans": "span_evidence", "calls": "call_evidence", "requests": "request_evidence"}


def frame_of(relation: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    kinds = {"VARCHAR": pl.String, "BOOLEAN": pl.Boolean, "BIGINT": pl.Int64, "DOUBLE": pl.Float64}
    schema = {column.name: kinds[column.type] for column in load_relations("duckdb")[relation].columns}
    return pl.DataFrame(rows, schema=schema)


def rows_of(relation: str) -> st.SearchStrategy[list[dict[str, object]]]:
    values = {
        "VARCHAR": st.sampled_from(["otel", "vllm", "unnamed"]),
        "BOOLEAN": st.booleans(),
        "BIGINT": st.integers(1, 1000),
        "DOUBLE": st.none() | st.floats(0, 100),
    }
    columns = {column.name: values[column.type] for column in load_relations("duckdb")[relation].columns}
    return st.lists(st.fixed_dictionaries(columns).map(with_less_named_than_there_is), max_size=6)


def with_less_named_than_there_is(row: dict[str, Any]) -> dict[str, Any]:
    if "named_ms" in row:
        return {**row, "named_ms": min(row["named_ms"], row["duration_ms"])}
    return row


EVIDENCES = st.fixed_dictionaries({name: rows_of(relation) for name, relation in EVIDENCE.items()})


def evidence_of(rows: dict[str, list[dict[str, object]]]) -> Evidence:
    return Evidence(**{name: frame_of(EVIDENCE[name], rows[name]) for name in EVIDENCE})


@settings(max_examples=how_many(10, thorough=40), deadline=None)
@given(EVIDENCES)
def test_no_more_is_observed_than_expected_and_scores_lie_between_0_and_100(
    rows: dict[str, list[dict[str, object]]],
) -> None:
    evidence = evidence_of(rows)
    counted = coverage(FACTS, evidence, SETTINGS)
    assert counted.filter(pl.col("observed") > pl.col("expected")).is_empty()
    assert counted.filter(pl.col("missing_ns") > pl.col("expected_ns")).is_empty()
    checks = checks_of(FACTS, counted, evidence.calls)
    assert {check.id for check in checks} == {fact.id for fact in FACTS}
    for phase in phases_of(checks):
        assert phase.score is None or 0.0 <= phase.score <= 100.0
        assert phase.next_check is None or phase.gaps > 0


@settings(max_examples=how_many(10, thorough=40), deadline=None)
@given(EVIDENCES)
def test_the_order_of_rows_changes_nothing(rows: dict[str, list[dict[str, object]]]) -> None:
    forwards, backwards = evidence_of(rows), evidence_of({name: each[::-1] for name, each in rows.items()})
    found = [checks_of(FACTS, coverage(FACTS, each, SETTINGS), each.calls) for each in (forwards, backwards)]
    assert found[0] == found[1]


@settings(max_examples=how_many(10, thorough=40), deadline=None)
@given(st.data())
def test_a_score_never_falls_when_something_is_added(data: st.DataObject) -> None:
    expected = {fact.id: data.draw(st.integers(0, 50)) for fact in FACTS}
    observed = {key: data.draw(st.integers(0, most)) for key, most in expected.items()}
    more = {key: data.draw(st.integers(observed[key], most)) for key, most in expected.items()}

    def scores(counts: dict[str, int]) -> list[float]:
        rows = [(key, "otel", expected[key], counts[key], None, None, None, None) for key in expected]
        frame = pl.DataFrame(rows, schema=COVERAGE, orient="row")
        return [
            each.score or 0.0 for each in phases_of(checks_of(FACTS, frame, frame_of("call_evidence", [])))
        ]

    assert all(after >= before - 1e-9 for before, after in zip(scores(observed), scores(more), strict=True))


def test_what_is_expected_nowhere_is_no_gap_and_says_why() -> None:
    empty = evidence_of({name: [] for name in EVIDENCE})
    checks = checks_of(FACTS, coverage(FACTS, empty, dict.fromkeys(SETTINGS, (0, 0))), empty.calls)
    assert {check.state for check in checks} == {"not_applicable"}
    assert all(check.reason for check in checks)
    assert [phase.score for phase in phases_of(checks)] == [None] * 4


def test_a_sum_is_low_by_the_mean_of_the_others_and_at_most_by_their_largest() -> None:
    # 4 generations with 100 tokens in all, the largest 40; 2 without -> about 50, at most 80; embeddings lack nothing
    always = dict.fromkeys(["is_answered", "has_model", "has_provider"], True)

    def call(
        is_generation: bool, has: bool, calls: int, tokens: int | None, largest: int | None
    ) -> dict[str, object]:
        columns = load_relations("duckdb")["call_evidence"].columns
        row: dict[str, object] = {column.name: False for column in columns if column.type == "BOOLEAN"}
        return {**row, **always, "dialect": "otel", "is_generation": is_generation, "has_input_tokens": has,
                "calls": calls, "input_tokens": tokens, "largest_input_tokens": largest}  # fmt: skip

    calls = frame_of(
        "call_evidence",
        [call(True, True, 4, 100, 40), call(True, False, 2, None, None), call(False, True, 3, 9000, 5000)],
    )
    evidence = Evidence(frame_of("span_evidence", []), calls, frame_of("request_evidence", []))
    (check,) = (
        each
        for each in checks_of(FACTS, coverage(FACTS, evidence, SETTINGS), calls)
        if each.id == "input_tokens"
    )
    assert (check.state, check.expected, check.observed) == ("partial", 9, 7)
    assert check.shortfall is not None
    assert (check.shortfall.known, check.shortfall.about, check.shortfall.at_most) == (9100, 50.0, 80.0)


def test_settings_are_counted_by_pool_and_by_the_classes_that_were_seen() -> None:
    configured = Settings(
        pools={"a": Pool(replicas=2, max_num_seqs=8), "b": Pool()},
        classes={"chat": ClassSettings(slo=Slo(e2e_p95="6s"), value=Value(0.1)), "unseen": ClassSettings()},
        bills={"a": {"2026-11": 10.0}},
    )
    counts = settings_counts(configured, ["chat", "rag", "other"])
    assert counts["bills"] == counts["pool_replicas"] == counts["pool_limits"] == (2, 1)
    assert counts["slos"] == counts["values"] == (2, 1)
    assert counts["boundaries"] == counts["allowed_models"] == (2, 0)
    assert set(counts) == set(SETTINGS)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.id)
def test_a_fact_names_only_columns_that_exist_and_attributes_that_costctl_reads(fact: object) -> None:
    assert isinstance(fact, type(FACTS[0]))
    relation = EVIDENCE.get({"time": "requests"}.get(fact.of, fact.of))
    named = {each.lstrip("!") for each in (*fact.expected, *fact.observed)}
    assert relation is None or named <= {each.name for each in load_relations("duckdb")[relation].columns}
    read: set[str] = set()
    for dialect in shipped_dialects():
        for rules in dialect.columns.values():
            read.update(rule.key if isinstance(rule, KeyRule) else rule for rule in rules)
        for keys in dialect.resource.values():
            read.update(keys)
    assert set(fact.attributes) <= read
    assert set(fact.examples) <= {"any", *(dialect.name for dialect in shipped_dialects())}
    assert set(fact.not_for) <= {dialect.name for dialect in shipped_dialects()}


def test_the_examples_for_costctl_toml_are_read_by_it(tmp_path: Path) -> None:
    from costctl.config import load_config

    found = [fact for fact in FACTS if "costctl.toml" in fact.add]
    assert len(found) >= 8
    for fact in found:
        path = tmp_path / f"{fact.id}.toml"
        path.write_text(fact.examples["any"])
        assert load_config(path, tmp_path).settings != Settings()


def call_row(**facts: object) -> dict[str, object]:
    """A pattern of answered generations that lacks all facts but these."""
    columns = load_relations("duckdb")["call_evidence"].columns
    row: dict[str, object] = {column.name: False for column in columns if column.type == "BOOLEAN"}
    known = {"is_generation": True, "is_answered": True, "dialect": "otel", "unpriced_charges": 0}
    return {**row, **known, **facts}


def test_a_gap_is_told_with_what_the_calls_cost_that_have_it() -> None:
    # 2 calls without input tokens, of which 1.5 USD is known and two charges are not; 3 calls with them
    rows = [
        call_row(calls=2, usd=1.5, unpriced_charges=2),
        call_row(calls=3, usd=9.0, has_input_tokens=True),
    ]
    evidence = Evidence(
        frame_of("span_evidence", []), frame_of("call_evidence", rows), frame_of("request_evidence", [])
    )
    checks = {each.id: each for each in checks_of(FACTS, coverage(FACTS, evidence, SETTINGS), evidence.calls)}
    assert checks["input_tokens"].cost == AffectedCost(usd=1.5, unpriced_charges=2)
    assert checks["finish_reason"].cost == AffectedCost(usd=10.5, unpriced_charges=2)
    assert checks["bills"].cost is None


def test_the_gap_for_want_of_which_there_is_no_price_comes_before_all_others() -> None:
    rows = [
        call_row(calls=2, unpriced_charges=4, has_provider=True, has_model=True, has_output_tokens=True),
        call_row(calls=90, usd=900.0, has_input_tokens=True, has_output_tokens=True, has_model=True),
    ]
    evidence = Evidence(
        frame_of("span_evidence", []), frame_of("call_evidence", rows), frame_of("request_evidence", [])
    )
    first, *_ = checks_of(FACTS, coverage(FACTS, evidence, SETTINGS), evidence.calls)
    assert first.id == "input_tokens"
