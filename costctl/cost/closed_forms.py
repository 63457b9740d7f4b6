"""Between which bounds does the marginal replica time of a call lie? Closed forms, without a replay.

In: the fitted pools and their calls. Out: per call of the workload, replica seconds: the time that it was alone on its
replica, which is the least that it cost, and γ·tokens + β·steps + α·(steps taken alone), the most. Under load both are
far from the marginal cost: docs/explanation/marginal-cost.md shows by how much.
"""

from __future__ import annotations

import numpy as np

from costctl.arrays import Floats
from costctl.service_model.pool_fit import PoolFits


def bounds_s(fits: PoolFits) -> tuple[Floats, Floats]:
    """The lower and the upper bound of each call of the workload."""
    calls, which = fits.calls, fits.which
    alone_s = calls.alone_s[which]
    models = [pool.model for pool in fits.pools]
    alpha_s, beta_s, gamma_s = (
        np.array([getattr(model, name) for model in models])[fits.pool]
        for name in ("alpha_s", "beta_s", "gamma_s")
    )
    is_static = np.array([model.discipline == "static" for model in models])[fits.pool]
    steps = np.where(is_static, 1, fits.workload.decode_steps)
    own_s = gamma_s * fits.workload.uncached_tokens + beta_s * steps
    ratio = np.minimum(alone_s / np.maximum(own_s + alpha_s * steps, 1e-12), 1.0)
    return alone_s, np.maximum(own_s + alpha_s * steps * ratio, alone_s)
