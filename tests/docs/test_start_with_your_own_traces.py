"""The how-to on the first steps: its commands run in a folder of the reader's, and print what the page quotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.docs.page_commands import run_commands

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/how-to/start-with-your-own-traces.md"


def test_the_commands_print_what_the_page_quotes(repository: Path, reader: Path) -> None:
    _, first, again, *_ = (each.printed for each in run_commands(repository / PAGE, reader))
    quoted = (repository / PAGE).read_text(encoding="utf-8").split("```text\n")[1].split("```")[0]
    assert first == quoted
    assert again.splitlines()[0] == "costctl.toml: nothing to add, it has all of it already."
    assert (reader / "costctl.toml").is_file()
    assert (reader / "costctl.duckdb").is_file()
