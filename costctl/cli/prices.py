"""``costctl prices``: what tokens cost on a day, and what is wrong with one's own rates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from costctl.cli import options
from costctl.cli.output import write_document
from costctl.errors import ExitCode

app = typer.Typer(
    help="Look into the price book, and check rates of your own.", no_args_is_help=True, rich_markup_mode=None
)

AsOf = Annotated[
    str | None, typer.Option("--as-of", help="The day, such as 2026-11-24.  [default: today, UTC]")
]


@app.callback()
def root() -> None:
    """Look into the price book, and check rates of your own."""


@app.command("list")
def list_(
    as_of: AsOf = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Only models whose name has this text.")
    ] = None,
    config: options.Config = None,
    form: options.Format = options.TabularFormat.TABLE,
    out: options.Out = None,
    debug: options.Debug = False,  # read by cli.app
) -> None:
    """What tokens of each model cost on a day: own rates first, then the price book."""
    from costctl import verbs
    from costctl.render import prices

    document = verbs.list_prices(config, as_of, model)
    write_document(document, form, prices.sections, prices.csv_text, out)


@app.command("verify")
def verify(
    as_of: AsOf = None,
    store: Annotated[
        Path | None,
        typer.Option(
            "--store", envvar="COSTCTL_STORE", help="Also look for models of this store without a price."
        ),
    ] = None,
    config: options.Config = None,
    form: options.Format = options.TabularFormat.TABLE,
    out: options.Out = None,
    debug: options.Debug = False,  # read by cli.app
) -> None:
    """Gaps, overlaps, currencies and magnitudes of your rates, and models without a price. Exits with 1 if any.

    With --store, also what its records say that calls cost, beside what costctl says, and why they differ.
    """
    from costctl import verbs
    from costctl.render import prices

    document = verbs.verify_prices(config, store, as_of)
    write_document(document, form, prices.check_sections, prices.check_csv_text, out)
    if document.findings:
        raise typer.Exit(int(ExitCode.GATE_BREACHED))
