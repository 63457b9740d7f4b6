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
            help="ingest, workload_map, analysis, simulation, recommendations, policy, coverage.",
            show_default=False,
        ),
    ],
    out: options.Out = None,
    debug: options.Debug = False,  # read by cli.app
) -> None:
    """Print the JSON Schema that a document keeps to."""
    from costctl.documents import schemas

    write_text(schemas.rendered(name), out)
