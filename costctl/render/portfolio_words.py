"""A portfolio in words: goals, verdicts, what a step changes for a class and what it is worth. The screen and the
tables share them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from costctl.documents.portfolio import Aspect, Goal, Portfolio, PortfolioRow, StepWorth, Verdict
from costctl.documents.recommendations import Joint
from costctl.render.cells import Cell, Interval, phrase, usd_range_column
from costctl.render.recommendation_words import NO_CASH, in_time, in_words, told, what

GOALS: Final[Mapping[Goal, str]] = {
    "latency": "latency",
    "tokens_per_dollar": "tokens/$",
    "throughput": "throughput",
    "reliability": "reliability",
    "surplus": "surplus",
}
VERDICTS: Final[Mapping[Verdict, str]] = {
    "changed": "changed",
    "as_default": "so today",
    "candidate": "not yet",
    "trace_argues": "the trace argues",
    "ruled_out": "ruled out",
    "needs_input": "needs input",
    "not_judged": "not judged",
}


def step_in_words(document: Portfolio, row: PortfolioRow, step: StepWorth) -> str:
    """What a step changes for the class; with its subject, where that is not the class itself."""
    advice = document.advice(step)
    return what(advice) if advice.request_class == row.request_class else in_words(advice)


def worths(items: Sequence[StepWorth | Joint]) -> tuple[Cell, ...]:
    """Of each the cash, freed capacity and requests in time that there are, side by side and never added; amounts with
    the same decimal places.
    """
    if not items:
        return ()
    cash, freed = (usd_range_column(column) for column in zip(*map(told, items), strict=True))
    return tuple(_side_by_side(*each) for each in zip(items, cash, freed, strict=True))


def _side_by_side(item: StepWorth | Joint, cash: Interval, freed: Interval) -> Cell:
    if cash.estimate is not None and freed.estimate is not None:
        return phrase("{cash}, frees {freed}", cash=cash, freed=freed)
    if cash.estimate is not None:
        return cash
    if freed.estimate is not None:
        return phrase("frees {freed}", freed=freed)
    return in_time(item) or NO_CASH


def not_taken(aspect: Aspect) -> str:
    """A default that is not taken, and why, in one sentence: "A lane before what can wait? Hardly a call waits there."

    Of what was tried the last sentence of the reason says how that ended; of the others the first says it all.
    """
    sentences = aspect.why.removesuffix(".").split(". ")
    reason = f"{sentences[-1 if aspect.verdict == 'ruled_out' else 0]}."
    not_yet = f"Not yet: {reason[:1].lower()}{reason[1:]}" if aspect.verdict == "candidate" else reason
    return f"{aspect.default[:1].upper()}{aspect.default[1:]}? {not_yet}"
