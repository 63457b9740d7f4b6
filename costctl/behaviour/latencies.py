"""How long did the requests of a class take?

In: seconds, one a request, of those that succeeded and of those that failed. Out: ``Percentiles``.
"""

from __future__ import annotations

import polars as pl

from costctl.documents.analysis import Percentiles
from costctl.stats.quantiles import quantile


def percentiles(seconds: pl.Series) -> Percentiles | None:
    """Quantiles of what was observed, each one of the values; None where nothing was."""
    known = seconds.drop_nulls()
    if known.is_empty():
        return None
    p50, p95, p99 = (quantile(known.to_numpy(), level) for level in (0.5, 0.95, 0.99))
    return Percentiles(p50=p50, p95=p95, p99=p99)
