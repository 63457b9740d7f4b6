"""What do the recommended changes save together? Applied one after the other on one replay of the whole window.

In: the recommendations as they are written down, the whole period. Out: ``Joint``. Two changes may save the same
second; each is counted for what it adds to those before it, the surest first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from costctl.arrays import Ints
from costctl.documents.recommendations import Increment, Joint, Recommendation
from costctl.scenario.period import Period
from costctl.scenario.setting import moved, with_pool, with_queue_limit, with_window
from costctl.service_model.pool_fit import PoolFits
from costctl.simulate.workload import Pool

Setting = tuple[tuple[Pool, ...], Ints]  # the pools, and by which each call is served


def joint_saving(fits: PoolFits, period: Period, advice: Sequence[Recommendation], seed: int) -> Joint | None:
    """The saving of all that is recommended, in order of the lower bound of what each saves; None if nothing is."""
    made = [item for item in advice if item.status == "recommended" and item.saving_usd_per_week is not None]
    if not made:
        return None
    made.sort(key=lambda item: (-_lower_bound(item), item.id))
    setting: Setting = (period.pools, period.pool)
    today = before = period.trial(period.pools)
    order = []
    for item in made:
        setting = _applied(fits, period, setting, item)
        trial = period.trial(*setting)
        order.append(
            Increment(id=item.id, saving_usd=None, saving_usd_per_week=period.saving(before, trial, seed))
        )
        before = trial
    return Joint(saving_usd=None, saving_usd_per_week=period.saving(today, before, seed), order=tuple(order))


def _lower_bound(item: Recommendation) -> float:
    return item.saving_usd_per_week.low if item.saving_usd_per_week is not None else 0.0


def _applied(fits: PoolFits, period: Period, setting: Setting, item: Recommendation) -> Setting:
    """The setting with one change more, read from the document, so that what is emitted is what is replayed."""
    pools, pool = setting
    names = [fit.name for fit in fits.fitted]
    if item.change is None or item.pool is None:
        return setting
    here = names.index(item.pool)
    to = item.change.to
    if item.kind == "batch_window":
        size = int(to["max_batch_size"] or pools[here].setup.max_num_seqs)
        changed = with_window(pools[here], float(to["window_ms"] or 0.0) / 1e3, size)
        return with_pool(pools, here, changed), pool
    if item.request_class is None:
        return setting
    number = fits.calls.classes.index(item.request_class)
    if item.kind == "tier_placement":
        return pools, moved(period, pool, number, names.index(str(to["pool"])))
    limit, ttl_s = int(to["queue_limit"] or 0), float(to["ttl_s"] or np.inf)
    return with_pool(pools, here, with_queue_limit(pools[here], number, limit, ttl_s)), pool
