"""costctl.audit_trail/v1, costctl.audit_verification/v1: what was done with a store, and whether that record is whole.

A line of the record is ``{"entry":{…},"sha256":"…"}``, an ``AuditLine``: the digest is that of the bytes of the entry
as they stand in the line, and every entry holds the digest of the one before it.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

TRAIL_SCHEMA_VERSION: Final = "costctl.audit_trail/v1"
VERIFICATION_SCHEMA_VERSION: Final = "costctl.audit_verification/v1"

Act = Literal["ingest", "analysis", "recommendation", "review", "check", "emit", "export", "deletion"]
OutputRole = Literal["document", "file", "policy", "bundle"]
FaultKind = Literal[
    "changed", "removed", "inserted", "duplicated", "moved", "rewritten", "cut off", "head changed",
    "head missing", "not found",
]  # fmt: skip
Caller = Literal["command line", "python"]
FileState = Literal["same", "changed", "missing", "not looked at"]


class AuditedInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the answer rests on: a source, or a policy that was given. uri: null where a policy that was made from it
    has its digest alone.  sha256: of its bytes; null where they were a stream that was not kept.  records: that were
    read from it; null of what is no traces.
    """

    uri: str | None
    sha256: str | None
    records: int | None


class AuditedOutput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a command gave. role: a document, as ``--format json`` prints it, whatever form it was shown in; a file that
    was written; a policy, as canonical JSON; the SHA256SUMS of a bundle.

    name: the schema version of a document, the path of a file from the folder of the store, the id of a policy.
    """

    role: OutputRole
    name: str
    sha256: str


class AuditEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who did what with a store, when, with what, and what came of it.

    number: from 1, one more than that of the entry before.  previous: the digest of that entry, 64 zeros in the first.
    torn_sha256: of the line above this one, where a command was cut off while it wrote that; null elsewhere.
    at: RFC 3339 in UTC, when the command ended.  user: as the system names them; null where the settings say so, or the
    system does not know.  caller: from where costctl was called.  command: the words after ``costctl``, as they were
    typed, without what stands before an @ or after a ? in a URI; of Python the name of the method.  exit_code: what the
    command ended with; of Python 0.  config_sha256: of costctl.toml; null without one.
    spans_loaded: spans that an ingest added; null for other acts.
    inputs: the sources, the first of them where there are many.  sources, records: how many there are in all.
    inputs_sha256: of the list of all, as JSON; null where nothing was read.
    """

    number: int
    previous: str
    torn_sha256: str | None
    at: str
    user: str | None
    costctl_version: str
    act: Act
    caller: Caller
    command: tuple[str, ...]
    exit_code: int
    config_sha256: str | None
    spans_loaded: int | None
    sources: int
    records: int
    inputs_sha256: str | None
    inputs: tuple[AuditedInput, ...]
    outputs: tuple[AuditedOutput, ...]

    @property
    def more_sources(self) -> int:
        """How many sources are not in the list."""
        return self.sources - len(self.inputs)


class AuditLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the record. sha256: of the entry's bytes in the line."""

    entry: AuditEntry
    sha256: str


class AuditTrail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl audit show --format json`` prints.

    path: the file.  entries: how many the record has.  head: the digest of the last; null where there is none.
    unreadable: lines that are no entry.  lines: those that were asked for, the newest first.
    """

    schema_version: str
    path: str
    entries: int
    head: str | None
    unreadable: int
    lines: tuple[AuditLine, ...]


class AuditFault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the record does not fit. line: of the file, from 1; null of what is no line.  number: of the entry that was
    expected there.  said: what is so and what that shows, in words.
    """

    kind: FaultKind
    line: int | None
    number: int | None
    said: str


class AuditAnchor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A digest that was noted elsewhere. number: of the entry that has it; null where none has.  later: how many
    entries follow that one.
    """

    sha256: str
    number: int | None
    later: int


class AuditedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of a file that the record names. number: of the last entry that names it.  role: whether it was read
    or written.  state: not looked at, where it is in an object store or was a stream.
    """

    path: str
    role: Literal["input", "output"]
    number: int
    sha256: str
    state: FileState


class AuditVerification(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl audit verify --format json`` prints.

    path: the file.  entries: that follow one another without a fault, from the first.  head: the digest of the last of
    these; null where there is none.  first_at, last_at: when they were made.  faults: the first place that does not
    fit, and what the noted digests show; empty where the record is whole.  torn_lines: of commands that were cut off
    while they wrote, vouched for by the entry below.  is_torn: whether the last line is such a one, and none below it
    yet.  since_kept_head: entries since the digest that is kept beside the record.  anchor: the digest of --head.
    files: of ``--files``; null where that was not asked.
    """

    schema_version: str
    path: str
    entries: int
    head: str | None
    first_at: str | None
    last_at: str | None
    faults: tuple[AuditFault, ...]
    torn_lines: int
    is_torn: bool
    since_kept_head: int
    anchor: AuditAnchor | None
    files: tuple[AuditedFile, ...] | None

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.faults

    @property
    def other_files(self) -> tuple[AuditedFile, ...]:
        """The files that no longer have their digest."""
        return tuple(each for each in self.files or () if each.state in ("changed", "missing"))
