"""What does one more request of a class cost, in USD? Replica time by replay, and what is charged directly.

In: the frames, the settings, the fitted pools. Out: class → ``Estimate``. A class without any price has none.
Calls of a pool
without a service model are bounded instead: from the time that they were alone on their replica to the time
that they took.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from costctl.cost.blocks import ratio_over_blocks
from costctl.cost.busy_blocks import block_edges_s, counts_by_block
from costctl.cost.frames import Frames
from costctl.cost.marginal import METHOD, Removal, removals
from costctl.cost.pool_fit import PoolFits
from costctl.documents.estimate import Estimate
from costctl.documents.settings import Settings
from costctl.simulate.workload import Floats
from costctl.units import NS_PER_S, usd_per_s

_BOUNDED: Final = "bounds for pools without a service model: time alone, share, duration"


def marginal_usd_per_request(
    frames: Frames, settings: Settings, fits: PoolFits, seed: int
) -> dict[str, Estimate]:
    """The marginal cost of each class that has prices for all the replica time it used."""
    rates = [settings.pools[fit.name].usd_per_replica_hour for fit in fits.fitted]
    prices = np.array([usd_per_s(rate or 0.0) for rate in rates])
    timed = frames.requests.select("request_id", "start_ns").drop_nulls("start_ns")
    placed = timed.join(frames.request_class, on="request_id")
    edges_s = {
        str(name): block_edges_s(_since_start_s(frames, members))
        for (name,), members in placed.group_by("request_class", maintain_order=True)
    }
    removed = removals(fits, prices, edges_s, seed)
    unpriced = {name for name, pool in settings.pools.items() if pool.usd_per_replica_hour is None}
    modelled = {fit.name for fit in fits.fitted}
    found: dict[str, Estimate] = {}
    for number, name in enumerate(sorted(frames.class_cost["request_class"])):
        requests = placed.filter(pl.col("request_class") == name).sort("request_id")
        charge = frames.charge.join(requests.select("request_id"), on="request_id", how="semi")
        used = set(charge.filter(pl.col("component") == "accelerator")["resource"].drop_nulls())
        priced = charge.filter(pl.col("usd").is_not_null())
        if used & unpriced or (priced.is_empty() and name not in removed):
            continue
        rng = np.random.default_rng([seed, number])
        if requests.is_empty():
            continue
        estimate = _estimate(frames, requests, priced, removed.get(name), edges_s[name], rng)
        if estimate is not None:
            found[name] = _with_bounds(estimate, frames, requests, settings, used - modelled)
    return found


def _estimate(
    frames: Frames,
    requests: pl.DataFrame,
    priced: pl.DataFrame,
    removal: Removal | None,
    edges_s: Floats,
    rng: np.random.Generator,
) -> Estimate | None:
    """Direct charges per request, and what removing requests saved in replica time."""
    direct = requests.join(
        priced.filter(pl.col("component") != "accelerator").group_by("request_id").agg(pl.col("usd").sum()),
        on="request_id",
        how="left",
    )
    start_s = _since_start_s(frames, direct)
    counts = counts_by_block(start_s, edges_s)
    usd = counts_by_block(start_s, edges_s, direct["usd"].fill_null(0.0).to_numpy())
    if removal is not None:
        usd = (
            usd + removal.saved_usd
        )  # requests without a replayed call save none, and are counted all the same
    return ratio_over_blocks(
        usd, counts, METHOD if removal is not None else "direct charges, block bootstrap", rng
    )


def _since_start_s(frames: Frames, requests: pl.DataFrame) -> Floats:
    """Seconds from the window's start to the start of each request."""
    since_s: Floats = (requests["start_ns"].to_numpy() - frames.window_from_ns) / NS_PER_S
    return since_s


def _with_bounds(
    estimate: Estimate, frames: Frames, requests: pl.DataFrame, settings: Settings, pools: set[str]
) -> Estimate:
    """The estimate, widened by what the calls in pools without a model can have cost."""
    if not pools:
        return estimate
    calls = (
        frames.calls.filter(pl.col("pool").is_in(sorted(pools)))
        .join(requests.select("request_id"), on="request_id", how="semi")
        .join(frames.call_share, on="call_id")
    )
    rate = calls["pool"].replace_strict(
        {name: usd_per_s(settings.pools[name].usd_per_replica_hour or 0.0) for name in pools},
        return_dtype=pl.Float64,
    )
    low, mid, high = (
        float((calls[column] * rate).sum()) / requests.height
        for column in ("alone_s", "share_s", "duration_s")
    )
    return Estimate(
        low=estimate.low + low,
        mid=estimate.mid + mid,
        high=estimate.high + max(high, mid),
        level=estimate.level,
        method=f"{estimate.method}; {_BOUNDED}",
    )
