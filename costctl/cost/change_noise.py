"""By how much would the cost of two times differ by chance?

In: USD by short blocks of both times, and the squares of what each request costs. Out: a standard error, USD. The
larger of two, as neither sees all:

    requests that come alone        √Σ x²                       x: USD of a request (a compound Poisson process)
    requests that come together     √Σ e² · n/(n−1)             e = a − r·b, blocks at the same time of day, r = Σa / Σb
                                    √Σ (a' − a)² / 2            a, a': blocks one after the other, else

What follows the hour of the day is in both of a pair, and so is no noise; what changes slowly is little in neighbours.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from costctl.arrays import Floats

_MOST_BLOCKS: Final = 48  # of a side that are set beside their neighbours: longer than a session, and many
_FEWEST_BLOCKS: Final = 4


def noise_usd(before: Floats, after: Floats, usd_squared: float, *, is_same_time_of_day: bool) -> float:
    """The standard error of after − before. before, after: USD by block of equal length, in order.  usd_squared: sum
    over the requests of both.
    """
    apart = _of_neighbours(before) + _of_neighbours(after)
    together = _of_pairs(before, after) if is_same_time_of_day else apart
    return math.sqrt(max(usd_squared, together))


def _of_pairs(before: Floats, after: Floats) -> float:
    """Variance, by what is left when one time is the other times a constant; 0 where either has nothing."""
    if before.size < _FEWEST_BLOCKS or before.sum() <= 0 or after.sum() <= 0:
        return 0.0
    rest = after - after.sum() / before.sum() * before
    return float((rest**2).sum() * before.size / (before.size - 1))


def _of_neighbours(usd: Floats) -> float:
    """Variance of the sum, by differences of neighbours."""
    together = max(1, usd.size // _MOST_BLOCKS)
    blocks = usd[: usd.size // together * together].reshape(-1, together).sum(axis=1)
    if blocks.size < _FEWEST_BLOCKS:
        return 0.0
    return float((np.diff(blocks) ** 2).sum() / 2 * blocks.size / (blocks.size - 1))
