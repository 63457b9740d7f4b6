"""The record of what was done with a store: written when a command ends, shown, and verified."""

from __future__ import annotations

import getpass
import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from costctl import __version__
from costctl.audit.chain import digest, read_line
from costctl.audit.trail import ENTRIES, Record, append, folder_beside, read_record
from costctl.config import load_config
from costctl.documents.audit import (
    TRAIL_SCHEMA_VERSION,
    Act,
    AuditedInput,
    AuditedOutput,
    AuditEntry,
    AuditLine,
    AuditTrail,
    AuditVerification,
    Caller,
)
from costctl.documents.policy import Policy
from costctl.documents.provenance import Provenance
from costctl.errors import StoreError, UsageError
from costctl.observed_window import instant_ns
from costctl.progress import Progress
from costctl.units import NS_PER_S

_MOST_INPUTS: Final = 16  # that an entry lists: an answer rests on all that the store holds
_MOST_INGESTED: Final = 1_000
_DIGEST: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_SECRETS: Final = re.compile(r"(?<=://)[^/@]*@|(?<=.)\?.*$", re.DOTALL)  # of a URI: who, and with which key
_SHA256: Final = "sha256:"
_REMOTE: Final = "://"


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, and what came of it. command: the words after ``costctl``, or the name of a method.

    inputs: all sources that the answer rests on.  outputs: what was given; paths of files as they are from here.
    """

    act: Act
    command: Sequence[str]
    exit_code: int = 0
    inputs: Sequence[AuditedInput] = ()
    outputs: Sequence[AuditedOutput] = ()
    spans_loaded: int | None = None
    caller: Caller = "command line"


def record(store: Path, config: Path | None, done: Done) -> str | None:
    """Add what was done to the record of a store that is there; why that could not be, a sentence, or None where all is
    well or nothing is to be recorded. config: None for the nearest.

    Raises StoreError where it could not be, and the settings require it.
    """
    if not store.is_file():
        return None
    loaded = load_config(config, Path.cwd())
    settings = loaded.settings.audit
    if not settings.enabled:
        return None
    user = _user() if settings.user else None
    entry = partial(_entry, store, done, user, loaded.sha256)
    try:
        append(store, entry)
    except OSError as error:
        why = f"{error.strerror or error}: {folder_beside(store)}."
        if settings.required:
            raise StoreError(
                "This command is not in the audit trail, which [audit] requires.",
                why=why,
                next_step="Make the folder writable and run the command again, or set required = false under [audit].",
            ) from error
        return f"This command is not in the audit trail: {why}"
    return None


def audit_show(
    store: Path,
    *,
    since: str | None = None,
    until: str | None = None,
    act: Act | None = None,
    wait_s: float = 0.0,
) -> AuditTrail:
    """The entries of a store's record, the newest first. since, until: when they were made, RFC 3339 or an age.
    wait_s: how long to wait for a command that writes to it.

    Raises StoreError where there is no record, UsageError for times that cannot be used.
    """
    since_ns, until_ns = instant_ns(since, "--since"), instant_ns(until, "--until")
    found = [read_line(line) for line in (_record(store, wait_s).entries or b"").split(b"\n")[:-1]]
    lines = [each for each in found if each is not None]
    asked = [
        each
        for each in reversed(lines)
        if (act is None or each.entry.act == act) and _is_within(each, since_ns, until_ns)
    ]
    return AuditTrail(
        schema_version=TRAIL_SCHEMA_VERSION,
        path=str(folder_beside(store) / ENTRIES),
        entries=len(lines),
        head=lines[-1].sha256 if lines else None,
        unreadable=len(found) - len(lines),
        lines=tuple(asked),
    )


def audit_verify(
    store: Path,
    progress: Progress,
    *,
    head: str | None = None,
    with_files: bool = False,
    wait_s: float = 0.0,
) -> AuditVerification:
    """Whether a store's record is whole. head: the digest of an entry, noted elsewhere.  with_files: also whether the
    files that it names still have their digests.  wait_s: how long to wait for a command that writes to it.

    Raises StoreError where there is no record, UsageError for what is no digest.
    """
    from costctl.audit.on_disk import files_on_disk
    from costctl.audit.verification import good_lines, verified

    anchor = None if head is None else _anchor(head)
    found = _record(store, wait_s) if anchor is None else _read(store, wait_s)
    document = verified(found, str(folder_beside(store) / ENTRIES), anchor)
    if not with_files:
        return document
    return replace(document, files=files_on_disk(good_lines(found), (store.parent, Path()), progress))


def audit_head(store: Path, wait_s: float = 0.0) -> str:
    """The digest of the last entry. Raises StoreError where there is none."""
    found = head_of(store, wait_s)
    if found is None:
        raise _nothing_recorded(store)
    return found


def head_of(store: Path, wait_s: float = 0.0) -> str | None:
    """The same; None where there is none. Raises StoreError where the record cannot be read."""
    for line in reversed((_read(store, wait_s).entries or b"").split(b"\n")[:-1]):
        found = read_line(line)
        if found is not None:
            return found.sha256
    return None


def document_given(
    document: msgspec.Struct, as_json: str
) -> tuple[tuple[AuditedInput, ...] | None, AuditedOutput]:
    """What a document rests on, None where it does not say; and the document. as_json: as it is printed."""
    provenance = getattr(document, "provenance", None)
    name = str(getattr(document, "schema_version", type(document).__name__))
    given = AuditedOutput("document", name, digest(as_json.encode()))
    if not isinstance(provenance, Provenance):
        return None, given
    return tuple(AuditedInput(each.uri, each.sha256, each.records) for each in provenance.inputs), given


def policy_given(policy: Policy, reviewed: Path | None) -> tuple[tuple[AuditedInput, ...], AuditedOutput]:
    """What a policy rests on, and the policy itself. reviewed: the document or the bundle that it was read from, which
    is then what it rests on; else that is what it was made from.
    """
    from costctl.policy.bundle import POLICY
    from costctl.policy.pointers import policy_digest

    given = AuditedOutput("policy", policy.policy_id, policy_digest(policy).removeprefix(_SHA256))
    if reviewed is None:
        traces = (each for each in policy.generated.inputs if each.role == "trace")
        made_from = (AuditedInput(None, each.digest.removeprefix(_SHA256), each.records) for each in traces)
        return tuple(made_from), given
    path = reviewed / POLICY if reviewed.is_dir() else reviewed
    return (AuditedInput(str(path), digest(path.read_bytes()), None),), given


def _entry(
    store: Path,
    done: Done,
    user: str | None,
    config_sha256: str | None,
    number: int,
    previous: str,
    torn_sha256: str | None,
) -> AuditEntry:
    inputs = tuple(
        replace(each, uri=None if each.uri is None else _without_secrets(each.uri)) for each in done.inputs
    )
    return AuditEntry(
        number=number,
        previous=previous,
        torn_sha256=torn_sha256,
        at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        user=user,
        costctl_version=__version__,
        act=done.act,
        caller=done.caller,
        command=tuple(map(_without_secrets, done.command)),
        exit_code=done.exit_code,
        config_sha256=config_sha256,
        spans_loaded=done.spans_loaded,
        sources=len(inputs),
        records=sum(each.records or 0 for each in inputs),
        inputs_sha256=digest(msgspec.json.encode(inputs)) if inputs else None,
        inputs=inputs[: _MOST_INGESTED if done.act == "ingest" else _MOST_INPUTS],
        outputs=tuple(_from_store(each, store) for each in done.outputs),
    )


def _from_store(output: AuditedOutput, store: Path) -> AuditedOutput:
    """A file is named from the folder of the store, which may be moved with it."""
    if output.role != "file":
        return output
    path = Path(output.name).absolute()
    try:
        return replace(output, name=Path(os.path.relpath(path, store.parent.absolute())).as_posix())
    except ValueError:  # on another drive
        return replace(output, name=str(path))


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a number without a name
        return None


def _without_secrets(word: str) -> str:
    return _SECRETS.sub("", word) if _REMOTE in word else word


def _is_within(line: AuditLine, since_ns: int | None, until_ns: int | None) -> bool:
    at_ns = round(datetime.fromisoformat(line.entry.at).timestamp() * 1000) * (NS_PER_S // 1000)
    return (since_ns is None or at_ns >= since_ns) and (until_ns is None or at_ns < until_ns)


def _anchor(text: str) -> str:
    found = _DIGEST.fullmatch(text.strip().lower())
    if found is None:
        raise UsageError(
            f"Invalid --head {text!r}.",
            why="It is no SHA-256: 64 hexadecimal digits.",
            next_step="`costctl audit show --head` prints one to note.",
        )
    return found[1]


def _record(store: Path, wait_s: float) -> Record:
    """Raises StoreError where there is none."""
    found = _read(store, wait_s)
    if found.entries is None and found.head is None:
        raise _nothing_recorded(store)
    return found


def _read(store: Path, wait_s: float) -> Record:
    try:
        return read_record(store, wait_s)
    except OSError as error:
        raise StoreError(
            f"Cannot read the audit trail {folder_beside(store)}.",
            why=f"{error.strerror or error}.",
            next_step="Check the permissions of the folder, or wait for the command that writes to it with --wait.",
        ) from error


def _nothing_recorded(store: Path) -> StoreError:
    return StoreError(
        f"There is no audit trail beside {store}.",
        why="No command has been recorded there yet, or the folder was moved or deleted.",
        next_step=f"Run `costctl ingest PATH --store {shlex.quote(str(store))}`, or pass the right file to --store.",
    )
