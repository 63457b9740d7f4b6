"""``costctl baseline``: keeps the analysis that gates compare with."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from costctl.cli import options
from costctl.cli.again import again
from costctl.cli.file_format import require_written
from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback, Ranked
from costctl.cli.output import say_written, write_text
from costctl.cli.recording import gave_document

app = typer.Typer(
    help="Keep an analysis for gates to compare with.", no_args_is_help=True, rich_markup_mode=None
)

Baseline = Annotated[
    Path | None,
    typer.Option(
        "--baseline",
        metavar="FILE",
        help="The saved analysis.  [default: costctl-baseline.json beside costctl.toml]",
    ),
]


@app.callback()
def root() -> None:
    """Keep an analysis for gates to compare with."""


@app.command("save")
@grouped
def save(
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Write to this file.  [default: costctl-baseline.json beside costctl.toml]",
        ),
    ] = None,
    asked: Asked,
    feedback: Feedback,
) -> None:
    """Save the analysis of now for `costctl check` to compare with.

    The same traces and settings give the same bytes, so that it can be committed. It names classes, models and tenants,
    and holds nothing of what was asked or answered. PATHs are loaded into the store first; the baseline is then of
    them alone.
    """
    from costctl import verbs
    from costctl.render.document import as_json
    from costctl.render.written import Written

    require_written(out, ["json"])
    path = out or verbs.baseline_path(asked.config)
    with feedback.progress() as progress:
        document = verbs.baseline(asked.question(), progress)
    gave_document(document)
    text = as_json(document)
    write_text(text, path)
    contents = ((document.totals.requests, "request"), (len(document.classes), "class"))
    following = f"git add {shlex.quote(str(path))} · costctl check{' PATH' if asked.paths else again()}"
    say_written(Written(str(path), len(text.encode()), contents), (), following, path)


@app.command("show")
@grouped
def show(
    *,
    baseline: Baseline = None,
    config: options.Config = None,
    ranked: Ranked,
    debug: options.Debug = False,  # read by cli/app.py
) -> None:
    """Show the saved analysis, as `costctl analyze` shows it."""
    from costctl import verbs
    from costctl.documents.leading import in_order
    from costctl.render import analysis, analysis_screen, class_rows

    document = verbs.read_baseline(baseline or verbs.baseline_path(config))
    ranked.show(
        in_order(document, ranked.view().sort), analysis_screen.screen, analysis.sections, class_rows.csv_text
    )
