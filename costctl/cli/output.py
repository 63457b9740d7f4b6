"""Where results go: stdout, or a file that appears whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import typer

from costctl.cli.again import hint
from costctl.cli.recording import gave_document, wrote_file
from costctl.errors import OutputError, UsageError
from costctl.legible import legible
from costctl.render.forms import TabularFormat

if TYPE_CHECKING:
    from costctl.render.document import Document
    from costctl.render.sections import Section
    from costctl.render.written import Written


# What the system says of a medium that takes no more, whatever is written to it.
NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


def write_text(text: str, out: Path | None) -> None:
    """Write to stdout, on a terminal through a pager where it is more than a screen; or to ``out`` through a temporary
    file beside it; folders are made. Text ends with one newline.
    """
    whole = text if text.endswith("\n") else text + "\n"
    if out is not None:
        replace_file(whole.encode(), out)
        return
    with _stdout() as stdout:
        if stdout.isatty() and _is_more_than_a_screen(whole):
            _page(whole)
        else:
            stdout.write(whole)
            stdout.flush()


def append_text(text: str, path: Path) -> None:
    """Add to the end of a file that others add to as well. Raises OutputError."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise OutputError.of(error, str(path)) from error


def _is_more_than_a_screen(text: str) -> bool:
    return text.count("\n") >= shutil.get_terminal_size().lines


def _page(text: str) -> None:
    """Show text through $PAGER, else less, which leaves colours and what was shown on the screen."""
    import pydoc

    os.environ.setdefault("LESS", "-FRX")
    pydoc.pager(text)


@contextmanager
def _stdout() -> Iterator[TextIO]:
    """Stdout to write to. Raises OutputError where it is closed or full; of a pipe that nobody reads any more, and that
    is no fault, BrokenPipeError.
    """
    if sys.stdout is None or sys.stdout.closed:
        raise OutputError.of(OSError(errno.EBADF, "It is closed"), "stdout")
    try:
        yield sys.stdout
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError.of(error, "stdout") from error


def write_document(
    document: Document,
    form: TabularFormat,
    sections: Callable[[Document], list[Section]],
    csv_text: Callable[[Document], str],
    out: Path | None,
    *,
    is_brief: bool = False,
) -> None:
    """Write the document in the form that was asked for; where that is to a file, say so. CSV has no place for
    warnings: they go to stderr.

    is_brief: as a first screen.
    """
    from costctl.render.document import rendered, warnings_of

    gave_document(document)
    if form is TabularFormat.CSV:
        say_warnings(warnings_of(document))
    write_text(rendered(document, form, sections, csv_text, hint, is_brief=is_brief), out)
    if out is not None and out.is_file():
        from costctl.render.sections import Facts
        from costctl.render.written import Written

        say([Facts((("Wrote", Written(str(out), out.stat().st_size).text()),))])


def say_warnings(warnings: tuple[str, ...]) -> None:
    """Each on a line of stderr."""
    for warning in warnings:
        typer.echo(legible(f"Warning: {hint(warning)}"), err=True)


def say_written(written: Written, lines: Sequence[tuple[str, str]], following: str, out: Path | None) -> None:
    """What was written and what to do next: on stdout, or on stderr where stdout carries the file itself."""
    from costctl.render.written import written_facts

    say([written_facts(written, lines, following)], is_on_stderr=out is None)


def say(sections: list[Section], *, is_on_stderr: bool = False) -> None:
    """Print sections of which there is no other form."""
    from costctl.render.terminal import as_terminal_text

    text = as_terminal_text(sections)
    if is_on_stderr:
        typer.echo(text, nl=False, err=True)
    else:
        write_text(text, None)


def write_bytes(content: bytes, out: Path | None) -> None:
    """Write to ``out`` through a temporary file beside it, or to stdout where that is no terminal.

    Raises UsageError.
    """
    if out is not None:
        replace_file(content, out)
        return
    with _stdout() as stdout:
        if stdout.isatty():
            raise UsageError(
                "Parquet cannot be printed to a terminal.",
                why="It is a binary format.",
                next_step="Name a file with --out, or redirect stdout.",
            )
        stdout.buffer.write(content)
        stdout.buffer.flush()


def replace_file(
    content: bytes, out: Path, next_step: str = "Give --out a path in a writable directory."
) -> None:
    """Write a file whole or not at all; one that is there keeps its permissions. Raises UsageError, with next_step, and
    OutputError where the disk takes no more.
    """
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if _is_device(out):
            out.write_bytes(content)
            return
        try:
            partial.write_bytes(content)
            if out.exists():
                shutil.copymode(out, partial)
            partial.replace(out)
            wrote_file(out, content)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise OutputError.of(error, str(out)) from error
        raise UsageError(
            f"Cannot write {out}.",
            why=f"{error.strerror or error}.",
            next_step=next_step,
        ) from error


def _is_device(out: Path) -> bool:
    """Whether it is there already and is no file, such as /dev/stdout: nothing can take its place."""
    return out.exists() and not out.is_file() and not out.is_dir()
