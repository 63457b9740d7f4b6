"""The first screen of ``ingest``: what was loaded, what was rejected and why, what to do next."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from costctl.documents.ingestion import IngestReport, IngestTotals
from costctl.documents.source_groups import SourceGroup, leading, worst_first
from costctl.render.cells import Row, count
from costctl.render.ingestion import to_do
from costctl.render.loading import skipped_lines
from costctl.render.numbers import plural
from costctl.render.sections import Facts, Section, Table, shortened_path
from costctl.render.view import View

_MOST_ROWS: Final = 8
_MOST_NOTES: Final = 4
_MOST_APART: Final = 3  # sources whose notes are told one by one; of more, those alike together
_COUNTS: Final = ("spans", "engine readings", "model calls", "rejected", "already loaded")


def screen(document: IngestReport, view: View) -> list[Section]:
    """What it came to, the sources that matter most, and what to do about what was not understood."""
    folder, told, rest = leading(document.sources, _MOST_ROWS)
    headline = [("", _headline(document))]
    if folder:
        headline.append(("", f"From {shortened_path(folder)}"))
    return [
        Facts(tuple(headline)),
        _sources(told, rest),
        Facts((*_notes(document), ("Next", _next(document, view)))),
    ]


def _headline(document: IngestReport) -> str:
    totals, sources = document.totals, document.sources
    of = plural(len(sources), "source")
    if not totals.spans and totals.readings:
        return f"{count(totals.readings)} engine readings loaded from {of}{_lost(totals)}"
    if not totals.spans:
        before = f": {count(totals.duplicates)} spans were loaded before" if totals.duplicates else ""
        return f"Nothing new in {of}{before}{_lost(totals)}"
    calls = count(document.model_spans)
    beside = f", and {count(totals.readings)} engine readings" if totals.readings else ""
    return f"{count(totals.spans)} spans loaded from {of}, {calls} of them model calls{beside}{_lost(totals)}"


def _lost(totals: IngestTotals) -> str:
    parts = [f"{plural(totals.rejected, 'record')} REJECTED" if totals.rejected else "nothing rejected"]
    if totals.refused_sources:
        parts.append(f"{plural(totals.refused_sources, 'source')} REFUSED")
    if totals.skipped_sources:
        parts.append(f"{plural(totals.skipped_sources, 'file')} skipped")
    if totals.outside:
        parts.append(f"{plural(totals.outside, 'record')} outside --since/--until")
    return f"; {', '.join(parts)}"


def _sources(told: tuple[SourceGroup, ...], rest: SourceGroup | None) -> Table:
    """A row for each of them, and one for the others; columns of zeros are left out."""
    groups = [*told, *([] if rest is None else [rest])]
    rows = [_row(group) for group in groups]
    is_of_use = {
        "state": any(group.state != "complete" for group in groups),
        "engine readings": any(group.readings for group in groups),
        "rejected": any(group.rejected for group in groups),
        "already loaded": any(group.duplicates for group in groups),
    }
    columns = ("source", "state", "format", "dialects", *_COUNTS)
    kept = [place for place, name in enumerate(columns) if is_of_use.get(name, True)]
    return Table(
        "source",
        tuple(columns[place] for place in kept),
        tuple(tuple(row[place] for place in kept) for row in rows),
        frozenset({"source", "state", "format", "dialects"}),
        is_compact=True,
        least=("dialects", "format", "already loaded", "model calls"),
    )


def _row(group: SourceGroup) -> Row:
    return (
        shortened_path(group.name),
        "loaded" if group.state == "complete" else group.state,
        group.format or "",
        ", ".join(group.dialects) or "none",
        count(group.spans),
        count(group.readings),
        count(group.model_spans),
        count(group.rejected),
        count(group.duplicates),
    )


def _notes(document: IngestReport) -> list[tuple[str, str]]:
    groups = worst_first(document.sources, _MOST_APART)
    named = tuple(replace(group, name=shortened_path(group.name)) for group in groups)
    notes = (
        *to_do(document.totals, named, _MOST_NOTES, "--detail"),
        *skipped_lines(document.sources),
    )
    return [("To do" if place == 0 else "", note) for place, note in enumerate(notes)]


def _next(document: IngestReport, view: View) -> str:
    detail = " · --detail for every source" if document.sources[_MOST_ROWS:] else ""
    return f"{view.command('analyze')} · {view.command('doctor')}{detail}"
