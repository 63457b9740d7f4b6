"""How much of a document does a person want to see? What the options --detail, --verbose, --top and --sort ask for, in
one value that renderers are given.
"""

from __future__ import annotations

from dataclasses import dataclass

from costctl.documents.cuts import SortColumn


@dataclass(frozen=True, slots=True)
class View:
    """The first screen, or more of a document.

    detail: all tables.  verbose: what was ruled out, too.  top: rows of a table on the first screen, None for as many
    as usual.  sort: the column that rows are sorted by, None for the usual one.  is_terminal: a person reads it now, in
    colour.  again: options that commands need which are proposed, such as " --store traces.duckdb".
    """

    detail: bool = False
    verbose: bool = False
    top: int | None = None
    sort: SortColumn | None = None
    is_terminal: bool = False
    again: str = ""

    def command(self, words: str) -> str:
        """A command to run next on the same traces: ``recommend --show 1``, with what it needs."""
        return f"costctl {words}{self.again}"
