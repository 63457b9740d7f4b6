"""``costctl recommend``: what to change, what it saves, how sure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from costctl.cli import options
from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback, Reasoned


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
    grades: Annotated[
        Path | None,
        typer.Option(
            "--grades",
            metavar="FILE",
            help="What graders found: CSV or JSON lines with class, model, score, n.",
        ),
    ] = None,
    extrapolate: options.Extrapolate = False,
    asked: Asked,
    reasoned: Reasoned,
    feedback: Feedback,
) -> None:
    """Recommend changes, with savings and confidence.

    What is not recommended is counted; --verbose gives the reasons.
    PATHs are loaded into the store first; the answer is then about them alone.
    """
    from costctl import verbs
    from costctl.render import recommendation_screen, recommendations

    with feedback.progress() as progress:
        document = verbs.recommend(asked.question(is_extrapolating=extrapolate), progress, show, grades)
    if show is None:
        screen, sections = recommendation_screen.screen, recommendations.sections
    else:
        screen, sections = recommendation_screen.shown_screen, None
    reasoned.show(document, screen, sections, recommendations.csv_text)
