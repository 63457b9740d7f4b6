"""``costctl help``: the pages of the documentation, by topic."""

from __future__ import annotations

import os
import pydoc
from typing import Annotated

import typer

from costctl.cli import completion, options
from costctl.cli.commands import names_command
from costctl.cli.output import write_text
from costctl.handbook import SECTIONS, topic, topics


def run(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TOPIC]",
            autocompletion=completion.topics,
            help="A topic or a command; without one, all topics.",
            show_default=False,
        ),
    ] = None,
    debug: options.Debug = False,  # read by cli/app.py
) -> None:
    """Explain a topic: configuration, formats, metrics, …"""
    if not words:
        write_text(_listing(), None)
        return
    from costctl.cli.app import app, main

    name = "-".join(words)
    is_command = names_command(app, words)
    if is_command and name not in topics():
        raise typer.Exit(main([*words, "--help"]))
    _show(topic(name).page + (f"\nOptions: costctl {' '.join(words)} --help\n" if is_command else ""))


def _listing() -> str:
    """Each topic with its title."""
    width = max(len(name) for name in topics())
    lines = []
    for section, title in SECTIONS.items():
        lines.append(f"{title}:")
        lines += [
            f"  {each.name:<{width}}  {each.title}" for each in topics().values() if each.section == section
        ]
        lines.append("")
    return "\n".join(
        [*lines, "costctl help TOPIC shows one; costctl COMMAND --help shows the options of a command."]
    )


def _show(page: str) -> None:
    """On a terminal laid out, and paged where it is longer than the screen; elsewhere as it is written."""
    from costctl.render.terminal import as_terminal_page, stdout_is_terminal

    if not stdout_is_terminal():
        write_text(page, None)
        return
    os.environ.setdefault("LESS", "FRX")  # colours, and no pager for what fits
    pydoc.pager(as_terminal_page(page))
