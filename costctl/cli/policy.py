"""``costctl policy``: holds a policy document to what a schema cannot say."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from costctl.cli import options
from costctl.cli.output import say
from costctl.errors import ExitCode

app = typer.Typer(help="Check a policy document.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def root() -> None:
    """Check a policy document."""


@app.command("check")
def check(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="The policy document, JSON or YAML.", show_default=False)
    ],
    debug: options.Debug = False,  # read by cli/app.py
) -> None:
    """Check a policy document; exit with 1 and list its problems if it has any."""
    from costctl import verbs
    from costctl.render.written import checked_sections

    found = verbs.check_policy(path)
    say(checked_sections(path.name, found.findings, found.contents, shlex.quote(str(path))))
    if found.findings:
        raise typer.Exit(int(ExitCode.GATE_BREACHED))
