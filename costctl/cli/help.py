"""``costctl help``: the pages of the documentation, by topic."""

from __future__ import annotations

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
    """On a terminal laid out, elsewhere as it is written."""
    from costctl.render.terminal import as_terminal_page, stdout_is_terminal

    write_text(as_terminal_page(page) if stdout_is_terminal() else page, None)
