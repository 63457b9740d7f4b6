"""What would have happened to the requests of a period under other settings? Replays of the same calls,
compared pairwise.

In: the fitted pools, the frames, a part of the window. Out: ``Trial`` values: what replica time was worth,
block by block, how long each request took, and which met their objective. A request's time under a change is
what was observed, plus what its calls take longer in the replay of the change than in the replay of today.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from costctl.cost.blocks import BLOCKS, ratio_over_blocks
from costctl.cost.busy_blocks import busy_usd_by_block
from costctl.cost.frames import Frames
from costctl.cost.pool_fit import PoolFits
from costctl.documents.estimate import Estimate
from costctl.documents.settings import ClassSettings, Settings
from costctl.simulate.counterfactual import without
from costctl.simulate.network import replay_network
from costctl.simulate.workload import Bools, Floats, Ints, Outcome, Pool, Workload
from costctl.units import S_PER_WEEK, usd_per_s

SAVING_METHOD = "paired replay, block bootstrap"


@dataclass(frozen=True, slots=True)
class Trial:
    """One replay. usd: price of busy replica time, by block.  e2e_s: by request, infinite where a call was
    refused, NaN where the request was not timed.  is_good: by request, whether it succeeded within its
    objective.
    """

    outcome: Outcome
    usd: Floats
    e2e_s: Floats
    is_good: Bools


@dataclass(frozen=True, slots=True)
class Period:
    """The calls of the requests that began in a part of the window, and those requests.

    usd_per_s: price of a replica second, by fitted pool.  request: for each call its request.  request_class,
    duration_s, target_s, is_success: by request; target_s is infinite without an objective.
    """

    from_s: float
    to_s: float
    pools: tuple[Pool, ...]
    usd_per_s: Floats
    workload: Workload
    pool: Ints
    request: Ints
    request_class: Ints
    duration_s: Floats
    target_s: Floats
    is_success: Bools
    today: Outcome

    def members(self, request_class: int) -> Bools:
        """Which requests are of the class and have calls in the period."""
        found = np.zeros(self.request_class.size, np.bool_)
        found[self.request] = True
        members: Bools = found & (self.request_class == request_class)
        return members

    def trial(self, pools: Sequence[Pool], pool: Ints | None = None) -> Trial:
        """Replay under these pools. pool: by which each call is served, else as today."""
        served_by = self.pool if pool is None else pool
        outcome = replay_network(self.workload, served_by, pools)
        longer_s = _latency_s(outcome) - _latency_s(self.today)
        longer_s[np.isnan(longer_s)] = np.inf
        e2e_s = self.duration_s.copy()
        np.add.at(e2e_s, self.request, longer_s)
        edges_s = np.linspace(self.from_s, self.to_s, BLOCKS + 1)
        edges_s[-1] = np.inf
        prices = np.repeat(self.usd_per_s, [each.setup.replicas for each in pools])
        usd = busy_usd_by_block(outcome, prices, edges_s)
        return Trial(outcome, usd, e2e_s, self.is_success & (e2e_s <= self.target_s))

    def saving(self, base: Trial, changed: Trial, seed: int) -> Estimate | None:
        """USD per week that replica time is worth less under the change."""
        block_s = np.full(BLOCKS, (self.to_s - self.from_s) / BLOCKS)
        per_s = ratio_over_blocks(base.usd - changed.usd, block_s, SAVING_METHOD, np.random.default_rng(seed))
        return None if per_s is None else per_s.scaled(S_PER_WEEK)


def period_of(frames: Frames, fits: PoolFits, settings: Settings, from_s: float, to_s: float) -> Period:
    """The part of the window from ``from_s`` to ``to_s``, in seconds from its start."""
    calls, which = fits.calls, fits.which
    first_s = np.full(len(calls.request_ids), np.inf)
    request = calls.request[which]
    np.minimum.at(first_s, request, calls.arrival_s[which])
    keep = (first_s[request] >= from_s) & (first_s[request] < to_s)
    workload, pool = without(fits.workload, keep), fits.pool[keep]
    rates = [settings.pools[fit.name].usd_per_replica_hour or 0.0 for fit in fits.fitted]
    facts = _requests(frames, fits)
    request_class = np.zeros(len(calls.request_ids), np.int64)
    request_class[request] = calls.request_class[which]
    targets = np.array([_target_s(settings, name) for name in calls.classes] or [np.inf])
    return Period(
        from_s=from_s,
        to_s=to_s,
        pools=fits.pools,
        usd_per_s=np.array([usd_per_s(rate) for rate in rates]),
        workload=workload,
        pool=pool,
        request=request[keep],
        request_class=request_class,
        duration_s=facts["duration_s"].fill_null(float("nan")).to_numpy().copy(),
        target_s=targets[request_class],
        is_success=facts["is_success"].fill_null(False).to_numpy(),
        today=replay_network(workload, pool, fits.pools),
    )


def p95_upper_s(seconds: Floats) -> float:
    """Upper 97.5 % bound of the 95th percentile, by the rank that a binomial count allows; infinite with too
    few.
    """
    known = np.sort(seconds[~np.isnan(seconds)])
    if known.size == 0:
        return float("inf")
    rank = 0.95 * known.size + 1.96 * np.sqrt(0.95 * 0.05 * known.size)
    return float(known[int(np.ceil(rank)) - 1]) if rank <= known.size else float("inf")


def p95_s(seconds: Floats) -> float:
    """The 95th percentile by nearest rank; NaN where nothing was timed."""
    known = seconds[~np.isnan(seconds)]
    return float(np.quantile(known, 0.95, method="inverted_cdf")) if known.size else float("nan")


def _target_s(settings: Settings, name: str) -> float:
    declared = settings.classes.get(name, ClassSettings()).slo.e2e_p95_s
    return float("inf") if declared is None else declared


def _requests(frames: Frames, fits: PoolFits) -> pl.DataFrame:
    """Duration and success of the requests, in the order in which the calls count them."""
    names = pl.DataFrame({"request_id": fits.calls.request_ids})
    return names.join(
        frames.requests.select("request_id", "duration_s", "is_success"),
        on="request_id",
        how="left",
        maintain_order="left",
    )


def _latency_s(outcome: Outcome) -> Floats:
    latency: Floats = outcome.end_s - outcome.arrival_s
    return latency
