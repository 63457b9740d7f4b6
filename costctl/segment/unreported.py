"""Which calls did not say how many tokens they read or wrote?

In: calls. Out: the rows of those that did, or did not. A sum of tokens over calls of which some did not say is a lower
bound; every place that sums tokens counts them by these functions.
"""

from __future__ import annotations

import polars as pl


def without_input(calls: pl.DataFrame) -> pl.DataFrame:
    """Calls that do not report what they read."""
    return calls.filter(pl.col("input_tokens").is_null())


def without_output(calls: pl.DataFrame) -> pl.DataFrame:
    """Calls that generate, and do not report how much."""
    return calls.filter(~_has_output())


def has_tokens() -> pl.Expr:
    """Whether a call reports all of its tokens."""
    return pl.col("input_tokens").is_not_null() & _has_output()


def _has_output() -> pl.Expr:
    """Embeddings and rerank have no output to report."""
    return pl.col("output_tokens").is_not_null() | ~pl.col("is_generation")
