"""How do batches become rows of the store, and which of the rows were there before?

A connection inside a transaction and a batch in; rows out. Names of tables are ours; what a trace says goes in as
values only.
"""

from __future__ import annotations

from typing import Final

import duckdb
import numpy as np
import pyarrow as pa

from costctl.ingest.batch import Batch
from costctl.store.spans import SPANS_OF_A_SOURCE, STORE_KEY

_QUARANTINE: Final = pa.schema(
    [("position", pa.int64()), ("code", pa.string()), ("message", pa.string()), ("excerpt", pa.string())]
)
# Ids are compared by a hash first, a million at a time: what they take of memory does not grow with the source.
_IDS_AT_A_TIME: Final = 1_000_000
_SUSPECTS: Final = """
WITH incoming AS (
    SELECT HASH(trace_id, span_id) AS hashed FROM spans WHERE source_id = $1 AND hashed % $2::UBIGINT = $3::UBIGINT
),
older AS (
    SELECT HASH(trace_id, span_id) AS hashed FROM spans WHERE source_id <> $1 AND hashed % $2::UBIGINT = $3::UBIGINT
)
SELECT hashed FROM incoming SEMI JOIN older ON older.hashed = incoming.hashed
UNION
SELECT hashed FROM incoming GROUP BY hashed HAVING COUNT(*) > 1
"""
_REPEATED: Final = """
WITH incoming AS (
    SELECT store_key, trace_id, span_id, source_position
    FROM spans SEMI JOIN suspects ON suspects.hashed = HASH(spans.trace_id, spans.span_id)
    WHERE source_id = $1
),
older AS (
    SELECT trace_id, span_id, MIN(store_key) AS store_key
    FROM spans SEMI JOIN suspects ON suspects.hashed = HASH(spans.trace_id, spans.span_id)
    WHERE source_id <> $1
    GROUP BY trace_id, span_id
),
doubled AS (
    SELECT trace_id, span_id, ARG_MIN(store_key, (source_position, store_key)) AS first_key
    FROM incoming
    GROUP BY trace_id, span_id
    HAVING COUNT(*) > 1
)
SELECT incoming.store_key, COALESCE(older.store_key, doubled.first_key) AS kept_key
FROM incoming
LEFT JOIN older ON older.trace_id = incoming.trace_id AND older.span_id = incoming.span_id
LEFT JOIN doubled ON doubled.trace_id = incoming.trace_id AND doubled.span_id = incoming.span_id
WHERE older.store_key IS NOT NULL OR incoming.store_key <> doubled.first_key
"""

_NEW_RESOURCES: Final = """
INSERT INTO resources
SELECT resource_id, ANY_VALUE(attributes)
FROM incoming
WHERE NOT EXISTS (SELECT 1 FROM resources AS known WHERE known.resource_id = incoming.resource_id)
GROUP BY resource_id
"""


def insert_batch(connection: duckdb.DuckDBPyConnection, source_id: int, landed: int, batch: Batch) -> None:
    """Add the batch's spans, emitters not yet known, readings of engines, and rejected records. landed: spans of the
    source before these.
    """
    rejects = [
        {"position": r.position, "code": r.code, "message": r.message, "excerpt": r.excerpt}
        for r in batch.rejects
    ]
    of_source = f"SELECT *, {source_id} AS source_id FROM incoming"
    first_key = source_id * SPANS_OF_A_SOURCE + landed
    keys = pa.array(np.arange(first_key, first_key + batch.spans.num_rows))
    _insert(connection, batch.spans.append_column(STORE_KEY, keys), f"INSERT INTO spans BY NAME {of_source}")
    _insert(connection, batch.resources, _NEW_RESOURCES)
    _insert(connection, batch.readings, f"INSERT INTO engine_readings BY NAME {of_source}")
    _insert(
        connection,
        pa.Table.from_pylist(rejects, schema=_QUARANTINE),
        f"INSERT INTO quarantine BY NAME {of_source}",
    )


def _insert(connection: duckdb.DuckDBPyConnection, incoming: pa.Table, statement: str) -> None:
    """Run an INSERT that reads ``incoming``, which DuckDB finds by the name of this parameter.

    A registered view would stay, with its data, until the transaction ends: memory would grow with the source.
    """
    if incoming.num_rows:
        connection.execute(statement)


def drop_duplicates(connection: duckdb.DuckDBPyConnection, source_id: int) -> int:
    """Delete the source's spans that the store, or the source itself further up, already holds, and note which spans
    it shares; how many they were.
    """
    ((spans,),) = connection.execute("SELECT COUNT(*) FROM spans WHERE source_id = ?", [source_id]).fetchall()
    parts = max(1, -(-spans // _IDS_AT_A_TIME))
    suspects = pa.concat_tables(
        connection.sql(_SUSPECTS, params=[source_id, parts, part]).to_arrow_table() for part in range(parts)
    )
    if suspects.num_rows == 0:
        return 0
    repeated: pa.Table = connection.sql(_REPEATED, params=[source_id]).to_arrow_table()
    if repeated.num_rows:
        connection.execute("DELETE FROM spans WHERE store_key IN (SELECT store_key FROM repeated)")
        connection.execute("INSERT INTO shared_spans SELECT ?, kept_key FROM repeated", [source_id])
    return int(repeated.num_rows)
