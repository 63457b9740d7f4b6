"""What an engine must do for the relations: take small tables, build what is asked for, hand it over as a
frame.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement gives.

    types: of the columns, as the engine names them.  is_whole: it is shown as a whole, however long.
    """

    rows: pl.DataFrame
    types: tuple[str, ...]
    is_whole: bool = False


class Engine(Protocol):
    """Runs the relations of sql/ over stored spans."""

    def load(self, name: str, rows: pl.DataFrame) -> None:
        """Make a small table (class rules, prices, pools, settings) known by its name, in place of an earlier
        one.
        """

    def load_when_read(self, names: Collection[str], load: Callable[[], None]) -> None:
        """Have ``load`` called once, before the first relation or query that reads one of the small tables of these
        names: it loads all of them. What reads none of them never waits for it.
        """

    def fetch(self, relation: str, columns: Sequence[str] = ()) -> pl.DataFrame:
        """All rows of a relation, which is built first where it has not been, in these of the columns of its header;
        in all where none is named.
        """

    def forget(self) -> None:
        """Give back the room of all relations that were built; what is asked for again is built again."""

    def check(self, check: str) -> pl.DataFrame:
        """The rows that break a law of sql/checks; none is well."""

    def fetch_where(self, relation: str, column: str, values: Sequence[object]) -> pl.DataFrame:
        """The rows of a relation whose ``column`` is one of ``values``, which are never part of the SQL's text."""

    def query(self, sql: str, values: Sequence[object] = ()) -> pl.DataFrame:
        """The rows of a SELECT over stored tables and any relation that it names; each ``?`` is one of ``values``."""

    def ask(self, statement: str) -> Answer:
        """What a person's statement gives, if it only reads."""
