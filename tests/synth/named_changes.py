"""What does costctl name first in a world of which one change is known, and what does it claim where nothing changed?

Shape in: a seed, and what was planted. Shape out: ``Named`` and ``Claims``.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from costctl import verbs
from costctl.documents.difference import Difference
from costctl.observation import Question
from costctl.progress import silent
from tests.synth.changed_worlds import PLAIN, PLANTED, Week, written


@dataclass(frozen=True)
class Named:
    """One world. first: what is named first: effect, of, value; of a stage that takes longer, its metric."""

    seed: int
    planted: str
    first: tuple[str, str, str] | None
    has_new_prompt: bool

    @property
    def is_right(self) -> bool:
        """Whether it is what was planted."""
        is_told = self.has_new_prompt or self.planted != "new prompt"
        return self.first == PLANTED[self.planted][1] and is_told


@dataclass(frozen=True)
class Claims:
    """One world in which nothing changed. claims: what is said to have changed."""

    seed: int
    claims: tuple[str, ...]


def difference_in(seed: int, later: Week, folder: Path) -> Difference:
    """The two periods of a world, compared as a user would."""
    world = written(seed, later, folder)
    store = folder / "store.duckdb"
    verbs.ingest(verbs.IngestRequest(paths=(str(world.traces),), store=store, config=world.config), silent)
    return verbs.diff(None, None, Question(store=store, config=world.config), silent)


def named_in(seed: int, planted: str) -> Named:
    """What is named first of a planted change."""
    with tempfile.TemporaryDirectory() as folder:
        document = difference_in(seed, PLANTED[planted][0], Path(folder))
    causes = [(cause.effect, cause.of, cause.value or "") for cause in document.causes]
    metrics = [
        (each.metric, each.request_class, each.stage or "") for each in document.metrics if each.is_clear
    ]
    found = [*causes, *(metrics if planted == "slower retrieval" else [])]
    first: tuple[str, str, str] | None = found[0] if found else None
    new = {each.request_class for each in document.prompts}
    return Named(seed, planted, first, PLANTED[planted][1][2] in new)


def claims_in(seed: int) -> Claims:
    """What is claimed where both periods are alike."""
    with tempfile.TemporaryDirectory() as folder:
        document = difference_in(seed, PLAIN, Path(folder))
    return Claims(
        seed,
        (
            *(f"{cause.effect} of {cause.value or cause.of}" for cause in document.causes),
            *(f"{each.metric} of {each.request_class}" for each in document.metrics if each.is_clear),
            *(f"prompt of {each.request_class}" for each in document.prompts),
        ),
    )
