"""How far may α, β and γ be off, and together with which of the others? Plain values for a frozen fit."""

from __future__ import annotations

from typing import Final

import numpy as np

from costctl.arrays import Floats

Covariance = tuple[tuple[float, ...], ...]
EXACT: Final[Covariance] = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))


def covariance_of(matrix_s2: Floats) -> Covariance:
    """Of the three constants, s². matrix_s2: 3 × 3, or 2 × 2 of α and β where γ is taken as known."""
    whole = np.zeros((3, 3))
    whole[: len(matrix_s2), : len(matrix_s2)] = matrix_s2
    return tuple(tuple(row) for row in whole.tolist())


def of_errors_alone(errors_s: tuple[float, float, float]) -> Covariance:
    """Of constants whose errors are known each by itself: as if none went with another, which overstates that of a step
    where α is high when β is low.
    """
    return covariance_of(np.diag(np.square(errors_s)))


def standard_errors(covariance_s2: Covariance) -> tuple[float, float, float]:
    """Of α, β, γ, in seconds."""
    alpha, beta, gamma = np.sqrt(np.diag(np.array(covariance_s2))).tolist()
    return alpha, beta, gamma
