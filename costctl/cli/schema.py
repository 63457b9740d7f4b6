"""``costctl schema``: the JSON Schema of a document."""

from __future__ import annotations

from typing import Annotated

import typer

from costctl.cli import options
from costctl.cli.output import write_text


def run(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="The document, such as analysis, simulation, recommendations or policy; an unknown name lists all.",
            show_default=False,
        ),
    ],
    out: options.Out = None,
    debug: options.Debug = False,  # read by cli/app.py
) -> None:
    """Print an output's JSON Schema."""
    from costctl import verbs

    write_text(verbs.schema(name), out)
