"""How many calls of a class may wait, and how long, before waiting is of no use?

In: the two parts of the window, the fits. Out: one recommendation per pool and class with an objective. A
call that waits longer than its
objective less its service is done in vain: K ≤ throughput × (objective − p95 of service), time to live =
objective − p95 of service. Multiples of both are replayed on the first part; the one with the most requests
within their objective, among equals the cheapest, is held to the second.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np

from costctl.arrays import Bools
from costctl.documents.recommendations import Change, Effect, Evidence, Holdout, Recommendation
from costctl.recommend.advice import (
    OVER,
    Subject,
    calibration_evidence,
    goodput_ratio,
    judged,
    p95_effect,
    withheld,
)
from costctl.scenario.period import Period, Trial, p95_s
from costctl.scenario.setting import with_pool, with_queue_limit
from costctl.service_model.pool_fit import PoolFit, PoolFits
from costctl.simulate.workload import Pool

_FACTORS: Final = (0.25, 0.5, 1.0, 2.0)


def queue_limits(fits: PoolFits, first: Period, second: Period, seed: int) -> list[Recommendation]:
    """One recommendation, made or withheld, for each fitted pool and class that it serves."""
    found = []
    for number, fit in enumerate(fits.fitted):
        served = np.unique(first.request_class[first.request[first.pool == number]])
        for request_class in served.tolist():
            found.append(_for_class(fits, number, fit, request_class, first, second, seed))
    return found


def _for_class(
    fits: PoolFits, number: int, fit: PoolFit, request_class: int, first: Period, second: Period, seed: int
) -> Recommendation:
    name = fits.calls.classes[request_class]
    subject = Subject("queue_limit", name, fit.name)
    facts = (calibration_evidence(fit),)
    target_s = float(first.target_s[first.request_class == request_class][0])
    if not fit.calibration.is_trusted:
        return withheld(subject, "A replay of today does not reproduce what was observed.", facts)
    if not math.isfinite(target_s):
        return withheld(subject, f"{name} has no objective: set classes.{name}.slo.e2e_p95.", facts)
    room_s = target_s - _p95_without_waiting_s(first, number, request_class)
    if room_s <= 0:
        return withheld(
            subject,
            f"Even without waiting, p95 is beyond the objective of {target_s:g} s: no queue is short enough.",
            facts,
        )
    per_replica_s = _throughput_per_s(first, number) / fit.pool.setup.replicas
    today = first.trial(first.pools)
    best = _best(first, number, request_class, today, per_replica_s, room_s)
    if best is None:
        longest_s = _longest_wait_s(first, number, request_class)
        return withheld(
            subject,
            f"No limit helps: the longest wait in the replay of today is {longest_s:.3g} s, "
            f"and {room_s:.3g} s may be spent waiting.",
            facts,
        )
    pool, trial, limit, ttl_s = best
    changed = (*second.pools[:number], pool, *second.pools[number + 1 :])
    today_later, later = second.trial(second.pools), second.trial(changed)
    good, good_later = (
        goodput_ratio(second, today_later, request_class),
        goodput_ratio(second, later, request_class),
    )
    everyone_later = later.is_good.sum() >= today_later.is_good.sum()
    return judged(
        subject,
        f"Work that would miss its objective of {target_s:g} s anyway is refused while it is cheap, "
        "and those behind it are in time.",
        Change(from_={"queue_limit": None, "ttl_s": None}, to={"queue_limit": limit, "ttl_s": ttl_s}),
        first.saving(today, trial, seed),
        (
            p95_effect(first, _served_only(today), _served_only(trial), request_class, name),
            Effect(
                metric=f"{name} goodput",
                unit="ratio",
                over=OVER,
                from_=goodput_ratio(first, today, request_class),
                to=goodput_ratio(first, trial, request_class),
            ),
        ),
        Holdout(
            saving_usd=None,
            saving_usd_per_week=second.saving(today_later, later, seed),
            is_slo_met=bool(good_later >= good and everyone_later),
        ),
        (*facts, _formula_evidence(first, number, request_class, per_replica_s, room_s)),
        ("A refused request is not sent again.",),
        "Remove the limit; refusals show as status 429 at the gateway.",
    )


def _best(
    first: Period, number: int, request_class: int, today: Trial, per_replica_s: float, room_s: float
) -> tuple[Pool, Trial, int, float] | None:
    """The limit with the most good requests, of all classes, then the least cost; None where none beats
    today.
    """
    best: tuple[Pool, Trial, int, float] | None = None
    score = (int(today.is_good.sum()), -float(today.usd.sum()))
    for factor in _FACTORS:
        limit, ttl_s = max(1, round(factor * per_replica_s * room_s)), round(min(factor, 1.0) * room_s, 3)
        pool = with_queue_limit(first.pools[number], request_class, limit, ttl_s)
        trial = first.trial(with_pool(first.pools, number, pool))
        reached = (int(trial.is_good.sum()), -float(trial.usd.sum()))
        if reached > score and reached[1] > -float(today.usd.sum()):
            best, score = (pool, trial, limit, ttl_s), reached
    return best


def _here(period: Period, number: int, request_class: int) -> Bools:
    here: Bools = (period.pool == number) & (period.request_class[period.request] == request_class)
    return here


def _p95_without_waiting_s(period: Period, number: int, request_class: int) -> float:
    """p95 of the requests' time, less what their calls waited in this pool."""
    here = _here(period, number, request_class)
    waits_s = np.zeros(period.duration_s.size)
    np.add.at(waits_s, period.request[here], (period.today.begin_s - period.today.arrival_s)[here])
    return p95_s((period.duration_s - waits_s)[period.members(request_class)])


def _throughput_per_s(period: Period, number: int) -> float:
    """Calls of all classes that the pool ends per busy second, the rate at which a queue in front of it
    moves.
    """
    here = period.pool == number
    edges = np.cumsum([0, *(pool.setup.replicas for pool in period.pools)])
    busy_s = float(period.today.busy_s[edges[number] : edges[number + 1]].sum())
    replicas = period.pools[number].setup.replicas
    return float(here.sum()) / busy_s * replicas if busy_s > 0 else 0.0


def _longest_wait_s(period: Period, number: int, request_class: int) -> float:
    here = _here(period, number, request_class)
    return float(np.nanmax((period.today.begin_s - period.today.arrival_s)[here], initial=0.0))


def _served_only(trial: Trial) -> Trial:
    """The trial with the time of refused requests left out, not infinite: a p95 of those that were served."""
    return replace(trial, e2e_s=np.where(np.isinf(trial.e2e_s), np.nan, trial.e2e_s))


def _formula_evidence(
    period: Period, number: int, request_class: int, per_replica_s: float, room_s: float
) -> Evidence:
    return Evidence(
        id="formula",
        kind="computed",
        statement=f"A replica ends {per_replica_s:.3g} calls per busy second, and {room_s:.3g} s of the objective "
        "are left for waiting.",
        samples=int(_here(period, number, request_class).sum()),
        value=None,
    )
