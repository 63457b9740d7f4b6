"""A SELECT over the store and the relations."""

from __future__ import annotations

import polars as pl

from costctl.observation import Question, observed
from costctl.progress import Progress


def sql(query: str, question: Question, progress: Progress) -> pl.DataFrame:
    """The rows of a SELECT over the store and the relations."""
    with observed(question, progress, is_about_spans=False) as observation:
        progress("Running the query", None)
        return observation.engine.query(query)
