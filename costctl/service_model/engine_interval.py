"""How sure are the step times that an engine's own statistics give?

In: the same logs, and their fit. Out: α, β, γ with a standard error each, and between what they lie. What the windows
say by chance is told by a bootstrap over them. What they cannot tell is added: of a second, ``part`` may belong to
another of the three, because a report cuts a step and a prompt in two, and because where steps are not counted the
sequences of two reports stand for all that ran between them. docs/explanation/engine-metrics.md
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import t as student_t

from costctl.arrays import Floats
from costctl.service_model.engine_log import EngineFit, EngineLog, fit_engine_logs, step_times, windows_of
from costctl.service_model.residuals import LoadResidual, residuals_by_load

_LEVEL: Final = 0.95
_DRAWS: Final = 400
_SEED: Final = 20261130
_UNKNOWNS: Final = 3
_LEAST_PART: Final = (
    0.02  # of the time; measured on engines of known law, tests/service_model/test_engine_interval.py
)
_PART_PER_CHANGE: Final = (
    0.1  # of the time for each relative change of what runs from report to report; likewise
)
_MOST_CHANGE: Final = 0.3  # beyond this two reports say too little of what ran between them


@dataclass(frozen=True, slots=True)
class EngineTimes:
    """The fit, and of α, β, γ: standard errors, and the least and the most that they can be at 95 %, none below 0.

    residual_p90_ratio: nine in ten windows took a time within this ratio of the model.  by_load: windows, from those of
    fewest sequences to those of most.  step_error_ratio: relative standard error of the time of a step at the mean of
    what ran.  change_ratio: by how much what ran changed from report to report, over what ran; None where steps are
    counted.
    """

    fit: EngineFit
    errors_s: tuple[float, float, float]
    low_s: tuple[float, float, float]
    high_s: tuple[float, float, float]
    step_error_ratio: float
    residual_p90_ratio: float
    by_load: tuple[LoadResidual, ...]
    change_ratio: float | None

    @property
    def times_s(self) -> tuple[float, float, float]:
        """α, β, γ."""
        return self.fit.alpha_s, self.fit.beta_s, self.fit.gamma_s


def engine_times(logs: Sequence[EngineLog]) -> EngineTimes | str:
    """The step times of replicas that are alike, and how sure they are; or why they cannot be had."""
    if not logs:
        return "no two reports follow each other"
    change_ratio = None if all(log.steps is not None for log in logs) else _change_ratio(logs)
    if change_ratio is not None and change_ratio > _MOST_CHANGE:
        return (
            f"its reports are too far apart: from one to the next, {change_ratio:.0%} of what runs is other sequences. "
            "Scrape every second, or a version of vLLM that counts its steps (vllm:iteration_tokens_total)"
        )
    fit = fit_engine_logs(logs)
    if isinstance(fit, str):
        return fit
    windows = windows_of(logs, fit.max_num_seqs)
    times_s = step_times(windows)
    drawn_s = _drawn(windows)
    part = _LEAST_PART + _PART_PER_CHANGE * (change_ratio or 0.0)
    seconds, *amounts = windows.sum(axis=0)
    unknown_s = part * seconds / np.maximum(np.array(amounts), 1.0)
    quantile = float(student_t.ppf((1.0 + _LEVEL) / 2.0, max(len(windows) - _UNKNOWNS, 1)))
    half_s = quantile * drawn_s.std(axis=0) + unknown_s
    low_s, high_s = np.maximum(times_s - half_s, 0.0), times_s + half_s
    steps_s = drawn_s[:, :2] @ np.array(amounts[:2])
    step_error_ratio = float(steps_s.std() / max(steps_s.mean(), np.finfo(np.float64).tiny)) + part / quantile
    residual = windows[:, 1:] @ times_s / windows[:, 0] - 1.0
    running = windows[:, 2] / np.maximum(windows[:, 1], 1.0)
    return EngineTimes(
        fit=fit,
        errors_s=_three(half_s / quantile),
        low_s=_three(low_s),
        high_s=_three(high_s),
        step_error_ratio=step_error_ratio,
        residual_p90_ratio=float(np.quantile(np.abs(residual), 0.9)),
        by_load=residuals_by_load(running, residual),
        change_ratio=change_ratio,
    )


def _drawn(windows: Floats) -> Floats:
    """α, β, γ of windows drawn with replacement, a row a draw."""
    rng = np.random.default_rng(_SEED)
    draws = rng.integers(0, len(windows), (_DRAWS, len(windows)))
    return np.array([step_times(windows[drawn]) for drawn in draws])


def _change_ratio(logs: Sequence[EngineLog]) -> float:
    """Σ |change of what runs| / Σ of what runs, between reports at which the engine was busy."""
    change = running = 0.0
    for log in logs:
        both = (log.running[1:] > 0) & (log.running[:-1] > 0)
        change += float(np.abs(np.diff(log.running))[both].sum())
        running += float(((log.running[1:] + log.running[:-1]) / 2.0)[both].sum())
    return change / running if running > 0 else 0.0


def _three(values: Floats) -> tuple[float, float, float]:
    alpha, beta, gamma = (float(value) for value in values)
    return alpha, beta, gamma
