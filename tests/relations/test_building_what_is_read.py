"""Nothing is built but what is read, and what was given back is built again as it was."""

from __future__ import annotations

import polars as pl
import pytest

from costctl.documents.settings import Settings
from costctl.engine.duckdb import DuckDBEngine
from costctl.engine.small_tables import PRICE_TABLES, load_prices
from costctl.relations import load_relations
from tests.relations.span_rows import chat, engine_of

RELATIONS = frozenset(load_relations("duckdb"))
CALL = chat("a/1", 0, 2, model_served="gpt-4o", provider="openai", input_tokens=1000, output_tokens=10)


def built(engine: DuckDBEngine) -> set[str]:
    """The relations that stand."""
    names = engine.query(
        "SELECT table_name FROM duckdb_tables() UNION SELECT view_name FROM duckdb_views() WHERE NOT internal"
    )
    return set(names.to_series()) & RELATIONS


@pytest.fixture
def engine() -> DuckDBEngine:
    found = engine_of([CALL])
    found.forget()
    return found


def test_a_column_that_is_named_like_a_relation_builds_none(engine: DuckDBEngine) -> None:
    assert built(engine) == set()
    assert "request_class" in RELATIONS
    assert engine.query("SELECT request_class FROM class_rules").height > 0
    assert built(engine) == set()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT COUNT(*) FROM requests",
        "SELECT 1 WHERE EXISTS (SELECT request_id FROM main.requests)",
        "WITH r AS (SELECT * FROM Requests) SELECT request_id FROM r",
        "SELECT spans.trace_id FROM spans INNER JOIN requests ON spans.trace_id = requests.trace_id",
    ],
)
def test_a_relation_is_built_wherever_a_query_reads_it(engine: DuckDBEngine, query: str) -> None:
    assert engine.query(query).height == 1
    assert "requests" in built(engine)


def test_what_was_given_back_is_built_again_as_it_was(engine: DuckDBEngine) -> None:
    first = [engine.fetch(name) for name in ("class_cost", "requests", "observed_totals")]
    engine.forget()
    assert built(engine) == set()
    again = [engine.fetch(name) for name in ("class_cost", "requests", "observed_totals")]
    assert all(one.equals(other) for one, other in zip(first, again, strict=True))


def test_prices_are_looked_up_once_and_for_the_first_that_reads_them() -> None:
    engine, asked = engine_of([CALL]), []

    def load() -> None:
        asked.append("prices")
        load_prices(engine, Settings())

    engine.load_when_read(PRICE_TABLES, load)
    engine.fetch("requests")
    assert asked == []
    priced = engine.fetch("class_charge")
    engine.query("SELECT * FROM token_prices")
    assert asked == ["prices"]
    assert priced.equals(engine_of([CALL]).fetch("class_charge"))
    assert priced.select(pl.col("usd").sum()).item() > 0.0


def test_a_statement_may_read_the_prices_alone() -> None:
    engine = engine_of([CALL])
    engine.load("token_prices", pl.DataFrame({"model": ["none"]}))
    engine.load_when_read(PRICE_TABLES, lambda: load_prices(engine, Settings()))
    assert set(engine.ask("SELECT model FROM token_prices").rows["model"]) == {"gpt-4o"}
