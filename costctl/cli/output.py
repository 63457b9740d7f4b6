"""Where results go: stdout, or a file that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from costctl.errors import UsageError
from costctl.render.forms import TabularFormat

if TYPE_CHECKING:
    from costctl.render.document import Document
    from costctl.render.sections import Section
    from costctl.render.written import Written


def write_text(text: str, out: Path | None) -> None:
    """Write to stdout, or to ``out`` through a temporary file beside it; folders are made. Text ends with one
    newline.
    """
    whole = text if text.endswith("\n") else text + "\n"
    if out is None:
        sys.stdout.write(whole)
        sys.stdout.flush()
        return
    replace_file(whole.encode(), out)


def write_document(
    document: Document,
    form: TabularFormat,
    sections: Callable[[Document], list[Section]],
    csv_text: Callable[[Document], str],
    out: Path | None,
) -> None:
    """Write the document in the form that was asked for. CSV has no place for warnings: they go to stderr."""
    from costctl.render.document import rendered, warnings_of

    if form is TabularFormat.CSV:
        say_warnings(warnings_of(document))
    write_text(rendered(document, form, sections, csv_text), out)


def say_warnings(warnings: tuple[str, ...]) -> None:
    """Each on a line of stderr."""
    for warning in warnings:
        typer.echo(f"Warning: {warning}", err=True)


def say_written(written: Written, lines: Sequence[tuple[str, str]], following: str, out: Path | None) -> None:
    """What was written and what to do next: on stdout, or on stderr where stdout carries the file itself."""
    from costctl.render.terminal import as_terminal_text
    from costctl.render.written import written_facts

    typer.echo(as_terminal_text([written_facts(written, lines, following)]), nl=False, err=out is None)


def write_bytes(content: bytes, out: Path | None) -> None:
    """Write to ``out`` through a temporary file beside it, or to stdout where that is no terminal.

    Raises UsageError.
    """
    if out is not None:
        replace_file(content, out)
        return
    if sys.stdout.isatty():
        raise UsageError(
            "Parquet cannot be printed to a terminal.",
            why="It is a binary format.",
            next_step="Name a file with --out, or redirect stdout.",
        )
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def replace_file(
    content: bytes, out: Path, next_step: str = "Give --out a path in a writable directory."
) -> None:
    """Write a file whole or not at all; one that is there keeps its permissions. Raises UsageError, with next_step."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
        partial.write_bytes(content)
        if out.exists():
            shutil.copymode(out, partial)
        partial.replace(out)
    except OSError as error:
        raise UsageError(
            f"Cannot write {out}.",
            why=f"{error.strerror or error}.",
            next_step=next_step,
        ) from error
