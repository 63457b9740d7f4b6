"""``costctl prices``: what tokens cost on a day, and what is wrong with one's own rates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from costctl.cli import options
from costctl.cli.groups import grouped
from costctl.cli.options import Feedback, Screened
from costctl.errors import ExitCode

app = typer.Typer(
    help="Show token prices, and check your own rates.", no_args_is_help=True, rich_markup_mode=None
)

AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="The day, such as 2026-11-24.  [default: today, UTC]"),
]


@app.callback()
def root() -> None:
    """Show token prices, and check your own rates."""


@app.command("list")
@grouped
def list_(
    *,
    as_of: AsOf = None,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="TEXT", help="Only models whose name contains this text."),
    ] = None,
    config: options.Config = None,
    screened: Screened,
    debug: options.Debug = False,  # read by cli/app.py
) -> None:
    """List token prices by model: your own rates first, then the price book."""
    from costctl import verbs
    from costctl.render import price_screens, prices

    document = verbs.list_prices(config, as_of, model)
    screened.show(document, price_screens.list_screen, prices.sections, prices.csv_text)


@app.command("verify")
@grouped
def verify(
    *,
    as_of: AsOf = None,
    store: Annotated[
        Path | None,
        typer.Option(
            "--store",
            metavar="FILE",
            envvar="COSTCTL_STORE",
            help="Also check the models and the recorded costs of this store.",
        ),
    ] = None,
    wait: options.Wait = None,
    config: options.Config = None,
    screened: Screened,
    feedback: Feedback,
) -> None:
    """Check your own rates; exit with 1 if there are problems.

    Finds gaps, overlaps, unknown currencies and implausible amounts. With --store, also models without a price, and
    costs recorded in the traces that differ from those calculated, with the likely reason.
    """
    from costctl import verbs
    from costctl.render import price_screens, prices

    wait_s = options.seconds(wait, "--wait")
    with feedback.progress() as progress:
        document = verbs.verify_prices(config, store, as_of, wait_s=wait_s, progress=progress)
    screened.show(document, price_screens.check_screen, prices.check_sections, prices.check_csv_text)
    if document.findings:
        raise typer.Exit(int(ExitCode.GATE_BREACHED))
