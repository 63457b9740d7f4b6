"""``costctl recommend``: what to change, what it saves, how sure; the same class by class; what came of it; and how to
take it back.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from costctl.cli import options
from costctl.cli.groups import grouped
from costctl.cli.options import Asked, Feedback, Reasoned
from costctl.cli.output import say_warnings
from costctl.cli.recording import acts_as
from costctl.errors import UsageError

if TYPE_CHECKING:
    from costctl.observation import Question


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
    portfolio: Annotated[
        bool,
        typer.Option(
            "--portfolio",
            help="One row a class: its goal, compute, storage and scheduling, today and proposed, and what that is "
            "worth.",
        ),
    ] = False,
    review: Annotated[
        bool,
        typer.Option(
            "--review", help="What came of earlier advice: promised, delivered, not taken, gone away."
        ),
    ] = False,
    undo: Annotated[
        str | None,
        typer.Option(
            "--undo", metavar="ID", help="The settings that take one back: an id that --review shows."
        ),
    ] = None,
    grades: options.Grades = None,
    extrapolate: options.Extrapolate = False,
    asked: Asked,
    reasoned: Reasoned,
    feedback: Feedback,
) -> None:
    """Recommend changes, with savings and confidence.

    What is not recommended is counted; --verbose gives the reasons. What is recommended is kept in the store with what
    it promises; --review bills the calls since under the old settings and under what was done. --portfolio puts the
    classes side by side, and keeps nothing.
    PATHs are loaded into the store first; the answer is then about them alone.
    """
    _refuse_contradictions(
        {
            "--show": show is not None,
            "--portfolio": portfolio,
            "--review": review,
            "--undo": undo is not None,
        }
    )
    question = asked.question(is_extrapolating=extrapolate)
    if portfolio:
        _portfolio(question, grades, reasoned, feedback)
    elif review:
        _review(question, reasoned, feedback)
    elif undo is not None:
        _undo(undo, question, reasoned, feedback)
    else:
        _recommend(question, show, grades, reasoned, feedback)


def _recommend(
    question: Question, show: str | None, grades: Path | None, reasoned: Reasoned, feedback: Feedback
) -> None:
    from costctl import verbs
    from costctl.render import recommendation_screen, recommendations

    with feedback.progress() as progress:
        document = verbs.recommend(question, progress, show, grades)
    if show is not None:
        reasoned.show(document, recommendation_screen.shown_screen, None, recommendations.csv_text)
        return
    _say_not_kept(verbs.keep_promises(question, document), reasoned)
    reasoned.show(document, recommendation_screen.screen, recommendations.sections, recommendations.csv_text)


def _portfolio(question: Question, grades: Path | None, reasoned: Reasoned, feedback: Feedback) -> None:
    from costctl import verbs
    from costctl.render import portfolio, portfolio_screen

    with feedback.progress() as progress:
        document = verbs.portfolio(question, progress, grades)
    reasoned.show(document, portfolio_screen.screen, portfolio.sections, portfolio.csv_text)


def _review(question: Question, reasoned: Reasoned, feedback: Feedback) -> None:
    from costctl import verbs
    from costctl.render import review, review_screen

    acts_as("review")
    with feedback.progress() as progress:
        document = verbs.review(question, progress)
    _say_not_kept(verbs.keep_outcomes(question, document), reasoned)
    reasoned.show(document, review_screen.screen, review.sections, review.csv_text)


def _undo(asked: str, question: Question, reasoned: Reasoned, feedback: Feedback) -> None:
    from costctl import verbs
    from costctl.render import undo

    acts_as("review")
    with feedback.progress() as progress:
        document = verbs.undo(asked, question, progress)
    reasoned.show(document, undo.screen, None, undo.csv_text)


def _say_not_kept(reason: str | None, reasoned: Reasoned) -> None:
    """Why a later review will not know of this, where somebody wants to know."""
    if reason is not None and reasoned.verbose:
        say_warnings((reason,))


def _refuse_contradictions(given: dict[str, bool]) -> None:
    """Raises UsageError where more than one document is asked for."""
    asked = [name for name, is_given in given.items() if is_given]
    if len(asked) > 1:
        raise UsageError(
            f"{' and '.join(asked)} cannot be combined.",
            why="Each of them prints a different document.",
            next_step="Run recommend once for each, on the same --store.",
        )
