"""``costctl schema``: the JSON Schema of a document."""

from __future__ import annotations

from typing import Annotated

import typer

from costctl.cli import completion, options
from costctl.cli.file_format import require_written
from costctl.cli.output import write_text


def run(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            autocompletion=completion.documents,
            help="The document, such as analysis, simulation or recommendations; without a name all are listed.",
            show_default=False,
        ),
    ] = None,
    out: options.Out = None,
    debug: options.Debug = False,  # read by cli/app.py
) -> None:
    """Print an output's JSON Schema, or list the outputs."""
    from costctl import verbs

    require_written(out, ["json"])
    write_text("\n".join(verbs.schema_names()) if name is None else verbs.schema(name), out)
