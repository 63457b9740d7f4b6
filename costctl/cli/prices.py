"""``costctl prices``: the price book and the user's own rates."""

from __future__ import annotations

from typing import Annotated

import typer

from costctl.cli import options
from costctl.cli.output import write_text
from costctl.cli.progress import progress_on_stderr

app = typer.Typer(
    help="Show what tokens cost, and check your own rates.", no_args_is_help=True, rich_markup_mode=None
)
AsOf = Annotated[str | None, typer.Option("--as-of", help="The day (YYYY-MM-DD, UTC).  [default: today]")]


@app.callback()
def root() -> None:
    """Show what tokens cost, and check your own rates."""


@app.command("list")
def list_prices(
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", help="A model, provider/model or glob; again for more.  [default: your own rates]"
        ),
    ] = None,
    as_of: AsOf = None,
    config: options.Config = None,
    form: options.Format = options.TabularFormat.TABLE,
    out: options.Out = None,
    debug: options.Debug = False,  # read by cli.app
) -> None:
    """What a million tokens cost on a day, by model, kind of token and length of the prompt."""
    from costctl import workflow
    from costctl.cli.render import price_list
    from costctl.cli.render.document import rendered

    found = workflow.list_prices(config, as_of, tuple(model or ()))
    write_text(rendered(found, form, price_list.price_sections, price_list.price_csv), out)


@app.command("verify")
def verify(
    as_of: AsOf = None,
    store: options.Store = None,
    config: options.Config = None,
    form: options.Format = options.TabularFormat.TABLE,
    out: options.Out = None,
    quiet: options.Quiet = False,
    debug: options.Debug = False,  # read by cli.app
) -> None:
    """Check your own rates, and say which calls of the store have no price. Exits with 2 where a rate is wrong."""
    from costctl import workflow
    from costctl.cli.render import price_list
    from costctl.cli.render.document import rendered
    from costctl.errors import ExitCode

    with progress_on_stderr(is_quiet=quiet) as progress:
        found = workflow.verify_prices(config, store, as_of, progress)
    write_text(rendered(found, form, price_list.finding_sections, price_list.finding_csv), out)
    if any(each.severity == "error" for each in found.findings):
        raise typer.Exit(int(ExitCode.USAGE))
