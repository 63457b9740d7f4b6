"""The relations under sql/core and sql/checks keep to SQL that every engine reads alike."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

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
