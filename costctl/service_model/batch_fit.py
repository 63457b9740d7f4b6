"""How long does a whole batch take? Fitted on the batches that were seen.

In: the calls of one pool that serves whole batches. Out: α, β, γ in seconds: a batch of n calls with t tokens
takes α + β·n + γ·t. Batches of a replica follow each other, so that calls of one replica are one batch where the
middle of each lies before the end of the others; it began when they stopped waiting, and ended when they ended.
docs/explanation/service-model.md
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import least_squares, nnls

from costctl.arrays import Bools, Floats, Ints
from costctl.service_model.covariance import EXACT, Covariance, covariance_of, standard_errors
from costctl.service_model.residuals import LoadResidual, residuals_by_load

_FEWEST_BATCHES: Final = 30
_OUTLIER: Final = 0.02  # residual over the length of a batch, beyond which the robust loss grows linearly
_LEAST_SPREAD: Final = 0.02  # of the sizes, and of the tokens at equal size, over their mean
_MOST_ERROR: Final = 0.05  # standard error of a part of the length of a batch, over its length
_WARNING: Final = "cannot be separated"


@dataclass(frozen=True, slots=True)
class BatchTimes:
    """alpha_s, beta_s, gamma_s: as above.  calls: how many the fit rests on.  residual_p90_ratio: nine in ten
    batches took as long as they should within this ratio.  batch_error_ratio: relative standard error of the
    length of a mean batch.  covariance_s2: of the errors of the three, s².  by_load: from the smallest fifth of the
    batches to the largest.
    """

    alpha_s: float
    beta_s: float
    gamma_s: float
    calls: int
    residual_p90_ratio: float = 0.0
    batch_error_ratio: float = 0.0
    covariance_s2: Covariance = EXACT
    by_load: tuple[LoadResidual, ...] = ()

    @property
    def errors_s(self) -> tuple[float, float, float]:
        """Standard errors of α, β, γ."""
        return standard_errors(self.covariance_s2)

    @property
    def error_ratio(self) -> float:
        """Relative standard error of the time that batches take."""
        return self.batch_error_ratio


@dataclass(frozen=True, slots=True)
class _Batches:
    length_s: Floats
    sizes: Ints
    tokens: Floats


def fit_batch_times(replica: Ints, begin_s: Floats, end_s: Floats, tokens: Ints) -> BatchTimes | str:
    """The batch times, or why they cannot be had. One entry per call; tokens: uncached, -1 where not
    reported.
    """
    if not np.isfinite(begin_s).any():
        return "no call reports queue time, so the start of a batch is unknown"
    if not (tokens >= 0).any():
        return "no call reports its prompt tokens, so the work of a batch is unknown"
    batches = _batches(replica, begin_s, end_s, tokens)
    if batches.sizes.size < _FEWEST_BATCHES:
        return f"only {batches.sizes.size} batches are complete; {_FEWEST_BATCHES} are needed"
    if batches.sizes.std() < _LEAST_SPREAD * batches.sizes.mean():
        return (
            f"every batch held {batches.sizes.mean():.3g} calls, so the fixed and per-call parts of the "
            f"batch time {_WARNING}; traffic at lower or higher load is needed"
        )
    design = np.column_stack([np.ones(batches.sizes.size), batches.sizes, batches.tokens])
    beyond = batches.tokens - design[:, :2] @ np.linalg.lstsq(design[:, :2], batches.tokens, rcond=None)[0]
    if beyond.std() < _LEAST_SPREAD * batches.tokens.mean():
        return (
            "all calls have about as many prompt tokens, so the per-call and per-token parts of the batch "
            f"time {_WARNING}"
        )
    return _solved(design, batches)


def _solved(design: Floats, batches: _Batches) -> BatchTimes | str:
    """Robust non-negative least squares, twice: each batch counts first by the ratio of its error, else long ones would
    decide, and then by how far batches of its length were off.
    """
    first = _least_squares(design, batches.length_s, _OUTLIER * batches.length_s)
    noise_s = _noise_s(design @ first[0] - batches.length_s, batches.length_s)
    parts, covariance = _least_squares(design, batches.length_s, 3.0 * noise_s)
    mean = design.mean(axis=0)
    mean_s = float(mean @ parts)
    errors = np.sqrt(np.diag(covariance))
    if (errors * mean).max() > _MOST_ERROR * mean_s:
        return (
            f"{batches.sizes.size} batches of {batches.sizes.min()} to {batches.sizes.max()} calls are too "
            f"few and too alike: the fixed, per-call and per-token parts of the batch time {_WARNING}"
        )
    alpha_s, beta_s, gamma_s = (float(value) for value in parts)
    residual = design @ parts / batches.length_s - 1.0
    return BatchTimes(
        alpha_s,
        beta_s,
        gamma_s,
        int(batches.sizes.sum()),
        float(np.quantile(np.abs(residual), 0.9)),
        float(np.sqrt(max(mean @ covariance @ mean, 0.0))) / mean_s,
        covariance_of(covariance),
        residuals_by_load(batches.sizes.astype(np.float64), residual),
    )


def _noise_s(residual_s: Floats, length_s: Floats) -> Floats:
    """How far each batch may be off: a part that all share, as of a clock, and one that goes by its length."""
    is_short = length_s <= np.median(length_s)
    clock_s = 1.48 * float(np.median(np.abs(residual_s[is_short])))
    ratio = 1.48 * float(np.median(np.abs(residual_s / length_s)[~is_short])) if (~is_short).any() else 0.0
    noise_s: Floats = np.hypot(clock_s, ratio * length_s)
    return np.maximum(noise_s, 1e-6 * length_s)


def _least_squares(design: Floats, length_s: Floats, outlier_s: Floats) -> tuple[Floats, Floats]:
    """Non-negative constants and their covariance. outlier_s: beyond it a residual counts linearly."""
    weighted = design / outlier_s[:, None]
    scale = np.linalg.norm(weighted, axis=0)
    weighted, target = weighted / scale, length_s / outlier_s
    start, _ = nnls(weighted, target)
    fit = least_squares(
        lambda parts: weighted @ parts - target,
        np.maximum(start, 1e-9 * start.max()),
        jac=lambda _: weighted,
        bounds=(0.0, np.inf),
        loss="soft_l1",
        xtol=1e-14,
        ftol=1e-14,
        gtol=1e-14,
    )
    residual = weighted @ fit.x - target
    weight = 1.0 / np.sqrt(1.0 + residual**2)
    inverse = np.linalg.pinv(weighted.T @ (weighted * (weight**3)[:, None]))
    scores = weighted * (weight * residual)[:, None]
    return fit.x / scale, inverse @ (scores.T @ scores) @ inverse / np.outer(scale, scale)


def _batches(replica: Ints, begin_s: Floats, end_s: Floats, tokens: Ints) -> _Batches:
    """The complete batches: every call of them tells its beginning and its tokens. Calls that never ran are left
    out.
    """
    ran = np.flatnonzero(~(end_s <= begin_s))
    order = ran[np.lexsort((end_s[ran], replica[ran]))]
    replica, begin_s, end_s, tokens = replica[order], begin_s[order], end_s[order], tokens[order]
    is_new = _is_new(replica, begin_s, end_s)
    starts = np.flatnonzero(is_new)
    batch = np.cumsum(is_new) - 1
    sizes = np.diff(np.append(starts, replica.size))
    length_s = _medians(end_s, batch, starts, sizes) - _medians(begin_s, batch, starts, sizes)
    known = (np.minimum.reduceat(tokens, starts) >= 0) & np.isfinite(length_s) & (length_s > 0)
    sums = np.add.reduceat(np.maximum(tokens, 0), starts).astype(np.float64)
    return _Batches(length_s[known], sizes[known], sums[known])


def _is_new(replica: Ints, begin_s: Floats, end_s: Floats) -> Bools:
    """Which calls, in order of replica and end, open a batch: those whose middle lies behind the end of the
    call before.

    A call that does not tell its beginning belongs to the batch that it ended with, to the tenth of its length.
    """
    middle_s = np.where(np.isfinite(begin_s), (begin_s + end_s) / 2, end_s)
    slack_s = np.where(
        np.isfinite(begin_s), 0.0, 0.1 * np.nan_to_num(np.append(np.nan, (end_s - begin_s)[:-1]))
    )
    is_new = np.ones(replica.size, np.bool_)
    is_new[1:] = (np.diff(replica) != 0) | (middle_s[1:] - slack_s[1:] > end_s[:-1])
    return is_new


def _medians(values: Floats, batch: Ints, starts: Ints, sizes: Ints) -> Floats:
    """The median of each batch's values; NaN where one is unknown and it is in the middle."""
    inner = values[np.lexsort((values, batch))]
    found: Floats = (inner[starts + (sizes - 1) // 2] + inner[starts + sizes // 2]) / 2
    return found
