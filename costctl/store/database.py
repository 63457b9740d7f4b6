"""The DuckDB file: opened, checked to be ours, and made where it is missing.

In: a path. Out: a connection to a store with the tables spans, resources, engine_readings, sources, shared_spans and
quarantine, made from the Arrow schemas. A row of shared_spans says that a source holds a span that the store had from
another one, or from further up in the same.
"""

from __future__ import annotations

import os
import re
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from costctl.errors import StoreError
from costctl.store.engine_readings import STORED_READINGS
from costctl.store.migrations import migrate
from costctl.store.promises import PROMISES
from costctl.store.spans import RESOURCES, STORED_SPANS

STORE_VERSION: Final = 10

# Ingest stays under 800 MB whatever the size of its input: DuckDB spills beyond this, parsing takes the rest.
_MEMORY_LIMIT: Final = "128MB"

# Relations take 10 to 20 times the size of the store; what is beyond this is spilled, which takes a tenth longer.
_READING_RATIO: Final = 6
_LEAST_READING: Final = 1_000_000_000

# What is not yet compressed and written when a source ends waits for COMMIT, when nothing is left to do beside it: a
# quarter of DuckDB's usual row group is a quarter of that.
_ROW_GROUP: Final = 30_720

Waiting = Callable[[str], None]
_SECONDS_BETWEEN_TRIES: Final = 0.2
_LOCKED: Final = re.compile(r"Could not set lock|Conflicting lock")
_HOLDER: Final = re.compile(r"lock is held in (\S+) \(PID (\d+)\)")

_SQL_TYPES: Final = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.list_(pa.string()): "VARCHAR[]",
    pa.list_(pa.int64()): "BIGINT[]",
    pa.map_(pa.string(), pa.string()): "MAP(VARCHAR, VARCHAR)",
}

_LEDGER: Final = """
CREATE TABLE costctl_store (store_version BIGINT NOT NULL);
CREATE TABLE sources (
    source_id BIGINT PRIMARY KEY,
    uri VARCHAR,
    format VARCHAR,
    dialects VARCHAR[],
    bytes BIGINT,
    sha256 VARCHAR,
    spans BIGINT,
    records BIGINT,
    rejected BIGINT,
    duplicates BIGINT,
    outside BIGINT,
    since_ns BIGINT,
    until_ns BIGINT,
    first_ns BIGINT,
    last_ns BIGINT,
    started_at TIMESTAMP,
    finished_at TIMESTAMP,
    costctl_version VARCHAR,
    state VARCHAR,
    readings BIGINT
);
CREATE TABLE shared_spans (source_id BIGINT, store_key BIGINT);
CREATE TABLE quarantine (source_id BIGINT, position BIGINT, code VARCHAR, message VARCHAR, excerpt VARCHAR);
"""


def open_store(
    path: Path, *, read_only: bool = False, wait_s: float = 0.0, waiting: Waiting | None = None
) -> duckdb.DuckDBPyConnection:
    """A connection to the store at ``path``; a missing one is made unless ``read_only``, an older one is migrated.

    wait_s: how long to wait where another process holds the store.  waiting: told who that is, while waiting.
    Raises StoreError where the file is missing (read-only), locked, not writable, no store of costctl, or
    newer.
    """
    if read_only and not path.exists():
        raise StoreError(
            f"There is no store at {path}.",
            why="Nothing has been ingested there yet.",
            next_step=f"Run `costctl ingest PATH --store {shlex.quote(str(path))}`, or pass the right file to --store.",
        )
    connection = _connected(path, read_only, wait_s, waiting)
    try:
        is_old = _settle(connection, path, read_only=read_only)
    except BaseException:
        connection.close()
        raise
    if not is_old:
        return connection
    connection.close()
    open_store(path, wait_s=wait_s, waiting=waiting).close()
    return open_store(path, read_only=True, wait_s=wait_s, waiting=waiting)


def _connected(
    path: Path, read_only: bool, wait_s: float, waiting: Waiting | None
) -> duckdb.DuckDBPyConnection:
    """A connection, as soon as no other process holds the file."""
    give_up_at = time.monotonic() + wait_s
    while True:
        try:
            return _attached(path, read_only)
        except duckdb.Error as error:
            if _LOCKED.search(str(error)) is None or time.monotonic() >= give_up_at:
                raise _cannot_open(path, error) from error
            if waiting is not None:
                waiting(f"Waiting for {path}, in use by {_holder(str(error))}")
        time.sleep(_SECONDS_BETWEEN_TRIES)


def _attached(path: Path, read_only: bool) -> duckdb.DuckDBPyConnection:
    """The file as the database of a new connection, which spills beside it. Only ATTACH can say how long row groups
    are.
    """
    connection = duckdb.connect()
    mode = "READ_ONLY" if read_only else f"ROW_GROUP_SIZE {_ROW_GROUP}"
    try:
        connection.execute(f"ATTACH {literal(str(path))} AS store ({mode})")
        connection.execute("USE store")
        connection.execute(f"SET temp_directory = {literal(f'{path}.tmp')}")
        if read_only and os.access(path.parent, os.W_OK):
            _spare_reading(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _spare_reading(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Take no more memory than a few times the size of the store, or what DuckDB takes at most where that is less."""
    most = max(_LEAST_READING, _READING_RATIO * path.stat().st_size)
    ((usual,),) = connection.execute(
        "SELECT PARSE_FORMATTED_BYTES(value) FROM duckdb_settings() WHERE name = 'memory_limit'"
    ).fetchall()
    connection.execute(f"SET memory_limit = '{min(most, usual)}B'")


def literal(text: str) -> str:
    """A text as SQL writes it."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _settle(connection: duckdb.DuckDBPyConnection, path: Path, *, read_only: bool) -> bool:
    """Prepare the connection; True where the store is older, and can only be read."""
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("SET enable_progress_bar = false")
    tables = {
        row[0]
        for row in connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()"
        ).fetchall()
    }
    if not tables and not read_only:
        _create(connection)
        return False
    if "costctl_store" not in tables:
        raise StoreError(
            f"{path} is a DuckDB file, but not a costctl store.",
            why="It lacks the table costctl_store.",
            next_step="Pass another path to --store; costctl writes only to its own files.",
        )
    (version,) = connection.execute("SELECT MAX(store_version) FROM costctl_store").fetchall()[0]
    if version > STORE_VERSION:
        raise StoreError(
            f"The store {path} has version {version}; this costctl reads versions up to {STORE_VERSION}.",
            why="It was written by a newer costctl.",
            next_step="Upgrade costctl, or ingest the sources again into a new store.",
        )
    if version < STORE_VERSION and not read_only:
        migrate(connection, version, STORE_VERSION)
    return bool(version < STORE_VERSION and read_only)


@contextmanager
def sparing(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Keep the database's part of an ingest small; what does not fit is spilled to disk beside the store.

    One thread inserts: a second one saves no time on batches of this size, and takes a third more of the processors
    that parse the next batch meanwhile.
    """
    connection.execute(f"SET memory_limit = '{_MEMORY_LIMIT}'")
    connection.execute("SET threads = 1")
    connection.execute("SET write_buffer_row_group_count = 1")
    try:
        yield
    finally:
        for name in ("memory_limit", "threads", "write_buffer_row_group_count"):
            connection.execute(f"RESET {name}")


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """The tables of a store, empty."""
    connection.execute(_LEDGER)
    connection.execute(PROMISES)
    connection.execute(_table("spans", STORED_SPANS))
    connection.execute(_table("resources", RESOURCES))
    connection.execute(_table("engine_readings", STORED_READINGS))


def _create(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("BEGIN")
    create_tables(connection)
    connection.execute("INSERT INTO costctl_store VALUES (?)", [STORE_VERSION])
    connection.execute("COMMIT")


def _table(name: str, schema: pa.Schema) -> str:
    columns = [f"{field.name} {_SQL_TYPES[field.type]}" for field in schema]
    return f"CREATE TABLE {name} ({', '.join(columns)})"


def _holder(message: str) -> str:
    """Who holds the file, as DuckDB's message names it."""
    named = _HOLDER.search(message)
    return f"{Path(named[1]).name} (process {named[2]})" if named else "another process"


def _cannot_open(path: Path, error: duckdb.Error) -> StoreError:
    text = str(error).strip().splitlines()[0]
    if _LOCKED.search(text):
        return StoreError(
            f"The store {path} is in use.",
            why=f"It is in use by {_holder(text)}; only one process may write to a store.",
            next_step="Wait for it to end (for instance with --wait 10m), or pass another path to --store. Verbs that "
            "take PATHs need no store under --no-store.",
        )
    if path.exists() and path.is_file() and "not a valid DuckDB" in text:
        return StoreError(
            f"{path} is not a store.",
            why=f"{text}.",
            next_step="Pass the path of a store to --store, or of a file that does not exist yet.",
        )
    return StoreError(
        f"Cannot open the store {path}.",
        why=f"{text}.",
        next_step="Pass a path to --store in an existing folder that you can write to. Verbs that take PATHs need no "
        "store under --no-store.",
    )
