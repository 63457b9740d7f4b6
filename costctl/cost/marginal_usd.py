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

from costctl.arrays import Bools, Floats
from costctl.cost.bill import Bill
from costctl.cost.class_charges import Charges
from costctl.cost.closed_forms import bounds_s
from costctl.cost.marginal import METHOD, Removal, removals
from costctl.documents.analysis import MarginalReport
from costctl.documents.estimate import Estimate
from costctl.documents.settings import Settings
from costctl.frames.cost import Frames
from costctl.service_model.pool_calibration import Calibration
from costctl.service_model.pool_fit import PoolFits
from costctl.stats.replicates import law_variance, mean_of_replicates
from costctl.units import usd_per_s

_BOUNDED: Final = "bounds for pools without a service model: time alone, share, duration"
_OWN: Final = "own charges: what one request less would have saved, exact"
_MOST_ERROR_RATIO: Final = 1.0
_LEAST_ERROR_RATIO: Final = (
    0.01  # parts of a class are taken away, not single requests (worlds of known truth, 2026)
)


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
    """Of each fitted pool: price of a replica second, the part of the paid time that it is busy, and by what ratio the
    time that its replays save may be off.  shared_error_ratio: by what ratio all of it may be, since calls go from pool
    to pool.
    """

    usd_per_s: Floats
    busy_ratio: Floats
    error_ratio: Floats
    shared_error_ratio: float

    def error(self, saved: Floats) -> float:
        """Standard error of the model. saved: by pool."""
        return float(
            np.hypot(np.linalg.norm(saved * self.error_ratio), saved.sum() * self.shared_error_ratio)
        )


@dataclass(frozen=True, slots=True)
class _Requests:
    """The requests of a class, and their direct charges."""

    ids: pl.Series
    direct_usd: Floats

    @property
    def count(self) -> int:
        """How many."""
        return self.direct_usd.size


def marginal_costs(
    frames: Frames, charges: Mapping[str, Charges], settings: Settings, fits: PoolFits, bill: Bill, seed: int
) -> dict[str, ClassMarginal]:
    """The marginal cost of each class that has prices for all the replica time it used. charges: by class."""
    timed = _timed(frames)
    removed = removals(fits, seed)
    pools = _pools(settings, fits, bill)
    least_and_most_usd = _bounds_usd(fits, pools)
    unpriced = {name for name, pool in settings.pools.items() if pool.usd_per_replica_hour is None}
    modelled = {fit.name for fit in fits.fitted}
    found: dict[str, ClassMarginal] = {}
    for name, members in timed.items():
        accelerator = charges[name].charge.filter(pl.col("component") == "accelerator")
        used = set(accelerator["resource"].drop_nulls().unique())
        if used & unpriced or not (charges[name].is_priced or name in removed) or members.is_empty():
            continue
        requests = _requests(frames, members)
        removal = removed.get(name)
        by = _unmodelled_usd(frames, members, settings, used - modelled)
        if removal is None:
            found[name] = ClassMarginal(_widened(_own_charges(requests), by), None, None)
            continue
        everyone = _Share(removal, np.ones(removal.is_idle.size, np.bool_), requests.count)
        usd = everyone.usd(pools, pools.usd_per_s, float(requests.direct_usd.sum()), METHOD)
        report = _report(requests, removal, everyone, pools, least_and_most_usd[name])
        found[name] = ClassMarginal(
            _widened(usd, by), _congestion_usd(fits, settings, everyone, pools), _report_widened(report, by)
        )
    return found


def _pools(settings: Settings, fits: PoolFits, bill: Bill) -> _Pools:
    """The capacity is that of the bill: replicas that were renamed in the window are paid for once."""
    rates = [settings.pools[fit.name].usd_per_replica_hour for fit in fits.fitted]
    paid = {money.pool: money for money in bill.pools}
    busy_ratio = [
        (paid[fit.name].busy_s or 0.0) / max(paid[fit.name].capacity_s, 1e-9) for fit in fits.fitted
    ]
    busy = np.clip(np.array(busy_ratio), 1e-9, 1.0)
    calibrations = [fit.calibration for fit in fits.fitted]
    return _Pools(
        np.array([usd_per_s(rate or 0.0) for rate in rates]),
        busy,
        np.array([_idle_error_ratio(*each) for each in zip(calibrations, busy.tolist(), strict=True)]),
        max([_LEAST_ERROR_RATIO, *(_error_ratio(each.worst) for each in calibrations)]),
    )


def _idle_error_ratio(calibration: Calibration, busy_ratio: float) -> float:
    """By what ratio a replay of today misses the busy time of a pool, or its idle time where that is less: a pool that
    is hardly ever idle saves by the little that it is.
    """
    less = min(busy_ratio, 1.0 - busy_ratio)
    missed = abs(calibration.utilisation_error_ratio) * busy_ratio
    return _error_ratio(missed / less if less > 0.0 else float(missed > 0.0))


def _error_ratio(found: float) -> float:
    """1 at most, also where it is not known."""
    return min(found, _MOST_ERROR_RATIO) if np.isfinite(found) else _MOST_ERROR_RATIO


def _timed(frames: Frames) -> dict[str, pl.DataFrame]:
    """Of each class, in the order of their names, the requests of which the start is known: request_id, start_ns."""
    placed = frames.traffic.placed(frames.requests.select("request_id", "start_ns"))
    parts = placed.partition_by("request_class", as_dict=True, include_key=False)
    return {
        str(name): members.drop_nulls("start_ns").sort("request_id")
        for (name,), members in sorted(parts.items())
    }


def _requests(frames: Frames, members: pl.DataFrame) -> _Requests:
    direct = members.join(frames.request_usd, on="request_id", how="left", maintain_order="left")
    return _Requests(direct["request_id"], direct["direct_usd"].fill_null(0.0).to_numpy())


@dataclass(frozen=True, slots=True)
class _Share:
    """What was taken away of a class, by these parts, per so many requests."""

    removal: Removal
    parts: Bools
    requests: int

    def usd(self, pools: _Pools, usd_per_s: Floats, direct_usd: float, method: str) -> Estimate:
        """Direct charges per request, which are known, and what removing requests saved in replica time. Requests
        without a replayed call save none, and are counted all the same.
        """
        by_pool = self.removal.saved_s * usd_per_s
        error_usd = pools.error(by_pool[:, self.parts].mean(axis=(0, 2)).sum(axis=0))
        return self._mean(by_pool.sum(axis=3), error_usd, direct_usd, method)

    def delay(self, pools: _Pools, weights: Floats, method: str) -> Estimate:
        """Delay of others, weighted by their class, per request."""
        weighted = self.removal.delay_s @ weights
        mean_s = float(weighted[:, self.parts].mean(axis=(0, 2)).sum())
        error_ratio = np.hypot(pools.error_ratio.max(initial=0.0), pools.shared_error_ratio)
        return self._mean(weighted, abs(mean_s) * float(error_ratio), 0.0, method)

    def _mean(self, saved: Floats, error: float, exact: float, method: str) -> Estimate:
        """saved: replicates × parts × 2."""
        mine = saved[:, self.parts] / self.requests
        found = mine.mean(axis=2).sum(axis=1)
        # Each part answers for all of them: a mean over parts that were replayed under laws of their own.
        answers = (mine[..., 0] - mine[..., 1]).ravel() / 2 * mine.shape[1]
        deviations = self.removal.deviations[:, self.parts].reshape(answers.size, -1)
        law = law_variance(answers, deviations, self.removal.covariance, abs(float(found.mean())))
        return mean_of_replicates(found, law, error / self.requests, method, exact / self.requests)


def _own_charges(requests: _Requests) -> Estimate:
    """Of requests that hold no replica: what each was charged is what it would have saved, however few there are."""
    mean_usd = float(requests.direct_usd.mean())
    return Estimate(low=mean_usd, mid=mean_usd, high=mean_usd, level=None, method=_OWN)


def _report(
    requests: _Requests,
    removal: Removal,
    everyone: _Share,
    pools: _Pools,
    least_and_most_usd: tuple[float, float],
) -> MarginalReport:
    """What the marginal cost is made of."""
    is_idle = requests.ids.is_in(removal.found_idle_ids.tolist()).to_numpy()

    def of_stratum(parts: Bools, is_in: Bools) -> Estimate | None:
        if not is_in.any():
            return None
        direct_usd = float(requests.direct_usd[is_in].sum())
        return _Share(removal, parts, int(is_in.sum())).usd(pools, pools.usd_per_s, direct_usd, METHOD)

    direct_usd = float(requests.direct_usd.mean())
    return MarginalReport(
        found_idle_ratio=float(is_idle.mean()),
        found_idle_usd_per_request=of_stratum(removal.is_idle, is_idle),
        found_busy_usd_per_request=of_stratum(~removal.is_idle, ~is_idle),
        least_usd_per_request=least_and_most_usd[0] / requests.count + direct_usd,
        most_usd_per_request=least_and_most_usd[1] / requests.count + direct_usd,
        long_run_usd_per_request=everyone.usd(
            pools,
            pools.usd_per_s / pools.busy_ratio,
            float(requests.direct_usd.sum()),
            f"{METHOD}; replicas added to keep utilisation constant",
        ),
        delay_s_per_request=everyone.delay(pools, np.ones(removal.delay_s.shape[3]), METHOD),
    )


def _congestion_usd(fits: PoolFits, settings: Settings, everyone: _Share, pools: _Pools) -> Estimate | None:
    """What a request makes others wait, at the prices of delay that their classes declare; None where none does.

    Classes that declare no price of delay are left out of the sum.
    """
    declared = [
        settings.classes[name].delay_usd_per_s if name in settings.classes else None
        for name in fits.calls.classes
    ]
    if all(price is None for price in declared):
        return None
    method = f"delay of others by {METHOD}, at the declared prices of delay"
    return everyone.delay(pools, np.array([price or 0.0 for price in declared]), method)


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
