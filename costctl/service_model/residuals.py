"""How well does a service model fit at each load, and up to which load was it seen to hold?

In: of each call (or batch) the load it was served at, and its residual. Out: ``LoadResidual`` for each fifth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Floats

_LOADS: Final = 5
_VALID_WITHIN: Final = 0.05  # a fifth of the calls whose median is further off is beyond the model


@dataclass(frozen=True, slots=True)
class LoadResidual:
    """Calls that were served among this many sequences (batches of so many calls), and the median of modelled over
    observed − 1.
    """

    least_active: float
    most_active: float
    calls: int
    residual_ratio: float


def residuals_by_load(active: Floats, residual: Floats) -> tuple[LoadResidual, ...]:
    """From the fifth at the lowest load to that at the highest."""
    order = np.argsort(active, kind="stable")
    return tuple(
        LoadResidual(
            float(active[part[0]]), float(active[part[-1]]), int(part.size), float(np.median(residual[part]))
        )
        for part in np.array_split(order, _LOADS)
        if part.size
    )


def valid_up_to_active(residuals: tuple[LoadResidual, ...]) -> float:
    """The highest load below which every fifth fits; 0 where the lowest does not."""
    reached = 0.0
    for each in residuals:
        if abs(each.residual_ratio) > _VALID_WITHIN:
            break
        reached = each.most_active
    return reached
