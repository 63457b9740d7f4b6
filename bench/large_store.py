"""A store of as many requests as a bench asks for: some traces again and again, each time under other trace ids and
later.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import duckdb

from costctl.ingest.loader import ingest
from costctl.store.database import open_store
from costctl.store.spans import SPANS_OF_A_SOURCE
from costctl.synth.shop.presets import shop
from costctl.synth.shop.provider import usage_of
from costctl.synth.shop.spans import otlp_lines
from costctl.synth.shop.traffic import traffic_of

SAMPLE = Path(__file__).resolve().parents[1] / "sample_traces" / "requests.jsonl.gz"
_ROOM = "8GB"
# Conversations of another copy say something else, after the same system prompt. Questions that come again, and texts
# that are embedded, are the same ones.
_OWN_WORDS = "session_id NOT LIKE 'faq-%' AND session_id NOT LIKE 'index-%'"
_OF_A_TEAM = {
    "session_id": "session_id || '-' || copy",
    "prefix_keys": f"CASE WHEN {_OWN_WORDS} THEN LIST_CONCAT(prefix_keys[:1], LIST_TRANSFORM(prefix_keys[2:], "
    "lambda key: LEFT(MD5(key || copy), 16))) ELSE prefix_keys END",
    "content_key": f"CASE WHEN {_OWN_WORDS} THEN LEFT(MD5(content_key || copy), 16) ELSE content_key END",
}


def write_large_store(path: Path, requests: int) -> tuple[int, int]:
    """The sample traces. How many requests and spans the store holds."""
    with open_store(path) as connection:
        ingest(connection, [str(SAMPLE)])
        copies = max(1, round(requests / _count(connection, "DISTINCT trace_id")))
        _multiply(connection, copies, {})
        return _count(connection, "DISTINCT trace_id"), _count(connection, "*")


def write_store_of_a_team(path: Path, calls: int) -> tuple[int, int]:
    """Seven applications that buy tokens, with their prompts and sessions. How many calls and spans the store holds."""
    world = shop()
    traffic = traffic_of(world)
    with open_store(path) as connection, tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "requests.jsonl"
        lines.write_bytes(b"".join(otlp_lines(world, traffic, usage_of(world, traffic))))
        ingest(connection, [str(lines)])
        copies = max(1, round(calls / _count(connection, "CASE WHEN is_model_call THEN 1 END")))
        _multiply(connection, copies, _OF_A_TEAM)
        return _count(connection, "CASE WHEN is_model_call THEN 1 END"), _count(connection, "*")


def _multiply(connection: duckdb.DuckDBPyConnection, copies: int, of_copy: Mapping[str, str]) -> None:
    """The spans of the store so many times. of_copy: what a copy holds in place of a column, SQL over ``copy``."""
    ((length_ns,),) = connection.execute(
        "SELECT MAX(end_ns) - MIN(start_ns) + 1000000000 FROM spans"
    ).fetchall()
    columns = [row[0] for row in connection.execute("DESCRIBE spans").fetchall()]
    moved = {
        "trace_id": "SUBSTR(trace_id, 1, 8) || PRINTF('%08x', copy) || SUBSTR(trace_id, 17)",  # zeros in both
        "start_ns": f"start_ns + copy * {length_ns}",
        "end_ns": f"end_ns + copy * {length_ns}",
        "store_key": f"store_key + copy * {SPANS_OF_A_SOURCE}",
        **of_copy,
    }
    selected = ", ".join(moved.get(name, name) for name in columns)
    connection.execute(f"SET memory_limit = '{_ROOM}'")
    connection.execute("CREATE TEMP TABLE original AS SELECT * FROM spans")
    connection.execute(f"INSERT INTO spans SELECT {selected} FROM original, RANGE(1, {copies}) AS c(copy)")


def _count(connection: duckdb.DuckDBPyConnection, what: str) -> int:
    ((found,),) = connection.execute(f"SELECT COUNT({what}) FROM spans").fetchall()
    return int(found)
