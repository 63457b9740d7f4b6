"""What would have come of those that came so far, if nothing had been changed? As much of each as before.

In: amounts of those before, and how many there are since. Out: ``Estimate`` of the sum since. With x_b the amounts and
n_b the number of those before in cluster b (a session, or a block of time), N = Σ n_b and R of them since:

    rate  = Σ x_b / N               sum = R · rate
    error = (R/N) · Σ_b w_b e_b + Σ_b v_b e_b
            e_b = x_b − rate · n_b,  Σ e_b = 0,  w_b ~ Poisson(1),  v_b ~ Poisson(R/N)

The first term is what is not known of the rate, the second that those since are other ones. No volume is in it but R.
Drawn errors are widened as Student's distribution is over the normal one: their size, too, is known from B clusters
only.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from costctl.arrays import Floats, Ints
from costctl.documents.estimate import Estimate

LEVEL: Final = 0.95
_DRAWS: Final = 2000
_MOST_GROUPS: Final = 2000  # of clusters that are drawn together


def predicted(amounts: Floats, cluster: Ints, count: int, method: str, seed: int) -> Estimate:
    """amounts: of each before.  cluster: of each, a number.  count: how many there are since."""
    numbers = np.unique(cluster, return_inverse=True)[1]
    rate = float(amounts.mean())
    error = np.bincount(numbers, amounts - rate).astype(np.float64)
    ratio = count / amounts.size
    drawn = _errors(error, ratio, np.random.default_rng([seed, count, amounts.size]))
    tail = (1.0 - LEVEL) / 2.0
    low, high = np.quantile(drawn, (tail, 1.0 - tail)) * _wider(error.size, 1.0 - tail)
    mid = rate * count
    return Estimate(low=mid + float(low), mid=mid, high=mid + float(high), level=LEVEL, method=method)


def _wider(clusters: int, quantile: float) -> float:
    """Student's quantile over that of the normal distribution, with clusters − 1 degrees of freedom."""
    from scipy.special import ndtri, stdtrit

    freedom = max(clusters - 1, 1)
    return float(stdtrit(freedom, quantile) / ndtri(quantile) * np.sqrt(clusters / freedom))


def _errors(error: Floats, ratio: float, rng: np.random.Generator) -> Floats:
    """Draws of the error. error: of each cluster; they sum to 0."""
    if error.size <= _MOST_GROUPS:
        known = ratio * (rng.poisson(1.0, (_DRAWS, error.size)) @ error)
        others = rng.poisson(ratio, (_DRAWS, error.size)) @ error
        found: Floats = known + others
        return found
    spread = float(np.sqrt((error**2).sum() * (ratio**2 + ratio)))
    return spread * rng.standard_normal(_DRAWS)
