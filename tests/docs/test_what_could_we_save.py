"""The how-to on savings: its commands run, and they print what the page quotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.docs.page_commands import run_commands

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/how-to/what-could-we-save.md"


def test_the_commands_print_what_the_page_quotes(repository: Path, reader: Path) -> None:
    ran = [each for each in run_commands(repository / PAGE, reader) if each.quoted]
    assert len(ran) == 5
    assert [each.printed for each in ran] == [each.quoted for each in ran]
    assert "Beside others" in ran[2].printed
    assert "gpt-4.1-mini" in (reader / "client.yaml").read_text(encoding="utf-8")
