"""``costctl synth``: worlds whose true costs are known, for samples and calibration."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from costctl.cli import options
from costctl.cli.output import write_text
from costctl.cli.progress import progress_on_stderr


class Form(StrEnum):
    """How the traces are written."""

    OTLP = "otlp"
    LOG = "log"


def run(
    folder: Annotated[
        Path, typer.Argument(help="The folder to write to; made where missing.", show_default=False)
    ],
    world: Annotated[
        str | None,
        typer.Option("--world", help="A named world: sample. Without one, a random world of --seed."),
    ] = None,
    form: Annotated[
        Form, typer.Option("--as", help="Spans as a collector writes them, or a log of calls.")
    ] = Form.OTLP,
    seed: options.Seed = 0,
    quiet: options.Quiet = False,
    debug: options.Debug = False,  # read by cli.app
) -> None:
    """Write a world with known truth: its traces, a costctl.toml, and truth.json with what each class really costs."""
    from costctl.synth.write import synthesize

    with progress_on_stderr(is_quiet=quiet) as progress:
        written = synthesize(world, seed, folder, form.value, progress)
    write_text("\n".join(str(path) for path in written), None)
