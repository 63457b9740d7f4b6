"""The relations of core and checks keep to SQL that every engine reads alike; all relations break ties and round in
ways that do not depend on the engine.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import sqlglot
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

from costctl.relations import load_relations
from costctl.store.database import create_tables

ROOT = Path(__file__).resolve().parents[2] / "costctl" / "sql"
FILES = sorted([*(ROOT / "core").glob("*.sql"), *(ROOT / "checks").glob("*.sql")])
FUNCTIONS = {
    "Sum", "Count", "Min", "Max", "Avg", "Case", "If", "Coalesce", "Nullif", "RowNumber", "Lead", "Lag", "Cast",
    "And", "Or", "Exists", "Abs",
    "Floor",  # alike on all three engines; a CAST of a fraction is not
    "RegexpReplace", "RegexpExtract",
}  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_relation_is_one_select_in_the_portable_subset(path: Path) -> None:
    statements = [each for each in sqlglot.parse(path.read_text(encoding="utf-8"), read="duckdb") if each]
    assert len(statements) == 1
    tree = statements[0]
    assert isinstance(tree, exp.Select | exp.Union)
    assert list(tree.find_all(exp.Star)) == [], "name the columns"
    assert not any(join.args.get("using") for join in tree.find_all(exp.Join)), "ON, never USING"
    assert not list(tree.find_all(exp.Qualify, exp.Filter, exp.Round, exp.PercentileCont, exp.Quantile)), (
        "not portable"
    )
    assert not list(tree.find_all(exp.Anonymous)), [each.name for each in tree.find_all(exp.Anonymous)]
    used = {type(each).__name__ for each in tree.find_all(exp.Func)}
    assert used <= FUNCTIONS, used - FUNCTIONS
    ordinals = [
        key for group in tree.find_all(exp.Group) for key in group.expressions if isinstance(key, exp.Literal)
    ]
    assert ordinals == [], "GROUP BY names its columns"


def columns_of_spans() -> dict[str, str]:
    with duckdb.connect() as connection:
        create_tables(connection)
        return {name: kind for name, kind, *_ in connection.execute("DESCRIBE spans").fetchall()}


RELATIONS = load_relations("duckdb")
SCHEMA = {
    "spans": columns_of_spans(),
    **{name: {column.name: column.type for column in each.columns} for name, each in RELATIONS.items()},
}
WHOLE = {*exp.DataType.INTEGER_TYPES, exp.DataType.Type.BOOLEAN}
EXACT = {*WHOLE, *exp.DataType.TEXT_TYPES}
MADE_UP = {
    "HASH",
    "ROWID",
    "RANDOM",
    "NOW",
    "UUID",
}  # by the engine: another one, or the next run, gives another


def words_that_an_engine_makes_up(sql: str) -> set[str]:
    return MADE_UP & {token.text.upper() for token in sqlglot.tokenize(sql, read="duckdb")}


def casts_that_round(sql: str) -> list[str]:
    """What is cast to a whole number and need not be one: an engine may cut it, or round halves up or to even."""
    tree = qualify(
        sqlglot.parse_one(sql, read="duckdb"), schema=SCHEMA, dialect="duckdb", validate_qualify_columns=False
    )
    typed = annotate_types(tree, schema=SCHEMA, dialect="duckdb")
    return [
        cast.sql("duckdb")
        for cast in typed.find_all(exp.Cast)
        if cast.to.this in WHOLE and not _is_whole(cast.this)
    ]


def _is_whole(value: exp.Expression) -> bool:
    is_text = isinstance(value, exp.RegexpExtract)
    return (
        is_text
        or isinstance(value, exp.Floor | exp.Null)
        or (value.type is not None and value.type.this in EXACT)
    )


@pytest.mark.parametrize("name", sorted(RELATIONS))
def test_no_relation_rests_on_what_an_engine_makes_up(name: str) -> None:
    assert words_that_an_engine_makes_up(RELATIONS[name].sql) == set()


@pytest.mark.parametrize("name", sorted(RELATIONS))
def test_a_fraction_becomes_a_whole_number_by_floor_alone(name: str) -> None:
    assert casts_that_round(RELATIONS[name].sql) == []


def test_a_tie_broken_by_a_hash_or_a_place_in_the_file_is_found() -> None:
    assert words_that_an_engine_makes_up("SELECT a FROM spans ORDER BY hash(a), spans.rowid") == {
        "HASH",
        "ROWID",
    }
    assert words_that_an_engine_makes_up("-- a hash\nSELECT spans.name AS hashed FROM spans") == set()


@pytest.mark.parametrize(
    "value",
    ["spans.queue_s * 1e9", "ROUND(spans.queue_s)", "spans.input_tokens / 2", "SUM(spans.ttft_s)", "1.5"],
)
def test_a_fraction_that_is_cast_is_found(value: str) -> None:
    assert len(casts_that_round(f"SELECT CAST({value} AS BIGINT) AS whole FROM spans")) == 1
