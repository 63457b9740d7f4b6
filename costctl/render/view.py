"""How much of a document does a person want to see? What the options --detail, --verbose, --top and --sort ask for, in
one value that renderers are given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from costctl.documents.cuts import SortColumn

_OF_ADVICE: Final = ("recommend", "emit")


@dataclass(frozen=True, slots=True)
class View:
    """The first screen, or more of a document.

    detail: all tables.  verbose: what was ruled out, too.  top: rows of a table on the first screen, None for as many
    as usual.  sort: the column that rows are sorted by, None for the usual one.  is_terminal: a person reads it now, in
    colour.  again: options that commands need which are proposed, such as " --store traces.duckdb".  again_of_advice:
    those that only commands about the same advice take, such as " --grades grades.csv".
    """

    detail: bool = False
    verbose: bool = False
    top: int | None = None
    sort: SortColumn | None = None
    is_terminal: bool = False
    again: str = ""
    again_of_advice: str = ""

    def command(self, words: str) -> str:
        """A command to run next on the same traces: ``recommend --show 1``, with what it needs."""
        of_advice = self.again_of_advice if words.split()[0] in _OF_ADVICE else ""
        return f"costctl {words}{self.again}{of_advice}"
