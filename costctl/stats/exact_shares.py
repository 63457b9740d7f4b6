"""Between which bounds does a share lie, however few were counted, and by how much is it above another?

In: how many of how many. Out: bounds. They are those of Clopper and Pearson (Biometrika 26, 1934), which hold at every
count and level; Wilson's are closer at a hundred counts and 95 %, and say too much of one count at 99.99 %.

    l: P(B ≥ k | n, l) = (1 − L)/2        u: P(B ≤ k | n, u) = (1 − L)/2        L: the level

The difference of two recovers its variance from the bounds of both (MOVER; G. Y. Zou and A. Donner, Statistics in
Medicine 27, 2008), as Newcombe's in ``noninferiority`` does:

    low = p₁ − p₀ − √((p₁ − l₁)² + (u₀ − p₀)²)        0: before, 1: now

That is close, not exact: of one or two counts it may claim a little too often. Fisher's test never does: given how many
there are in all, the hypergeometric chance of so many or more of them now.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from costctl.arrays import Floats


def share_bounds(count: int, of: int, level: float) -> tuple[float, float]:
    """Bounds of the share. of: at least 1."""
    from scipy.special import betaincinv

    tail = (1.0 - level) / 2.0
    low = 0.0 if count == 0 else float(betaincinv(count, of - count + 1, tail))
    high = 1.0 if count == of else float(betaincinv(count + 1, of - count, 1.0 - tail))
    return low, high


def least_excess(now: tuple[int, int], before: tuple[int, int], level: float) -> float:
    """The least by which the share is larger now; negative where it need not be. now, before: count, of how many."""
    share, share_before = now[0] / now[1], before[0] / before[1]
    low, _ = share_bounds(*now, level)
    _, high_before = share_bounds(*before, level)
    return share - share_before - math.hypot(share - low, high_before - share_before)


def chance_of_as_many(now: tuple[int, int], before: tuple[int, int]) -> float:
    """The chance of so many or more now, if the share is the same as before (R. A. Fisher, Journal of the Royal
    Statistical Society 98, 1935). now, before: count, of how many.
    """
    (count, of), (count_before, of_before) = now, before
    counts = np.arange(count, min(of, count + count_before) + 1)
    ways = _log_ways(of, counts) + _log_ways(of_before, count + count_before - counts)
    everything = _log_ways(of + of_before, np.array(count + count_before))
    return min(1.0, float(np.exp(ways - everything).sum()))


def _log_ways(of: int, counts: npt.NDArray[np.integer]) -> Floats:
    """ln C(of, count)."""
    from scipy.special import gammaln

    size = counts.astype(np.float64)
    found: Floats = gammaln(of + 1.0) - gammaln(size + 1.0) - gammaln(of - size + 1.0)
    return found
