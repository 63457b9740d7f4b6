"""Which laws of service agree with the fit? Drawn around the fitted one, in pairs of opposite sign.

In: fitted pools. Out: deviations of α, β and γ as ratios, pools × 3, and pools that keep to a law so far off. Of a pair
one law is off by d and the other by −d: whatever grows in proportion to the deviation cancels in the mean of the two
(antithetic draws; Hammersley & Morton, Mathematical Proceedings of the Cambridge Philosophical Society 52, 1956), and
half of their difference tells how much a deviation matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from costctl.arrays import Floats
from costctl.service_model.pool_fit import PoolFit
from costctl.simulate.workload import Pool

SIGNS: Final = (1.0, -1.0)
_PACE: Final = 0.005  # standard deviation of a day's step times around the law, as a ratio
_MOST: Final = 0.9  # of a constant: no law has a negative one


def error_roots(fitted: Sequence[PoolFit]) -> Floats:
    """Of each pool a square root of the covariance of the relative errors of α, β and γ: pools × 3 × 3. A constant that
    was found to be 0 has no relative error.
    """
    roots = np.zeros((len(fitted), 3, 3))
    for root, fit in zip(roots, fitted, strict=True):
        model = fit.pool.model
        constants = np.array([model.alpha_s, model.beta_s, model.gamma_s])
        per_constant = np.divide(1.0, constants, out=np.zeros(3), where=constants > 0)
        covariance = np.array(fit.times.covariance_s2) * np.outer(per_constant, per_constant)
        size, axes = np.linalg.eigh(covariance)
        root[:] = axes * np.sqrt(np.maximum(size, 0.0))
    return roots


def deviations(roots: Floats, rng: np.random.Generator) -> Floats:
    """One draw: what the errors of the fit leave open, and the pace of a day, the same for α and β."""
    drawn: Floats = np.einsum("pij,pj->pi", roots, rng.standard_normal(roots.shape[:2]))
    drawn[:, :2] += _PACE * rng.standard_normal((len(roots), 1))
    return drawn.clip(-_MOST, _MOST)


def deviating(pools: Sequence[Pool], by: Floats) -> list[Pool]:
    """The pools under a law that is off by these ratios, pools × 3."""
    return [
        replace(
            pool,
            model=replace(
                pool.model,
                alpha_s=pool.model.alpha_s * (1.0 + alpha),
                beta_s=pool.model.beta_s * (1.0 + beta),
                gamma_s=pool.model.gamma_s * (1.0 + gamma),
            ),
        )
        for pool, (alpha, beta, gamma) in zip(pools, by.tolist(), strict=True)
    ]
