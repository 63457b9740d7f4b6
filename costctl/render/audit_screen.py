"""The first screens of ``costctl audit``: what was done last, and is the record whole?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from costctl.documents.audit import AuditedFile, AuditEntry, AuditLine, AuditTrail, AuditVerification
from costctl.render.audit import (
    BROKEN,
    at_second,
    ended,
    head_lines,
    headline,
    verdict,
    verdict_lines,
    words_of,
)
from costctl.render.cells import NOT_OBSERVED, Row, count
from costctl.render.numbers import plural
from costctl.render.sections import Facts, Section, Table, first, shortened_path
from costctl.render.view import View

_MOST_ENTRIES: Final = 12
_MOST_FILES: Final = 8
_COLUMNS: Final = ("entry", "at (UTC)", "user", "act", "costctl", "gave")
_LEFT: Final = frozenset({"at (UTC)", "user", "act", "costctl", "gave"})
_FILE_COLUMNS: Final = ("no longer as recorded", "what", "state", "entry")
_FILE_LEFT: Final = frozenset({"no longer as recorded", "what", "state"})


def screen(document: AuditTrail, view: View) -> list[Section]:
    """The last entries."""
    shown, hidden = first(document.lines, view.top or _MOST_ENTRIES)
    found: list[Section] = [Facts((("", headline(document)), *head_lines(document)))]
    if shown:
        rows = tuple(map(_row, shown))
        found.append(Table("entry", _COLUMNS, rows, _LEFT, is_compact=True, least=("act",)))
    if hidden:
        found.append(Facts((("", f"{plural(hidden, 'earlier entry')}: --detail"),)))
    return [*found, Facts((("Next", view.command("audit verify")),))]


def verification_screen(document: AuditVerification, view: View) -> list[Section]:
    """Whether the record is whole, what a fault shows, and what cannot be told."""
    lines = (verdict(document), *verdict_lines(document))
    found: list[Section] = [Facts(lines, frozenset({BROKEN}))]
    if document.files is not None:
        found.extend(_files(document.files, document.other_files))
    return [*found, Facts((("Next", _following(document, view)),))]


def _row(line: AuditLine) -> Row:
    entry = line.entry
    return (
        count(entry.number),
        at_second(line),
        entry.user or NOT_OBSERVED,
        entry.act,
        words_of(line),
        _given(entry),
    )


def _given(entry: AuditEntry) -> str:
    """The file, or how many; else whether it gave an answer on the screen; and how it ended where that was not well."""
    files = [each.name for each in entry.outputs if each.role == "file"]
    if files:
        given = shortened_path(files[0]) if len(files) == 1 else plural(len(files), "file")
    else:
        given = "shown" if entry.outputs else ""
    return ", ".join(filter(None, (given, ended(entry.exit_code) if entry.exit_code or not given else "")))


def _files(files: Sequence[AuditedFile], others: Sequence[AuditedFile]) -> list[Section]:
    looked_at = [each for each in files if each.state != "not looked at"]
    if not others:
        said = f"{plural(len(looked_at), 'file')} that it names: all as recorded"
        return [Facts((("Files", said),))]
    shown, hidden = first(others, _MOST_FILES)
    rows = tuple((shortened_path(each.path), each.role, each.state, count(each.number)) for each in shown)
    said = f"{plural(len(others), 'file')} of {count(len(looked_at))} that it names"
    more = [Facts((("", f"{plural(hidden, 'more file')}: --detail"),))] if hidden else []
    return [
        Facts((("Files", f"{said}: no longer as recorded"),)),
        Table(_FILE_COLUMNS[0], _FILE_COLUMNS, rows, _FILE_LEFT, is_compact=True),
        *more,
    ]


def _following(document: AuditVerification, view: View) -> str:
    if not document.is_whole:
        return f"{view.command('audit show')} · costctl help audit says what each fault shows"
    if document.anchor is None:
        noted = view.command("audit verify --head DIGEST")
        return f"note the head elsewhere; {noted} then finds a record that was written anew"
    return view.command("audit show")
