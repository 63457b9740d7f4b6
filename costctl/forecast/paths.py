"""How may it go on? Drawn futures of each class, and of all together.

In: fits of the classes. Out: USD by path and slot. Paths of one class are drawn from its members by their weight; those
of several are put together so that classes that rose and fell together in the past do so in the future (Iman and
Conover 1982): the means of the classes add up to the mean of the total, and the interval of the total is that of the
sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from costctl.arrays import Floats, Ints
from costctl.forecast.outlook import Outlook
from costctl.forecast.structural import Fitted, Member

PATHS: Final = 4000
_LEAST_LEVEL: Final = 0.05  # of the mean of the series


def drawn(outlook: Outlook, slots: int, rng: np.random.Generator, paths: int = PATHS) -> Floats:
    """USD of one class over the next slots: (paths, slots). As many with growth as ``outlook`` weighs it."""
    growing = round(paths * outlook.growth_weight)
    parts = [(outlook.steady, paths - growing), (outlook.growing, growing)]
    return np.concatenate(
        [_of_fit(fit, slots, rng, count) for fit, count in parts if fit is not None and count]
    )


def growth_a_slot(fit: Fitted, rng: np.random.Generator, paths: int = 10 * PATHS) -> Floats:
    """By how much of itself the level grows from slot to slot, by path. fit: with growth."""
    found = []
    for member, count in zip(fit.members, _shares(fit, paths), strict=True):
        states = member.state + _deviations(member, rng, count) * _correlated(member.covariance, rng, count)
        grown = states[:, 1]
        # of USD: of what the level is now; one that is next to nothing has no growth that could be told
        found.append(np.expm1(grown) if member.is_log else grown / np.maximum(states[:, 0], _LEAST_LEVEL))
    return np.concatenate(found) if found else np.zeros(paths)


def _of_fit(fit: Fitted, slots: int, rng: np.random.Generator, paths: int) -> Floats:
    if not fit.members:
        return np.zeros((paths, slots))
    shares = zip(fit.members, _shares(fit, paths), strict=True)
    parts = [_of_member(member, slots, rng, count) for member, count in shares if count]
    return np.concatenate(parts) * fit.usd_unit


def _shares(fit: Fitted, paths: int) -> Ints:
    """Paths of each member, by weight: what is left by rounding goes to the largest remainders."""
    exact = np.array([each.weight for each in fit.members]) * paths
    counts: Ints = np.floor(exact).astype(np.int64)
    rest = np.argsort(counts - exact, kind="stable")[: paths - int(counts.sum())]
    counts[rest] += 1
    return counts


def _of_member(member: Member, slots: int, rng: np.random.Generator, paths: int) -> Floats:
    """Of a series of mean 1."""
    deviation = _deviations(member, rng, paths)
    states = member.state + deviation * _correlated(member.covariance, rng, paths)
    wander = np.sqrt(member.wandering) * deviation * rng.standard_normal((paths, slots))
    wander[:, 0] = 0.0  # how far it wanders before the first step is in the covariance of the state
    level = np.cumsum(wander, axis=1)
    if member.is_log:
        # exp() of a level that wanders would rise on average: without growth what is expected stays
        level -= 0.5 * member.wandering * deviation**2 * np.arange(slots)
    series = states @ member.ahead(slots).T + level + deviation * rng.standard_normal((paths, slots))
    # a slot may fall below nothing: cut off there, the mean of what is drawn would be more than what is expected
    usd: Floats = np.exp(series) if member.is_log else series
    return usd


def _deviations(member: Member, rng: np.random.Generator, paths: int) -> Floats:
    """s by path, a column: the sum of squares over a chi-square of its degrees of freedom is s²."""
    variance: Floats = member.squares / rng.chisquare(member.freedom, paths)
    deviation: Floats = np.sqrt(variance)[:, None]
    return deviation


def _correlated(covariance: Floats, rng: np.random.Generator, count: int) -> Floats:
    """Normal draws of this covariance, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    normal: Floats = (
        rng.standard_normal((count, values.size)) @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
    )
    return normal


def together(series: Sequence[Floats], errors: Sequence[Floats], rng: np.random.Generator) -> list[Floats]:
    """The paths of each class in an order in which paths of one place are of one future.

    series: (paths, slots) of each.  errors: the standardised one-step errors of each, as long as each other: their
    correlation becomes that of the ranks of the sums of the paths. A class without errors is in any order.
    """
    known = np.array([each for each in errors if each.size])
    if len(series) < 2 or not known.size:
        return list(series)
    scores = iter((rng.standard_normal((len(series[0]), known.shape[1])) @ known.T).T)
    return [
        paths[_as_ranked(paths.sum(axis=1), next(scores))] if each.size else paths
        for paths, each in zip(series, errors, strict=True)
    ]


def _as_ranked(sums: Floats, scores: Floats) -> Ints:
    """Places of the sums such that the n-th smallest stands where the n-th smallest score does."""
    places = np.empty(sums.size, np.int64)
    places[np.argsort(scores, kind="stable")] = np.argsort(sums, kind="stable")
    return places
