"""What does one more request of a class cost, in USD? Replica time by replay, and what is charged directly.

In: the frames, the settings, the fitted pools, the bill. Out: class → ``ClassMarginal``. A class without any price has
none. Calls of a pool without a service model are bounded instead: from the time that they were alone on their replica
to the time that they took.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from msgspec.structs import replace

from costctl.arrays import Floats
from costctl.cost.bill import Bill
from costctl.cost.class_charges import Charges
from costctl.cost.closed_forms import bounds_s
from costctl.cost.marginal import BUSY, IDLE, METHOD, Removal, removals
from costctl.documents.analysis import MarginalReport
from costctl.documents.estimate import Estimate
from costctl.documents.settings import Settings
from costctl.frames.cost import Frames
from costctl.service_model.pool_fit import PoolFit, PoolFits
from costctl.simulate.busy_blocks import block_edges_s, counts_by_block
from costctl.stats.blocks import ratio_over_blocks, ratio_over_replicates
from costctl.units import NS_PER_S, usd_per_s

_BOUNDED: Final = "bounds for pools without a service model: time alone, share, duration"
_DIRECT: Final = "direct charges, block bootstrap"
_OWN: Final = "own charges: what one request less would have saved, exact"
_MOST_ERROR_RATIO: Final = 1.0


@dataclass(frozen=True, slots=True)
class ClassMarginal:
    """usd_per_request: the marginal cost.  congestion_usd_per_request: what the delay of others is declared to be
    worth, or None.  report: what the figure is made of, or None without a replay.
    """

    usd_per_request: Estimate
    congestion_usd_per_request: Estimate | None
    report: MarginalReport | None


@dataclass(frozen=True, slots=True)
class _Pools:
    """Of each fitted pool: price of a replica second, the part of the paid time that it is busy, and how far what is
    replayed may be off.
    """

    usd_per_s: Floats
    busy_ratio: Floats
    error_ratio: float


@dataclass(frozen=True, slots=True)
class _Requests:
    """The requests of a class: when they start, their direct charges, and the blocks of time they fall into."""

    ids: pl.Series
    start_s: Floats
    direct_usd: Floats
    edges_s: Floats

    def by_block(self, weights: Floats | None = None) -> Floats:
        """How many, or how much, each block holds."""
        return counts_by_block(self.start_s, self.edges_s, weights)


def marginal_costs(
    frames: Frames, charges: Mapping[str, Charges], settings: Settings, fits: PoolFits, bill: Bill, seed: int
) -> dict[str, ClassMarginal]:
    """The marginal cost of each class that has prices for all the replica time it used. charges: by class."""
    timed = _timed(frames)
    edges_s = {
        name: block_edges_s(_since_start_s(frames, members))
        for name, members in timed.items()
        if not members.is_empty()
    }
    removed = removals(fits, edges_s, seed)
    pools = _pools(settings, fits, bill)
    least_and_most_usd = _bounds_usd(fits, pools)
    unpriced = {name for name, pool in settings.pools.items() if pool.usd_per_replica_hour is None}
    modelled = {fit.name for fit in fits.fitted}
    found: dict[str, ClassMarginal] = {}
    for number, (name, members) in enumerate(timed.items()):
        accelerator = charges[name].charge.filter(pl.col("component") == "accelerator")
        used = set(accelerator["resource"].drop_nulls().unique())
        if used & unpriced or not (charges[name].is_priced or name in removed) or members.is_empty():
            continue
        rng = np.random.default_rng([seed, number])
        requests = _requests(frames, members, edges_s[name])
        removal = removed.get(name)
        estimate = _estimate(requests, removal, pools, rng)
        if estimate is None and not used:
            estimate = _own_charges(requests)
        if estimate is None:
            continue
        by = _unmodelled_usd(frames, members, settings, used - modelled)
        if removal is None:
            found[name] = ClassMarginal(_widened(estimate, by), None, None)
            continue
        report = _report(requests, removal, pools, least_and_most_usd[name], rng)
        found[name] = ClassMarginal(
            _widened(estimate, by),
            _congestion_usd(fits, settings, requests, removal, pools, rng),
            _report_widened(report, by),
        )
    return found


def _pools(settings: Settings, fits: PoolFits, bill: Bill) -> _Pools:
    """The capacity is that of the bill: replicas that were renamed in the window are paid for once."""
    rates = [settings.pools[fit.name].usd_per_replica_hour for fit in fits.fitted]
    paid = {money.pool: money for money in bill.pools}
    busy_ratio = [
        (paid[fit.name].busy_s or 0.0) / max(paid[fit.name].capacity_s, 1e-9) for fit in fits.fitted
    ]
    return _Pools(
        np.array([usd_per_s(rate or 0.0) for rate in rates]),
        np.clip(np.array(busy_ratio), 1e-9, 1.0),
        max((_error_ratio(fit) for fit in fits.fitted), default=0.0),
    )


def _error_ratio(fit: PoolFit) -> float:
    """How far replica time that a replay tells may be off: the fit's own error, and what calibration shows."""
    off = fit.calibration.utilisation_error_ratio
    both = float(np.hypot(fit.times.error_ratio, off if np.isfinite(off) else _MOST_ERROR_RATIO))
    return min(both, _MOST_ERROR_RATIO)


def _timed(frames: Frames) -> dict[str, pl.DataFrame]:
    """Of each class, in the order of their names, the requests of which the start is known: request_id, start_ns."""
    placed = frames.traffic.placed(frames.requests.select("request_id", "start_ns"))
    parts = placed.partition_by("request_class", as_dict=True, include_key=False)
    return {
        str(name): members.drop_nulls("start_ns").sort("request_id")
        for (name,), members in sorted(parts.items())
    }


def _requests(frames: Frames, members: pl.DataFrame, edges_s: Floats) -> _Requests:
    direct = members.join(frames.request_usd, on="request_id", how="left", maintain_order="left")
    return _Requests(
        direct["request_id"],
        _since_start_s(frames, direct),
        direct["direct_usd"].fill_null(0.0).to_numpy(),
        edges_s,
    )


def _estimate(
    requests: _Requests, removal: Removal | None, pools: _Pools, rng: np.random.Generator
) -> Estimate | None:
    """Direct charges per request, and what removing requests saved in replica time. Requests without a replayed call
    save none, and are counted all the same.
    """
    direct_usd, counts = requests.by_block(requests.direct_usd), requests.by_block()
    if removal is None:
        return ratio_over_blocks(direct_usd, counts, _DIRECT, rng)
    usd = np.einsum("dspb,p->db", removal.saved_s, pools.usd_per_s)
    return ratio_over_replicates(usd, direct_usd, counts, pools.error_ratio, METHOD, rng)


def _own_charges(requests: _Requests) -> Estimate:
    """Of requests that hold no replica: what each was charged is what it would have saved, however few there are."""
    mean_usd = float(requests.direct_usd.mean())
    return Estimate(low=mean_usd, mid=mean_usd, high=mean_usd, level=None, method=_OWN)


def _report(
    requests: _Requests,
    removal: Removal,
    pools: _Pools,
    least_and_most_usd: tuple[float, float],
    rng: np.random.Generator,
) -> MarginalReport:
    """What the marginal cost is made of."""
    counts, direct_usd = requests.by_block(), requests.by_block(requests.direct_usd)
    size, direct = requests.start_s.size, float(requests.direct_usd.mean())
    is_idle = requests.ids.is_in(removal.found_idle_ids.tolist()).to_numpy()

    def of_stratum(stratum: int, is_in: Floats) -> Estimate | None:
        return ratio_over_replicates(
            np.einsum("dpb,p->db", removal.saved_s[:, stratum], pools.usd_per_s),
            requests.by_block(requests.direct_usd * is_in),
            requests.by_block(is_in),
            pools.error_ratio,
            METHOD,
            rng,
        )

    return MarginalReport(
        found_idle_ratio=float(is_idle.mean()),
        found_idle_usd_per_request=of_stratum(IDLE, is_idle.astype(np.float64)),
        found_busy_usd_per_request=of_stratum(BUSY, (~is_idle).astype(np.float64)),
        least_usd_per_request=least_and_most_usd[0] / size + direct,
        most_usd_per_request=least_and_most_usd[1] / size + direct,
        long_run_usd_per_request=ratio_over_replicates(
            np.einsum("dspb,p->db", removal.saved_s, pools.usd_per_s / pools.busy_ratio),
            direct_usd,
            counts,
            pools.error_ratio,
            f"{METHOD}; replicas added to keep utilisation constant",
            rng,
        ),
        delay_s_per_request=ratio_over_replicates(
            removal.delay_s.sum(axis=1), np.zeros(counts.size), counts, pools.error_ratio, METHOD, rng
        ),
    )


def _congestion_usd(
    fits: PoolFits,
    settings: Settings,
    requests: _Requests,
    removal: Removal,
    pools: _Pools,
    rng: np.random.Generator,
) -> Estimate | None:
    """What a request makes others wait, at the prices of delay that their classes declare; None where none does.

    Classes that declare no price of delay are left out of the sum.
    """
    declared = [
        settings.classes[name].delay_usd_per_s if name in settings.classes else None
        for name in fits.calls.classes
    ]
    if all(price is None for price in declared):
        return None
    usd = np.einsum("dcb,c->db", removal.delay_s, np.array([price or 0.0 for price in declared]))
    counts = requests.by_block()
    method = f"delay of others by {METHOD}, at the declared prices of delay"
    return ratio_over_replicates(usd, np.zeros(counts.size), counts, pools.error_ratio, method, rng)


def _bounds_usd(fits: PoolFits, pools: _Pools) -> dict[str, tuple[float, float]]:
    """The closed forms of each class, all of its calls together."""
    if not fits.fitted:
        return {}
    size = len(fits.calls.classes)
    sums = [
        np.bincount(fits.workload.lane, weights=each_s * pools.usd_per_s[fits.pool], minlength=size)
        for each_s in bounds_s(fits)
    ]
    return {
        name: (float(sums[0][number]), float(sums[1][number]))
        for number, name in enumerate(fits.calls.classes)
    }


def _since_start_s(frames: Frames, requests: pl.DataFrame) -> Floats:
    """Seconds from the window's start to the start of each request."""
    since_s: Floats = (requests["start_ns"].to_numpy() - frames.window_from_ns) / NS_PER_S
    return since_s


def _unmodelled_usd(
    frames: Frames, requests: pl.DataFrame, settings: Settings, pools: set[str]
) -> tuple[float, float, float] | None:
    """What the calls of these pools, which have no model, can have cost per request: least, share, most."""
    if not pools:
        return None
    calls = (
        frames.pool_call.filter(pl.col("pool").is_in(sorted(pools)) & pl.col("share_s").is_not_null())
        .join(requests.select("request_id"), on="request_id", how="semi")
        .sort("call_id")
    )
    rate = calls["pool"].replace_strict(
        {name: usd_per_s(settings.pools[name].usd_per_replica_hour or 0.0) for name in pools},
        return_dtype=pl.Float64,
    )
    low, mid, high = (
        float((calls[column] * rate).sum()) / requests.height
        for column in ("alone_s", "share_s", "duration_s")
    )
    return low, mid, max(high, mid)


def _widened(estimate: Estimate, by: tuple[float, float, float] | None) -> Estimate:
    """The estimate, widened by what the calls in pools without a model can have cost."""
    if by is None:
        return estimate
    return Estimate(
        low=estimate.low + by[0],
        mid=estimate.mid + by[1],
        high=estimate.high + by[2],
        level=None,
        method=f"{estimate.method}; {_BOUNDED}",
    )


def _report_widened(report: MarginalReport, by: tuple[float, float, float] | None) -> MarginalReport:
    """The same of what the figure is made of: idle and busy replicas alike."""
    if by is None:
        return report
    names = ("found_idle_usd_per_request", "found_busy_usd_per_request", "long_run_usd_per_request")
    changes = {name: _widened(each, by) for name in names if (each := getattr(report, name)) is not None}
    return replace(
        report,
        least_usd_per_request=report.least_usd_per_request + by[0],
        most_usd_per_request=report.most_usd_per_request + by[2],
        **changes,
    )
