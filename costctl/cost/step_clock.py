"""How long does a decode step take, and a prompt token? Fitted by counting the steps that every call must
have seen.

In: the calls of one pool that decodes continuously. Out: α, β, γ in seconds: a step of n sequences takes α +
β·n, prefill γ per uncached token. Between two changes of the active set steps pass at the rate 1/(α + β·n),
none while a prefill stalls the replica; a call that decoded m tokens has seen m steps: ∫ dt / (α + β·n(t)) =
m. Regressing time per token on mean concurrency does not recover α and β: fast steps are under-represented in
time. docs/explanation/cost-model.md
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import least_squares

from costctl.simulate.workload import Bools, Floats, Ints

_FEWEST_CALLS: Final = 50
_FEWEST_IDLE_CALLS: Final = 20
_OUTLIER: Final = 0.02  # relative residual beyond which the robust loss grows linearly
_LOW_QUANTILE: Final = 0.10
_MOST_CALLS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Decoding:
    """n calls of one pool, any order. replica: which one served it.  steps: tokens decoded after the first
    one.

    arrival_s, begin_s: seconds; begin_s is NaN where no queue was observed.  is_exact: the tokens are known,
    so that the call can be held to them; the others only take part as company.
    """

    replica: Ints
    arrival_s: Floats
    begin_s: Floats
    first_token_s: Floats
    end_s: Floats
    uncached_tokens: Ints
    steps: Ints
    is_exact: Bools


@dataclass(frozen=True, slots=True)
class StepTimes:
    """alpha_s, beta_s, gamma_s: as above.  calls: how many the fit rests on.  residual_p90_ratio: nine in ten
    calls have seen steps within this ratio of the tokens they decoded.
    """

    alpha_s: float
    beta_s: float
    gamma_s: float
    calls: int
    residual_p90_ratio: float


def fit_step_times(calls: Decoding) -> StepTimes | str:
    """The step times, or why they cannot be had."""
    usable = calls.is_exact & (calls.steps >= 2) & (calls.end_s > calls.first_token_s)
    if usable.sum() < _FEWEST_CALLS:
        return f"only {int(usable.sum())} calls have a time to first token and tokens; {_FEWEST_CALLS} are needed"
    gamma_s = _gamma_s(calls)
    if gamma_s is None:
        return "no call reports prompt tokens and a time to first token"
    intervals = _intervals(calls, gamma_s)
    chosen = np.flatnonzero(usable)[:: max(1, int(usable.sum()) // _MOST_CALLS)]
    first, last = intervals.place(calls, chosen)
    steps = calls.steps[chosen].astype(float)

    def seen_and_slopes(logs: Floats) -> tuple[Floats, Floats, Floats]:
        alpha_s, beta_s = np.exp(logs)
        step_s = alpha_s + beta_s * intervals.active
        rate = intervals.free_s / step_s
        slope = -rate / step_s
        return (
            _between(rate, first, last) / steps,
            _between(slope, first, last) * alpha_s / steps,
            _between(slope * intervals.active, first, last) * beta_s / steps,
        )

    per_token_s = float(np.median((calls.end_s - calls.first_token_s)[chosen] / steps))
    mean_active = max(float(np.average(intervals.active, weights=intervals.free_s + 1e-12)), 1.0)
    start = np.log([per_token_s / 2, per_token_s / 2 / mean_active])
    fit = least_squares(
        lambda logs: seen_and_slopes(logs)[0] - 1.0,
        start,
        jac=lambda logs: np.column_stack(seen_and_slopes(logs)[1:]),
        loss="soft_l1",
        f_scale=_OUTLIER,
        bounds=(start - 12.0, start + 6.0),
        xtol=1e-12,
        ftol=1e-12,
        gtol=1e-12,
    )
    alpha_s, beta_s = np.exp(fit.x)
    residual = np.abs(seen_and_slopes(fit.x)[0] - 1.0)
    return StepTimes(
        float(alpha_s), float(beta_s), gamma_s, int(chosen.size), float(np.quantile(residual, 0.9))
    )


def steps_seen(calls: Decoding, times: StepTimes, which: Ints) -> Floats:
    """How many steps passed between the first token and the end of these calls, under the step times."""
    intervals = _intervals(calls, times.gamma_s)
    first, last = intervals.place(calls, which)
    return _between(intervals.free_s / (times.alpha_s + times.beta_s * intervals.active), first, last)


def _gamma_s(calls: Decoding) -> float | None:
    """Seconds of prefill per uncached token, from calls that waited for nobody.

    Prefill starts at begin_s where a queue was observed; else the calls that found their replica idle are
    taken, and without enough of those the lowest tenth of all, whose waits are the shortest.
    """
    known = (calls.uncached_tokens > 0) & np.isfinite(calls.first_token_s)
    if not known.any():
        return None
    per_token_s = (calls.first_token_s - np.fmax(calls.begin_s, calls.arrival_s)) / np.maximum(
        calls.uncached_tokens, 1
    )
    is_alone = known & _found_idle(calls)
    if is_alone.sum() >= _FEWEST_IDLE_CALLS:
        return float(np.median(per_token_s[is_alone]))
    queued = known & np.isfinite(calls.begin_s)
    if queued.sum() >= _FEWEST_IDLE_CALLS:
        return float(np.median(per_token_s[queued]))
    return float(np.quantile(per_token_s[known], _LOW_QUANTILE))


def _found_idle(calls: Decoding) -> Bools:
    """Which calls came to a replica with nothing waiting or in progress."""
    idle = np.zeros(calls.arrival_s.size, np.bool_)
    for replica in np.unique(calls.replica):
        here = np.flatnonzero(calls.replica == replica)
        here = here[np.argsort(calls.arrival_s[here], kind="stable")]
        ended_s = np.maximum.accumulate(calls.end_s[here])
        idle[here[1:]] = calls.arrival_s[here[1:]] >= ended_s[:-1]
        idle[here[:1]] = True
    return idle


@dataclass(frozen=True, slots=True)
class _Intervals:
    """All replicas' time, cut wherever a decode begins or ends or a prefill stalls; replicas one after the
    other.

    free_s: seconds of the interval in which steps pass.  active: sequences decoding.  at_s: when it begins,
    ascending.  offset_s: where a replica's time begins on the common axis.
    """

    at_s: Floats
    offset_s: Floats
    free_s: Floats
    active: Floats

    def place(self, calls: Decoding, which: Ints) -> tuple[Ints, Ints]:
        """For each of these calls the index of the interval that starts with its first token, and with its
        end.
        """
        shift_s = self.offset_s[calls.replica[which]]
        first = np.searchsorted(self.at_s, calls.first_token_s[which] + shift_s)
        return first, np.searchsorted(self.at_s, calls.end_s[which] + shift_s)


def _intervals(calls: Decoding, gamma_s: float) -> _Intervals:
    """Cut the time. Replicas are laid end to end on one axis, so that one sorted array holds them all."""
    known = np.isfinite(calls.first_token_s)
    span_s = float(np.max(calls.end_s) - np.min(calls.arrival_s)) + 1.0
    offset_s: Floats = 2.0 * span_s * np.arange(int(calls.replica.max()) + 1, dtype=np.float64)
    shift_s = offset_s[calls.replica]
    first_s, end_s = calls.first_token_s + shift_s, calls.end_s + shift_s
    stall_s = gamma_s * np.maximum(calls.uncached_tokens, 0)
    instants = np.concatenate([first_s[known], end_s[known], first_s[known] - stall_s[known], first_s[known]])
    size = int(known.sum())
    decoding = np.repeat([1.0, -1.0, 0.0, 0.0], size)
    stalling = np.repeat([0.0, 0.0, 1.0, -1.0], size)
    order = np.argsort(instants, kind="stable")
    at_s: Floats = instants[order].astype(np.float64)
    active = np.cumsum(decoding[order]).astype(np.float64)
    is_stalled = np.cumsum(stalling[order]) > 0
    length_s = np.append(np.diff(at_s), 0.0)
    free_s: Floats = np.where(is_stalled | (active <= 0), 0.0, length_s)
    return _Intervals(at_s, offset_s, free_s, active)


def _between(amounts: Floats, first: Ints, last: Ints) -> Floats:
    """Sums of amounts[first:last], for many pairs at once."""
    clock = np.concatenate([[0.0], np.cumsum(amounts)])
    seen: Floats = clock[last] - clock[first]
    return seen
