"""How long did the requests of a class take?

In: seconds, one a request. Out: ``Percentiles``.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from costctl.documents.analysis import Percentiles


def percentiles(seconds: pl.Series) -> Percentiles | None:
    """Quantiles of what was observed, interpolated; None where nothing was."""
    known = seconds.drop_nulls()
    if known.is_empty():
        return None
    p50, p95, p99 = np.quantile(known.to_numpy(), [0.5, 0.95, 0.99])
    return Percentiles(p50=float(p50), p95=float(p95), p99=float(p99))
