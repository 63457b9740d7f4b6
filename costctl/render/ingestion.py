"""The ingest report as a table that a user can act on, and as CSV."""

from __future__ import annotations

from costctl.documents.ingestion import IngestReport, SourceReport
from costctl.documents.reject_codes import doubts_in_words, rejects_in_words
from costctl.render.numbers import count, text
from costctl.render.tables import Notes, Section, Table, as_csv


def sections(document: IngestReport) -> list[Section]:
    """What each source gave, the sums, and what to do about what was not understood."""
    folder = _common_folder([source.uri for source in document.sources])
    columns = ("source", "format", "dialects", "spans", "model spans", "rejected", "known")
    rows = tuple(
        (
            name,
            sources[0].format or "" if sources[0].state == "complete" else sources[0].state,
            _dialects(sources),
            *(
                count(sum(getattr(source, column) for source in sources))
                for column in ("spans", "model_spans", "rejected", "duplicates")
            ),
        )
        for name, sources in _grouped(document.sources, folder)
    )
    totals = document.totals
    outside = f" {count(totals.outside)} lie outside the window." if totals.outside else ""
    parts: list[Section] = [
        Table(
            f"Sources in {folder}" if folder else "Sources",
            columns,
            rows,
            frozenset({"source", "format", "dialects"}),
        ),
        Notes(
            "Total",
            (
                f"{count(totals.spans)} spans added, {count(totals.rejected)} records rejected, "
                f"{count(totals.duplicates)} already known.{outside}",
            ),
        ),
    ]
    to_do = [note for name, sources in _grouped(document.sources, folder) for note in _to_do(name, sources)]
    if len(to_do) > _MOST_NOTES:
        more = f"And {len(to_do) - _MOST_NOTES} more such notes: --format json or csv shows every source."
        to_do = [*to_do[:_MOST_NOTES], more]
    if totals.rejected:
        to_do.append(
            "Rejected records are kept: `costctl sql 'SELECT * FROM quarantine'` shows each with its reason."
        )
    if to_do:
        parts.append(Notes("To do", tuple(to_do)))
    return parts


_MOST_ROWS = 24
_MOST_NOTES = 20


def _grouped(sources: tuple[SourceReport, ...], folder: str) -> list[tuple[str, list[SourceReport]]]:
    """A row a source; where these are many, a row for the sources of one folder, format and state."""
    if len(sources) <= _MOST_ROWS:
        return [(source.uri[len(folder) :], [source]) for source in sources]
    groups: dict[tuple[str, str | None, str], list[SourceReport]] = {}
    for source in sources:
        key = (source.uri[len(folder) :].rpartition("/")[0], source.format, source.state)
        groups.setdefault(key, []).append(source)
    return [
        (
            each[0].uri[len(folder) :] if len(each) == 1 else f"{place or '.'}/ {len(each)} files",
            each,
        )
        for (place, _, _), each in groups.items()
    ]


def _dialects(sources: list[SourceReport]) -> str:
    """The dialects, the most spans first."""
    sums: dict[str, int] = {}
    for source in sources:
        for name, spans in source.dialects.items():
            sums[name] = sums.get(name, 0) + spans
    ordered = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count(spans)}" for name, spans in ordered) or "none"


def _to_do(name: str, sources: list[SourceReport]) -> list[str]:
    """What a user may want to do about some sources of one kind; of several refused ones the first speaks for all."""
    first = sources[0]
    if first.state == "refused":
        why, _, next_step = (first.why or "").partition("\n")
        said = f"{why} {next_step}".replace(first.uri, "it", 1).removeprefix("it ")
        others = f", and {len(sources) - 1} more like it" if len(sources) > 1 else ""
        return [f"Refused: {first.uri}{others}: {said}"]
    sums = {
        column: sum(getattr(source, column) for source in sources)
        for column in ("rejected", "records", "tokenless_model_spans", "model_spans", "spans")
    }
    codes = _summed(sources, "rejected_by_code")
    notes = []
    if codes:
        said = rejects_in_words(codes)
        notes.append(
            f"{name}: {count(sums['rejected'])} of {count(sums['records'])} records rejected: {said}."
        )
    notes += [f"{name}: {each}" for each in doubts_in_words(_summed(sources, "doubts"))]
    if sums["tokenless_model_spans"]:
        notes.append(
            f"{name}: {count(sums['tokenless_model_spans'])} of {count(sums['model_spans'])} model spans succeeded and "
            "report no tokens, which stay unknown. Streams report them if asked: stream_options.include_usage."
        )
    notes += [f"{name}: {note}" for note in _usage_notes(sources)]
    if sums["spans"] and not sums["model_spans"]:
        notes.append(
            f"{name}: no span of it is a model call. If some are, name their attributes in a file for --dialect."
        )
    return notes


def _usage_notes(sources: list[SourceReport]) -> list[str]:
    """What of the usage of some sources was not read, not believed or not known; the keys, with how many calls."""
    unread: dict[str, int] = {}
    torn: dict[str, int] = {}
    odd: dict[str, int] = {}
    for source in sources:
        for key in source.usage.unread:
            unread[key.key] = unread.get(key.key, 0) + key.calls
        for conflict in source.usage.conflicts:
            torn[conflict.keys] = torn.get(conflict.keys, 0) + conflict.calls
        for operation in source.usage.operations:
            odd[operation.operation] = odd.get(operation.operation, 0) + operation.calls
    said = (
        (
            unread,
            "look like usage or cost, and nothing reads them",
            "name them in a file for --dialect or --mapping",
        ),
        (torn, "contradict each other, and what they count is not observed", "`costctl doctor` counts them"),
        (
            odd,
            "are operations that costctl does not know, and count as model calls",
            "tell costctl's authors",
        ),
    )
    return [f"{_most(keys)} {what}: {to_do}." for keys, what, to_do in said if keys]


def _most(keys: dict[str, int]) -> str:
    """The keys with how many calls they are on, the most first."""
    ordered = sorted(keys.items(), key=lambda item: (-item[1], item[0]))
    more = f" and {len(ordered) - _MOST_KEYS} more" if len(ordered) > _MOST_KEYS else ""
    return ", ".join(f"{key} ({count(calls)} calls)" for key, calls in ordered[:_MOST_KEYS]) + more


_MOST_KEYS = 5


def _summed(sources: list[SourceReport], name: str) -> dict[str, int]:
    """Counts by code, over sources."""
    sums: dict[str, int] = {}
    for source in sources:
        for code, number in getattr(source, name).items():
            sums[code] = sums.get(code, 0) + number
    return sums


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


_COUNTS = (
    "bytes",
    "records",
    "spans",
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
                text(source.first) if source.first else None,
                text(source.last) if source.last else None,
                source.state,
                source.why.splitlines()[0] if source.why else None,
            ]
            for source in document.sources
        ],
    )
