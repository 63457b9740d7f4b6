"""To which pool does each call of a class go that is split by weights?

In: weights, a number of calls. Out: by call, in their order, the place of its pool among the weights.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from costctl.arrays import Floats, Ints
from costctl.levers.weights import Weights

_GOLDEN: Final = (math.sqrt(5.0) - 1.0) / 2.0


def dealt(weights: Weights, calls: int) -> Ints:
    """By call, in their order, the place of its pool in ``weights.parts``.

    Call i goes where the fraction of i times the golden ratio falls (a Weyl sequence): of any stretch of calls each
    pool has its part, and the first pool keeps its calls where it gets a larger part.
    """
    parts: Floats = np.array([weight for _, weight in weights.parts], np.float64)
    edges = np.cumsum(parts) / parts.sum()
    at = (np.arange(1, calls + 1) * _GOLDEN) % 1.0
    return np.searchsorted(edges[:-1], at, side="right").astype(np.int64)
