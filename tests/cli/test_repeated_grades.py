"""Advice that rests on grades is found again only with them: commands about it repeat them, others do not."""

from __future__ import annotations

import pytest

from costctl.cli.options import Screened
from costctl.cli.running import Running, begun


@pytest.mark.parametrize("given", [("--grades", "my grades.csv"), ("--grades=my grades.csv",)])
def test_grades_are_repeated_by_what_is_about_the_same_advice(given: tuple[str, ...]) -> None:
    with begun(Running(("recommend", "--portfolio", *given), again=" --store a.duckdb")):
        view = Screened().view()
    for words in ("recommend --show 1", "emit --target client -o client.yaml"):
        assert view.command(words) == f"costctl {words} --store a.duckdb --grades 'my grades.csv'"
    assert view.command("simulate") == "costctl simulate --store a.duckdb"


def test_nothing_is_repeated_that_was_not_given() -> None:
    with begun(Running(("recommend", "--portfolio"))):
        assert Screened().view().command("recommend --show 1") == "costctl recommend --show 1"
