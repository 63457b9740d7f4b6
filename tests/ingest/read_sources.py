"""Sources as a user would have them, ingested into a store of their own, and what they come to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from costctl.documents.ingestion import SourceReport
from costctl.ingest import loader
from costctl.observation import Question, observed
from costctl.store.database import open_store
from tests.conftest import unwatched


@dataclass(frozen=True)
class Read:
    """What was read. reports: one a source.  spans: rows of the store.  calls, records: of the relations.

    usd: of each call by its id, None where a part has no price.
    """

    reports: list[SourceReport]
    spans: list[dict[str, Any]]
    calls: pl.DataFrame
    records: pl.DataFrame
    usd_by_call: dict[int, float | None]

    @property
    def report(self) -> SourceReport:
        (only,) = self.reports
        return only

    @property
    def usd(self) -> float:
        """What all calls cost; every one that did not fail has a price."""
        priced = {call: usd for call, usd in self.usd_by_call.items() if usd is not None}
        answered = self.calls.filter(~pl.col("is_failed"))["call_id"].to_list()
        assert set(answered) <= set(priced)
        return sum(priced.values())

    def of(self, *columns: str) -> list[tuple[Any, ...]]:
        """Columns of the calls, in the order of their start."""
        return self.calls.sort("start_ns", "call_id", nulls_last=True).select(columns).rows()


def read_sources(folder: Path, **sources: bytes) -> Read:
    """The sources, named as the parameters with their last _ as a dot (``rows_csv`` is rows.csv)."""
    folder.mkdir(exist_ok=True)
    paths = []
    for name, content in sources.items():
        stem, _, ending = name.rpartition("_")
        paths.append(folder / f"{stem}.{ending}")
        paths[-1].write_bytes(content)
    store = folder / "s.duckdb"
    with open_store(store) as connection:
        reports = loader.ingest(connection, [str(path) for path in paths], progress=unwatched)
        spans = connection.sql("SELECT * FROM spans ORDER BY start_ns, span_id").to_arrow_table().to_pylist()
    (folder / "costctl.toml").write_text("")
    with observed(Question(store=store, config=folder / "costctl.toml"), unwatched) as observation:
        engine = observation.engine
        calls, records = engine.fetch("calls"), engine.fetch("call_records")
        charged = engine.query(
            "SELECT call_id, SUM(usd) AS usd, COUNT(*) - COUNT(usd) AS unpriced FROM charge GROUP BY call_id"
        )
    usd = {call: None if unpriced else amount for call, amount, unpriced in charged.iter_rows()}
    return Read(list(reports), spans, calls, records, usd)


def lines_of(values: list[Any]) -> bytes:
    """JSON lines."""
    return "".join(json.dumps(value) + "\n" for value in values).encode()
