"""The outcome of each rule for a request, beside the relation that sorts requests into classes."""

from __future__ import annotations

from typing import Any

import duckdb
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.explain.rule_trace import definition, rule_outcomes
from costctl.relations import load_relations
from costctl.segment.rules import CLASS_RULES, default_rules
from tests.relations.span_rows import chat, engine_of, span
from tests.thoroughness import how_many

SHAPE = {column.name: column.type for column in load_relations("duckdb")["request_shape"].columns}
TYPES = {"VARCHAR": pl.String, "BIGINT": pl.Int64, "DOUBLE": pl.Float64, "BOOLEAN": pl.Boolean}
VALUES = {
    "VARCHAR": st.sampled_from([None, "chat", "embeddings", "a"]),
    "BIGINT": st.none() | st.integers(0, 4),
    "DOUBLE": st.none() | st.sampled_from([0.0, 0.5, 1.0, 2.0]),
    "BOOLEAN": st.none() | st.booleans(),
}
BOUNDS = [name for name in CLASS_RULES if name[:4] in {"min_", "max_"}]
OPEN: dict[str, Any] = dict.fromkeys(CLASS_RULES, None) | {"is_labelled": False}

shapes = st.lists(
    st.fixed_dictionaries({name: VALUES[kind] for name, kind in SHAPE.items()}), min_size=1, max_size=8
)
bounds = st.fixed_dictionaries({}, optional=dict.fromkeys(BOUNDS, st.sampled_from([0.0, 1.0, 2.0, 3.0])))
rule = st.one_of(
    bounds,
    st.fixed_dictionaries({"operation": st.sampled_from(["chat", "embeddings"])}),
    st.sampled_from(BOUNDS).flatmap(
        lambda name: st.fixed_dictionaries({name: st.sampled_from([0.0, 1.0, 2.0])})
    ),
    st.just({"is_labelled": True}),
)


def rules_of(rows: list[dict[str, Any]]) -> pl.DataFrame:
    numbered = [
        OPEN
        | {
            "rule_order": at,
            "rule": f"rule {at}",
            "request_class": None if "is_labelled" in row else f"c{at}",
        }
        | row
        for at, row in enumerate([*rows, {}], 1)
    ]
    return pl.DataFrame(numbered, schema=CLASS_RULES)


@settings(max_examples=how_many(12, thorough=60), deadline=None)
@given(shapes, st.lists(rule, max_size=6))
def test_the_rule_that_is_taken_is_the_one_of_the_relation_request_class(
    rows: list[dict[str, Any]], rules: list[dict[str, Any]]
) -> None:
    keyed = [row | {"request_id": at} for at, row in enumerate(rows)]
    class_rules = rules_of(rules)
    frame = pl.DataFrame(
        keyed, schema={name: TYPES[kind] for name, kind in SHAPE.items()} | {"request_id": pl.Int64}
    )
    connection = duckdb.connect()
    connection.register("request_shape", frame.to_arrow())
    connection.register("class_rules", class_rules.to_arrow())
    placed = {
        key: (name, rule_name)
        for key, name, rule_name in connection.sql(load_relations("duckdb")["request_class"].sql).fetchall()
    }
    for shape in keyed:
        (taken,) = [each for each in rule_outcomes(shape, class_rules) if each.is_taken]
        assert placed[shape["request_id"]] == (taken.request_class, taken.rule)


def test_each_bound_is_named_with_what_it_wants_and_what_was_found() -> None:
    engine = engine_of([chat("a/only", 0, 1, input_tokens=2000, output_tokens=40)])
    outcomes = rule_outcomes(engine.fetch("request_shape").row(0, named=True), default_rules())
    (long_answer,) = [each for each in outcomes if each.rule == "long answer"]
    assert not long_answer.is_met
    (missed,) = [bound for bound in long_answer.bounds if not bound.is_met]
    assert (missed.bound, missed.wanted, missed.found) == ("min_output_tokens", 512.0, 40)
    assert [each.rule for each in outcomes if each.is_taken] == ["one model call"]


def test_what_was_not_observed_meets_no_bound_and_is_said_to_be_unknown() -> None:
    engine = engine_of([span("a/only", 0, 1)])
    outcomes = rule_outcomes(engine.fetch("request_shape").row(0, named=True), default_rules())
    found = {bound.bound: bound.found for each in outcomes for bound in each.bounds if not bound.is_met}
    assert found["min_documents"] is None
    assert found["min_generation_calls"] == 0


def test_a_label_is_the_class() -> None:
    engine = engine_of([chat("a/only", 0, 1, workload="tickets")])
    first = rule_outcomes(engine.fetch("request_shape").row(0, named=True), default_rules())[0]
    assert first.is_taken
    assert first.request_class == "tickets"


def test_a_rule_is_defined_in_words() -> None:
    rules = rules_of([{"min_output_tokens": 1000.0, "max_hour_utc": 5.0}, {"operation": "chat"}])
    words = [definition(row) for row in rules.iter_rows(named=True)]
    assert words == ["hour utc at most 5, output tokens at least 1,000", "operation is chat", "everything"]
