"""``costctl reconcile``: is the invoice right? What providers bill beside what the traces say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback, Screened

Bills = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE",
        help="Bills, usage reports and cost exports: OpenAI, Anthropic, AWS CUR, FOCUS, Azure, LiteLLM; told by their "
        "content.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class AskedBesideBills(Asked):
    """Which traces the bills are compared with: PATHs are an option here, for the arguments are bills."""

    paths: Annotated[
        list[str] | None,
        typer.Option(
            "--traces",
            metavar="PATH",
            help="Compare with these traces alone, which are loaded first; repeatable.  [default: all in the store]",
        ),
    ] = None


@grouped
def run(bills: Bills, asked: AskedBesideBills, screened: Screened, feedback: Feedback) -> None:
    """Compare what providers bill with what the traces say.

    Every difference is split into what was not traced, priced otherwise, counted otherwise, cut at another midnight,
    discounted, and a rest; the parts add up to it. For each: what to do.
    """
    from costctl import verbs
    from costctl.render import reconciliation, reconciliation_screen

    with feedback.progress() as progress:
        document = verbs.reconcile(bills, asked.question(), progress)
    screened.show(document, reconciliation_screen.screen, reconciliation.sections, reconciliation.csv_text)
