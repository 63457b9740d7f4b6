"""`costctl sql` reads the store and nothing else: no statement writes, reaches a file or changes a setting."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import pytest

from costctl.engine.duckdb import DuckDBEngine
from tests.command_line import costctl

LOG = "TIMESTAMP,ContextTokens,GeneratedTokens\n2026-11-20 10:00:00,1000,100\n2026-11-20 10:01:00,9,8\n"
REFUSED = (
    "COPY spans TO 'out.csv'",
    "COPY (SELECT * FROM requests) TO 'out.parquet' (FORMAT parquet)",
    "COPY spans FROM 'secret.csv'",
    "COPY FROM DATABASE store TO memory",
    "EXPORT DATABASE 'out'",
    "IMPORT DATABASE 'out'",
    "ATTACH 'out.duckdb' AS other",
    "DETACH store",
    "USE memory",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SELECT * FROM read_text('secret.csv')",
    "SELECT * FROM read_blob('secret.csv')",
    "SELECT * FROM read_csv('secret.csv')",
    "SELECT * FROM read_json('secret.csv')",
    "SELECT * FROM read_parquet('secret.csv')",
    "SELECT * FROM read_text('s.duckdb.tmp/../secret.csv')",
    "SELECT * FROM sniff_csv('secret.csv')",
    "SELECT * FROM parquet_metadata('secret.csv')",
    "SELECT * FROM glob('*')",
    "SELECT * FROM 'secret.csv'",
    "FROM 'https://example.com/secret.csv'",
    "SELECT getenv('HOME')",
    "SELECT * FROM query('COPY spans TO ''out.csv''')",
    "SELECT * FROM enable_logging(storage = 'file', storage_path = 'out')",
    "SET threads = 1",
    "SET lock_configuration = false",
    "SET VARIABLE a = 1",
    "RESET memory_limit",
    "PRAGMA enable_profiling",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "CHECKPOINT",
    "VACUUM",
    "ANALYZE",
    "CREATE TABLE mine (a BIGINT)",
    "CREATE TEMP TABLE mine AS SELECT * FROM requests",
    "CREATE OR REPLACE VIEW requests AS SELECT 1",
    "CREATE MACRO twice(a) AS 2 * a",
    "CREATE SECRET mine (TYPE s3)",
    "INSERT INTO spans (trace_id) VALUES ('x')",
    "WITH made AS (INSERT INTO spans (trace_id) VALUES ('x') RETURNING trace_id) SELECT * FROM made",
    "WITH gone AS (DELETE FROM requests RETURNING trace_id) SELECT * FROM gone",
    "UPDATE spans SET trace_id = 'x'",
    "DELETE FROM spans",
    "TRUNCATE spans",
    "MERGE INTO spans USING sources ON spans.source_id = sources.source_id WHEN MATCHED THEN DELETE",
    "DROP TABLE spans",
    "ALTER TABLE spans ADD COLUMN a BIGINT",
    "COMMENT ON TABLE spans IS 'x'",
    "PREPARE mine AS DELETE FROM spans",
    "EXECUTE mine",
    "BEGIN TRANSACTION",
    "COMMIT",
    "ROLLBACK",
    "EXPLAIN ANALYZE CREATE TABLE mine AS SELECT 1 AS a",
    "EXPLAIN ANALYZE DELETE FROM spans",
    "EXPLAIN (FORMAT json) COPY spans TO 'out.csv'",
    "/* quiet */ EXPLAIN /* quiet */ ANALYZE COPY spans TO 'out.csv'",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE spans",
    "",
    "/* nothing */",
    "SELECT nothing FROM nowhere",
)
ANSWERED = (
    "SELECT COUNT(*) AS n FROM spans",
    "SELECT COUNT(*) AS n FROM requests;",
    "WITH own AS (SELECT * FROM calls) SELECT COUNT(*) AS n FROM own",
    "FROM calls",
    "TABLE calls",
    "VALUES (1, 'a')",
    "DESCRIBE calls",
    "DESCRIBE SELECT 1 AS a",
    "SUMMARIZE requests",
    "SHOW TABLES",
    "SHOW spans",
    "EXPLAIN SELECT * FROM calls",
    "EXPLAIN ANALYZE SELECT COUNT(*) FROM calls",
    "PIVOT calls ON model USING COUNT(*)",
    "SELECT * FROM (PIVOT calls ON model USING COUNT(*))",
    "SELECT INTERVAL 1 DAY AS length, [1, 2] AS list, {'a': 1} AS pair, DATE '2026-11-20' AS day",
    "SELECT 'INSERT_QUERY_NODE' AS text, '; DROP TABLE spans' AS other",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of two requests, and a file that no statement may read."""
    made = tmp_path_factory.mktemp("sql")
    (made / "log.csv").write_text(LOG)
    assert costctl(made, "ingest", "log.csv", "--store", "s.duckdb", "-q").returncode == 0
    (made / "log.csv").unlink()
    (made / "secret.csv").write_text("word\nhunter2\n")
    return made


def contents(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.is_file()
    }


@pytest.mark.parametrize("statement", REFUSED)
def test_a_statement_that_does_more_than_read_the_store_is_refused(folder: Path, statement: str) -> None:
    before = contents(folder)
    done = costctl(folder, "sql", statement, "--store", "s.duckdb", "-q")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ")
    assert "\n  Why:  " in done.stderr
    assert "\n  Next: " in done.stderr
    assert "hunter2" not in done.stderr
    assert contents(folder) == before


@pytest.mark.parametrize("statement", ANSWERED)
def test_a_statement_that_reads_is_answered(folder: Path, statement: str) -> None:
    before = contents(folder)
    done = costctl(folder, "sql", statement, "--store", "s.duckdb", "-q")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert contents(folder) == before


def test_paths_that_are_ingested_first_are_read_only_too(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(LOG)
    written = "WITH made AS (INSERT INTO spans (trace_id) VALUES ('x') RETURNING trace_id) SELECT * FROM made"
    assert costctl(tmp_path, "sql", written, "log.csv", "--store", "t.duckdb", "-q").returncode == 2
    counted = costctl(
        tmp_path, "sql", "SELECT COUNT(*) AS n FROM spans", "--store", "t.duckdb", "-q", "--format", "csv"
    )
    assert counted.stdout == "n\n2\n"


def test_a_sealed_connection_still_spills_beside_the_store(tmp_path: Path) -> None:
    connection = duckdb.connect()
    spilled = tmp_path / "s.duckdb.tmp"
    connection.execute(f"SET temp_directory = '{spilled}'")
    connection.execute("SET memory_limit = '60MB'")
    connection.execute("SET threads = 1")
    counted = "SELECT COUNT(*) AS n FROM (SELECT DISTINCT range AS a, HASH(range) AS b FROM range(4000000))"
    assert DuckDBEngine(connection).ask(counted).rows.rows() == [(4_000_000,)]
    assert spilled.exists()


def test_what_memory_cannot_hold_is_no_fault_of_the_statement() -> None:
    connection = duckdb.connect()
    connection.execute("SET temp_directory = ''")
    connection.execute("SET memory_limit = '20MB'")
    with pytest.raises(Exception, match="ran out of memory or disk space") as caught:
        DuckDBEngine(connection).ask("SELECT LIST(range ORDER BY HASH(range)) FROM range(4000000)")
    assert getattr(caught.value, "exit_code", None) == 6
