"""Which part of the accelerator time that is paid for was of use, and why was the rest not?

In: the frames, the settings and the bill. Out: of each pool the seconds by kind, which add up to its capacity. The busy
time of each call, by the occupancy clock, is of the first kind that fits:

    failed            the attempt failed, or its request did
    missed_slo        the request took longer than an objective of its class allows
    slo_not_observed  the class has an objective, and the time that it is about is not known
    over_tiered       a pool with a lower price of a replica hour serves a model that the class allows, inside its
                      boundary
    no_objective      the class has no objective, so that nothing says whether it came in time
    useful            what remains: it met every objective of its class
    idle              the capacity in which no call was in progress
"""

from __future__ import annotations

from typing import Final, get_args

import polars as pl

from costctl.cost.bill import Bill
from costctl.documents.analysis import PoolUse, UseKind
from costctl.documents.settings import ClassSettings, Pool, Settings
from costctl.frames.cost import Frames
from costctl.levers.boundary import may_serve
from costctl.stats.exact_sums import sums_by

KINDS: Final[tuple[UseKind, ...]] = get_args(UseKind)
_JUDGED: Final = ("useful", "missed_slo", "slo_not_observed")  # of classes with an objective


def pool_uses(frames: Frames, settings: Settings, bill: Bill) -> dict[str, tuple[PoolUse, ...]]:
    """pool → a row for each kind; their ratios sum to 1. Nothing for a pool whose calls were not timed."""
    seconds = _busy_s(frames, settings)
    found: dict[str, tuple[PoolUse, ...]] = {}
    for pool in bill.pools:
        if pool.busy_s is None or pool.capacity_s <= 0:
            continue
        held_s = {kind: seconds.get((pool.pool, kind), 0.0) for kind in KINDS}
        held_s["idle"] = pool.capacity_s - sum(held_s.values())
        found[pool.pool] = tuple(
            PoolUse(kind=kind, seconds=held_s[kind], ratio=held_s[kind] / pool.capacity_s) for kind in KINDS
        )
    return found


def useful_ratio(use: tuple[PoolUse, ...]) -> float | None:
    """The part of the capacity that met its objectives; None where no busy time could have met any."""
    ratio = {each.kind: each.ratio for each in use}
    is_judged = any(ratio[kind] > 0 for kind in _JUDGED) or ratio["no_objective"] <= 0
    return ratio["useful"] if is_judged else None


def _busy_s(frames: Frames, settings: Settings) -> dict[tuple[str, UseKind], float]:
    """(pool, kind) → s of busy time."""
    served = frames.pool_call
    calls = served.join(_targets(settings), on="request_class", how="left").join(
        _over_tiered(served, settings), on=("pool", "request_class", "is_generation"), how="left"
    )
    late = [pl.col(seconds) > pl.col(target) for seconds, target in _OBJECTIVES]
    unknown = [pl.col(target).is_not_null() & pl.col(seconds).is_null() for seconds, target in _OBJECTIVES]
    kind = (
        pl.when(pl.col("is_failed") | ~pl.col("is_request_success"))
        .then(pl.lit("failed"))
        .when(pl.any_horizontal(each.fill_null(value=False) for each in late))
        .then(pl.lit("missed_slo"))
        .when(pl.any_horizontal(unknown))
        .then(pl.lit("slo_not_observed"))
        .when(pl.col("is_over_tiered").fill_null(value=False))
        .then(pl.lit("over_tiered"))
        .when(pl.all_horizontal(pl.col(target).is_null() for _, target in _OBJECTIVES))
        .then(pl.lit("no_objective"))
        .otherwise(pl.lit("useful"))
        .alias("kind")
    )
    sums = sums_by(calls.with_columns(kind), ("pool", "kind"), "share_s")
    return {(pool, each): share_s for (pool, each), share_s in sums.items()}


_OBJECTIVES: Final = (("request_duration_s", "e2e_target_s"), ("request_ttft_s", "ttft_target_s"))


def _targets(settings: Settings) -> pl.DataFrame:
    rows = [(name, each.slo.e2e_p95_s, each.slo.ttft_p95_s) for name, each in settings.classes.items()]
    columns = {"request_class": pl.Categorical, "e2e_target_s": pl.Float64, "ttft_target_s": pl.Float64}
    return pl.DataFrame(rows, schema=columns, orient="row")


def _over_tiered(served: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """(pool, class, kind of call) for which a cheaper pool that is allowed took calls of the same kind. served: calls
    of pools, with their class.
    """
    kinds = served.select("pool", "request_class", "is_generation").unique()
    takes = set(kinds.select("pool", "is_generation").iter_rows())
    rows = [
        (pool, name, is_generation, True)
        for pool, name, is_generation in kinds.iter_rows()
        if any(
            (other, is_generation) in takes
            and _is_cheaper(settings.pools[other], settings.pools[pool])
            and may_serve(settings.classes.get(name, ClassSettings()), settings.pools[other])
            for other in settings.pools
        )
    ]
    columns = {
        "pool": pl.Categorical,
        "request_class": pl.Categorical,
        "is_generation": pl.Boolean,
        "is_over_tiered": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=columns, orient="row")


def _is_cheaper(there: Pool, here: Pool) -> bool:
    if there.usd_per_replica_hour is None or here.usd_per_replica_hour is None:
        return False
    return there.usd_per_replica_hour < here.usd_per_replica_hour
