"""How far may a mean of repeated experiments be off? By their spread, by the law that they share, by the model itself.

In: what each replicate found, and how each draw answered to its deviation from the fitted law. Out: an ``Estimate``.
The three are independent, so that their variances add up. The first and the last are estimated from few values: the
quantile is that of Student's t with the degrees of freedom of Satterthwaite (Biometrics Bulletin 2, 1946).

    half width = t · √v,   v = s²/R + law + model²
    degrees of freedom = v² / ((s²/R)² / (R − 1) + model⁴ / f)
"""

from __future__ import annotations

from typing import Final

import numpy as np

from costctl.arrays import Floats
from costctl.documents.estimate import Estimate

FEWEST_REPLICATES: Final = 3
LEVEL: Final = 0.95
_MODEL_FREEDOM: Final = 3  # f: the error of the model is seen in busy time, median and p95 of latency
_MOST_FREEDOM: Final = 1e6  # Student's t is then the normal distribution
_SLOPE: Final = (
    3.0  # per cent of the mean for a per cent of a constant: how far slopes lay apart that were told well
)


def mean_of_replicates(
    found: Floats, law_variance: float, model_error: float, method: str, exact: float = 0.0
) -> Estimate:
    """The mean of the replicates, plus what is known exactly.

    found: R values, at least three.  law_variance: of their mean, because the law is not known exactly.  model_error:
    standard error of the model, in the unit of the values.
    """
    from scipy.special import stdtrit

    mid = float(found.mean()) + exact
    drawn, model = float(found.var(ddof=1)) / found.size, model_error**2
    variance = drawn + law_variance + model
    if variance == 0.0:
        return Estimate(low=mid, mid=mid, high=mid, level=LEVEL, method=method)
    unsure = (drawn / variance) ** 2 / (found.size - 1) + (model / variance) ** 2 / _MODEL_FREEDOM
    freedom = 1.0 / max(unsure, 1.0 / _MOST_FREEDOM)
    half = float(stdtrit(freedom, (1.0 + LEVEL) / 2.0)) * float(np.sqrt(variance))
    return Estimate(low=mid - half, mid=mid, high=mid + half, level=LEVEL, method=method)


def law_variance(answers: Floats, deviations: Floats, covariance: Floats, scale: float) -> float:
    """Variance of a mean of which the law is known up to a covariance.

    answers: n values, half of what a pair of laws of opposite sign differed by.  deviations: n × q, by what ratios the
    laws were off.  covariance: q × q, of the ratios by which the fit may be off.  scale: size of the mean.

    The slopes of answers over deviations are those of a Bayesian linear regression: before the answers are looked at, a
    per cent of a constant moves the mean by three per cent of its scale, one standard deviation, up or down. So few or
    noisy answers leave the slope near that, and do not let their noise pass for an error of the law.

        slopes ~ N(m, V),   V = (XᵀX/s² + I/(3·scale)²)⁻¹,   m = V Xᵀy/s²,   variance = mᵀ C m + tr(C V)
    """
    if scale == 0.0 or not covariance.any():
        return 0.0
    units = answers / scale
    noise = float(units @ units) / units.size
    if noise == 0.0:
        return 0.0
    spread = np.linalg.inv(deviations.T @ deviations / noise + np.eye(deviations.shape[1]) / _SLOPE**2)
    slopes = spread @ (deviations.T @ units) / noise
    return scale**2 * float(slopes @ covariance @ slopes + np.trace(covariance @ spread))
