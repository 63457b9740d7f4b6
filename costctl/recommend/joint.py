"""What do the recommended changes save together? Applied one after the other on one replay of the whole window.

In: the recommendations as they are written down, the whole period. Out: ``Joint``. Two changes may save the same
second; each is counted for what it adds to those before it, the surest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from costctl.cost.pool_fit import PoolFits
from costctl.documents.recommendations import Increment, Joint, Recommendation
from costctl.recommend.period import Period
from costctl.simulate.workload import Ints, Pool

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
        order.append(Increment(id=item.id, saving_usd_per_week=period.saving(before, trial, seed)))
        before = trial
    return Joint(saving_usd_per_week=period.saving(today, before, seed), order=tuple(order))


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
    setup = pools[here].setup
    if item.kind == "tier_placement" and item.request_class is not None:
        moves = period.request_class[period.request] == fits.calls.classes.index(item.request_class)
        return pools, np.where(moves, names.index(str(to["pool"])), pool)
    if item.kind == "batch_window":
        setup = replace(
            setup,
            batch_window_s=float(to["window_ms"] or 0.0) / 1e3,
            max_num_seqs=int(to["max_batch_size"] or setup.max_num_seqs),
        )
    elif item.kind == "queue_limit" and item.request_class is not None:
        lane = fits.calls.classes.index(item.request_class)
        limits, lives_s = setup.queue_limit.copy(), setup.time_to_live_s.copy()
        limits[lane], lives_s[lane] = int(to["queue_limit"] or 0), float(to["ttl_s"] or np.inf)
        setup = replace(setup, queue_limit=limits, time_to_live_s=lives_s)
    return (*pools[:here], replace(pools[here], setup=setup), *pools[here + 1 :]), pool
