"""Between which bounds does the marginal replica time of a call lie? Closed forms, without a replay.

In: the fitted pools and their calls. Out: per call of the workload, replica seconds: the time that it was alone on its
replica, which is the least that it cost, and γ·tokens + β·steps + α·(steps taken alone), the most. Under load both are
far from the marginal cost: docs/explanation/marginal-cost.md shows by how much.
"""

from __future__ import annotations

import numpy as np

from costctl.cost.pool_fit import PoolFits
from costctl.simulate.workload import Floats, Ints


def bounds_s(fits: PoolFits) -> tuple[Floats, Floats]:
    """The lower and the upper bound of each call of the workload."""
    calls, which = fits.calls, fits.which
    apart = calls.pool[which] * (int(calls.replica.max()) + 1) + calls.replica[which]
    begin_s = np.fmax(calls.begin_s[which], calls.arrival_s[which])
    alone = alone_s(apart, begin_s, np.maximum(calls.end_s[which], begin_s))
    models = [pool.model for pool in fits.pools]
    alpha_s, beta_s, gamma_s = (
        np.array([getattr(model, name) for model in models])[fits.pool]
        for name in ("alpha_s", "beta_s", "gamma_s")
    )
    is_static = np.array([model.discipline == "static" for model in models])[fits.pool]
    steps = np.where(is_static, 1, fits.workload.decode_steps)
    own_s = gamma_s * fits.workload.uncached_tokens + beta_s * steps
    ratio = np.minimum(alone / np.maximum(own_s + alpha_s * steps, 1e-12), 1.0)
    return alone, np.maximum(own_s + alpha_s * steps * ratio, alone)


def alone_s(replica: Ints, begin_s: Floats, end_s: Floats) -> Floats:
    """Seconds that each call was the only one on its replica."""
    found = np.zeros(replica.size)
    for each in np.unique(replica):
        here = np.flatnonzero(replica == each)
        instants = np.concatenate([begin_s[here], end_s[here]])
        order = np.argsort(instants, kind="stable")
        at_s = instants[order]
        active = np.cumsum(np.repeat([1, -1], here.size)[order])
        clock_s = np.concatenate([[0.0], np.cumsum(np.where(active[:-1] == 1, np.diff(at_s), 0.0))])
        first, last = np.searchsorted(at_s, begin_s[here]), np.searchsorted(at_s, end_s[here])
        found[here] = clock_s[last] - clock_s[first]
    return found
