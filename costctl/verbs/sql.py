"""A statement that reads the store and the relations, and what can be read."""

from __future__ import annotations

import re
from typing import Final

from costctl.engine.catalogue import listing
from costctl.engine.protocol import Answer
from costctl.observation import Question, observed
from costctl.progress import Progress

_SHOW_TABLES: Final = re.compile(r"\s*SHOW\s+(ALL\s+)?TABLES\s*;?\s*", re.IGNORECASE)


def sql(query: str, question: Question, progress: Progress) -> Answer:
    """What a statement gives that reads the store and the relations."""
    if _SHOW_TABLES.fullmatch(query):
        return list_relations()
    with observed(question, progress, is_about_spans=False) as observation:
        progress("Running the query", None)
        return observation.engine.ask(query)


def list_relations() -> Answer:
    """Every table and relation that can be selected from, with its contract."""
    rows = listing()
    return Answer(rows, ("VARCHAR",) * rows.width, is_whole=True)
