"""Renderers render: what is printed is read from a document, and turned into text in one place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

# Where numbers become text, columns get their width and spreadsheets their decimals.
MAY_CALCULATE = {"numbers.py", "cells.py", "sections.py", "terminal.py", "markdown.py", "spreadsheet.py"}
MAY_IMPORT = {"documents", "finance", "legible", "render", "units", "instants", "errors"}
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
FUNCTIONS = {"sum", "round", "abs", "fsum", "sorted", "divmod"}
CALCULATIONS = {
    "a sum": "total = first + second",
    "a ratio": "part = some / all_of_them",
    "a running sum": "total += each.usd",
    "a sum of many": "total = sum(each.usd for each in rows)",
    "a rounded number": "shown = round(value)",
    "an order by a computed key": "rows.sort(key=lambda row: row.usd)",
    "a number in a sentence": "text = f'{value:.1f}'",
}
RENDERINGS = {
    "a list": "parts = [*first, *second]",
    "a sentence": "text = f'{usd(value)} of {count(calls)}'",
    "a comparison": "is_whole = each.ratio >= 0.99",
    "an hour": "text = f'{hour:02d}h'",
    "a union of sets or mappings": "both = first | second",
}


def modules(repository: Path) -> Iterator[Path]:
    yield from sorted((repository / "costctl" / "render").glob("*.py"))


def calculations(tree: ast.AST) -> Iterator[str]:
    """Arithmetic, sorting and formats of numbers, each with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, OPERATORS):
            yield f"{node.lineno}: {type(node.op).__name__}"
        elif isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            by_key = any(keyword.arg == "key" for keyword in node.keywords)
            if called in FUNCTIONS - {"sorted"} or (called in {"sort", "sorted", "min", "max"} and by_key):
                yield f"{node.lineno}: {called}"
        elif isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            spec = ast.unparse(node.format_spec)
            if any(sign in spec for sign in (".", ",", "%", "g")):
                yield f"{node.lineno}: format {spec}"


def test_no_renderer_calculates(repository: Path) -> None:
    found = [
        f"{path.name}:{each}"
        for path in modules(repository)
        if path.name not in MAY_CALCULATE
        for each in calculations(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


def test_renderers_import_documents_and_no_calculation(repository: Path) -> None:
    wrong = [
        f"{path.name} imports {node.module}"
        for path in modules(repository)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and node.module is not None
        and node.module.startswith("costctl.")
        and node.module.split(".")[1] not in MAY_IMPORT
    ]
    assert wrong == []


@pytest.mark.parametrize("text", CALCULATIONS.values(), ids=CALCULATIONS)
def test_a_calculation_is_found(text: str) -> None:
    assert [*calculations(ast.parse(text))] != []


@pytest.mark.parametrize("text", RENDERINGS.values(), ids=RENDERINGS)
def test_what_only_renders_is_let_through(text: str) -> None:
    assert [*calculations(ast.parse(text))] == []
