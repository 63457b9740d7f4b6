"""A policy's settings in a consumer's file that is there, and out of it again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from costctl.documents.file_changes import FileChanges, MergedFile
from costctl.errors import InputError
from costctl.observation import Question
from costctl.progress import Progress
from costctl.verbs.emit import Emitted, as_json, sound_policy

if TYPE_CHECKING:
    from costctl.policy.merging.merge import Merge


@dataclass(frozen=True, slots=True)
class EmittedInto:
    """emitted: the merged file, and the manifest of what of the policy it carries; None where ours were taken out.

    merged: what became of the file.  changes: how it differs from what is there.
    """

    emitted: Emitted
    merged: MergedFile
    changes: FileChanges


def emit_into(
    target: str,
    question: Question,
    *,
    into: Path,
    policy_path: Path | None,
    backend: str | None,
    version: str | None,
    progress: Progress,
    grades: Path | None = None,
    is_replacing: bool = False,
) -> EmittedInto:
    """The present file with the policy's settings in it, and every other line as it was.

    is_replacing: whether ours stand in place of single values in their way.

    Raises UsageError where the target's files cannot be merged, InputError where this one cannot, InfeasibleError where
    it would not keep a required data boundary.
    """
    from costctl.policy.carried import carried
    from costctl.policy.merging.merge import merge
    from costctl.policy.targets.registry import emission_of, require_target, rules_of
    from costctl.policy.targets.versions import replace_files

    require_target(target, backend)
    rules = rules_of(target)
    present = _text(into)
    policy, warnings = sound_policy(question, policy_path, progress, grades)
    alone = emission_of(target, policy, backend, version)
    found = merge(present, alone.files[alone.main], policy, rules, is_replacing=is_replacing)
    conditions = (*alone.manifest.conditions, *found.conditions)
    emission = replace_files(alone, {alone.main: found.text}, replace(alone.manifest, conditions=conditions))
    emitted = Emitted(
        found.text,
        as_json(emission.manifest),
        warnings,
        emission.contents,
        carried(emission.manifest, policy),
        policy=policy,
    )
    return _into(found, present, emitted)


def take_out(target: str, *, into: Path, is_replacing: bool = False) -> EmittedInto:
    """The present file without what was merged into it. is_replacing: lines that somebody edited since go too.

    Raises UsageError where the target's files cannot be merged, InputError where nothing of ours is in it.
    """
    from costctl.policy.merging.merge import taken_out
    from costctl.policy.targets.registry import require_target, rules_of

    require_target(target)
    rules_of(target)
    present = _text(into)
    found = taken_out(present, is_replacing=is_replacing)
    if not found.merged.taken_out:
        raise InputError(
            f"Nothing in {into} was merged into it by costctl.",
            why="No lines of it stand between the marks that a merge writes.",
            next_step="Name the file that --into was given.",
        )
    return _into(found, present, Emitted(found.text, None))


def _into(found: Merge, present: str, emitted: Emitted) -> EmittedInto:
    from costctl.policy.file_changes import file_changes
    from costctl.policy.merging.tree import values_of

    return EmittedInto(emitted, found.merged, file_changes(present, found.text, values_of))


def _text(path: Path) -> str:
    """The file as it is, ends of lines and all."""
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "It is not UTF-8"
        raise InputError(
            f"Cannot read {path}.",
            why=f"{reason}.",
            next_step="Give --into a configuration file of the consumer.",
        ) from error
