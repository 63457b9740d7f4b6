"""How far may a ratio of sums be off? Bootstrap over blocks of time, or over whole requests.

In: numerators and denominators per block (or per request). Out: an ``Estimate``. Blocks keep what happens
together, together: bursts, days, and the delay that requests put on each other.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from costctl.arrays import Floats
from costctl.documents.estimate import Estimate

BLOCKS: Final = 48
FEWEST_BLOCKS: Final = 28  # with fewer the spread between blocks is not known well enough to speak of 95 %
LEVEL: Final = 0.95
_DRAWS: Final = 1000
_DRAWS_OF_REQUESTS: Final = 400
_MOST_GROUPS: Final = 4_096  # the spread of so many tells that of requests to 1 % (1/√(2·4,096))


def ratio_over_blocks(
    numerator: Floats, denominator: Floats, method: str, rng: np.random.Generator
) -> Estimate | None:
    """Σ numerator / Σ denominator; None with fewer than 28 blocks that have any of the denominator."""
    if np.count_nonzero(denominator) < FEWEST_BLOCKS:
        return None
    weights = block_weights(denominator.size, _DRAWS, rng)
    return _estimate(numerator.sum() / denominator.sum(), weights @ numerator, weights @ denominator, method)


def block_weights(blocks: int, draws: int, rng: np.random.Generator) -> Floats:
    """How often each block is drawn, when as many are drawn as there are: draws × blocks."""
    return rng.multinomial(blocks, np.full(blocks, 1.0 / blocks), size=draws).astype(np.float64)


def ratio_over_requests(
    numerator: Floats, denominator: Floats, method: str, rng: np.random.Generator
) -> Estimate | None:
    """Σ numerator / Σ denominator, one entry per request; None where the denominator is 0 or fewer than 28
    requests. More requests than a few thousand are split at random into that many groups, and groups are drawn: their
    spread tells that of requests.
    """
    size = denominator.size
    if size < FEWEST_BLOCKS or denominator.sum() <= 0:
        return None
    groups = min(size, _MOST_GROUPS)
    shuffled, begins = rng.permutation(size), np.arange(groups) * size // groups
    tops, bottoms = (np.add.reduceat(each[shuffled], begins) for each in (numerator, denominator))
    weights = block_weights(groups, _DRAWS_OF_REQUESTS, rng)
    return _estimate(numerator.sum() / denominator.sum(), weights @ tops, weights @ bottoms, method)


def _estimate(mid: float, tops: Floats, bottoms: Floats, method: str) -> Estimate:
    ratios = tops[bottoms > 0] / bottoms[bottoms > 0]
    low, high = np.quantile(ratios, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(
        low=float(min(low, mid)), mid=float(mid), high=float(max(high, mid)), level=LEVEL, method=method
    )
