"""``costctl emit --into FILE``: a policy's settings in a consumer's file that is there, and out of it again."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from costctl.cli.output import replace_file, say, say_warnings
from costctl.errors import UsageError

if TYPE_CHECKING:
    from costctl.verbs import EmittedInto


@dataclass(frozen=True, slots=True)
class Merging:
    """What was asked. into: the present file; None where a file by itself is to be written.

    replace: whether ours stand in place of values in their way.  remove: whether what an earlier merge wrote is taken
    out.
    """

    into: Path | None
    replace: bool
    remove: bool


def require_sound(merging: Merging, target: str, diff: Path | None) -> None:
    """Raise UsageError where the options contradict each other."""
    if merging.into is None:
        for name, is_given in (("--replace", merging.replace), ("--remove", merging.remove)):
            if is_given:
                raise UsageError(
                    f"{name} means nothing without --into.",
                    why="It says what becomes of a file that is there.",
                    next_step="Name that file with --into FILE.",
                )
        return
    if target == "all":
        raise UsageError(
            "--into means nothing to --target all.",
            why="A file is of one consumer.",
            next_step="Name the consumer, such as --target litellm.",
        )
    if diff is not None:
        raise UsageError(
            "--into and --diff were both given.",
            why="--into says what would change in the file too, where --out is left out.",
            next_step="Leave --diff out.",
        )


def say_into(found: EmittedInto, merging: Merging, out: Path | None, again: str, *, is_dry: bool) -> None:
    """Write the file and its manifest where --out names one, and say what became of it. The file is never printed: it
    may hold secrets.

    again: the command without --into and --out.
    """
    from costctl.render.merged_file import merged_sections
    from costctl.render.written import Written, carried_lines

    say_warnings(found.emitted.warnings)
    into = merging.into
    if into is None:
        return
    manifest = None if out is None else out.with_name(f"{out.name}.coverage.json")
    if out is not None and not is_dry:
        replace_file(found.emitted.text.encode(), out)
        if manifest is not None and found.emitted.manifest is not None:
            replace_file(found.emitted.manifest.encode(), manifest)
    beside = None if manifest is None or found.emitted.manifest is None else str(manifest)
    size = len(found.emitted.text.encode())
    verb = "Would write" if is_dry else "Wrote"
    said = [] if out is None else [(verb, Written(str(out), size, (), beside).text())]
    if found.emitted.carried is not None:
        said += carried_lines(found.emitted.carried, None if manifest is None else manifest.name)
    following = _next(again, merging, into, out, is_dry=is_dry)
    say(merged_sections(found.merged, found.changes, into.name, said, following))


def _next(again: str, merging: Merging, into: Path, out: Path | None, *, is_dry: bool) -> str:
    """To write it, or to take it out again."""
    flags = (" --replace" if merging.replace else "") + (" --remove" if merging.remove else "")
    if out is None or is_dry:
        name = shlex.quote(str(into))
        return f"{again} --into {name}{flags} --out {name if out is None else shlex.quote(str(out))}"
    name = shlex.quote(str(out))
    if merging.remove:
        policy = "" if " --policy " in again else " --policy FILE"
        return f"{again}{policy} --into {name} merges it again"
    target = again.partition(" --target ")[2].split(" ")[0]
    return f"costctl emit --target {target} --into {name} --remove --out {name} takes it out again"
