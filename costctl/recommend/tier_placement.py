"""Which class belongs on which pool? The cheapest placement that capacity, boundaries and objectives allow.

In: the two parts of the window, the fits, the settings. Out: one recommendation per class that should move,
or one that says why none should. Loads are measured by replay with the class moved, not by list prices: min
Σ_g c_g·B_g over x_kg ∈ {0, 1} and whole B_g, with Σ_g x_kg = 1 and Σ_k x_kg·load_kg ≤ ρ·B_g, solved by
scipy.optimize.milp (HiGHS); moves are kept that recur when the blocks of time are drawn again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from costctl.arrays import Floats
from costctl.documents.recommendations import Change, Effect, Evidence, Holdout, Recommendation
from costctl.documents.settings import ClassSettings, DataBoundary, Settings
from costctl.documents.settings import Pool as PoolSettings
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
from costctl.scenario.setting import moved
from costctl.service_model.pool_fit import PoolFits
from costctl.simulate.busy_blocks import busy_s_by_pool_and_block
from costctl.simulate.counterfactual import without
from costctl.simulate.network import replay_network
from costctl.simulate.workload import Outcome
from costctl.stats.blocks import BLOCKS

_MOST_UTILISATION: Final = 0.85  # beyond it waits grow faster than load does
_DRAWS: Final = 20
_RECURRENCE: Final = 0.8
_ANY = Subject("tier_placement", None, None)


@dataclass(frozen=True, slots=True)
class Option:
    """A class on a pool: busy seconds that it causes there, by block."""

    request_class: int
    pool: int
    busy_s: Floats


def tier_placements(
    fits: PoolFits, settings: Settings, first: Period, second: Period, seed: int
) -> list[Recommendation]:
    """A recommendation for each class that the cheapest placement moves; else one, withheld, with the reason."""
    homes = _homes(first, len(fits.calls.classes))
    moves = [
        (number, pool)
        for number, home in homes.items()
        for pool in range(len(fits.fitted))
        if pool != home and _is_allowed(settings, fits, number, home, pool)
    ]
    facts = tuple(calibration_evidence(fit) for fit in fits.fitted)
    if not moves:
        return [
            withheld(
                _ANY,
                "No class may be served by another fitted pool: allowed_models, boundaries and prices leave each "
                "where it is.",
                facts,
            )
        ]
    if not all(fit.calibration.is_trusted for fit in fits.fitted):
        return [withheld(_ANY, "A replay of today does not reproduce what was observed.", facts)]
    today = first.trial(first.pools)
    kept = [(number, pool) for number, pool in moves if _keeps_objectives(first, today, number, pool)]
    if not kept:
        return [withheld(_ANY, f"None of {len(moves)} moves that are allowed keeps every objective.", facts)]
    options = _options(first, homes, kept)
    chosen = _recurring(first, homes, options, seed)
    if not chosen:
        return [
            withheld(
                _ANY,
                "Every class is where it is cheapest, or its move does not recur on redrawn days.",
                facts,
            )
        ]
    return [_advice(fits, first, second, today, homes[number], number, pool, seed) for number, pool in chosen]


def _homes(period: Period, classes: int) -> dict[int, int]:
    """The pool that serves most calls of each class, of the classes that one pool serves to nine tenths."""
    homes: dict[int, int] = {}
    for number in range(classes):
        served = period.pool[period.request_class[period.request] == number]
        if served.size:
            counts = np.bincount(served)
            if counts.max() >= 0.9 * served.size:
                homes[number] = int(counts.argmax())
    return homes


def _is_allowed(settings: Settings, fits: PoolFits, number: int, home: int, pool: int) -> bool:
    """Whether the class names a model of the pool, the data may go there, and the pool serves in the same
    way.
    """
    declared = settings.classes.get(fits.calls.classes[number], ClassSettings())
    target, source = fits.fitted[pool], fits.fitted[home]
    there = settings.pools[target.name]
    return (
        bool(set(declared.allowed_models) & set(there.models))
        and there.usd_per_replica_hour is not None
        and target.pool.model.discipline == source.pool.model.discipline
        and _is_inside(declared.boundary, there)
    )


def _is_inside(boundary: DataBoundary | None, pool: PoolSettings) -> bool:
    if boundary is None:
        return True
    return all(
        not allowed or actual in allowed
        for allowed, actual in (
            (boundary.regions, pool.region),
            (boundary.jurisdictions, pool.jurisdiction),
            (boundary.boundaries, pool.boundary),
        )
    )


def _keeps_objectives(period: Period, today: Trial, number: int, pool: int) -> bool:
    trial = period.trial(period.pools, moved(period, period.pool, number, pool))
    return meets_objectives(period, today, trial, sorted(set(period.request_class[period.request].tolist())))


def _options(period: Period, homes: dict[int, int], moves: list[tuple[int, int]]) -> list[Option]:
    """The load of each class at home and where it may go, by taking it away from there."""
    options = []
    for number, pool in [*homes.items(), *moves]:
        served_by = moved(period, period.pool, number, pool) if homes[number] != pool else period.pool
        with_it = _busy_s(period, replay_network(period.workload, served_by, period.pools))
        keep = period.request_class[period.request] != number
        rest = replay_network(without(period.workload, keep), served_by[keep], period.pools)
        options.append(Option(number, pool, with_it[pool] - _busy_s(period, rest)[pool]))
    return options


def _busy_s(period: Period, outcome: Outcome) -> Floats:
    """Busy seconds by pool and block."""
    edges_s = np.linspace(period.from_s, period.to_s, BLOCKS + 1)
    edges_s[-1] = np.inf
    return busy_s_by_pool_and_block(outcome, [pool.setup.replicas for pool in period.pools], edges_s)


def _recurring(
    period: Period, homes: dict[int, int], options: list[Option], seed: int
) -> list[tuple[int, int]]:
    """The moves of the cheapest placement that recur in most draws of the blocks."""
    rng = np.random.default_rng(seed)
    seconds = period.to_s - period.from_s
    counts: dict[tuple[int, int], int] = {}
    for _ in range(_DRAWS):
        weights = rng.multinomial(BLOCKS, np.full(BLOCKS, 1.0 / BLOCKS)).astype(float)
        loads = np.array([max(float(option.busy_s @ weights), 0.0) / seconds for option in options])
        for place in cheapest_placement(options, loads, period.usd_per_s):
            option = options[place]
            if homes[option.request_class] != option.pool:
                key = (option.request_class, option.pool)
                counts[key] = counts.get(key, 0) + 1
    return sorted(key for key, count in counts.items() if count >= _RECURRENCE * _DRAWS)


def cheapest_placement(options: list[Option], loads: Floats, usd_per_s: Floats) -> list[int]:
    """Indices of the chosen options, one a class. loads: busy replicas that each option causes.

    Whole replicas are bought; a thousandth of the fractional price breaks ties between placements that need
    as many.
    """
    classes = sorted({option.request_class for option in options})
    pools = usd_per_s.size
    size = len(options) + pools
    owner = np.array([option.pool for option in options])
    cost = np.concatenate([1e-3 * loads * usd_per_s[owner], usd_per_s])
    one_each = np.zeros((len(classes), size))
    for column, option in enumerate(options):
        one_each[classes.index(option.request_class), column] = 1.0
    room = np.zeros((pools, size))
    room[owner, np.arange(len(options))] = loads
    room[np.arange(pools), len(options) + np.arange(pools)] = -_MOST_UTILISATION
    upper = np.concatenate([np.ones(len(options)), np.full(pools, np.inf)])
    solution = milp(
        cost,
        constraints=[LinearConstraint(one_each, 1.0, 1.0), LinearConstraint(room, -np.inf, 0.0)],
        integrality=np.ones(size),
        bounds=Bounds(np.zeros(size), upper),
    )
    if solution.x is None:
        return []
    return [int(place) for place in np.flatnonzero(solution.x[: len(options)] > 0.5)]


def _advice(
    fits: PoolFits, first: Period, second: Period, today: Trial, home: int, number: int, pool: int, seed: int
) -> Recommendation:
    name, to_pool, from_pool = fits.calls.classes[number], fits.fitted[pool], fits.fitted[home]
    trial = first.trial(first.pools, moved(first, first.pool, number, pool))
    today_later, later = (
        second.trial(second.pools),
        second.trial(second.pools, moved(second, second.pool, number, pool)),
    )
    classes = sorted(set(second.request_class[second.request].tolist()))
    calls = int((first.request_class[first.request] == number).sum())
    return judged(
        Subject("tier_placement", name, to_pool.name),
        f"{name} keeps its objective on {to_pool.name}, and its replica time costs less there.",
        Change(from_={"pool": from_pool.name}, to={"pool": to_pool.name}),
        first.saving(today, trial, seed),
        (
            p95_effect(first, today, trial, number, name),
            _busy_effect(today, trial, first, home, from_pool.name),
            _busy_effect(today, trial, first, pool, to_pool.name),
        ),
        Holdout(
            saving_usd=None,
            saving_usd_per_week=second.saving(today_later, later, seed),
            is_slo_met=meets_objectives(second, today_later, later, classes),
        ),
        (
            calibration_evidence(from_pool),
            calibration_evidence(to_pool),
            Evidence(
                id="recurrence",
                kind="computed",
                statement=f"The cheapest placement moves it in at least {_RECURRENCE:.0%} of {_DRAWS} redrawn periods.",
                samples=calls,
                value=None,
            ),
        ),
        ("The model there answers as well and in as many tokens: allowed_models says that it may be used.",),
        f"Route {name} back to {from_pool.name} if its p95 leaves the objective.",
    )


def _busy_effect(today: Trial, changed: Trial, period: Period, number: int, name: str) -> Effect:
    edges = np.cumsum([0, *(each.setup.replicas for each in period.pools)])
    here = slice(edges[number], edges[number + 1])
    seconds = period.to_s - period.from_s
    return Effect(
        metric=f"busy replicas of {name}",
        unit="replicas",
        over=OVER,
        from_=float(today.outcome.busy_s[here].sum()) / seconds,
        to=float(changed.outcome.busy_s[here].sum()) / seconds,
    )
