"""Which spans are those of some sources? The store keeps each span once, also where several sources hold it.

In: a connection to a store and the sources that are asked about. Out: a connection on which spans, sources,
quarantine and engine_readings are those of these sources; every relation that is built on it, and every query, is
about them alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb


def look_at(connection: duckdb.DuckDBPyConnection, source_ids: Sequence[int]) -> int:
    """Let the connection see these sources only; of how many others the store has spans that it no longer sees.

    source_ids: at least one.  Temporary views of the tables' names come before the tables themselves.
    """
    asked = f"source_id IN ({', '.join(map(str, sorted({*source_ids})))})"
    if not _count(connection, f"SELECT COUNT(*) FROM sources WHERE NOT {asked}"):
        return 0
    held = _held(connection, asked)
    hidden = _count(connection, f"SELECT COUNT(DISTINCT source_id) FROM spans WHERE NOT {held}")
    for table in ("sources", "quarantine", "engine_readings"):
        connection.execute(f"CREATE TEMP VIEW {table} AS SELECT * FROM store.{table} WHERE {asked}")
    if hidden:
        connection.execute(f"CREATE TEMP VIEW spans AS SELECT * FROM store.spans WHERE {held}")
    return hidden


def _held(connection: duckdb.DuckDBPyConnection, asked: str) -> str:
    """The condition of spans that the sources hold: those that they brought, and those that others had brought before.

    Without any of the latter it is one that lets whole row groups of other sources be passed over.
    """
    if not _count(connection, f"SELECT COUNT(*) FROM shared_spans WHERE {asked}"):
        return asked
    return f"({asked} OR store_key IN (SELECT store_key FROM store.shared_spans WHERE {asked}))"


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    ((number,),) = connection.execute(query).fetchall()
    return int(number)
