"""What goes into the audit trail when this run ends? A verb says what it is about, and what writes says what it wrote.

In: the verb's question, documents and files. Out: a ``Done``, added to the record of the store after the answer was
given, with the exit code that the run ends with. A verb that says nothing is not recorded.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from costctl.cli.running import this_run
from costctl.documents.audit import Act, AuditedInput, AuditedOutput
from costctl.errors import ExitCode

if TYPE_CHECKING:
    import msgspec

    from costctl.cli.running import Running
    from costctl.documents.policy import Policy

# What a verb does that answers a question about a store.
_ACTS: Final[dict[str, Act]] = {
    "analyze": "analysis",
    "baseline save": "analysis",
    "recommend": "recommendation",
    "report": "review",
    "check": "check",
    "emit": "emit",
    "export": "export",
}


@dataclass
class Recording:
    """store, config: as the verb was given them. The others as they come, in the course of the run."""

    act: Act
    store: Path
    config: Path | None
    inputs: tuple[AuditedInput, ...] = ()
    outputs: list[AuditedOutput] = field(default_factory=list)
    spans_loaded: int | None = None


def begin(act: Act, store: Path, config: Path | None) -> None:
    """Record this run."""
    this_run().recording = Recording(act, store, config)


def begin_answer(store: Path | None, config: Path | None) -> None:
    """Record this run, if its verb is one that is recorded. store: None for a temporary one, which keeps nothing."""
    act = _ACTS.get(this_run().verb)
    if act is not None and store is not None:
        begin(act, store, config)


def acts_as(act: Act) -> None:
    """The run does something else than its verb usually does."""
    recording = this_run().recording
    if recording is not None:
        recording.act = act


def forget() -> None:
    """Do not record this run: it gives nothing."""
    this_run().recording = None


def gave_document(document: msgspec.Struct) -> None:
    """The document that the run answers with: its digest, as ``--format json`` prints it, and what it rests on."""
    recording = this_run().recording
    if recording is None:
        return
    from costctl import verbs
    from costctl.render.document import as_json

    inputs, output = verbs.document_given(document, as_json(document))
    if inputs is not None:
        recording.inputs = inputs
    if output not in recording.outputs:
        recording.outputs.append(output)


def gave_policy(policy: Policy, reviewed: Path | None) -> None:
    """The policy whose files the run gives. reviewed: the document or the bundle that it was read from; else what it
    was made from is what the run rests on.
    """
    recording = this_run().recording
    if recording is None:
        return
    from costctl import verbs

    recording.inputs, output = verbs.policy_given(policy, reviewed)
    recording.outputs.append(output)


def wrote_file(path: Path, content: bytes) -> None:
    """A file that the run wrote."""
    recording = this_run().recording
    if recording is not None:
        recording.outputs.append(AuditedOutput("file", str(path), _sha256(content)))


def loaded(spans: int) -> None:
    """How many spans the run has added to the store."""
    recording = this_run().recording
    if recording is not None:
        recording.spans_loaded = spans


def record_run(run: Running, code: int) -> str | None:
    """Add the run to the audit trail of its store; a warning, or None. Raises StoreError where the settings require
    what could not be.
    """
    recording = run.recording
    if recording is None or code == ExitCode.USAGE:
        return None
    from costctl import verbs

    done = verbs.Done(
        act=recording.act,
        command=run.arguments,
        exit_code=code,
        inputs=recording.inputs,
        outputs=recording.outputs,
        spans_loaded=recording.spans_loaded,
    )
    return verbs.record(recording.store, recording.config, done)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
