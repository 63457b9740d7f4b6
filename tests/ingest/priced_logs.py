"""What does costctl read in a log, and what does it charge for it? Shared by the tests of formats."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from costctl.documents.ingestion import SourceReport
from costctl.ingest import loader
from costctl.observation import Question, observed
from costctl.store.database import open_store
from tests.conftest import unwatched

Row = Mapping[str, Any]
CONTENT = "swordfish"  # what people and models say in every log here


@dataclass(frozen=True)
class Priced:
    """reports: one a source.  spans: rows of the store by start.  calls: rows of the relation.  usd: of all charges."""

    reports: tuple[SourceReport, ...]
    spans: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    usd: float
    unpriced: set[str]

    @property
    def unread(self) -> set[str]:
        """What looks like usage and that nothing reads."""
        return {key for span in self.spans for key in span["unread_usage"] or ()}

    @property
    def dialects(self) -> set[str]:
        """Which mappings read the rows."""
        return {name for report in self.reports for name in report.dialects}


def priced(folder: Path, *texts: str | bytes) -> Priced:
    """What is read and charged where each text is a source of its own."""
    paths = []
    for number, text in enumerate(texts):
        paths.append(folder / f"{number}.log")
        paths[-1].write_bytes(text.encode() if isinstance(text, str) else text)
    store = folder / "s.duckdb"
    with open_store(store) as connection:
        reports = loader.ingest(connection, [str(path) for path in paths])
        spans = connection.sql("SELECT * FROM spans ORDER BY start_ns, source_position").to_arrow_table()
        kept = connection.sql("SELECT * FROM quarantine").fetchall()
    assert [report.why for report in reports] == [None] * len(texts)
    assert CONTENT not in f"{spans.to_pylist()}{kept}", "what people and models said is not kept"
    with observed(Question(store=store), unwatched) as observation:
        calls = observation.engine.query("SELECT * FROM calls ORDER BY start_ns, call_id")
        charges = observation.engine.query("SELECT usd, note FROM charge")
    unpriced = {note for note in charges["note"].to_list() if note is not None}
    return Priced(reports, spans.to_pylist(), calls.to_dicts(), charges["usd"].sum(), unpriced)


def lines(rows: Iterable[Row]) -> str:
    """The rows as JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def as_csv(rows: Iterable[Row]) -> str:
    """The rows as a CSV, as databases export it: objects and lists as JSON texts, nothing for what is not there."""
    kept = list(rows)
    names = list(dict.fromkeys(name for row in kept for name in row))
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(names)
    writer.writerows([[_cell(row.get(name)) for name in names] for row in kept])
    return written.getvalue()


def as_parquet(rows: Iterable[Row]) -> bytes:
    """The rows as Parquet, objects as structs."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(list(rows)), sink)
    return sink.getvalue().to_pybytes()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict | list) else value
