"""Between which observed values does a quantile of the population lie? Bounds by ranks, whatever the distribution.

In: values, a level. Out: two of the values, or None on the side that so few values do not bound.

    x_(r) ≤ q_p unless fewer than r of n values lie below it:   r = max { r : P(B ≤ r − 1) ≤ (1 − L)/2 }
    x_(s) ≥ q_p unless s or more do:                            s = min { s : P(B ≥ s) ≤ (1 − L)/2 }
    B ~ Binomial(n, p),   L: the level of the interval

W. J. Conover, Practical Nonparametric Statistics, 3rd ed. (1999), section 3.2.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import Final

import numpy as np

from costctl.arrays import Floats

LEVEL: Final = 0.95


def rank_bounds(values: Floats, at: float, level: float = LEVEL) -> tuple[float | None, float | None]:
    """Bounds of the quantile. values: of which none is NaN.  at: in (0, 1), 0.95 for a p95."""
    lower, upper = bound_ranks(values.size, at, level)
    ordered = np.sort(values)
    return (
        None if lower is None else float(ordered[lower - 1]),
        None if upper is None else float(ordered[upper - 1]),
    )


def bound_ranks(count: int, at: float, level: float = LEVEL) -> tuple[int | None, int | None]:
    """The places r and s, from 1, among ``count`` values in ascending order."""
    from scipy.special import bdtr

    def below(most: int) -> float:
        return float(bdtr(most, count, at))

    tail = (1.0 - level) / 2.0
    lower = bisect_left(range(count + 1), tail, key=below)
    upper = bisect_left(range(count + 1), 1.0 - tail, key=below) + 1
    return lower or None, upper if upper <= count else None


def fewest_for_upper_bound(at: float, level: float = LEVEL) -> int:
    """Values from which on the quantile is bounded above: n with pⁿ ≤ (1 − L)/2; 368 for a p99."""
    return math.ceil(math.log((1.0 - level) / 2.0) / math.log(at))
