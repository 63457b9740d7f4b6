"""``costctl explain``: one request, or one class, through every relation."""

from __future__ import annotations

from typing import Annotated

import typer

from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback, Printed


@grouped
def run(
    *,
    name: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="A trace id or its first 6 or more digits, TRACE_ID:SPAN_ID, or the name of a class.",
            show_default=False,
        ),
    ],
    asked: Asked,
    printed: Printed,
    feedback: Feedback,
) -> None:
    """Explain one request or class: rules, stages, charges.

    A request: its spans, calls, stages and charges, and each class rule with the condition that failed. A class: its
    rules, and example requests.
    PATHs are loaded into the store first; the answer is then about them alone.
    """
    from costctl import verbs
    from costctl.render import explanation

    with feedback.progress() as progress:
        document = verbs.explain(name, asked.question(), progress)
    printed.write(document, explanation.sections, explanation.csv_text)
