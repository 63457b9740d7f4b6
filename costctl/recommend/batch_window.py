"""How long should a batch wait for company, and how large may it grow?

In: the two parts of the window, the fits. Out: one recommendation per pool. Every window and size of the grid
is replayed on the first part; the cheapest whose upper bound of p95 keeps every class's objective is held to
the second.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from costctl.documents.recommendations import Change, Effect, Evidence, Holdout, Recommendation
from costctl.recommend.advice import (
    OVER,
    Subject,
    calibration_evidence,
    judged,
    meets_objectives,
    p95_effect,
    withheld,
)
from costctl.scenario.period import Period, Trial
from costctl.scenario.setting import with_pool, with_window
from costctl.service_model.pool_fit import PoolFit, PoolFits
from costctl.simulate.workload import Pool

_WINDOWS_S: Final = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
_SIZE_FACTORS: Final = (0.25, 0.5, 1.0)  # of the size declared: what fits into memory is not for us to exceed


def batch_windows(fits: PoolFits, first: Period, second: Period, seed: int) -> list[Recommendation]:
    """One recommendation, made or withheld, for each fitted pool."""
    return [_for_pool(fits, number, fit, first, second, seed) for number, fit in enumerate(fits.fitted)]


def _for_pool(
    fits: PoolFits, number: int, fit: PoolFit, first: Period, second: Period, seed: int
) -> Recommendation:
    subject = Subject("batch_window", None, fit.name)
    facts = (calibration_evidence(fit),)
    if fit.pool.model.discipline == "continuous":
        return withheld(
            subject,
            "It batches continuously: a call joins at the next step, so that the window is 0 by nature. The levers "
            "there are max_num_seqs and the token budget of a step.",
            facts,
        )
    if not fit.calibration.is_trusted:
        return withheld(subject, "A replay of today does not reproduce what was observed.", facts)
    classes = [int(value) for value in np.unique(first.request_class[first.request[first.pool == number]])]
    without_slo = [fits.calls.classes[c] for c in classes if not np.isfinite(_target_s(first, c))]
    if without_slo:
        name = without_slo[0]
        return withheld(subject, f"{name} has no objective to keep: set classes.{name}.slo.e2e_p95.", facts)
    today = first.trial(first.pools)
    best, trial, tried = _cheapest(first, number, fit, today, classes)
    if best is None or trial is None:
        return withheld(
            subject,
            f"None of {tried} windows and sizes is cheaper than today and keeps every objective.",
            facts,
        )
    pools = with_pool(second.pools, number, best)
    today_later, later = second.trial(second.pools), second.trial(pools)
    names = fits.calls.classes
    return judged(
        subject,
        f"Of {tried} windows and sizes this one is the cheapest that keeps every objective.",
        Change(from_=_settings(fit.pool), to=_settings(best)),
        first.saving(today, trial, seed),
        (
            *(p95_effect(first, today, trial, c, names[c]) for c in classes),
            _busy_effect(today, trial, number, first),
        ),
        Holdout(
            saving_usd=None,
            saving_usd_per_week=second.saving(today_later, later, seed),
            is_slo_met=meets_objectives(second, today_later, later, classes),
        ),
        (*facts, _grid_evidence(tried, first, number)),
        ("Batches take α + β·n + γ·tokens, as fitted.",),
        f"Set the window back to {fit.pool.setup.batch_window_s * 1e3:g} ms if the p95 of a class leaves "
        "its objective.",
    )


def _cheapest(
    first: Period, number: int, fit: PoolFit, today: Trial, classes: list[int]
) -> tuple[Pool | None, Trial | None, int]:
    """The cheapest setup that keeps the objectives, its trial, and how many were tried. What makes no
    difference stays as it is: today's size is tried first, and shorter windows before longer ones.
    """
    today_size = fit.pool.setup.max_num_seqs
    sizes = {max(1, int(today_size * factor)) for factor in _SIZE_FACTORS}
    in_order = sorted(sizes, key=lambda size: (size != today_size, size))
    best: tuple[Pool | None, Trial | None] = (None, None)
    least_usd = float(today.usd.sum())
    for window_s in _WINDOWS_S:
        for size in in_order:
            candidate = with_window(fit.pool, window_s, size)
            trial = first.trial(with_pool(first.pools, number, candidate))
            usd = float(trial.usd.sum())
            if usd < least_usd and meets_objectives(first, today, trial, classes):
                best, least_usd = (candidate, trial), usd
    return *best, len(sizes) * len(_WINDOWS_S)


def _target_s(period: Period, request_class: int) -> float:
    return float(period.target_s[period.request_class == request_class][0])


def _settings(pool: Pool) -> dict[str, str | int | float | bool | None]:
    return {
        "window_ms": round(pool.setup.batch_window_s * 1e3, 6),
        "max_batch_size": pool.setup.max_num_seqs,
    }


def _busy_effect(today: Trial, changed: Trial, number: int, period: Period) -> Effect:
    edges = np.cumsum([0, *(pool.setup.replicas for pool in period.pools)])
    here = slice(edges[number], edges[number + 1])
    hours = (period.to_s - period.from_s) / 3600.0
    return Effect(
        metric="busy replica seconds per hour",
        unit="s/h",
        over=OVER,
        from_=float(today.outcome.busy_s[here].sum()) / hours,
        to=float(changed.outcome.busy_s[here].sum()) / hours,
    )


def _grid_evidence(tried: int, period: Period, number: int) -> Evidence:
    calls = int((period.pool == number).sum())
    return Evidence(
        id="grid",
        kind="simulated",
        statement=f"{tried} settings were replayed on the first {period.to_s / 3600:.1f} h of the window.",
        samples=calls,
        value=None,
    )
