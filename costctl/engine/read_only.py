"""What may a person run on a store, and what keeps a statement from doing more than it says?

In: the text of a statement and a connection. Out: nothing, where it is one statement that reads; else UsageError. Two
walls stand one behind the other: the kind of the statement is checked before it runs, and the connection that runs it
can neither reach a file nor change a setting, nor write to the store.
"""

from __future__ import annotations

import re
from typing import Final

import duckdb

from costctl.engine.parsed import nodes_in
from costctl.errors import CostctlError, StoreError, UsageError, said_by_engine

ALLOWED: Final = "SELECT, WITH, FROM, VALUES, PIVOT, DESCRIBE, SUMMARIZE, SHOW or EXPLAIN"
_NEXT: Final = (
    f"Write one statement that reads: {ALLOWED}. To keep its result, add --format csv or json and -o FILE."
)
_EXPLAIN: Final = re.compile(r"\s*EXPLAIN\b(\s+ANALYZE\b)?(\s*\([^)]*\))?", re.IGNORECASE)
_READS: Final = frozenset({duckdb.StatementType.SELECT, duckdb.StatementType.MULTI})  # PIVOT is several
_WRITING_NODE: Final = re.compile(r"(INSERT|UPDATE|DELETE|MERGE)\w*_NODE")
_SEAL: Final = (
    "SET enable_external_access = false",
    "SET python_enable_replacements = false",
    "SET lock_configuration = true",
    "BEGIN TRANSACTION READ ONLY",
)
_OUT_OF_ROOM: Final = (duckdb.OutOfMemoryException, duckdb.IOException)


def require_reading(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    """Raise UsageError unless the text is one statement that reads."""
    try:
        statements = connection.extract_statements(text)
    except duckdb.Error as error:
        raise refused(error) from error
    if len(statements) != 1:
        raise UsageError(
            f"costctl sql runs one statement; this is {len(statements) or 'none'}.",
            why="Each command prints one result.",
            next_step=_NEXT,
        )
    (statement,) = statements
    if statement.type == duckdb.StatementType.EXPLAIN:
        explain = _EXPLAIN.match(statement.query)
        if explain is None:
            raise _not_reading("EXPLAIN")
        require_reading(connection, statement.query[explain.end() :])
    elif statement.type not in _READS:
        raise _not_reading(str(statement.type).rpartition(".")[2])
    elif _writes(connection, statement.query):
        raise _not_reading("WITH … INSERT, UPDATE or DELETE")


def seal(connection: duckdb.DuckDBPyConnection) -> None:
    """From here on the connection reads its databases and nothing else: no file, no network, no setting. It may still
    spill beside the store.
    """
    for statement in _SEAL:
        connection.execute(statement)


def refused(error: duckdb.Error) -> CostctlError:
    """What a person is told of a statement that DuckDB did not run to its end."""
    why = f"{said_by_engine(error)}."
    if isinstance(error, _OUT_OF_ROOM):
        return StoreError(
            "The query ran out of memory or disk space.",
            why=why,
            next_step="Select fewer rows or columns, or narrow the window with --since and --until.",
        )
    if isinstance(error, duckdb.PermissionException) or "configuration has been locked" in str(error):
        return UsageError(
            "The query asks for more than the store.",
            why="costctl sql reads the store only: it opens no other file, no network and no setting.",
            next_step=f"{_NEXT} Load other data with `costctl ingest`.",
        )
    return UsageError(
        "The query failed.",
        why=why,
        next_step="`costctl sql --list` lists the tables and relations, `costctl sql 'DESCRIBE calls'` the columns of "
        "one.",
    )


def _not_reading(kind: str) -> UsageError:
    return UsageError(
        f"costctl sql does not run {kind}.", why="It only reads: nothing it runs may write.", next_step=_NEXT
    )


def _writes(connection: duckdb.DuckDBPyConnection, query: str) -> bool:
    """Whether a part of a SELECT, such as a WITH, writes. What DuckDB cannot take apart (PIVOT) is left to the seal."""
    kinds = (str(node.get("type")) for node in nodes_in(connection, query))
    return any(_WRITING_NODE.fullmatch(kind) for kind in kinds)
