"""Which tables and relations can be selected from, and what does each promise?

In: the headers of the SQL files, and what the store says of its own tables. Out: a line for each, and the meaning of
columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import polars as pl

from costctl.relations import Relation, load_relations
from costctl.store.engine_readings import READING_MEANINGS
from costctl.store.spans import SPAN_MEANINGS

_STORED: Final[Mapping[str, tuple[str, str]]] = {
    "spans": ("What was ingested, in one shape for all formats.", "One row per span, or record of a log."),
    "resources": ("The attributes of emitters, kept once.", "One row per emitter."),
    "engine_readings": (
        "What engines reported of themselves, as they reported it.",
        "One row per report of an engine.",
    ),
    "sources": ("What was ingested from where, and how much of it was kept.", "One row per source."),
    "quarantine": ("Rejected records, each with its reason.", "One row per rejected record."),
    "promises": (
        "What was advised, what it promised, and what came of it.",
        "One row per advice and the window that it was computed on.",
    ),
}
_MEANINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "spans": SPAN_MEANINGS,
    "engine_readings": READING_MEANINGS,
}
_LAYERS: Final = ("core", "stored", "staging", "checks")


class Contract(NamedTuple):
    """What a table promises. layer: core, stored, staging or checks."""

    layer: str
    question: str
    grain: str
    meanings: Mapping[str, str]


def contracts(engine: str = "duckdb") -> dict[str, Contract]:
    """Every table and relation by its name: those that figures are made of first."""
    found = {name: _of_relation(relation) for name, relation in load_relations(engine).items()}
    for name, (question, grain) in _STORED.items():
        found[name] = Contract("stored", question, grain, _MEANINGS.get(name, {}))
    return dict(sorted(found.items(), key=lambda each: (_LAYERS.index(each[1].layer), each[0])))


def listing() -> pl.DataFrame:
    """A row for each: name, what it holds and its grain in one sentence each, layer."""
    rows = [(name, f"{found.question} {found.grain}", found.layer) for name, found in contracts().items()]
    return pl.DataFrame(
        rows, schema={"name": pl.String, "contract": pl.String, "layer": pl.String}, orient="row"
    )


def with_meanings(described: pl.DataFrame, name: str) -> pl.DataFrame:
    """DuckDB's description of a table, name and type of each column, with its unit or meaning."""
    meanings = contracts()[name].meanings
    columns = described["column_name"].to_list()
    return described.select("column_name", "column_type").with_columns(
        pl.Series("unit_or_meaning", [meanings.get(column, "") for column in columns], pl.String)
    )


def _of_relation(relation: Relation) -> Contract:
    return Contract(
        relation.layer,
        relation.question[:1].upper() + relation.question[1:],
        relation.grain,
        {column.name: column.meaning for column in relation.columns},
    )
