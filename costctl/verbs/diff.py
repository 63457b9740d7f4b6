"""What changed between two times, and why: each side is fetched, and both are handed to the inner ring."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costctl.answers import found_or_made
from costctl.documents.analysis import Analysis
from costctl.documents.difference import Difference
from costctl.engine.laws import require_lawful
from costctl.errors import NotEnoughDataError
from costctl.observation import Observation, Question, observed
from costctl.progress import Progress
from costctl.saved import read_saved
from costctl.verbs.diff_sides import AskedSide, asked_sides

if TYPE_CHECKING:
    from costctl.frames.compared import ComparedTime


def diff(base: str | None, new: str | None, question: Question, progress: Progress) -> Difference:
    """What changed from base to new, kept or made. base, new: as ``diff_sides`` reads them; None for the usual.

    Raises UsageError for what is no side, InputError for a file that cannot be used, NotEnoughDataError where a side
    has no request.
    """
    earlier, later = asked_sides(base, new, question, progress)
    with _open(earlier, progress) as before, _open(later, progress) as after:
        return found_or_made(
            after.store or before.store,
            progress,
            Difference,
            [diff.__qualname__, before.rests_on, after.rests_on, question.seed],
            lambda: _difference(before, after, question.seed, progress),
        )


def _difference(before: _Side, after: _Side, seed: int, progress: Progress) -> Difference:
    from costctl.cost.difference import difference_of

    sides = [_compared(each, progress) for each in (before, after)]
    progress("Telling change from noise", None)
    return difference_of(sides[0], sides[1], seed)


@dataclass(frozen=True, slots=True)
class _Side:
    """One side, open: an observation of traces, or a document."""

    asked: AskedSide
    of: Observation | Analysis

    @property
    def store(self) -> Path | None:
        """The store that answers about it are kept beside; None of a document, which is read in no time."""
        return self.of.store if isinstance(self.of, Observation) else None

    @property
    def rests_on(self) -> tuple[Any, ...]:
        """All that it depends on, and how it is named."""
        held = self.of.basis if isinstance(self.of, Observation) else self.of
        return self.asked.kind, self.asked.name, self.asked.asked_ns, held


@contextmanager
def _open(side: AskedSide, progress: Progress) -> Iterator[_Side]:
    if side.document is not None:
        made_by = "costctl analyze --format json -o week47.json"
        yield _Side(side, read_saved(side.document, Analysis, made_by))
        return
    with observed(side.question, progress) as observation:
        yield _Side(side, observation)


def _compared(side: _Side, progress: Progress) -> ComparedTime:
    from costctl.cost.difference import METHODS
    from costctl.frames.compared import time_of_document, time_of_traces

    name = side.asked.name
    if isinstance(side.of, Analysis):
        return time_of_document(name, side.of)
    engine = side.of.engine
    progress(f"Reading {name}", None)
    _require_times(engine.fetch("observed_totals")["first_ns"][0], name)
    require_lawful(engine)
    provenance = side.of.provenance(METHODS)
    found = time_of_traces(side.asked.kind, name, engine.fetch, provenance, side.asked.asked_ns)
    engine.forget()
    return found


def _require_times(first_ns: int | None, name: str) -> None:
    """Raise NotEnoughDataError where no request started in the time."""
    if first_ns is None:
        raise NotEnoughDataError(
            f"There are no requests in {name}.",
            why="No request with a time started within it.",
            next_step="`costctl store info` shows from when to when the store reaches.",
        )
