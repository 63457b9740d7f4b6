"""The how-to on what advice has delivered: its commands run, and they print what the page quotes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.docs.page_commands import run_commands

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/how-to/was-it-worth-it.md"
QUOTED = re.compile(r"^```text\n(.+?)\n```$", re.MULTILINE | re.DOTALL)


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_the_commands_print_what_the_page_quotes(repository: Path, reader: Path) -> None:
    outputs = [each.printed for each in run_commands(repository / PAGE, reader)]
    quotes = QUOTED.findall((repository / PAGE).read_text(encoding="utf-8"))
    assert (len(outputs), len(quotes)) == (8, 6)
    printed = "\n".join(map(one_line, outputs))
    assert [quote for quote in quotes if one_line(quote) not in printed] == []
