"""``costctl recommend``: what to change, what it saves, how sure."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated

import typer

from costctl.cli import options
from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback, Screened


@grouped
def run(
    *,
    show: Annotated[
        str | None,
        typer.Option(
            "--show",
            metavar="ID",
            help="Show one recommendation in full: its number on the screen, or its id.",
        ),
    ] = None,
    extrapolate: options.Extrapolate = False,
    verbose: options.Verbose = False,
    asked: Asked,
    printed: Screened,
    feedback: Feedback,
) -> None:
    """Recommend changes, with savings and confidence.

    What is not recommended is counted; --verbose gives the reasons.
    PATHs are loaded into the store first; the answer is then about them alone.
    """
    from costctl import verbs
    from costctl.render import recommendation_screen, recommendations

    with feedback.progress() as progress:
        document = verbs.recommend(asked.question(is_extrapolating=extrapolate), progress, show)
    screen = recommendation_screen.screen if show is None else recommendation_screen.shown_screen
    view = replace(printed.view(), verbose=verbose)
    printed.write(document, partial(screen, view=view), recommendations.csv_text)
