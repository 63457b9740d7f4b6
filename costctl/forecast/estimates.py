"""From drawn futures to an interval, and from an interval to draws.

In: a value by path. Out: ``Estimate``: the mean, so that parts add up, between the quantiles of the level.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.stats import norm

from costctl.arrays import Floats
from costctl.documents.estimate import Estimate

METHOD: Final = "drawn futures of a structural model"
KNOWN: Final = "known, not drawn"


def estimate_of(drawn: Floats, level: float, least: float | None = None) -> Estimate:
    """The mean, and the quantiles that leave out as much on either side; what is the same on all paths is exact.

    least: below which nothing can be: bounds of a path that was drawn below it are put there.
    """
    found = _estimate_of(drawn, level)
    if least is None or found.low >= least:
        return found
    low, mid, high = (max(least, each) for each in (found.low, found.mid, found.high))
    return Estimate(low=low, mid=mid, high=high, level=found.level, method=found.method)


def _estimate_of(drawn: Floats, level: float) -> Estimate:
    mid = float(drawn.mean())
    low, high = (float(each) for each in np.quantile(drawn, [(1.0 - level) / 2.0, (1.0 + level) / 2.0]))
    if float(np.ptp(drawn)) == 0.0:
        return known(float(drawn[0]))
    return Estimate(low=min(low, mid), mid=mid, high=max(high, mid), level=level, method=METHOD)


def known(value: float) -> Estimate:
    """A value that is the same on all paths."""
    return Estimate(low=value, mid=value, high=value, level=None, method=KNOWN)


def draws_of(estimate: Estimate, paths: int, rng: np.random.Generator) -> Floats:
    """Values that have this interval: on each side of the middle half a normal, as wide as the bound says; between
    bounds that the truth cannot leave, all alike.
    """
    if estimate.low == estimate.high:
        return np.full(paths, estimate.mid)
    if estimate.level is None:
        return rng.uniform(estimate.low, estimate.high, paths)
    z = float(norm.isf((1.0 - estimate.level) / 2.0))
    scores = rng.standard_normal(paths)
    below, above = estimate.mid - estimate.low, estimate.high - estimate.mid
    return estimate.mid + scores / z * np.where(scores < 0.0, below, above)
