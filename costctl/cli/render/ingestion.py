"""The ingest report as a table and as CSV."""

from __future__ import annotations

from costctl.cli.render.numbers import count, text
from costctl.cli.render.tables import Notes, Section, Table, as_csv
from costctl.documents.ingestion import IngestReport


def sections(document: IngestReport) -> list[Section]:
    """What each source gave, and the sums."""
    folder = _common_folder([source.uri for source in document.sources])
    columns = ("source", "format", "dialects", "spans", "rejected", "duplicates", "state")
    rows = tuple(
        (
            source.uri[len(folder) :],
            source.format,
            ", ".join(source.dialects) or "none",
            count(source.spans),
            count(source.rejected),
            count(source.duplicates),
            source.state,
        )
        for source in document.sources
    )
    totals = document.totals
    parts: list[Section] = [
        Table(
            f"Sources in {folder}" if folder else "Sources",
            columns,
            rows,
            frozenset({"source", "format", "dialects", "state"}),
        ),
        Notes(
            "Total",
            (
                f"{count(totals.spans)} spans added, {count(totals.rejected)} records rejected, "
                f"{count(totals.duplicates)} already known.",
            ),
        ),
    ]
    if totals.rejected:
        advice = "`costctl sql 'SELECT code, message, COUNT(*) FROM quarantine GROUP BY ALL'` says why."
        parts.append(Notes("Rejected records are kept", (advice,)))
    return parts


def _common_folder(uris: list[str]) -> str:
    """What the URIs of several sources begin with, up to a slash; "" for one, or where they have nothing in
    common.
    """
    if len(uris) < 2:
        return ""
    first, last = min(uris), max(uris)
    same = next(
        (n for n, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first)
    )
    return first[: first.rfind("/", 0, same) + 1]


_CSV_COLUMNS = (
    "uri",
    "format",
    "dialects",
    "bytes",
    "records",
    "spans",
    "rejected",
    "duplicates",
    "first",
    "last",
    "state",
)


def csv_text(document: IngestReport) -> str:
    """One row per source."""
    return as_csv(
        _CSV_COLUMNS,
        [
            [
                source.uri,
                source.format,
                " ".join(source.dialects),
                source.bytes,
                source.records,
                source.spans,
                source.rejected,
                source.duplicates,
                text(source.first) if source.first else None,
                text(source.last) if source.last else None,
                source.state,
            ]
            for source in document.sources
        ],
    )
