"""Which spans are those of some sources? The store keeps each span once, also where several sources hold it.

In: a connection to a store and the sources that are asked about. Out: a connection on which spans, sources and
quarantine are those of these sources; every relation that is built on it, and every query, is about them alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import duckdb

_ASKED: Final = "CREATE TEMP TABLE asked_sources AS SELECT UNNEST($1::BIGINT[]) AS source_id"
_IS_ASKED: Final = "source_id IN (SELECT asked_sources.source_id FROM temp.asked_sources)"
_HELD: Final = f"({_IS_ASKED} OR store_key IN (SELECT store_key FROM store.shared_spans WHERE {_IS_ASKED}))"


def look_at(connection: duckdb.DuckDBPyConnection, source_ids: Sequence[int]) -> int:
    """Let the connection see these sources only; of how many others the store has spans that it no longer sees.

    Temporary views of the tables' names come before the tables themselves.
    """
    ((others,),) = connection.execute(
        "SELECT COUNT(*) FROM sources WHERE NOT list_contains($1::BIGINT[], source_id)", [source_ids]
    ).fetchall()
    if not others:
        return 0
    connection.execute(_ASKED, [source_ids])
    ((hidden,),) = connection.execute(
        f"SELECT COUNT(DISTINCT source_id) FROM store.spans WHERE NOT {_HELD}"
    ).fetchall()
    for table in ("sources", "quarantine"):
        connection.execute(f"CREATE TEMP VIEW {table} AS SELECT * FROM store.{table} WHERE {_IS_ASKED}")
    if hidden:
        connection.execute(f"CREATE TEMP VIEW spans AS SELECT * FROM store.spans WHERE {_HELD}")
    return int(hidden)
