"""``costctl synth``: worlds whose true costs are known, for samples and calibration."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from costctl.cli import options
from costctl.cli.groups import grouped
from costctl.cli.options import Feedback
from costctl.cli.output import write_text


class Form(StrEnum):
    """How the traces are written."""

    OTLP = "otlp"
    LOG = "log"


@grouped
def run(
    *,
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="The directory to write to; created if missing.", show_default=False
        ),
    ],
    world: Annotated[
        str | None,
        typer.Option(
            "--world",
            metavar="NAME",
            help="A named world: sample or days (own pools), shop, buyers or weeks (bought tokens), advised, "
            "advised-later.  [default: a random world of --seed]",
        ),
    ] = None,
    form: Annotated[
        Form, typer.Option("--as", help="OTLP spans as a collector writes them, or a log of calls.")
    ] = Form.OTLP,
    engine_metrics: Annotated[
        bool,
        typer.Option("--engine-metrics", help="Also write what its engines report, as vLLM's /metrics does."),
    ] = False,
    seed: options.Seed = 0,
    feedback: Feedback,
) -> None:
    """Generate synthetic traces whose true costs are known.

    Writes the traces, a costctl.toml, and truth.json with the true cost of each class.
    """
    from costctl import verbs

    with feedback.progress() as progress:
        written = verbs.synth(world, seed, folder, form.value, progress, has_metrics=engine_metrics)
    write_text("\n".join(str(path) for path in written), None)
