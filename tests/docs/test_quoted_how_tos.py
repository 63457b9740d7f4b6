"""How-tos that quote parts of what their commands print: the commands run, and print what the page quotes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.docs.page_commands import run_commands

if TYPE_CHECKING:
    from pathlib import Path

QUOTED = re.compile(r"^```text\n(.+?)\n```$", re.MULTILINE | re.DOTALL)


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("name", "commands", "quoted"),
    [
        ("is-my-bill-right", 3, 7),
        ("was-it-worth-it", 8, 6),
        ("what-changed", 8, 4),
        ("hold-a-weekly-review", 7, 0),
        ("close-the-month", 6, 0),
        ("run-on-a-schedule", 3, 0),
    ],
)
def test_the_commands_print_what_the_page_quotes(
    repository: Path, reader: Path, name: str, commands: int, quoted: int
) -> None:
    page = repository / "docs" / "how-to" / f"{name}.md"
    outputs = [each.printed for each in run_commands(page, reader)]
    quotes = QUOTED.findall(page.read_text(encoding="utf-8"))
    assert (len(outputs), len(quotes)) == (commands, quoted)
    printed = "\n".join(map(one_line, outputs))
    assert [quote for quote in quotes if one_line(quote) not in printed] == []
