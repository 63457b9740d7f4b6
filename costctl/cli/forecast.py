"""``costctl forecast``: spend to the end of the month and of the quarter, and the day on which a budget ends."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback, Screened


@grouped
def run(
    *,
    budget: Annotated[
        float | None,
        typer.Option("--budget", metavar="USD", help="A budget for a month: say on which day it ends."),
    ] = None,
    advised: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="ID|all",
            help="As if this recommendation were done now: its number or id, or all of them. Repeatable.",
            show_default=False,
        ),
    ] = None,
    advice: Annotated[
        Path | None,
        typer.Option(
            "--advice",
            metavar="FILE",
            help="Recommendations saved with `costctl recommend -o FILE.json`, for --with.  [default: computed now]",
        ),
    ] = None,
    asked: Asked,
    screened: Screened,
    feedback: Feedback,
) -> None:
    """Forecast spend to the end of the month and quarter.

    Months and quarters are those in which the traces end, in UTC. Replicas go on at their declared price; what follows
    traffic is forecast from its hours, its days of the week and its growth, with intervals.
    PATHs are loaded into the store first; the answer is then about them alone.
    """
    from costctl import verbs
    from costctl.render import forecast, forecast_screen

    with feedback.progress() as progress:
        document = verbs.forecast(asked.question(), progress, budget, tuple(advised or ()), advice)
    screened.show(document, forecast_screen.screen, forecast.sections, forecast.csv_text)
