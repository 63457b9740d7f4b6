"""``costctl emit --target all``: a folder with the files of every consumer, its contents and its digests."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from costctl.cli.output import replace_file, say, say_warnings
from costctl.errors import UsageError

if TYPE_CHECKING:
    from costctl.verbs import Bundled


def require_folder(out: Path | None, diff: Path | None, *, is_dry: bool) -> None:
    """Raise UsageError where there is nowhere to write, or where what lies there is no bundle."""
    from costctl import verbs

    if out is None:
        if diff is None and not is_dry:
            raise UsageError(
                "--target all writes a folder, and none was named.",
                why="It is many files.",
                next_step="Name one with --out DIR, or see what would be in it with --dry-run.",
            )
        return
    is_free = not out.exists() or (out.is_dir() and (verbs.is_bundle(out) or not any(out.iterdir())))
    if not is_free:
        raise UsageError(
            f"{out} is no folder for a bundle.",
            why="Something else lies there, which would be mixed with it.",
            next_step="Name a new folder, or one that --target all wrote.",
        )


def write_bundle(bundled: Bundled, out: Path) -> None:
    """Write all files; the digests are written last. Raises UsageError where a signed bundle would become one that
    nobody signed.
    """
    from costctl import verbs

    if verbs.has_signature(out) and not verbs.is_signed(bundled):
        raise UsageError(
            f"{out} is signed, and what would take its place is not.",
            why="Who trusts the signature would find none.",
            next_step="Sign it with --sign KEY, or name another folder.",
        )
    write_folder(bundled.files, out)


def write_folder(files: Mapping[str, str], out: Path) -> None:
    """Write files by their paths within a folder, each whole; what an earlier one had and this has not is removed."""
    for name, text in files.items():
        replace_file(text.encode(), out / name)
    for path in sorted(out.rglob("*"), reverse=True):
        if path.is_file() and path.relative_to(out).as_posix() not in files:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def say_bundle(bundled: Bundled, out: Path | None, diff: Path | None, again: str, *, is_dry: bool) -> None:
    """What was written, would be, or would change, and what to do next. again: the command without its --out."""
    from costctl import verbs
    from costctl.render.bundle import changed_sections, written_sections

    say_warnings(bundled.warnings)
    writing = f"{again} --out DIR"
    if diff is not None:
        say(changed_sections(verbs.changes_of_folder(bundled, diff), str(diff), writing))
        return
    folder = "DIR" if out is None else str(out)
    following = writing if is_dry or out is None else f"costctl policy check {shlex.quote(folder)}"
    is_signed = verbs.is_signed(bundled)
    say(written_sections(bundled.bundle, folder, following, is_dry=is_dry, is_signed=is_signed))
