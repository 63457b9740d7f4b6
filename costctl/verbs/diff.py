"""What changed between two times, and why: each side is fetched, and both are handed to the inner ring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from costctl.documents.analysis import Analysis
from costctl.documents.difference import Difference
from costctl.engine.laws import require_lawful
from costctl.errors import NotEnoughDataError
from costctl.observation import Question, observed
from costctl.progress import Progress
from costctl.saved import read_saved
from costctl.verbs.diff_sides import AskedSide, asked_sides

if TYPE_CHECKING:
    from costctl.frames.compared import ComparedTime


def diff(base: str | None, new: str | None, question: Question, progress: Progress) -> Difference:
    """What changed from base to new. base, new: as ``diff_sides`` reads them; None for the usual.

    Raises UsageError for what is no side, InputError for a file that cannot be used, NotEnoughDataError where a side
    has no request or nothing has a price.
    """
    from costctl.cost.difference import difference_of

    earlier, later = asked_sides(base, new, question, progress)
    sides = [_compared(each, progress) for each in (earlier, later)]
    progress("Telling change from noise", None)
    return difference_of(sides[0], sides[1], question.seed)


def _compared(side: AskedSide, progress: Progress) -> ComparedTime:
    from costctl.cost.difference import METHODS
    from costctl.frames.compared import time_of_document, time_of_traces

    if side.document is not None:
        return time_of_document(
            side.name, read_saved(side.document, Analysis, "costctl analyze --format json -o week47.json")
        )
    with observed(side.question, progress) as observation:
        engine = observation.engine
        progress(f"Reading {side.name}", None)
        _require_times(engine.fetch("observed_totals")["first_ns"][0], side.name)
        require_lawful(engine)
        return time_of_traces(
            side.kind, side.name, engine.fetch, observation.provenance(METHODS), side.asked_ns
        )


def _require_times(first_ns: int | None, name: str) -> None:
    """Raise NotEnoughDataError where no request started in the time."""
    if first_ns is None:
        raise NotEnoughDataError(
            f"There are no requests in {name}.",
            why="No request with a time started within it.",
            next_step="`costctl store info` shows from when to when the store reaches.",
        )
