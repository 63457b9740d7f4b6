"""The ingest report: every source as a table that a user can act on (``ingest --detail``), and as CSV. ``screen`` is in
``ingestion_screen``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from costctl.documents.ingestion import IngestReport, IngestTotals
from costctl.documents.reject_codes import doubts_in_words, missing_beside, rejects_in_words
from costctl.documents.source_groups import SourceGroup, grouped
from costctl.render.cells import Row, count
from costctl.render.loading import skipped_lines
from costctl.render.sections import Notes, Section, Table, first, shortened_path
from costctl.render.spreadsheet import as_csv

_MOST_ROWS: Final = 24
_MOST_NOTES: Final = 20
_MOST_KEYS: Final = 5


def sections(document: IngestReport) -> list[Section]:
    """What each source gave, the sums, and what to do about what was not understood."""
    folder, groups = grouped(document.sources, _MOST_ROWS)
    parts: list[Section] = [
        Table(
            f"Sources in {folder}" if folder else "Sources",
            (
                "source",
                "format",
                "dialects",
                "spans",
                "engine readings",
                "model spans",
                "rejected",
                "duplicates",
            ),
            tuple(_row(group) for group in groups),
            frozenset({"source", "format", "dialects"}),
        ),
        Notes("Total", (_total(document.totals),)),
    ]
    notes = (*to_do(document.totals, groups, _MOST_NOTES), *skipped_lines(document.sources))
    return [*parts, Notes("To do", notes)] if notes else parts


def _row(group: SourceGroup) -> Row:
    return (
        group.name,
        group.first.format or "" if group.first.state == "complete" else group.first.state,
        ", ".join(f"{name} {count(spans)}" for name, spans in group.dialects.items()) or "none",
        count(group.spans),
        count(group.readings),
        count(group.model_spans),
        count(group.rejected),
        count(group.duplicates),
    )


def _total(totals: IngestTotals) -> str:
    readings = f" {count(totals.readings)} engine readings," if totals.readings else ""
    outside = f" {count(totals.outside)} lie outside the window." if totals.outside else ""
    return (
        f"{count(totals.spans)} spans added,{readings} {count(totals.rejected)} records rejected, "
        f"{count(totals.duplicates)} already loaded.{outside}"
    )


def to_do(
    totals: IngestTotals, groups: tuple[SourceGroup, ...], most: int, more: str = "--format json or csv"
) -> tuple[str, ...]:
    """What to do about what was not understood, ``most`` notes of it, and how many there are in ``more``."""
    shown, hidden = first([note for group in groups for note in _notes(group)], most)
    lines = [*shown]
    if hidden:
        lines.append(f"And {hidden} more such notes: {more} shows every source.")
    if totals.rejected:
        lines.append(
            "Rejected records are kept: `costctl sql 'SELECT * FROM quarantine'` shows each with its reason."
        )
    return tuple(lines)


def _notes(group: SourceGroup) -> Iterator[str]:
    """What a user may want to do about some sources of one kind; of several refused ones the first speaks for all."""
    if group.first.state in ("refused", "skipped"):
        yield from [_refusal(group)] if group.first.state == "refused" else []
        return
    if group.rejected_by_code:
        said = rejects_in_words(group.rejected_by_code)
        beside = missing_beside(group.rejected_by_code)
        more = f" {beside}" if beside else ""
        yield f"{group.name}: {count(group.rejected)} of {count(group.records)} records rejected: {said}.{more}"
    for doubt in doubts_in_words(group.doubts):
        yield f"{group.name}: {doubt}"
    if group.tokenless_model_spans:
        yield (
            f"{group.name}: {count(group.tokenless_model_spans)} of {count(group.model_spans)} model spans succeeded "
            "and report no tokens, which stay unknown. Streams report them if asked: stream_options.include_usage."
        )
    for note in _usage_notes(group):
        yield f"{group.name}: {note}"
    if group.spans and not group.model_spans:
        yield (
            f"{group.name}: no span of it is a model call. If some are, name their attributes in a file for --dialect."
        )


def _refusal(group: SourceGroup) -> str:
    why, _, next_step = (group.first.why or "").partition("\n")
    said = f"{why} {next_step}".replace(group.first.uri, "it", 1)
    said = said.removeprefix("it ").removeprefix("it: ")
    others = f", and {group.others} more like it" if group.others else ""
    return f"Refused: {shortened_path(group.first.uri)}{others}: {said}"


def _usage_notes(group: SourceGroup) -> list[str]:
    """What of the usage of some sources was not read, not believed or not known; the keys, with how many calls."""
    said = (
        (
            group.usage.unread,
            "look like usage or cost, and nothing reads them",
            "name them in a file for --dialect or --mapping",
        ),
        (
            group.usage.conflicts,
            "contradict each other, and what they count is not observed",
            "`costctl doctor` counts them",
        ),
        (
            group.usage.operations,
            "are operations that costctl does not know, and count as model calls",
            "tell costctl's authors",
        ),
    )
    return [f"{_most(keys)} {what}: {to_do}." for keys, what, to_do in said if keys]


def _most(keys: dict[str, int]) -> str:
    """The keys with how many calls they are on, the most first."""
    shown, hidden = first([*keys.items()], _MOST_KEYS)
    more = f" and {hidden} more" if hidden else ""
    return f"{', '.join(f'{key} ({count(calls)} calls)' for key, calls in shown)}{more}"


_COUNTS = (
    "bytes",
    "records",
    "spans",
    "readings",
    "model_spans",
    "failed_model_spans",
    "tokenless_model_spans",
    "rejected",
    "duplicates",
    "outside",
)
_CSV_COLUMNS = ("uri", "format", "dialects", *_COUNTS, "first", "last", "state", "why")


def csv_text(document: IngestReport) -> str:
    """One row per source."""
    return as_csv(
        _CSV_COLUMNS,
        [
            [
                source.uri,
                source.format,
                " ".join(sorted(source.dialects)),
                *(getattr(source, name) for name in _COUNTS),
                source.first or None,
                source.last or None,
                source.state,
                source.why.splitlines()[0] if source.why else None,
            ]
            for source in document.sources
        ],
    )
