"""How much of a change in an amount is due to each of its factors? Exact shares, that add up to the change.

In: the factors before and after. Out: an effect of each, in the unit of the amount.

    count × unit cost       volume = (n₁ − n₀)(u₀ + u₁)/2       unit cost = (u₁ − u₀)(n₀ + n₁)/2
    u = f¹ · f² · …         φᵢ = Δfᵢ ∫₀¹ Πⱼ≠ᵢ (f⁰ⱼ + s Δfⱼ) ds

φᵢ is the Shapley value of factor i: the mean, over every order in which the factors could have changed one after the
other, of what its change adds. For a product, which is linear in each factor, that mean is this integral (Aumann and
Shapley 1974; Owen 1972, multilinear extensions), and Gauss and Legendre's rule of as many points as half the factors is
exact for it. A factor that does not change has no effect, swapping the sides turns every sign, and the effects add up.
The count and the unit cost are split first, and the unit cost within: Owen's value for factors that come in groups.
"""

from __future__ import annotations

import numpy as np

from costctl.arrays import Floats


def effects_of_count(
    count: tuple[Floats, Floats], amount: tuple[Floats, Floats]
) -> tuple[Floats, Floats, tuple[Floats, Floats]]:
    """Of amounts that are a count times a unit cost: the effect of the count, that of the unit cost, and both unit
    costs. Each pair: before, after, arrays of one shape.  Where a side counts nothing, all of the change is the
    count's, and the unit cost is that of the other side.
    """
    units = carried(ratio(amount[0], count[0]), ratio(amount[1], count[1]))
    of_count = (count[1] - count[0]) * (units[0] + units[1]) / 2
    return of_count, amount[1] - amount[0] - of_count, units


def effects_of_factors(before: Floats, after: Floats) -> Floats:
    """φ of each factor of products. before, after, out: factors × products."""
    change = after - before
    nodes, weights = np.polynomial.legendre.leggauss((before.shape[0] + 1) // 2)
    effects = np.zeros_like(before)
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        at = before + node * change
        effects += weight * change * _product_of_others(at)
    return effects


def ratio(top: Floats, bottom: Floats) -> Floats:
    """top / bottom; NaN where that is not known."""
    known = bottom != 0
    return np.where(known, top / np.where(known, bottom, 1.0), np.nan)


def carried(before: Floats, after: Floats) -> tuple[Floats, Floats]:
    """A factor that is not known of one side is taken as that of the other; 1 where it is known of none."""
    return (
        np.where(np.isnan(before), np.where(np.isnan(after), 1.0, after), before),
        np.where(np.isnan(after), np.where(np.isnan(before), 1.0, before), after),
    )


def _product_of_others(factors: Floats) -> Floats:
    """Of each factor the product of all others: no factor is divided by, as it may be 0."""
    ones = np.ones((1, *factors.shape[1:]))
    up_to = np.cumprod(np.concatenate([ones, factors[:-1]]), axis=0)
    from_ = np.cumprod(np.concatenate([ones, factors[:0:-1]]), axis=0)[::-1]
    product: Floats = up_to * from_
    return product
