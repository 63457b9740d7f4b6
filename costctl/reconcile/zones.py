"""Does the bill cut its days elsewhere? The shift at which the days of both sides agree, where the data show one.

In: a provider's sides. Out: ``Zone``; None where no shift is shown. Of each series (a model and kind of token;
amounts where the bill has no quantities) the bill's days are set against the traces', cut s half hours later than in
UTC, times one factor λ for the series, so that neither a price nor a share of the calls that is the same every day
matters:

    score(s) = Σ_series price · Σ_days |billed(day) − λ · traced(day, s)| / Σ_series price · Σ_days billed(day)

A shift is claimed where score(0) is 0.5 % at least, score(s) a fifth of it at most, and no shift elsewhere comes as
near. Days that any shift would cut at the edge of the traces are not looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from costctl.reconcile.sides import Provider
from costctl.reconcile.traced import CALLS, SLOTS_A_DAY

MOST_SHIFT: Final = 28  # half hours: zones reach from UTC-12 to UTC+14
_LEAST_SCORE: Final = 0.005
_MUCH_BETTER: Final = 0.2
_AS_GOOD: Final = 2.0  # a score so many times the best may be the true one
_LEAST_DAYS: Final = 3
_LEAST_FREE: Final = 6  # days that the factors of the series leave free, over all series


@dataclass(frozen=True, slots=True)
class Zone:
    """shift: half hours by which the bill's days begin later than UTC's.  others: shifts that explain as well."""

    shift: int
    others: tuple[int, ...]


def zone_of(provider: Provider, left_out: frozenset[str] = frozenset()) -> Zone | None:
    """The shift that the data show. left_out: keys and projects of the bill that no trace has."""
    scores = _scores(provider, left_out)
    if scores is None:
        return None
    at_utc = scores[MOST_SHIFT]
    best = int(np.argmin(scores))
    if at_utc < _LEAST_SCORE or scores[best] > _MUCH_BETTER * at_utc:
        return None
    near = np.flatnonzero(scores <= max(_AS_GOOD * scores[best], 1e-9))
    others = tuple(int(each) - MOST_SHIFT for each in near if each != best)
    if MOST_SHIFT in near or any(abs(each + MOST_SHIFT - best) > 2 for each in others):
        return None  # shifts far apart explain it alike: none is shown
    return Zone(best - MOST_SHIFT, others)


def _scores(provider: Provider, left_out: frozenset[str]) -> Any:
    """The score of each shift, from -MOST_SHIFT; None where there is too little to tell."""
    begin, end = provider.window
    days = [
        bucket
        for bucket in provider.buckets
        if bucket[1] - bucket[0] == SLOTS_A_DAY
        and bucket[0] - MOST_SHIFT >= begin
        and bucket[1] + MOST_SHIFT <= end
    ]
    if len(days) < _LEAST_DAYS:
        return None
    names, billed, weights = _billed_days(provider, days, left_out)
    if (len(days) - 1) * len(names) < _LEAST_FREE:
        return None
    traced = _traced_slots(provider, names)
    clock = np.cumsum(np.pad(traced, ((0, 0), (1, 0))), axis=1)
    starts = np.array([bucket[0] for bucket in days]) - begin
    scores = []
    for shift in range(-MOST_SHIFT, MOST_SHIFT + 1):
        at = starts + shift
        of_days = clock[:, at + SLOTS_A_DAY] - clock[:, at]
        sums = of_days.sum(axis=1)
        factor = np.divide(billed.sum(axis=1), sums, out=np.zeros(len(names)), where=sums > 0)
        scores.append(float((weights * np.abs(billed - factor[:, None] * of_days).sum(axis=1)).sum()))
    whole = float((weights * billed.sum(axis=1)).sum())
    return None if whole <= 0 else np.array(scores) / whole


def _billed_days(
    provider: Provider, days: list[tuple[int, int]], left_out: frozenset[str]
) -> tuple[list[tuple[str | None, str | None]], Any, Any]:
    """Series, the bill's days of each, and what one of it is worth; amounts where the bill has no quantities."""
    usage = [
        row for row in provider.billed if row.charge == "usage" and row.item is None
        and row.key not in left_out and row.project not in left_out
    ]  # fmt: skip
    has_quantities = any(row.quantity is not None for row in usage)
    place = {bucket: number for number, bucket in enumerate(days)}
    series: dict[tuple[str | None, str | None], Any] = {}
    for row in usage:
        value = row.quantity if has_quantities else row.usd
        if value is not None and row.bucket in place:
            of_days = series.setdefault((row.model, row.kind), np.zeros(len(days)))
            of_days[place[row.bucket]] += float(value)
    names = sorted(series, key=str)
    billed = np.array([series[name] for name in names]).reshape(len(names), len(days))
    weights = np.array([_price(provider, name) if has_quantities else 1.0 for name in names])
    return names, billed, weights


def _price(provider: Provider, name: tuple[str | None, str | None]) -> float:
    rows = [row for row in provider.summed if _is_of(row.model, row.kind, name)]
    tokens = sum(float(row.quantity) for row in rows)
    return sum(float(row.usd) for row in rows) / tokens if tokens else 0.0


def _traced_slots(provider: Provider, names: list[tuple[str | None, str | None]]) -> Any:
    begin, end = provider.window
    has_quantities = any(row.quantity is not None for row in provider.billed if row.charge == "usage")
    found = np.zeros((len(names), end - begin))
    places: dict[tuple[str | None, str], list[int]] = {}
    for row in provider.summed:
        what = (row.model, row.kind)
        if what not in places:
            places[what] = [place for place, name in enumerate(names) if _is_of(row.model, row.kind, name)]
        for place in places[what]:
            found[place, row.slot - begin] += float(row.quantity if has_quantities else row.usd)
    return found


def _is_of(model: str | None, kind: str, name: tuple[str | None, str | None]) -> bool:
    return kind != CALLS and name[0] in (None, model) and name[1] in (None, kind)
