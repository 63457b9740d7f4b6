"""What was done with a store, and whether the record of it is whole, as tables and as CSV; first screens are in
``audit_screen``.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Final

from costctl.documents.audit import AuditFault, AuditLine, AuditTrail, AuditVerification
from costctl.render.cells import NOT_OBSERVED, Row, count
from costctl.render.numbers import plural
from costctl.render.sections import Facts, Section, Table
from costctl.render.spreadsheet import as_csv

BROKEN: Final = "BROKEN"
_COLUMNS: Final = ("entry", "at (UTC)", "user", "act", "costctl", "ended")
_LEFT: Final = frozenset({"at (UTC)", "user", "act", "costctl", "ended"})
_FILES: Final = ("entry", "what", "name", "digest", "records")
_FILES_LEFT: Final = frozenset({"what", "name", "digest"})
_CSV_COLUMNS: Final = (
    "number", "at", "user", "act", "caller", "command", "exit_code", "costctl_version", "config_sha256",
    "spans_loaded", "sources", "records", "inputs_sha256", "outputs", "previous", "sha256",
)  # fmt: skip
_FAULT_COLUMNS: Final = ("line", "entry", "fault", "what is so")
_FAULT_LEFT: Final = frozenset({"fault", "what is so"})
_CHECKED: Final = ("file", "what", "state", "entry", "digest")
_CHECKED_LEFT: Final = frozenset({"file", "what", "state", "digest"})


def sections(document: AuditTrail) -> list[Section]:
    """Every entry that was asked for, and what each read and gave."""
    return [
        Facts((("", headline(document)), *head_lines(document))),
        Table("Entries", _COLUMNS, tuple(_row(each) for each in document.lines), _LEFT),
        Table("Read and written", _FILES, tuple(_files(document.lines)), _FILES_LEFT),
    ]


def csv_text(document: AuditTrail) -> str:
    """A row for each entry."""
    return as_csv(_CSV_COLUMNS, [_csv_row(each) for each in document.lines])


def verification_sections(document: AuditVerification) -> list[Section]:
    """What is wrong with the record, and every file that it names."""
    found: list[Section] = [Facts((verdict(document), *verdict_lines(document)), frozenset({BROKEN}))]
    if document.faults:
        found.append(Table("Faults", _FAULT_COLUMNS, tuple(map(_fault, document.faults)), _FAULT_LEFT))
    if document.files is not None:
        rows = tuple(
            (each.path, each.role, each.state, count(each.number), each.sha256) for each in document.files
        )
        found.append(Table("Files", _CHECKED, rows, _CHECKED_LEFT))
    return found


def verification_csv(document: AuditVerification) -> str:
    """A row for each fault."""
    return as_csv(
        ("line", "number", "kind", "said"),
        [[each.line, each.number, each.kind, each.said] for each in document.faults],
    )


def headline(document: AuditTrail) -> str:
    """How many entries there are, and from when to when those are that are shown."""
    shown = len(document.lines)
    of = "" if shown == document.entries else f", {count(shown)} of them shown"
    return f"{plural(document.entries, 'entry')} in {document.path}{of}"


def head_lines(document: AuditTrail) -> tuple[tuple[str, str], ...]:
    """The digest to note elsewhere, and what cannot be read."""
    head = () if document.head is None else (("Head", document.head),)
    if not document.unreadable:
        return head
    said = f"{plural(document.unreadable, 'line')} cannot be read: costctl audit verify says why"
    return (*head, ("CHECK", said))


def verdict(document: AuditVerification) -> tuple[str, str]:
    """Whether the record is whole, under the label of a warning where it is not."""
    of = f"of {document.path}"
    if document.is_whole:
        return "", f"Whole: {plural(document.entries, 'entry')} {of} follow one another without a gap"
    if document.entries == 0:
        return BROKEN, f"No entry {of} can be relied on"
    if document.faults[0].line is None:
        return (
            BROKEN,
            f"{plural(document.entries, 'entry')} {of} follow one another, but do not fit what was noted of them",
        )
    return BROKEN, f"The first {plural(document.entries, 'entry')} {of} fit, what follows does not"


def verdict_lines(document: AuditVerification) -> tuple[tuple[str, str], ...]:
    """What else there is to say of the record."""
    lines = [("", each.said) for each in document.faults]
    if document.first_at is not None and document.last_at is not None:
        lines.append(("Period", f"{document.first_at} to {document.last_at}"))
    if document.head is not None:
        lines.append(("Head" if document.is_whole else "Last", document.head))
    anchor = document.anchor
    if anchor is not None and anchor.number is not None and document.is_whole:
        lines.append(("--head", f"is entry {anchor.number}, {plural(anchor.later, 'entry')} before the end"))
    if document.torn_lines:
        said = f"{plural(document.torn_lines, 'line')} of a command that was cut off while it wrote; vouched for below"
        lines.append(("Torn", said))
    if document.is_torn:
        lines.append(
            ("Torn", "the last line: a command was cut off while it wrote; the next one goes on below")
        )
    if document.since_kept_head:
        said = f"{plural(document.since_kept_head, 'entry')} later than head.json: a command was cut off"
        lines.append(("Note", said))
    return tuple(lines)


def words_of(line: AuditLine) -> str:
    """The command, as it was typed after ``costctl``; of Python the method."""
    entry = line.entry
    return f"Store.{entry.command[0]}" if entry.caller == "python" else shlex.join(entry.command)


def at_second(line: AuditLine) -> str:
    """When, to the second."""
    return line.entry.at[:19].replace("T", " ")


def ended(exit_code: int) -> str:
    """How a command ended."""
    return f"exit code {exit_code}" if exit_code else "ok"


def _row(line: AuditLine) -> Row:
    entry = line.entry
    return (
        count(entry.number),
        at_second(line),
        entry.user or NOT_OBSERVED,
        entry.act,
        words_of(line),
        ended(entry.exit_code),
    )


def _files(lines: Sequence[AuditLine]) -> list[Row]:
    """Of each entry its own digest, that of the settings, of what was read and of what was given."""
    rows: list[Row] = []
    for line in lines:
        entry, here = line.entry, count(line.entry.number)
        rows.append((here, "entry", f"by costctl {entry.costctl_version}", line.sha256, ""))
        if entry.config_sha256 is not None:
            rows.append((here, "settings", "costctl.toml", entry.config_sha256, ""))
        rows.extend(
            (here, "read", each.uri or "by its digest", each.sha256 or NOT_OBSERVED, count(each.records))
            for each in entry.inputs
        )
        if entry.more_sources:
            more = f"{plural(entry.more_sources, 'more source')}; the digest is of the list of all"
            rows.append((here, "read", more, entry.inputs_sha256 or NOT_OBSERVED, ""))
        rows.extend((here, each.role, each.name, each.sha256, "") for each in entry.outputs)
    return rows


def _csv_row(line: AuditLine) -> list[object]:
    entry = line.entry
    told = {
        "command": words_of(line),
        "outputs": " ".join(f"{each.role}:{each.name}@{each.sha256}" for each in entry.outputs),
        "sha256": line.sha256,
    }
    return [told[name] if name in told else getattr(entry, name) for name in _CSV_COLUMNS]


def _fault(fault: AuditFault) -> Row:
    return (count(fault.line, "-"), count(fault.number, "-"), fault.kind, fault.said)
