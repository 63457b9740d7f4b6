"""The tutorials: their commands run, in order, as they stand on the page, and print what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.page_commands import run_commands

if TYPE_CHECKING:
    from pathlib import Path

WRITES = {
    "from-traces-to-a-policy": (
        "policy.json",
        "litellm.yaml",
        "litellm.yaml.coverage.json",
        "config.pbtxt",
        "classes.csv",
    ),
    "where-the-api-bill-goes": ("litellm.yaml", "chargeback.csv", "focus.csv", "review.md"),
}


@pytest.mark.parametrize("name", WRITES)
def test_the_commands_of_a_tutorial_print_what_it_shows(name: str, repository: Path, reader: Path) -> None:
    ran = run_commands(repository / "docs" / "tutorial" / f"{name}.md", reader)
    shown = [each for each in ran if each.quoted]
    assert len(shown) >= 5
    assert [each.printed for each in shown] == [each.quoted for each in shown]
    for written in WRITES[name]:
        assert (reader / written).stat().st_size > 0, written
