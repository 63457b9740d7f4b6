"""The first screen of ``store info``: what does the store hold, from when to when, and how large is it?"""

from __future__ import annotations

from typing import Final

from costctl.documents.store_info import StoredSource, StoreInfo
from costctl.render.cells import Row, count
from costctl.render.numbers import plural
from costctl.render.sections import Facts, Section, Table, first, shortened_path
from costctl.render.store_info import at_minute, held_period, in_megabytes
from costctl.render.view import View

_MOST_SOURCES: Final = 10


def screen(document: StoreInfo, view: View) -> list[Section]:
    """What is there, and the sources that gave most of it."""
    lines = [
        ("", f"{count(document.spans)} spans in {plural(document.traces, 'trace')}, {held_period(document)}"),
        ("", f"{shortened_path(document.path)}: {in_megabytes(document.file_bytes)}{_reusable(document)}"),
    ]
    if document.quarantined:
        look = view.command("sql 'SELECT * FROM quarantine'")
        lines.append(("", f"{plural(document.quarantined, 'record')} rejected: {look}"))
    next_step = f"{view.command('analyze')} · --detail for every source"
    return [Facts(tuple(lines)), *_sources(document), Facts((("Next", next_step),))]


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
        at_minute(source.first),
        at_minute(source.last),
    )
