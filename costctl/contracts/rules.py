"""In how many requests did an interface fail, take too long, try too often, or do otherwise after a failure?

The draft counts by these in its own trace, the check in the next: so that one trace keeps to its own draft.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from costctl.contracts.holding import Counted, counted
from costctl.policy.setting_words import duration
from costctl.units import US_PER_S

# What may be said of a name that traces brought along: words of an identifier, and no sentence.
NAME: Final = r"^[A-Za-z0-9_.:/@+\[\]-]{1,64}( [A-Za-z0-9_.:/@+\[\]-]{1,32}){0,3}$"
# A kind of error is one word: some programs put their message there.
ERROR: Final = r"^[A-Za-z0-9_.:/-]{1,64}$"
_FATES: Final = {
    "retried": "a retry of it succeeded",
    "fallback": "another answered in its place",
    "went on": "the request succeeded without it",
    "failed": "the request failed",
}


def shown(column: str, allowed: str = NAME) -> pl.Expr:
    """A name as far as it may be said. allowed: a pattern."""
    text = pl.col(column).cast(pl.String)
    return pl.when(text.str.contains(allowed)).then(text).otherwise(pl.lit("a name that is withheld"))


def failures(calls: pl.DataFrame) -> Counted:
    """Requests in which a call failed."""
    return counted(calls, pl.col("is_failed"), pl.format("failed: {}", shown("error_type", ERROR)))


def longer_than(calls: pl.DataFrame, value_s: float) -> Counted:
    """Requests with a call that took longer."""
    took = (
        pl.col("duration_s")
        .fill_null(0.0)
        .map_elements(lambda each: f"took {duration(round(each * US_PER_S))}", return_dtype=pl.String)
    )
    return counted(calls, pl.col("duration_s") > value_s, took, pl.col("duration_s").is_not_null())


def tried_more_than(calls: pl.DataFrame, retries: int) -> Counted:
    """Requests with more attempts than a first and so many retries."""
    return counted(calls, pl.col("attempts") > retries + 1, pl.format("attempt {}", "attempts"))


def otherwise_than(calls: pl.DataFrame, mode: str) -> Counted:
    """Of the requests in which a call failed, those that did otherwise than the mode says."""
    failed = calls.filter(pl.col("is_failed") & pl.col("fate").is_not_null())
    return counted(failed, pl.col("fate") != mode, pl.col("fate").replace(_FATES))
