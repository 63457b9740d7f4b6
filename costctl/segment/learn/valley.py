"""Are these two groups of requests one shape or two? Two, where the density between them falls to a valley.

In: the rows of two groups. Out: the depth of the valley as a ratio: 1 where there is none, 0 where nothing lies
between.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from costctl.arrays import Floats
from costctl.segment.learn.mixture import MIN_WIDTH

MERGE_AT: Final = (
    0.5  # density in the valley over that of the lower peak, from which two groups are one shape
)
_DOUBT: Final = 2.0  # standard deviations of a count
_GRID: Final = 1024
_MOST_ROWS: Final = 4000


def valley_ratio(one: Floats, other: Floats) -> float:
    """The lowest density on the way between two groups over the lower of the peaks on either side, 0 to 1.

    The least of those seen along each size by itself, and along the direction that tells the groups apart best
    (Fisher's). Rows with a NaN are left out; where too few are left to tell, 1.
    """
    one, other = _whole(one), _whole(other)
    if min(one.shape[0], other.shape[0]) < 2 or one.shape[1] == 0:
        return 1.0
    directions = [*np.eye(one.shape[1]), _fishers(one, other)]
    return min(_valley_along(one @ direction, other @ direction) for direction in directions)


def _valley_along(one: Floats, other: Floats) -> float:
    """The valley in one direction.

    Both groups are smoothed by a normal kernel whose width is that of the narrower one (Silverman's rule). The
    valley is taken as high as so few rows would let it be by chance (two standard deviations of a count).
    """
    low, high = sorted((float(np.median(one)), float(np.median(other))))
    width = 1.06 * min(float(one.std()), float(other.std())) * min(one.size, other.size) ** -0.2
    both = np.concatenate([one, other])
    grid = np.linspace(both.min(), both.max(), _GRID)
    step = float(grid[1] - grid[0])
    between = (grid >= low) & (grid <= high)
    if width <= 0 or not between.any():
        return 1.0
    density = _smoothed(both, grid, width)
    left, right = np.maximum.accumulate(density), np.maximum.accumulate(density[::-1])[::-1]
    window = 2.0 * np.sqrt(np.pi) * width / step  # bins that a density is in effect the mean of
    valley, peak = density[between] * window, np.minimum(left, right)[between] * window
    return float(np.minimum(1.0, (valley + _DOUBT * np.sqrt(valley + 1.0)) / peak).min())


def _whole(rows: Floats) -> Floats:
    whole = rows[~np.isnan(rows).any(axis=1)]
    step = max(1, whole.shape[0] // _MOST_ROWS)
    return np.asarray(whole[::step])


def _fishers(one: Floats, other: Floats) -> Floats:
    within = np.atleast_2d(np.cov(one.T)) + np.atleast_2d(np.cov(other.T))
    within = within + MIN_WIDTH**2 * np.eye(one.shape[1])
    return np.asarray(np.linalg.solve(within, other.mean(axis=0) - one.mean(axis=0)))


def _smoothed(values: Floats, grid: Floats, width: float) -> Floats:
    """Density of the values on an even grid: a histogram, blurred by the kernel."""
    step = float(grid[1] - grid[0])
    edges = np.append(grid - step / 2, grid[-1] + step / 2)
    counts = np.histogram(values, edges)[0].astype(np.float64)
    reach = int(np.ceil(4.0 * width / step)) if step > 0 else 0
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / width) ** 2)
    padded = np.convolve(counts, kernel / kernel.sum())
    return np.asarray(padded[reach : reach + grid.size])
