"""How long does a decode step take, and a prompt token? Fitted by counting the steps that every call must
have seen.

In: the calls of one pool that decodes continuously. Out: α, β, γ in seconds: a step of n sequences takes α +
β·n, prefill γ per uncached token. Between two changes of the active set steps pass at the rate 1/(α + β·n(t)),
in the time that prefill leaves: a prompt token takes γ from them, whether prompts stall decoding or ride along. A
call that decoded m tokens has seen m steps: ∫ (1 − γ·prompt tokens per second) dt / (α + β·n(t)) = m.
Regressing time per token on mean concurrency does not recover α and β: fast steps are under-represented in
time. docs/explanation/service-model.md
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import least_squares

from costctl.arrays import Floats, Ints
from costctl.service_model.covariance import EXACT, Covariance, covariance_of, standard_errors
from costctl.service_model.prefill_fit import (
    gamma_by_lowest_s,
    gamma_by_slope_s,
    one_step_prompts,
    prefill_begin_s,
)
from costctl.service_model.residuals import LoadResidual, residuals_by_load
from costctl.service_model.step_intervals import Decoding, Intervals, between, cut

_FEWEST_CALLS: Final = 50
_OUTLIER: Final = 0.02  # relative residual beyond which the robust loss grows linearly
_BLOCKS: Final = 48  # of time, for the standard errors: calls of one block share their steps
_LEAST_SPREAD: Final = 0.02  # of concurrency between calls, standard deviation over mean
_MOST_ERROR: Final = 0.05  # standard error of a part of the step time, over the step time
_GAMMA_ERROR: Final = (
    0.005  # standard error of γ found with the steps, beyond which the slope of prefill is taken
)
_RECUTS: Final = 3  # where γ is found together with the steps, the time is cut anew under each γ

Pieces = tuple[Floats, Floats, Floats, Floats]


@dataclass(frozen=True, slots=True)
class StepTimes:
    """alpha_s, beta_s, gamma_s: as above.  calls: how many the fit rests on.  residual_p90_ratio: nine in ten
    calls have seen steps within this ratio of the tokens they decoded.

    step_error_ratio: relative standard error of the time of a step at the mean concurrency.  covariance_s2: of the
    errors of α, β, γ, s²; that of γ is 0 where it is the slope of prefill.  by_load: from the
    fifth of the calls at the lowest load to that at the highest.  prefill_steps: steps that a prompt takes beyond γ a
    token, a median: about 0 where prefill stalls decoding, 1 where it rides along; None where no prefill was seen by
    itself.
    """

    alpha_s: float
    beta_s: float
    gamma_s: float
    calls: int
    residual_p90_ratio: float
    step_error_ratio: float = 0.0
    covariance_s2: Covariance = EXACT
    by_load: tuple[LoadResidual, ...] = ()
    prefill_steps: float | None = None

    @property
    def errors_s(self) -> tuple[float, float, float]:
        """Standard errors of α, β, γ."""
        return standard_errors(self.covariance_s2)

    @property
    def error_ratio(self) -> float:
        """Relative standard error of the time that decoding and prefill take."""
        return float(np.hypot(self.step_error_ratio, self.errors_s[2] / self.gamma_s))


def fit_step_times(calls: Decoding) -> StepTimes | str:
    """The step times, or why they cannot be had."""
    missing = _missing(calls)
    if missing is not None:
        return missing
    begin_s = prefill_begin_s(calls)
    usable = np.flatnonzero(calls.is_exact & (calls.steps >= 2) & (calls.end_s > calls.first_token_s))
    guess_s = gamma_by_lowest_s(calls)
    if guess_s is None:
        return (
            "no call reports prompt tokens and a time to first token, so the time per prompt token is unknown"
        )
    intervals = cut(calls, begin_s, guess_s)
    by_slope_s = gamma_by_slope_s(calls, begin_s, _active_in_prefill(calls, intervals, begin_s))
    windows = _Windows(calls, usable, begin_s)
    start = windows.start(guess_s if by_slope_s is None else by_slope_s)
    with np.errstate(divide="ignore", invalid="ignore"):  # what is no number here is what is asked
        is_told = bool(np.isfinite(windows.pieces(float(start[2]))(start)[0]).all())
    if not is_told:
        return "its calls do not tell the time of a step from that of a prompt token: no two ran side by side"
    if by_slope_s is not None:
        start = _solve(windows.pieces(by_slope_s), start, by_slope_s)
    fit = start
    for _ in range(_RECUTS):
        fit = _solve(windows.pieces(float(fit[2])), fit, None)
    if by_slope_s is not None and not _is_gamma_known(windows, fit):
        return _checked(windows, start, is_gamma_free=False)
    return _checked(windows, fit, is_gamma_free=True)


def _is_gamma_known(windows: _Windows, fit: Floats) -> bool:
    """Whether how prefill holds decoding up tells γ better than the slope of prefill does: little error, and calls so
    long that noise at their ends is small. On short ones a prefill that ends where a call begins leaks into it.
    """
    seen, *slopes = windows.pieces(float(fit[2]))(fit)
    residual = seen - 1.0
    gamma_error = np.sqrt(_covariance(windows, residual, slopes)[2, 2])
    return bool(gamma_error <= _GAMMA_ERROR and np.quantile(np.abs(residual), 0.9) <= _OUTLIER)


def steps_seen(calls: Decoding, times: StepTimes, which: Ints) -> Floats:
    """How many steps passed between the first token and the end of these calls, under the step times."""
    intervals = cut(calls, prefill_begin_s(calls), times.gamma_s)
    first = intervals.place(calls, which, calls.first_token_s[which])
    last = intervals.place(calls, which, calls.end_s[which])
    step_s = times.alpha_s + times.beta_s * intervals.active
    return between(intervals.free_s(times.gamma_s) / step_s, first, last)


def _missing(calls: Decoding) -> str | None:
    """What the calls do not report, in words, or None."""
    if not np.isfinite(calls.first_token_s).any():
        return "no call reports a time to first token, so prefill and decode cannot be separated"
    if not (calls.is_exact & (calls.steps >= 0)).any():
        return "no call reports its output tokens, so its decode steps cannot be counted"
    usable = int((calls.is_exact & (calls.steps >= 2) & (calls.end_s > calls.first_token_s)).sum())
    if usable < _FEWEST_CALLS:
        return (
            f"only {usable} calls have a time to first token and at least three output tokens; "
            f"{_FEWEST_CALLS} are needed"
        )
    return None


@dataclass(frozen=True, slots=True)
class _Windows:
    """The calls that the clock is held to, from first token to end."""

    calls: Decoding
    which: Ints
    begin_s: Floats

    @property
    def steps(self) -> Floats:
        return self.calls.steps[self.which].astype(np.float64)

    @property
    def decode_s(self) -> Floats:
        return (self.calls.end_s - self.calls.first_token_s)[self.which]

    def cut(self, gamma_s: float) -> tuple[Intervals, Ints, Ints]:
        """The time, cut, and where in it each call's window begins and ends."""
        intervals = cut(self.calls, self.begin_s, gamma_s)
        first = intervals.place(self.calls, self.which, self.calls.first_token_s[self.which])
        return intervals, first, intervals.place(self.calls, self.which, self.calls.end_s[self.which])

    def pieces(self, cut_gamma_s: float) -> Callable[[Floats], Pieces]:
        """Of α, β, γ: for each call seen / decoded steps, and its slopes along the logarithms of the three."""
        intervals, first, last = self.cut(cut_gamma_s)
        steps, tokens = self.steps, np.where(intervals.active > 0, intervals.prompt_tokens, 0.0)

        def seen_and_slopes(times: Floats) -> Pieces:
            alpha_s, beta_s, gamma_s = times
            step_s = alpha_s + beta_s * intervals.active
            rate = intervals.free_s(gamma_s) / step_s
            slope = -rate / step_s
            return (
                between(rate, first, last) / steps,
                between(slope, first, last) * alpha_s / steps,
                between(slope * intervals.active, first, last) * beta_s / steps,
                between(-tokens / step_s, first, last) * gamma_s / steps,
            )

        return seen_and_slopes

    def concurrency(self, gamma_s: float) -> Floats:
        """Sequences that decoded while each call did, itself included, a mean over its time."""
        intervals, first, last = self.cut(gamma_s)
        length_s = between(intervals.length_s, first, last)
        return between(intervals.active * intervals.length_s, first, last) / np.maximum(length_s, 1e-12)

    def start(self, gamma_s: float) -> Floats:
        """Where the search begins."""
        per_token_s = float(np.median(self.decode_s / self.steps))
        mean_active = max(float(np.average(self.concurrency(gamma_s), weights=self.decode_s)), 1.0)
        return np.array([per_token_s / 2, per_token_s / 2 / mean_active, gamma_s])


def _solve(pieces: Callable[[Floats], Pieces], start: Floats, gamma_s: float | None) -> Floats:
    """α, β, γ that minimise the robust sum over calls of (seen / decoded − 1). gamma_s: where it is known."""
    free = 3 if gamma_s is None else 2
    logs = np.log(start)

    def times_of(some: Floats) -> Floats:
        found: Floats = np.exp(np.concatenate([some, logs[free:]]))
        return found

    fit = least_squares(
        lambda some: pieces(times_of(some))[0] - 1.0,
        logs[:free],
        jac=lambda some: np.column_stack(pieces(times_of(some))[1 : 1 + free]),
        loss="soft_l1",
        f_scale=_OUTLIER,
        bounds=(logs[:free] - 12.0, logs[:free] + 6.0),
        xtol=1e-12,
        ftol=1e-12,
        gtol=1e-12,
    )
    return times_of(fit.x)


def _checked(windows: _Windows, fit: Floats, is_gamma_free: bool) -> StepTimes | str:
    """The fit with its diagnostics, or what the calls do not tell apart."""
    alpha_s, beta_s, gamma_s = (float(each) for each in fit)
    concurrency = windows.concurrency(gamma_s)
    mean_active = float(np.average(concurrency, weights=windows.decode_s))
    step_s = alpha_s + beta_s * mean_active
    seen, *slopes = windows.pieces(gamma_s)(fit)
    residual = seen - 1.0
    covariance = _covariance(windows, residual, slopes[: 3 if is_gamma_free else 2])
    parts = np.array([alpha_s, beta_s * mean_active]) / step_s
    errors = np.sqrt(np.diag(covariance))
    if concurrency.std() < _LEAST_SPREAD * mean_active or max(errors[:2] * parts) > _MOST_ERROR:
        return (
            f"concurrency was always about {mean_active:.1f} sequences, so the fixed and per-sequence parts "
            f"of the step time cannot be separated (a step took {step_s * 1e3:.1f} ms); traffic at lower or "
            "higher load is needed"
        )
    if is_gamma_free and errors[2] > _MOST_ERROR:
        return (
            "prefill cannot be separated from waiting (no queue time, no call that arrived at an idle "
            "replica), so the time per prompt token is unknown; report queue time"
        )
    return StepTimes(
        alpha_s,
        beta_s,
        gamma_s,
        int(windows.which.size),
        float(np.quantile(np.abs(residual), 0.9)),
        float(np.sqrt(max(float(parts @ covariance[:2, :2] @ parts), 0.0))),
        covariance_of(covariance * np.outer(fit[: len(covariance)], fit[: len(covariance)])),
        residuals_by_load(concurrency, residual),
        _prefill_steps(windows, fit),
    )


def _covariance(windows: _Windows, residual: Floats, slopes: list[Floats]) -> Floats:
    """Of the errors of ln α, ln β and, where it is free, ln γ; infinite where they cannot be told apart.

    Sandwich over blocks of time, since calls that decode together see the same steps.
    """
    jacobian = np.column_stack(slopes)
    scaled = residual / _OUTLIER
    weight = 1.0 / np.sqrt(1.0 + scaled**2)  # derivative of soft_l1
    curvature = jacobian.T @ (jacobian * (weight**3)[:, None])
    if np.linalg.cond(curvature) > 1e12:
        return np.full(curvature.shape, np.inf)
    inverse = np.linalg.inv(curvature)
    rank = np.argsort(np.argsort(windows.calls.first_token_s[windows.which]))
    block = rank * _BLOCKS // rank.size
    scores = np.stack(
        [np.bincount(block, weights=each * weight * residual, minlength=_BLOCKS) for each in jacobian.T]
    )
    covariance: Floats = inverse @ (scores @ scores.T) @ inverse
    return covariance


def _active_in_prefill(calls: Decoding, intervals: Intervals, begin_s: Floats) -> Floats:
    """Sequences decoding just before each first token."""
    every = np.arange(calls.first_token_s.size)
    place = intervals.place(calls, every, calls.first_token_s) - 1
    active = intervals.active[np.clip(place, 0, intervals.active.size - 1)]
    return np.where(np.isfinite(calls.first_token_s) & np.isfinite(begin_s), active, 0.0)


def _prefill_steps(windows: _Windows, fit: Floats) -> float | None:
    """Steps that prompts took beyond γ a token."""
    calls, begin_s = windows.calls, windows.begin_s
    alone = np.flatnonzero(one_step_prompts(calls, begin_s))
    if alone.size == 0:
        return None
    active = _active_in_prefill(calls, cut(calls, begin_s, float(fit[2])), begin_s)[alone]
    beyond_s = (calls.first_token_s - begin_s)[alone] - fit[2] * calls.uncached_tokens[alone]
    return float(np.median(beyond_s / (fit[0] + fit[1] * active)))
