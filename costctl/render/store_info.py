"""What a store holds: every source as tables (``store info --detail``), and as CSV. ``screen`` is in
``store_screen``.
"""

from __future__ import annotations

from costctl.documents.store_info import StoreInfo
from costctl.render.cells import NOT_OBSERVED, Quantity, count
from costctl.render.numbers import minute, period
from costctl.render.sections import Notes, Section, Table
from costctl.render.spreadsheet import as_csv

_COLUMNS = ("source", "format", "spans", "still stored", "rejected", "first", "last")
_CSV_COLUMNS = (
    "uri",
    "format",
    "dialects",
    "bytes",
    "spans",
    "stored_spans",
    "rejected",
    "first",
    "last",
    "finished",
)


def sections(document: StoreInfo) -> list[Section]:
    """The store, and a row for each source of its ledger."""
    rows = tuple(
        (
            source.uri,
            source.format,
            count(source.spans),
            count(source.stored_spans),
            count(source.rejected),
            at_minute(source.first),
            at_minute(source.last),
        )
        for source in document.sources
    )
    facts = (
        f"{document.path}: {in_megabytes(document.file_bytes)}, of which "
        f"{in_megabytes(document.reusable_bytes)} are free for reuse (`costctl store compact` gives them back); "
        f"tables of version {document.store_version}.",
        f"{count(document.spans)} spans in {count(document.traces)} traces, "
        f"{count(document.quarantined)} records in quarantine.",
        f"{count(document.kept_answers)} answers of analyze and recommend are kept beside it "
        f"({in_megabytes(document.kept_bytes)}; `costctl store compact` drops them).",
        f"From {document.first or 'not observed'} to {document.last or 'not observed'}.",
    )
    return [
        Notes("Store", facts),
        Table("Sources", _COLUMNS, rows, frozenset({"source", "format", "first", "last"})),
    ]


def in_megabytes(number: int) -> Quantity:
    """A size on disk."""
    return Quantity(number, "bytes", NOT_OBSERVED)


def at_minute(instant: str | None) -> str:
    """The instant to the minute, where it is known."""
    return minute(instant) if instant else NOT_OBSERVED


def held_period(document: StoreInfo) -> str:
    """From when to when the spans are."""
    if document.first is None or document.last is None:
        return "without a time"
    return period(document.first, document.last)


def csv_text(document: StoreInfo) -> str:
    """One row per source."""
    return as_csv(
        _CSV_COLUMNS,
        [
            [
                " ".join(value) if isinstance(value, tuple) else value
                for value in map(source.__getattribute__, _CSV_COLUMNS)
            ]
            for source in document.sources
        ],
    )
