"""``costctl explain``: one request, class or rule: why it costs that, and where the time goes."""

from __future__ import annotations

from typing import Annotated

import typer

from costctl.cli import completion
from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback, Screened


@grouped
def run(
    *,
    name: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            autocompletion=completion.classes,
            help="A trace id or its first 6 or more digits, TRACE_ID:SPAN_ID, or the name of a class or a rule.",
            show_default=False,
        ),
    ],
    asked: Asked,
    screened: Screened,
    feedback: Feedback,
) -> None:
    """Explain one request, class or rule: cost, time, conditions.

    With --detail, of a request its spans, calls, stages and charges, and each class rule with the condition that
    failed; of a class its rules, and example requests.
    PATHs are loaded into the store first; the answer is then about them alone.
    """
    from costctl import verbs
    from costctl.render import explanation, explanation_screen

    with feedback.progress() as progress:
        document = verbs.explain(name, asked.question(), progress)
    sections = None if document.rule is not None else explanation.sections
    screened.show(document, explanation_screen.screen, sections, explanation.csv_text)
