"""The relations on DuckDB, in the process: each is built once, as a temporary table, when something asks for
it.

The store stays as it is, and may be open read-only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

import duckdb
import polars as pl

from costctl.engine.catalogue import contracts, with_meanings
from costctl.engine.computed import COMPUTATIONS
from costctl.engine.parsed import tables_read
from costctl.engine.protocol import Answer, Engine
from costctl.engine.read_only import refused, require_reading, seal
from costctl.errors import StoreError, said_by_engine
from costctl.relations import Relation, build_order, load_relations

_WORD: Final = re.compile(r"[A-Za-z_]\w*")
_DESCRIBED: Final = re.compile(r"\s*(?:DESCRIBE|DESC|SHOW)\s+([A-Za-z_]\w*)\s*;?\s*", re.IGNORECASE)
_DIALECT: Final = "duckdb"
_SUMS_OF_FRACTIONS: Final = frozenset(
    {
        "class_cost",
        "class_window",
        "class_example",
        "cell_charge",
        "cost_witness",
        "cut_block",
        "engine_samples",
        "engine_series",
        "pool_use",
        "request_usd",
        "sessions",
    }
)


class DuckDBEngine(Engine):
    """Runs relations over the tables of one connection. Small tables must be loaded before a relation that
    reads them.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._relations = load_relations(_DIALECT)
        self._built: set[str] = set()
        self._awaited: dict[str, Callable[[], None]] = {}
        connection.execute(
            "SET preserve_insertion_order = true"
        )  # else tables of many rows lose the order of keys

    def load(self, name: str, rows: pl.DataFrame) -> None:
        """Make a small table known by its name, in place of an earlier one of that name."""
        arrow = rows.to_arrow()
        self._connection.register("incoming_rows", arrow)
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM incoming_rows")
        self._connection.unregister("incoming_rows")

    def load_when_read(self, names: Collection[str], load: Callable[[], None]) -> None:
        """Have ``load`` called once, before the first relation or query that reads one of the small tables of these
        names.
        """
        self._awaited |= dict.fromkeys(names, load)

    def build(self, relation: str) -> None:
        """Build a relation and what it rests on, where that has not been done."""
        for name in build_order(self._relations, relation):
            if name not in self._built:
                self._load_awaited(self._relations[name].reads)
                self._create(self._relations[name])
                self._built.add(name)

    def fetch(self, relation: str, columns: Sequence[str] = ()) -> pl.DataFrame:
        """All rows of a relation, in the order of its key, so that equal inputs give equal frames; in these columns,
        in all where none is named. The staging relations are not kept in order.
        """
        self.build(relation)
        names = columns or [column.name for column in self._relations[relation].columns]
        rows: pl.DataFrame = self._connection.sql(f"SELECT {', '.join(names)} FROM {relation}").pl()
        return rows

    def forget(self) -> None:
        """Give back the room of all relations that were built; what is asked for again is built again."""
        for name in self._built:
            kind = "VIEW" if self._relations[name].is_view else "TABLE"
            self._run(f"DROP {kind} {name}", name)
        self._built.clear()

    def check(self, check: str) -> pl.DataFrame:
        """The rows that break a law of sql/checks; none is well."""
        return self.fetch(check)

    def fetch_where(self, relation: str, column: str, values: Sequence[object]) -> pl.DataFrame:
        """The rows of a relation whose ``column`` is one of ``values``, in the order of its columns. The values
        reach the engine as parameters; only these rows leave it.

        Raises ValueError for a relation or a column that no header promises.
        """
        columns = (
            [each.name for each in self._relations[relation].columns] if relation in self._relations else []
        )
        if column not in columns:
            raise ValueError(f"there is no relation {relation} with a column {column}")
        self.build(relation)
        names = ", ".join(columns)
        rows: pl.DataFrame = self._connection.sql(
            f"SELECT {names} FROM {relation} WHERE {column} IN (SELECT UNNEST(?)) ORDER BY ALL",
            params=[list(values)],
        ).pl()
        return rows

    def query(self, sql: str, values: Sequence[object] = ()) -> pl.DataFrame:
        """The rows of a SELECT over the store's tables and any relation that it reads. values: what each ``?`` in it
        stands for.
        """
        self._build_all(tables_read(self._connection, sql))
        try:
            rows: pl.DataFrame = self._connection.sql(sql, params=list(values) or None).pl()
        except duckdb.Error as error:
            raise _not_built("that costctl asked for", error) from error
        return rows

    def ask(self, statement: str) -> Answer:
        """What a person's statement gives. It must be one that reads: see ``read_only``. From here on the connection is
        sealed: no other relation can be built.

        Raises UsageError for a statement that is refused or fails, StoreError where memory or disk run out.
        """
        require_reading(self._connection, statement)
        self._build_all(_WORD.findall(statement.lower()))  # however a statement names a relation, it is there
        seal(self._connection)
        described = _DESCRIBED.fullmatch(statement)
        try:
            found = self._connection.sql(statement)
            types = tuple(str(kind) for kind in found.types)
            rows: pl.DataFrame = _printable(found, types).pl()
        except duckdb.Error as error:
            raise refused(error) from error
        if described is not None and described[1].lower() in contracts():
            rows = with_meanings(rows, described[1].lower())
            return Answer(rows, types[: rows.width], is_whole=True)
        return Answer(rows, types)

    def _build_all(self, names: Sequence[str]) -> None:
        """Build the relations among these names, and load the small tables."""
        self._load_awaited(names)
        for name in names:
            if name in self._relations:
                self.build(name)

    def _load_awaited(self, names: Iterable[str]) -> None:
        """Load the small tables among these that wait for somebody who reads them."""
        for name in names:
            load = self._awaited.get(name)
            if load is not None:
                self._awaited = {other: each for other, each in self._awaited.items() if each is not load}
                load()

    def _create(self, relation: Relation) -> None:
        """Build one relation. Core relations are stored in the order of their keys, and fractions are summed by
        one thread in that order: two threads would add them in the order in which they happen to finish, and
        the last digits would differ from run to run.
        """
        if relation.computed_by is not None:
            self._compute(relation)
            return
        kind = "VIEW" if relation.is_view else "TABLE"
        is_ordered = relation.layer != "staging" and not relation.is_view
        order = f"\nORDER BY {', '.join(relation.key) or 'ALL'}" if is_ordered else ""
        statement = f"CREATE TEMP {kind} {relation.name} AS\n{relation.sql}{order}"
        if relation.name not in _SUMS_OF_FRACTIONS:
            self._run(statement, relation.name)
            return
        (threads,) = self._connection.execute("SELECT current_setting('threads')").fetchall()[0]
        self._run("SET threads = 1", relation.name)
        try:
            self._run(statement, relation.name)
        finally:
            self._run(f"SET threads = {threads}", relation.name)

    def _compute(self, relation: Relation) -> None:
        """Build a relation that a computation makes of what its SQL selects."""
        try:
            selected = self._connection.sql(relation.sql).pl()
        except duckdb.Error as error:
            raise _not_built(relation.name, error) from error
        computation = COMPUTATIONS[relation.computed_by or ""]
        frames = {
            name: self._connection.sql(f"SELECT {', '.join(columns)} FROM {name}").pl()
            for name, columns in computation.takes.items()
        }
        self._connection.register("computed_rows", computation.rows(selected, frames))
        columns = ", ".join(
            f"CAST({column.name} AS {column.type}) AS {column.name}" for column in relation.columns
        )
        self._run(f"CREATE TEMP TABLE {relation.name} AS SELECT {columns} FROM computed_rows", relation.name)
        self._connection.unregister("computed_rows")

    def _run(self, sql: str, relation: str) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(sql)
        except duckdb.Error as error:
            raise _not_built(relation, error) from error


def _printable(found: duckdb.DuckDBPyRelation, types: Sequence[str]) -> duckdb.DuckDBPyRelation:
    """The result, with intervals as text: frames have no type for them."""
    if not any("INTERVAL" in kind for kind in types):
        return found
    columns = [
        f"CAST(#{place} AS VARCHAR) AS {_quoted(name)}" if "INTERVAL" in kind else f"#{place}"
        for place, (name, kind) in enumerate(zip(found.columns, types, strict=True), 1)
    ]
    return found.project(", ".join(columns))


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _not_built(relation: str, error: duckdb.Error) -> StoreError:
    return StoreError(
        f"The relation {relation} could not be built.",
        why=f"DuckDB says: {said_by_engine(error)}.",
        next_step=(
            "If memory or disk space ran out, narrow the window with --since and --until; otherwise report "
            "this as a bug."
        ),
    )
