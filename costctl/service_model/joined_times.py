"""Two witnesses of step times, the calls and the engines' own metrics: what do both say together?

In: what was fitted to the calls of a pool, and what to the metrics of its engines. Out: ``JoinedTimes``, of α, β and γ
each with what it comes from. Each constant is the mean of the two, weighted by the inverse of their squared standard
errors; where they contradict each other by more than chance allows, the calls count, which the replay is held against.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from costctl.service_model.covariance import of_errors_alone
from costctl.service_model.engine_interval import EngineTimes
from costctl.service_model.step_clock import StepTimes

CALLS: Final = "calls"
ENGINE: Final = "engine metrics"
_MOST_ERRORS_APART: Final = 3.0
_LEAST_SHARE: Final = 0.005  # of the weight; less is not worth a word


@dataclass(frozen=True, slots=True)
class JoinedTimes:
    """times: of both.  origins: of α, β, γ in words."""

    times: StepTimes
    origins: tuple[str, str, str]


def times_of_both(calls: StepTimes | str, engine: EngineTimes | str | None) -> JoinedTimes | str:
    """What is known of step times, or why nothing is. Either witness alone will do."""
    if isinstance(engine, EngineTimes) and engine.fit.gamma_s > 0:
        return of_engine(engine) if isinstance(calls, str) else joined(calls, engine)
    if not isinstance(calls, str):
        return JoinedTimes(calls, (CALLS, CALLS, CALLS))
    if engine is None:
        return calls
    why = engine if isinstance(engine, str) else "they do not tell the time of a prompt token"
    return f"{calls}; and of its engines' metrics: {why}"


def of_engine(engine: EngineTimes) -> JoinedTimes:
    """Where the calls do not tell: no call was fitted."""
    alpha_s, beta_s, gamma_s = engine.times_s
    times = StepTimes(
        alpha_s=alpha_s,
        beta_s=beta_s,
        gamma_s=gamma_s,
        calls=0,
        residual_p90_ratio=engine.residual_p90_ratio,
        step_error_ratio=engine.step_error_ratio,
        covariance_s2=of_errors_alone(engine.errors_s),
        by_load=engine.by_load,
    )
    return JoinedTimes(times, (ENGINE, ENGINE, ENGINE))


def joined(calls: StepTimes, engine: EngineTimes) -> JoinedTimes:
    """The times that both give."""
    known = zip((calls.alpha_s, calls.beta_s, calls.gamma_s), calls.errors_s, strict=True)
    told = zip(engine.times_s, engine.errors_s, strict=True)
    alpha, beta, gamma = (_mean(*one, *other) for one, other in zip(known, told, strict=True))
    times = replace(
        calls,
        alpha_s=alpha[0],
        beta_s=beta[0],
        gamma_s=gamma[0],
        covariance_s2=of_errors_alone((alpha[1], beta[1], gamma[1])),
    )
    return JoinedTimes(times, (alpha[2], beta[2], gamma[2]))


def _mean(calls_s: float, error_s: float, engine_s: float, engine_error_s: float) -> tuple[float, float, str]:
    """Value, standard error, origin. An error of 0 stands for one that is not known: such a value counts alone."""
    if error_s <= 0 or engine_error_s <= 0:
        return calls_s, error_s, CALLS
    if abs(calls_s - engine_s) > _MOST_ERRORS_APART * (error_s**2 + engine_error_s**2) ** 0.5:
        return calls_s, error_s, f"{CALLS}; {ENGINE} differ: {engine_s * 1e3:.4g} ms"
    weight, engine_weight = error_s**-2, engine_error_s**-2
    share = engine_weight / (weight + engine_weight)
    value_s = (1.0 - share) * calls_s + share * engine_s
    origin = CALLS if share < _LEAST_SHARE else f"{CALLS} ({1.0 - share:.0%}) and {ENGINE} ({share:.0%})"
    return value_s, (weight + engine_weight) ** -0.5, origin
