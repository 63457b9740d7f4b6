"""The first screen of ``store info``: what does the store hold, from when to when, and how large is it?"""

from __future__ import annotations

from typing import Final

from costctl.documents.store_info import StoredSource, StoreInfo
from costctl.render.cells import NOT_OBSERVED, Row, count
from costctl.render.numbers import plural
from costctl.render.sections import Facts, Section, Table, first, shortened_path
from costctl.render.store_info import in_megabytes, minute
from costctl.render.view import View

_MOST_SOURCES: Final = 10


def screen(document: StoreInfo, view: View) -> list[Section]:
    """What is there, and the sources that gave most of it."""
    lines = [
        ("", f"{count(document.spans)} spans in {plural(document.traces, 'trace')}, {_window(document)}"),
        ("", f"{shortened_path(document.path)}: {in_megabytes(document.file_bytes)}{_reusable(document)}"),
    ]
    if document.quarantined:
        look = view.command("sql 'SELECT * FROM quarantine'")
        lines.append(("", f"{plural(document.quarantined, 'record')} rejected: {look}"))
    next_step = f"{view.command('analyze')} · --detail for every source"
    return [Facts(tuple(lines)), *_sources(document), Facts((("Next", next_step),))]


def _window(document: StoreInfo) -> str:
    if document.first is None or document.last is None:
        return "without a time"
    return f"{minute(document.first)} to {minute(document.last)} UTC"


def _reusable(document: StoreInfo) -> str:
    if not document.is_worth_compacting:
        return ""
    return f", {in_megabytes(document.reusable_bytes)} of it free: costctl store compact reclaims them"


def _sources(document: StoreInfo) -> list[Section]:
    shown, hidden = first(document.by_size, _MOST_SOURCES)
    if not shown:
        return []
    rows: list[Row] = [_row(each) for each in shown]
    if hidden:
        rows.append((f"{hidden} more: --detail", *("" for _ in _COLUMNS[1:])))
    return [
        Table(
            _COLUMNS[0],
            _COLUMNS,
            tuple(rows),
            frozenset({"source", "format", "from", "to"}),
            is_compact=True,
            least=("to", "format", "rejected"),
        )
    ]


_COLUMNS: Final = ("source", "format", "spans", "rejected", "from", "to")


def _row(source: StoredSource) -> Row:
    return (
        shortened_path(source.uri),
        source.format,
        count(source.stored_spans),
        count(source.rejected),
        minute(source.first) if source.first else NOT_OBSERVED,
        minute(source.last) if source.last else NOT_OBSERVED,
    )
