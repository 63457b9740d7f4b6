"""Which sizes do requests of one structure come in? Mixtures of normal laws in log scale, as many as the BIC wants.

In: rows of sizes in e-folds. Out: a ``Mixture``, and the log-density of any row under each of its components.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from costctl.arrays import Floats, Ints

MIN_WIDTH: Final = 0.05  # e-folds: sizes that differ by less than a twentieth are one size
_MOST_COMPONENTS: Final = 8
_PATIENCE: Final = 2  # numbers of components tried past the best one
_ROWS_PER_COMPONENT: Final = 8


@dataclass(frozen=True, slots=True)
class Mixture:
    """k normal components in d dimensions. bic: of each number of components tried, from 1; lower is better."""

    weights: Floats
    means: Floats
    covariances: Floats
    bic: tuple[float, ...]

    def log_densities(self, rows: Floats) -> Floats:
        """n × k: ln(weight × density) of the observed part of each row.

        The law of some coordinates of a normal vector is again normal: a size that was not observed is left
        out, not filled in. A row of which nothing was observed has the weights alone.
        """
        found = np.tile(np.log(self.weights), (rows.shape[0], 1))
        seen = ~np.isnan(rows)
        patterns, which = np.unique(seen, axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            if not pattern.any():
                continue
            members = np.flatnonzero(which.ravel() == number)
            part = rows[np.ix_(members, np.flatnonzero(pattern))]
            for component in range(self.weights.size):
                covariance = self.covariances[component][np.ix_(pattern, pattern)]
                found[members, component] += _log_normal(part, self.means[component][pattern], covariance)
        return found


def fit_mixture(rows: Floats, seed: int) -> Mixture:
    """The mixture with the least BIC; rows are complete. Components are no narrower than MIN_WIDTH."""
    from sklearn.mixture import GaussianMixture

    most = max(1, min(_MOST_COMPONENTS, rows.shape[0] // _ROWS_PER_COMPONENT))
    best: Any = None
    bic: list[float] = []
    for components in range(1, most + 1):
        fitted = GaussianMixture(
            components,
            covariance_type="full",
            reg_covar=MIN_WIDTH**2,
            max_iter=200,
            tol=1e-3,
            random_state=seed,
        )
        fitted.fit(rows)
        bic.append(float(fitted.bic(rows)))
        if bic[-1] <= min(bic):
            best = fitted
        if len(bic) - 1 - int(np.argmin(bic)) >= _PATIENCE:
            break
    order = np.lexsort(best.means_.T[::-1])
    return Mixture(best.weights_[order], best.means_[order], best.covariances_[order], tuple(bic))


def components_of(mixture: Mixture, rows: Floats) -> Ints:
    """The likeliest component of each row."""
    return np.asarray(np.argmax(mixture.log_densities(rows), axis=1), np.int64)


def _log_normal(rows: Floats, mean: Floats, covariance: Floats) -> Floats:
    root = np.linalg.cholesky(covariance)
    scaled = np.linalg.solve(root, (rows - mean).T)
    log_det = 2.0 * np.log(np.diag(root)).sum()
    return np.asarray(-0.5 * ((scaled**2).sum(axis=0) + log_det + mean.size * np.log(2.0 * np.pi)))
