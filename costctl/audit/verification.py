"""Is a record whole, and if not, where does it first not fit, and what does that show?

In: the bytes of a record and of the head that is kept beside it, and a digest that was noted elsewhere. Out: an
``AuditVerification``. What cannot be told from all that: that everything was written anew, with a head to match.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from costctl.audit.chain import EMPTY, Head, digest, read_head, read_line
from costctl.audit.trail import HEAD, Record
from costctl.documents.audit import (
    VERIFICATION_SCHEMA_VERSION,
    AuditAnchor,
    AuditFault,
    AuditLine,
    AuditVerification,
)

_SHORT: Final = 12  # digits of a digest that tell it from others at a glance


@dataclass(slots=True)
class _Walk:
    """How far a record fits. good: entries that follow one another, from the first.  torn: lines that the entry below
    them vouches for.  after: lines at the end that are no entries.
    """

    good: list[AuditLine] = field(default_factory=list)
    torn: int = 0
    after: list[bytes] = field(default_factory=list)
    fault: AuditFault | None = None

    @property
    def end(self) -> Head:
        """The last entry that fits."""
        return Head(len(self.good), self.good[-1].sha256) if self.good else EMPTY


def verified(record: Record, path: str, anchor: str | None = None) -> AuditVerification:
    """Whether the record is whole. path: its name, for the document.  anchor: the digest of an entry."""
    *lines, unended = (record.entries or b"").split(b"\n")
    read = [read_line(line) for line in lines]
    walk = _walked(lines, read)
    kept = None if record.head is None else read_head(record.head)
    faults = [walk.fault] if walk.fault is not None else _faults_of_end(walk, record, kept)
    noted = None
    if anchor is not None:
        number = _number_of(anchor, read)
        noted = AuditAnchor(anchor, number, 0 if number is None else max(0, len(walk.good) - number))
        faults += [] if noted.number is not None else [_not_found(anchor)]
    good = walk.good
    return AuditVerification(
        schema_version=VERIFICATION_SCHEMA_VERSION,
        path=path,
        entries=len(good),
        head=good[-1].sha256 if good else None,
        first_at=good[0].entry.at if good else None,
        last_at=good[-1].entry.at if good else None,
        faults=tuple(faults),
        torn_lines=walk.torn,
        is_torn=not faults and bool(walk.after or unended),
        since_kept_head=0 if faults or kept is None else len(good) - kept.entries,
        anchor=noted,
        files=None,
    )


def good_lines(record: Record) -> tuple[AuditLine, ...]:
    """The entries that follow one another, from the first."""
    lines = (record.entries or b"").split(b"\n")[:-1]
    return tuple(_walked(lines, [read_line(line) for line in lines]).good)


def _walked(lines: Sequence[bytes], read: Sequence[AuditLine | None]) -> _Walk:
    """The record from its beginning to the first line that does not fit."""
    walk = _Walk()
    for place, (line, found) in enumerate(zip(lines, read, strict=True)):
        if found is None:
            walk.after.append(line)
            continue
        walk.fault = _fault_before(walk, found, place) or _misfit(walk, read, place, found)
        if walk.fault is not None:
            return walk
        walk.torn += len(walk.after)
        walk.after = []
        walk.good.append(found)
    return walk


def _fault_before(walk: _Walk, found: AuditLine, place: int) -> AuditFault | None:
    """What is wrong with the lines between the last entry that fits and this one. place: of this one, from 0."""
    expected = walk.end.entries + 1
    follows = found.entry.number == expected and found.entry.previous == walk.end.sha256
    first = place - len(walk.after) + 1
    if not walk.after:
        if follows and found.entry.torn_sha256 is not None:
            said = (
                f"Entry {expected} tells of a torn line above it, and there is none: that line was removed."
            )
            return AuditFault("removed", place + 1, expected, said)
        return None
    if not follows:
        said = (
            f"Line {first}, where entry {expected} is expected, is not as it was written: its text does not have the "
            "digest it ends with. It was changed."
        )
        return AuditFault("changed", first, expected, said)
    if found.entry.torn_sha256 == digest(b"\n".join(walk.after)):
        return None
    if found.entry.torn_sha256 is not None:
        said = f"Line {first} is a torn line, and not as entry {expected} below it found it: it was changed."
        return AuditFault("changed", first, expected, said)
    said = f"Line {first} is no entry, and stands between entries that follow one another: it was inserted."
    return AuditFault("inserted", first, expected, said)


def _misfit(walk: _Walk, read: Sequence[AuditLine | None], place: int, found: AuditLine) -> AuditFault | None:
    """Why an entry that is as it was written does not follow the last one that fits; None where it does."""
    expected, line = walk.end.entries + 1, place + 1
    number = found.entry.number
    if number == expected and found.entry.previous == walk.end.sha256:
        return None
    if any(found.sha256 == each.sha256 for each in walk.good):
        return AuditFault(
            "duplicated", line, expected, f"Line {line} is entry {number} once more: it was copied."
        )
    if number == expected:
        said = (
            f"Entry {number} (line {line}) follows another entry than the one above it. One of the two was written "
            "anew, or everything above was."
        )
        return AuditFault("rewritten", line, expected, said)
    if number < expected:
        said = f"Line {line} is another entry {number} than the one above: one of the two was inserted."
        return AuditFault("inserted", line, expected, said)
    below = [
        at for at, each in enumerate(read[place:], line) if each is not None and each.entry.number == expected
    ]
    if below:
        said = f"Entry {expected} stands in line {below[0]}, below entry {number} (line {line}): lines were moved."
        return AuditFault("moved", line, expected, said)
    missing = f"Entry {expected} is" if number == expected + 1 else f"Entries {expected} to {number - 1} are"
    return AuditFault(
        "removed", line, expected, f"{missing} missing above entry {number} (line {line}): removed."
    )


def _faults_of_end(walk: _Walk, record: Record, kept: Head | None) -> list[AuditFault]:
    """What the head that is kept beside the record shows of its end."""
    end = walk.end
    if record.head is None:
        said = f"{HEAD}, which says how many entries there are, is missing: an end that was cut off could not be told."
        return [AuditFault("head missing", None, None, said)]
    if kept is None:
        said = f"{HEAD}, which says how many entries there are, is not as it was written: it was changed."
        return [AuditFault("head changed", None, None, said)]
    if kept.entries > end.entries:
        line = len(walk.good) + walk.torn + 1
        if walk.after:
            said = f"Line {line}, where entry {end.entries + 1} is expected, is not as it was written: it was changed."
            return [AuditFault("changed", line, end.entries + 1, said)]
        missing = kept.entries - end.entries
        of = "Its last entry is" if missing == 1 else f"Its last {missing} entries are"
        said = f"{of} missing: it has {end.entries}, and {HEAD} knows {kept.entries}. The end was cut off."
        return [AuditFault("cut off", None, end.entries + 1, said)]
    there = EMPTY if kept.entries == 0 else Head(kept.entries, walk.good[kept.entries - 1].sha256)
    if there != kept:
        said = (
            f"Entry {kept.entries} has another digest than {HEAD} says: the entries up to it were written anew, or "
            f"{HEAD} was changed."
        )
        return [AuditFault("rewritten", None, kept.entries, said)]
    return []


def _number_of(anchor: str, read: Sequence[AuditLine | None]) -> int | None:
    if anchor == EMPTY.sha256:
        return 0
    return next(
        (each.entry.number for each in read if each is not None and each.sha256 == anchor),
        None,
    )


def _not_found(anchor: str) -> AuditFault:
    said = (
        f"No entry has the digest {anchor[:_SHORT]}… that was given: the record was cut off before it or written anew, "
        "or the digest is that of another store."
    )
    return AuditFault("not found", None, None, said)
