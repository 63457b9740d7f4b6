"""Which placement of classes on pools is the cheapest? A mixed-integer program over measured loads.

min Σ_g c_g·B_g over x_kg ∈ {0, 1} and whole B_g, with Σ_g x_kg = 1 and Σ_k x_kg·load_kg ≤ ρ·B_g, solved by
scipy.optimize.milp (HiGHS).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from costctl.arrays import Floats
from costctl.recommend.savings import MOST_UTILISATION


@dataclass(frozen=True, slots=True)
class Option:
    """A class on a pool: busy seconds that it causes there, by block."""

    request_class: int
    pool: int
    busy_s: Floats


def cheapest_placement(options: Sequence[Option], loads: Floats, usd_per_s: Floats) -> list[int]:
    """Indices of the chosen options, one a class; none where nothing is feasible. loads: busy replicas that each option
    causes.  usd_per_s: price of a replica, by pool.

    Whole replicas are bought; a thousandth of the fractional price breaks ties between placements that need as many.
    """
    classes = sorted({option.request_class for option in options})
    pools = usd_per_s.size
    size = len(options) + pools
    owner = np.array([option.pool for option in options])
    cost = np.concatenate([1e-3 * loads * usd_per_s[owner], usd_per_s])
    one_each = np.zeros((len(classes), size))
    for column, option in enumerate(options):
        one_each[classes.index(option.request_class), column] = 1.0
    room = np.zeros((pools, size))
    room[owner, np.arange(len(options))] = loads
    room[np.arange(pools), len(options) + np.arange(pools)] = -MOST_UTILISATION
    upper = np.concatenate([np.ones(len(options)), np.full(pools, np.inf)])
    solution = milp(
        cost,
        constraints=[LinearConstraint(one_each, 1.0, 1.0), LinearConstraint(room, -np.inf, 0.0)],
        integrality=np.ones(size),
        bounds=Bounds(np.zeros(size), upper),
    )
    if solution.x is None:
        return []
    return [int(place) for place in np.flatnonzero(solution.x[: len(options)] > 0.5)]
