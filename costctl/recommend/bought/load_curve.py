"""How many units of some capacity make the bill least? The load-duration curve, in USD.

In: a load, what its calls cost at list price, sizes. Out: ``Curve``. Each size costs what is paid for by time and what
spills over:

    cost(u) = u · price · hours + Σ_calls usd · (1 − covered(u))

All sizes are compared, at the cost of one sort of the calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Floats, Ints
from costctl.rebill.capacity import MINUTES_PER_HOUR, Load, Unit
from costctl.units import S_PER_HOUR, S_PER_MINUTE

_MOST_SIZES: Final = 10_000  # that are compared; of more, as many at equal distances
_SAME_USD: Final = 1e-9  # of the bill: a smaller difference is what is left of sums of floats


@dataclass(frozen=True, slots=True)
class Curve:
    """sizes: numbers of units, ascending.  usd: what each would cost.  list_usd: without any."""

    sizes: Ints
    usd: Floats
    list_usd: float

    @property
    def best(self) -> int:
        """The size that costs least, the smallest of those that do."""
        is_least = self.usd <= self.usd.min() + _SAME_USD * max(self.list_usd, 1.0)
        return int(self.sizes[np.argmax(is_least)])


def curve_of(load: Load, usd: Floats, unit: Unit, sizes: Ints, paid_s: float) -> Curve:
    """The curve of a load over the sizes. usd: at list price, of each call.  paid_s: for how long units are paid."""
    per_unit_usd = unit.usd_per_hour * paid_s / S_PER_HOUR
    list_usd = float(usd[load.is_taken].sum())
    counts: Floats = sizes.astype(np.float64)
    covered = load.covered_usd(usd, counts * unit.per_minute)
    return Curve(sizes, counts * per_unit_usd + list_usd - covered, list_usd)


def sizes_up_to(peak: float, unit: Unit, least: int, step: int, most: int) -> Ints:
    """The numbers of units that can be had, from the least to the first that carries the peak, or to the most."""
    needed = min(peak / unit.per_minute, float(most))
    more = max(0, min(int(np.ceil((needed - least) / step)), (most - least) // step))
    steps = np.arange(more + 1) if more < _MOST_SIZES else np.linspace(0, more, _MOST_SIZES).round()
    return (least + step * steps).astype(np.int64)


def by_minute(load: Load, minute: Ints) -> Floats:
    """What is taken in each minute in which anything is, ascending: the load-duration curve."""
    taken = load.is_taken
    _, place = np.unique(minute[taken], return_inverse=True)
    return np.sort(np.bincount(place, load.takes[taken]))


def least_utilisation(load: Load, usd: Floats, unit: Unit) -> float:
    """The part of its time that a unit must be in use for to be worth its price; infinite where nothing has a price."""
    taken = float(load.takes[load.is_taken].sum())
    worth_usd = float(usd[load.is_taken].sum()) / taken if taken > 0 else 0.0
    full_hour_usd = worth_usd * unit.per_minute * MINUTES_PER_HOUR
    return unit.usd_per_hour / full_hour_usd if full_hour_usd > 0 else float("inf")


def utilisation(load: Load, unit: Unit, units: int, paid_s: float) -> float:
    """The part of the time of these units that is used."""
    used = float((load.takes * load.covered(units * unit.per_minute)).sum())
    return used / (units * unit.per_minute * paid_s / S_PER_MINUTE)
