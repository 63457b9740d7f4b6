"""How does what is spent go on? A level that may wander, a rhythm that repeats, and growth where it is asked for.

In: USD of whole slots of time, one after the other, and the length of the rhythm in slots. Out: ``Fitted``: what the
series is believed to be at its end, from which `costctl.forecast.paths` draws how it may go on.

    y(t) = level(t) + season(t mod period) + e(t)        e ~ N(0, s²)
    level(t+1) = level(t) + growth + u(t)                u ~ N(0, q s²)

This is the structural model of Harvey (1989), of statsmodels (``UnobservedComponents``), whose Kalman filter with an
exact diffuse start (Durbin and Koopman 2012) does all smoothing. y is USD, or its logarithm where that explains the
days better (Box and Cox 1964). One value of q is not chosen: each of a few is weighed by how likely it makes the
series, s² integrated out, and so are the two scales. So a level that stands still and one that wanders both have their
part in the interval, as far as the series leaves them open.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.stats import t as student
from statsmodels.tsa.statespace.structural import UnobservedComponents

from costctl.arrays import Floats

# q: how far the level wanders in a slot, as a part of the variance of a slot. From a level that stands still to one of
# which next to nothing is noise.
WANDERING: Final = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
# The logarithm is asked only where no slot is next to nothing, and slots scatter by less than this around their rhythm:
# above it the mean of exp(y) rests on a tail that was never seen.
LEAST_OF_MEAN: Final = 0.05
MOST_LOG_SCATTER: Final = 0.5
# How likely a level that stands still is before the series is seen; the others share the rest.
STILL: Final = 0.25
_LEAST_WEIGHT: Final = 1e-3
_LEAST_SQUARES: Final = 1e-12  # per slot, of a series of mean 1: below it there is rounding


@dataclass(frozen=True, slots=True)
class Member:
    """The series as one (q, scale) has it. weight: of those of all members, which sum to 1.  state, covariance: at the
    first slot after the series, the covariance in units of s².  squares: the sum of those of the standardised one-step
    errors, which over the degrees of freedom is s².  transition: of the state from slot to slot.  design: how y is made
    of it.  errors: the standardised one-step errors, of variance 1; 0 of the slots that the start takes.
    """

    is_log: bool
    wandering: float
    state: Floats
    covariance: Floats
    squares: float
    freedom: int
    transition: Floats
    design: Floats
    errors: Floats
    weight: float = 1.0

    def ahead(self, steps: int) -> Floats:
        """(steps, states): by what each state counts in each of the next slots."""
        rows = [self.design]
        for _ in range(steps - 1):
            rows.append(rows[-1] @ self.transition)
        return np.array(rows)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A series as its members have it. usd_unit: USD of a 1 of the series as it was fitted.  period: of the rhythm,
    slots; 1 for none.  members: by weight, the heaviest first; none where nothing was ever spent.
    """

    usd_unit: float
    period: int
    has_growth: bool
    members: tuple[Member, ...]

    @property
    def p_of_no_growth(self) -> float:
        """Two-sided: how likely a growth as far from none as this would be where there is none, in [0, 1]."""
        if not self.members:
            return 1.0
        below = sum(each.weight * _below_zero(each) for each in self.members)
        return 2.0 * min(below, 1.0 - below)

    @property
    def errors(self) -> Floats:
        """Those of the heaviest member; of a series in which nothing was spent none."""
        return self.members[0].errors if self.members else np.zeros(0)


def fewest_slots(period: int) -> int:
    """Of a series for a rhythm of this period: seen twice."""
    return 2 * period


def fitted(usd: Floats, period: int, *, has_growth: bool, may_be_log: bool = True) -> Fitted:
    """The series as each member has it, weighed. usd: of whole slots, at least ``fewest_slots``, each ≥ 0.

    Raises ValueError for fewer.
    """
    if usd.size < fewest_slots(period):
        raise ValueError(f"{usd.size} slots are fewer than two periods of {period}")
    mean = float(usd.mean())
    if mean <= 0.0:
        return Fitted(1.0, period, has_growth, ())
    found = [*_members(usd / mean, period, is_log=False, has_growth=has_growth)]
    if may_be_log and float(usd.min()) >= LEAST_OF_MEAN * mean:
        found += _members(usd / mean, period, is_log=True, has_growth=has_growth)
    most = max(likelihood for likelihood, _ in found)
    weights = [math.exp(likelihood - most) for likelihood, _ in found]
    kept = [
        (weight, member)
        for weight, (_, member) in zip(weights, found, strict=True)
        if weight >= _LEAST_WEIGHT
    ]
    total = sum(weight for weight, _ in kept)
    kept.sort(key=lambda each: (-each[0], each[1].is_log, each[1].wandering))
    return Fitted(
        mean, period, has_growth, tuple(replace(member, weight=weight / total) for weight, member in kept)
    )


def _members(
    series: Floats, period: int, *, is_log: bool, has_growth: bool
) -> Iterator[tuple[float, Member]]:
    """Each with the logarithm of its marginal likelihood, all up to one constant."""
    values = np.log(series) if is_log else series
    model = UnobservedComponents(
        values,
        "local linear deterministic trend" if has_growth else "local level",
        seasonal=period if period > 1 else None,
        stochastic_seasonal=False,
        use_exact_diffuse=True,
    )
    # d log(series) of the change of scale
    jacobian = -float(np.log(series).sum()) if is_log else 0.0
    for wandering in WANDERING:
        model.update(np.array([1.0, wandering]))
        result = model.ssm.filter()
        start = int(result.nobs_diffuse)
        variance = result.forecasts_error_cov[0, 0, start:]
        errors = result.forecasts_error[0, start:] / np.sqrt(variance)
        freedom = values.size - start
        squares = max(float(errors @ errors), freedom * _LEAST_SQUARES)
        if is_log and math.sqrt(squares / freedom) > MOST_LOG_SCATTER:
            continue
        prior = math.log(STILL if wandering == 0.0 else (1.0 - STILL) / (len(WANDERING) - 1))
        likelihood = (
            prior + jacobian - 0.5 * float(np.log(variance).sum()) - 0.5 * freedom * math.log(squares)
        )
        yield (
            likelihood,
            Member(
                is_log=is_log,
                wandering=wandering,
                state=result.predicted_state[:, -1].copy(),
                covariance=result.predicted_state_cov[:, :, -1].copy(),
                squares=squares,
                freedom=freedom,
                transition=model.ssm["transition"].copy(),
                design=model.ssm["design"][0].copy(),
                errors=np.append(np.zeros(start), errors / math.sqrt(squares / freedom)),
            ),
        )


def _below_zero(member: Member) -> float:
    """How likely it is that growth, the second state, is negative: Student's t, for s² is estimated."""
    deviation = math.sqrt(member.squares / member.freedom * max(float(member.covariance[1, 1]), 0.0))
    if deviation == 0.0:
        return 0.5 - 0.5 * float(np.sign(member.state[1]))
    return float(student.cdf(-float(member.state[1]) / deviation, member.freedom))
