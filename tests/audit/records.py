"""Records that commands left, made entry by entry: for tests of what becomes of them."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from costctl.audit.trail import ENTRIES, HEAD, Record, append, folder_beside, read_record
from costctl.audit.verification import verified
from costctl.documents.audit import AuditedInput, AuditedOutput, AuditEntry, AuditVerification

NAME = "entries.jsonl"


def entry(number: int, previous: str, torn_sha256: str | None, *, word: str = "analyze") -> AuditEntry:
    """What a command says of itself."""
    return AuditEntry(
        number=number,
        previous=previous,
        torn_sha256=torn_sha256,
        at=f"2026-11-30T10:00:{number % 60:02d}.000Z",
        user="ana",
        costctl_version="0.1.0",
        act="analysis",
        caller="command line",
        command=(word,),
        exit_code=0,
        config_sha256=None,
        spans_loaded=None,
        sources=1,
        records=2,
        inputs_sha256="b" * 64,
        inputs=(AuditedInput("t.jsonl", "a" * 64, 2),),
        outputs=(AuditedOutput("document", "costctl.analysis/v2", "c" * 64),),
    )


def recorded(store: Path, entries: int, *, word: str = "analyze") -> Record:
    """The record of a store after so many more commands."""
    for _ in range(entries):
        append(store, partial(entry, word=word))
    return read_record(store)


def lines(record: Record) -> list[bytes]:
    """Its lines, without their ends."""
    return (record.entries or b"").splitlines()


def of(found: list[bytes], head: bytes | None) -> Record:
    """A record of these lines."""
    return Record(b"".join(line + b"\n" for line in found), head)


def check(record: Record, anchor: str | None = None) -> AuditVerification:
    """What verifying it says."""
    return verified(record, NAME, anchor)


def kinds(record: Record, anchor: str | None = None) -> list[str]:
    """What kinds of faults that names."""
    return [each.kind for each in check(record, anchor).faults]


def entries_file(store: Path) -> Path:
    return folder_beside(store) / ENTRIES


def head_file(store: Path) -> Path:
    return folder_beside(store) / HEAD


def tear(store: Path, bytes_written: int) -> None:
    """A command is cut off while it writes: the next line is there up to that byte, and the head is the old one."""
    before, head = entries_file(store).read_bytes(), head_file(store).read_bytes()
    append(store, entry)
    whole = entries_file(store).read_bytes()
    os.truncate(entries_file(store), min(len(before) + bytes_written, len(whole)))
    head_file(store).write_bytes(head)
