"""Rules applied to a frame say what the relation request_class says."""

from __future__ import annotations

import duckdb
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.relations import load_relations
from costctl.segment.matching import apply_rules
from costctl.segment.rules import CLASS_RULES, FEATURES, default_rules
from tests.thoroughness import how_many

REQUEST_CLASS = load_relations("duckdb")["request_class"].sql
VALUES = st.none() | st.integers(0, 6)
OPERATIONS = st.none() | st.sampled_from(["chat", "embeddings"])
SHAPE_SCHEMA = {
    "request_id": pl.String,
    "operation": pl.String,
    "workload": pl.String,
    **dict.fromkeys(FEATURES, pl.Int64),
    "duration_s": pl.Float64,
}


def as_the_relation_says(shape: pl.DataFrame, rules: pl.DataFrame) -> list[tuple[str, ...]]:
    with duckdb.connect() as connection:
        connection.register("request_shape", shape.to_arrow())
        connection.register("class_rules", rules.to_arrow())
        return sorted(connection.sql(REQUEST_CLASS).fetchall())


@st.composite
def shapes(draw: st.DrawFn) -> pl.DataFrame:
    rows = [
        {
            "request_id": f"r{number}",
            "operation": draw(OPERATIONS),
            "workload": draw(st.none() | st.just("label")),
            **{name: draw(VALUES) for name in FEATURES},
        }
        for number in range(draw(st.integers(1, 8)))
    ]
    return pl.DataFrame(rows, schema=SHAPE_SCHEMA)


@st.composite
def rule_rows(draw: st.DrawFn) -> pl.DataFrame:
    bounds = st.dictionaries(st.sampled_from(CLASS_RULES.names()[5:]), st.floats(0, 6), max_size=3)
    rows = []
    for number in range(1, draw(st.integers(1, 5)) + 1):
        is_labelled = draw(st.booleans())
        rows.append(
            {
                "rule_order": number,
                "rule": f"rule {number}",
                "request_class": None if is_labelled else f"class {number}",
                "is_labelled": is_labelled,
                "operation": draw(OPERATIONS),
                **draw(bounds),
            }
        )
    return pl.DataFrame(rows, schema=CLASS_RULES)


@settings(max_examples=how_many(12, thorough=60), deadline=None)
@given(shapes(), rule_rows())
def test_any_rules_give_any_requests_the_class_that_the_relation_gives(
    shape: pl.DataFrame, rules: pl.DataFrame
) -> None:
    assert sorted(apply_rules(shape, rules).rows()) == as_the_relation_says(shape, rules)


@settings(max_examples=how_many(10, thorough=30), deadline=None)
@given(shapes())
def test_the_built_in_rules_give_every_request_the_class_that_the_relation_gives(shape: pl.DataFrame) -> None:
    found = apply_rules(shape, default_rules())
    assert found["request_id"].to_list() == shape["request_id"].to_list()
    assert sorted(found.rows()) == as_the_relation_says(shape, default_rules())
