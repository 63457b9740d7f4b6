"""``costctl analyze``: cost and behaviour per class."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from costctl.cli.groups import grouped
from costctl.cli.options import CUTS, Asked, Feedback, Ranked


class IdleRow(StrEnum):
    """Where idle time is in the bill."""

    SEPARATE = "separate"
    WEIGHTED = "weighted"
    NONE = "none"


@grouped
def run(
    *,
    idle: Annotated[
        IdleRow,
        typer.Option(
            "--idle", help="Idle cost in the bill: a separate row, shared among classes by usage, or omitted."
        ),
    ] = IdleRow.SEPARATE,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            metavar=CUTS,
            help="Split the bill by this, not by class; attr:KEY is any attribute of calls or requests. Repeatable.",
            show_default=False,
        ),
    ] = None,
    asked: Asked,
    ranked: Ranked,
    feedback: Feedback,
) -> None:
    """Show cost and latency per request class.

    PATHs are loaded into the store first; the answer is then about them alone.
    """
    from costctl import verbs
    from costctl.documents.leading import in_order
    from costctl.render import analysis, analysis_screen, class_rows, cuts

    with feedback.progress() as progress:
        document = verbs.analyze(asked.question(), progress, idle.value, tuple(by or ()))
    if by:
        ranked.show(
            document,
            lambda shown, view: cuts.screen(shown, view, by),
            None,
            lambda shown: cuts.csv_text(shown, by, ranked.view().sort),
        )
    else:
        document = in_order(document, ranked.view().sort)
        ranked.show(document, analysis_screen.screen, analysis.sections, class_rows.csv_text)
