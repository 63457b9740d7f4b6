"""``costctl diff``: what changed between two times, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from costctl.cli.groups import grouped
from costctl.cli.options import AskedOfStore, Feedback, Screened

_SIDE = "a period 2026-11-16..2026-11-23, a store, or what costctl analyze --format json wrote."


@grouped
def run(
    *,
    base: Annotated[
        str | None,
        typer.Argument(
            metavar="BASE",
            help=f"Compare with this: {_SIDE}  [default: the time before, as long]",
            show_default=False,
        ),
    ] = None,
    new: Annotated[
        str | None,
        typer.Argument(
            metavar="NEW",
            help="Compare this, written alike.  [default: the time after BASE, as long; else the store]",
            show_default=False,
        ),
    ] = None,
    asked: AskedOfStore,
    screened: Screened,
    feedback: Feedback,
) -> None:
    """Show what changed in cost, and why.

    Without BASE, the last seven days against the seven before; of a shorter store, its second half against its first;
    with --last 3d, these days against the three before. Effects add up to the change; each says whether it is more than
    noise, and which requests show it.
    """
    from costctl import verbs
    from costctl.render import difference, difference_screen

    with feedback.progress() as progress:
        document = verbs.diff(base, new, asked.question(), progress)
    screened.show(document, difference_screen.screen, difference.sections, difference.csv_text)
