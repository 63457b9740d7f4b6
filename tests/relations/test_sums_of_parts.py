"""Money that is summed in the database is the sum of the charges, rounded once."""

from __future__ import annotations

import math
from fractions import Fraction

import duckdb
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.documents.settings import Settings
from costctl.relations import load_relations
from costctl.stats.exact_sums import binary_places, sum_of_parts, sums_of_parts
from tests.relations.span_rows import chat, engine_of, span
from tests.thoroughness import how_many

SMALLEST = 2.0**-76  # of a double above it every binary digit has a place
AMOUNTS = st.floats(SMALLEST, 1e29) | st.floats(-1e29, -SMALLEST) | st.just(0.0)
CHARGE = """
CREATE TABLE charge (
    request_id BIGINT, call_id BIGINT, tenant VARCHAR, component VARCHAR, resource VARCHAR, unit VARCHAR,
    usd_per_unit DOUBLE, is_recorded BOOLEAN, is_wasted BOOLEAN, quantity DOUBLE, usd DOUBLE
)
"""


def parts_of(amounts: list[float]) -> pl.DataFrame:
    """The rows of charge_parts for charges of these amounts."""
    with duckdb.connect() as connection:
        places = binary_places().to_arrow()
        connection.register("binary_places", places)
        connection.execute(CHARGE)
        connection.executemany("INSERT INTO charge (usd) VALUES (?)", [[amount] for amount in amounts])
        return connection.sql(load_relations("duckdb")["charge_parts"].sql).pl()


@settings(max_examples=how_many(12, thorough=60))
@given(st.lists(AMOUNTS, min_size=1, max_size=30))
def test_parts_sum_to_the_exact_sum_rounded_once(amounts: list[float]) -> None:
    rows = parts_of(amounts)
    assert sum_of_parts(rows, "usd") == math.fsum(amounts)
    assert rows["charges"].sum() == len(amounts)


@settings(max_examples=how_many(10, thorough=30))
@given(st.lists(AMOUNTS, min_size=1, max_size=20), st.lists(AMOUNTS, min_size=1, max_size=20))
def test_sums_of_two_parts_of_a_trace_add_up_to_that_of_the_whole(
    one: list[float], other: list[float]
) -> None:
    summed = [parts_of(each).group_by("power").agg(pl.col("usd").sum()) for each in (one, other)]
    assert sum_of_parts(pl.concat(summed), "usd") == math.fsum([*one, *other])


@settings(max_examples=how_many(20, thorough=100))
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([64, 0, -128]), st.integers(-(2**57), 2**57)))
)
def test_places_of_any_size_sum_to_the_fraction_rounded_once(places: list[tuple[str, int, int]]) -> None:
    rows = pl.DataFrame(places, schema={"of": pl.String, "power": pl.Int64, "usd": pl.Int64}, orient="row")
    exact: dict[tuple[str], Fraction] = {}
    for name, power, part in sorted(places):
        exact[(name,)] = exact.get((name,), Fraction(0)) + part * Fraction(2) ** power
    found = sums_of_parts(rows, ("of",), "usd")
    assert list(found.items()) == [(key, float(usd)) for key, usd in exact.items()]


def test_what_is_no_finite_amount_counts_as_without_one() -> None:
    rows = parts_of([0.5, math.inf, math.nan, 1e31])
    assert sum_of_parts(rows, "usd") == 0.5
    assert rows["unpriced_charges"].sum() == 3


def test_what_has_no_amount_is_no_part_of_a_sum() -> None:
    rows = pl.DataFrame(
        {"power": [0, 0], "of": ["a", "b"], "usd": [None, 3]}, schema_overrides={"usd": pl.Int64}
    )
    assert sum_of_parts(rows.filter(pl.col("of") == "a"), "usd") is None
    assert sums_of_parts(rows, ("of",), "usd") == {("b",): 3.0}


def test_each_class_is_charged_the_exact_sum_of_its_charges() -> None:
    spans = []
    for number in range(200):
        facts = {"provider": "openai", "model_served": "gpt-4o-mini", "input_tokens": 7 * number + 1}
        spans.append(span(f"t{number}/root", number, number + 3, workload="abc"[number % 3]))
        spans.append(chat(f"t{number}/call/root", number, number + 2, output_tokens=number % 17, **facts))
    engine = engine_of(spans, Settings(internet_usd_per_gb_egress=0.09))
    charged = engine.query(
        "SELECT request_class.request_class, charge.usd FROM charge "
        "INNER JOIN request_class ON charge.request_id = request_class.request_id"
    )
    expected = {key: math.fsum(rows["usd"]) for key, rows in charged.group_by("request_class")}
    assert sums_of_parts(engine.fetch("class_charge"), ("request_class",), "usd") == expected
