"""How is a store kept small and known? What it holds, what is dropped from it, and how its file shrinks.

In: the path of a store. Out: facts, or the same store with less in it. Each change is one transaction, or a new file
that takes the old one's place in one step: a process that is killed leaves a whole store.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from costctl.documents.store_info import SCHEMA_VERSION, StoredSource, StoreInfo
from costctl.errors import StoreError, said_by_engine
from costctl.store.database import STORE_VERSION, literal
from costctl.store.kept import kept
from costctl.units import iso_utc

_TOTALS: Final = """
SELECT
    COUNT(*), COUNT(DISTINCT trace_id), COUNT(*) FILTER (is_model_call), MIN(start_ns), MAX(COALESCE(end_ns, start_ns))
FROM spans
"""
_SOURCES: Final = """
SELECT
    sources.uri, sources.format, sources.dialects, sources.bytes, sources.spans,
    (SELECT COUNT(*) FROM spans WHERE spans.source_id = sources.source_id),
    sources.rejected, sources.first_ns, sources.last_ns, STRFTIME(sources.finished_at, '%Y-%m-%dT%H:%M:%SZ')
FROM sources
ORDER BY sources.source_id
"""
# A trace goes as a whole, when all of it lies before the instant: half a trace would be another request.
_OLD_TRACES: Final = """
SELECT trace_id FROM spans GROUP BY trace_id HAVING MAX(COALESCE(end_ns, start_ns)) < $1
"""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went. traces and spans: dropped.  spans_left: still there."""

    traces: int
    spans: int
    spans_left: int


def store_info(connection: duckdb.DuckDBPyConnection, path: Path) -> StoreInfo:
    """What the store holds."""
    ((spans, traces, model_spans, first_ns, last_ns),) = connection.execute(_TOTALS).fetchall()
    ((quarantined,),) = connection.execute("SELECT COUNT(*) FROM quarantine").fetchall()
    ((block_size, free_blocks),) = connection.execute(
        "SELECT block_size, free_blocks FROM pragma_database_size() WHERE database_name = current_database()"
    ).fetchall()
    sources = tuple(_source(*row) for row in connection.execute(_SOURCES).fetchall())
    held = kept(path)
    return StoreInfo(
        schema_version=SCHEMA_VERSION,
        path=str(path),
        store_version=STORE_VERSION,
        file_bytes=path.stat().st_size,
        reusable_bytes=block_size * free_blocks,
        spans=spans,
        traces=traces,
        quarantined=quarantined,
        kept_answers=held.answers,
        kept_bytes=held.bytes,
        first=_instant(first_ns),
        last=_instant(last_ns),
        sources=sources,
        model_spans=model_spans,
        last_loaded=max((each.finished for each in sources), default=None),
    )


def _source(
    uri: str,
    form: str,
    dialects: list[str],
    size: int,
    spans: int,
    stored: int,
    rejected: int,
    first_ns: int | None,
    last_ns: int | None,
    finished: str,
) -> StoredSource:
    return StoredSource(
        uri=uri,
        format=form,
        dialects=tuple(dialects),
        bytes=size,
        spans=spans,
        stored_spans=stored,
        rejected=rejected,
        first=_instant(first_ns),
        last=_instant(last_ns),
        finished=finished,
    )


def _instant(at_ns: int | None) -> str | None:
    return None if at_ns is None else iso_utc(at_ns)


def prune_before(connection: duckdb.DuckDBPyConnection, before_ns: int) -> Pruned:
    """Drop every trace that ended before the instant, what engines reported before it, and emitters that none names any
    more.

    The ledger keeps its sources: what was pruned is not loaded again from the file that it came from.
    """
    connection.execute("BEGIN")
    try:
        connection.execute(f"CREATE TEMP TABLE pruned AS {_OLD_TRACES}", [before_ns])
        ((traces,),) = connection.execute("SELECT COUNT(*) FROM pruned").fetchall()
        ((spans,),) = connection.execute(
            "DELETE FROM spans WHERE trace_id IN (SELECT trace_id FROM pruned)"
        ).fetchall()
        connection.execute(
            "DELETE FROM resources WHERE resource_id NOT IN "
            "(SELECT DISTINCT resource_id FROM spans WHERE resource_id IS NOT NULL)"
        )
        ((left,),) = connection.execute("SELECT COUNT(*) FROM spans").fetchall()
        connection.execute(
            "DELETE FROM engine_readings WHERE at_ns < ? AND NOT COALESCE(is_since_start, FALSE)", [before_ns]
        )
        connection.execute("DROP TABLE pruned")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return Pruned(traces, spans, left)


def compacted(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Write the store anew, spans in order of time, and put it in the old one's place; bytes saved.

    Closes the connection. Raises StoreError where the disk cannot hold both files for a moment.
    """
    before = path.stat().st_size
    fresh = path.with_name(f".{path.name}.compacting")
    fresh.unlink(missing_ok=True)
    try:
        connection.execute(f"ATTACH {literal(str(fresh))} AS fresh")
        ((current,),) = connection.execute("SELECT current_database()").fetchall()
        connection.execute(f"COPY FROM DATABASE {_identifier(current)} TO fresh (SCHEMA)")
        tables = connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database() AND NOT temporary"
        ).fetchall()
        connection.execute("SET preserve_insertion_order = true")
        for (table,) in tables:
            order = " ORDER BY start_ns, trace_id, span_id" if table == "spans" else ""
            name = _identifier(table)
            connection.execute(f"INSERT INTO fresh.{name} SELECT * FROM {name}{order}")
        connection.execute("DETACH fresh")
    except duckdb.Error as error:
        connection.close()
        fresh.unlink(missing_ok=True)
        raise StoreError(
            f"The store {path} could not be compacted.",
            why=f"DuckDB says: {said_by_engine(error)}.",
            next_step="It is unchanged. Check the free space: compacting needs room for a second copy.",
        ) from error
    connection.close()
    fresh.replace(path)
    return before - path.stat().st_size


def _identifier(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
