"""``costctl sql``: read-only SQL on the store, with every relation by its name."""

from __future__ import annotations

from typing import Annotated

import typer

from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback, Printed
from costctl.cli.output import write_text


@grouped
def run(
    *,
    query: Annotated[
        str,
        typer.Argument(
            metavar="QUERY", help="A SELECT over spans, requests, calls, charge, …", show_default=False
        ),
    ],
    asked: Asked,
    printed: Printed,
    feedback: Feedback,
) -> None:
    """Run a read-only query over the store and all relations.

    PATHs are loaded into the store first; the answer is then about them alone.
    """
    from costctl import verbs
    from costctl.render import rows

    with feedback.progress() as progress:
        answer = verbs.sql(query, asked.question(), progress)
    write_text(rows.rendered(answer, printed.form), printed.out)
