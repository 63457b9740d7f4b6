"""What holds of the tests themselves: each check is reached, and none leans on what is not shipped beside it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.test_imports import imported

NOT_FOR_TESTS = {"bench", "fuzz", "scripts", "runpy"}


def files_of_tests(repository: Path) -> list[Path]:
    return sorted((repository / "tests").rglob("*.py"))


def test_tests_import_nothing_from_the_programs_beside_the_package(repository: Path) -> None:
    wrong = {
        f"{path.relative_to(repository)} imports {name}"
        for path in files_of_tests(repository)
        for name in imported(path)
        if name.split(".")[0] in NOT_FOR_TESTS
    }
    assert wrong == set()


def test_no_module_of_the_tests_is_called_as_one_of_the_standard_library(repository: Path) -> None:
    # Its folder is on the path of every program that a test starts: it would be found in place of that one.
    assert [path for path in files_of_tests(repository) if path.stem in sys.stdlib_module_names] == []


def is_check(node: ast.AST) -> bool:
    """An assert, or a block that has to raise."""
    if isinstance(node, ast.With):
        return any("pytest.raises" in ast.unparse(item.context_expr) for item in node.items)
    return isinstance(node, ast.Assert)


def checks_that_may_be_passed_by(text: str) -> Iterator[int]:
    """Lines of the checks that stand under an ``if`` of their own function."""
    for outer in ast.walk(ast.parse(text)):
        if isinstance(outer, ast.If):
            yield from (node.lineno for node in ast.walk(outer) if is_check(node))


def test_no_check_stands_under_an_if_that_may_be_false(repository: Path) -> None:
    wrong = {
        f"{path.relative_to(repository)}:{line}"
        for path in files_of_tests(repository)
        for line in checks_that_may_be_passed_by(path.read_text(encoding="utf-8"))
    }
    assert wrong == set(), "partition the inputs, use parametrize, or assert the condition"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("if a:\n    assert b", [2]),
        ("if a:\n    pass\nelse:\n    assert b", [4]),
        ("for a in b:\n    if a:\n        with pytest.raises(E):\n            f()", [3]),
        ("if a:\n    b()\nassert c", []),
    ],
)
def test_a_check_under_an_if_is_found(text: str, lines: list[int]) -> None:
    assert list(checks_that_may_be_passed_by(text)) == lines
