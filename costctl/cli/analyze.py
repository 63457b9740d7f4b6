"""``costctl analyze``: cost and behaviour per class."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback, Printed


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
    asked: Asked,
    printed: Printed,
    feedback: Feedback,
) -> None:
    """Show cost and latency per request class.

    PATHs are loaded into the store first; the answer is then about them alone.
    """
    from costctl import verbs
    from costctl.render import analysis, class_rows

    with feedback.progress() as progress:
        document = verbs.analyze(asked.question(), progress, idle.value)
    printed.write(document, analysis.sections, class_rows.csv_text)
