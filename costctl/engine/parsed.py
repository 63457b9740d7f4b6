"""What stands in a statement? Its nodes, as DuckDB takes it apart, without looking at any table.

In: a connection and a SELECT. Out: nodes, or the names of the tables that it reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb


def nodes_in(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[dict[str, Any]]:
    """Every node of the statement, outer ones first; of what DuckDB cannot take apart (PIVOT), one that says so."""
    ((parsed,),) = connection.execute("SELECT json_serialize_sql(?)", [query]).fetchall()
    return _below(json.loads(parsed))


def tables_read(connection: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    """The tables and views that a SELECT names, in lower case; a column of the same name is none of them."""
    found = nodes_in(connection, query)
    return [str(node["table_name"]).lower() for node in found if node.get("type") == "BASE_TABLE"]


def _below(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    parts = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for part in parts:
        yield from _below(part)
