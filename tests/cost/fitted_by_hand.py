"""What would have been fitted to calls that a pool of a known law served."""

from __future__ import annotations

import numpy as np

from costctl.arrays import Ints
from costctl.service_model.batch_fit import BatchTimes
from costctl.service_model.covariance import EXACT, Covariance
from costctl.service_model.pool_calibration import Calibration
from costctl.service_model.pool_calls import PoolCalls
from costctl.service_model.pool_fit import PoolFit, PoolFits
from costctl.simulate.network import replay_network
from costctl.simulate.workload import Pool, Workload


def fits_of(
    workload: Workload, pool: Pool, classes: tuple[str, ...], covariance_s2: Covariance = EXACT
) -> PoolFits:
    """Each call is a request of its own, of the class that its lane is."""
    size, model = workload.size, pool.model
    zeros, numbers = np.zeros(size, np.int64), np.arange(size)
    outcome = replay_network(workload, zeros, [pool])
    calls = PoolCalls(
        pools=("one",),
        classes=classes,
        request_ids=numbers,
        replicas=np.array([pool.setup.replicas]),
        pool=zeros,
        replica=outcome.replica,
        server=outcome.replica,
        request=numbers,
        request_class=workload.lane,
        arrival_s=workload.arrival_s,
        begin_s=outcome.begin_s,
        first_token_s=outcome.first_token_s,
        end_s=outcome.end_s,
        alone_s=outcome.end_s - outcome.begin_s,
        uncached_tokens=workload.uncached_tokens,
        output_tokens=workload.decode_steps,
        after=workload.after,
        think_s=workload.think_s,
        is_generation=np.ones(size, np.bool_),
        is_replica_observed=np.ones(size, np.bool_),
        call_ids=numbers,
        is_timed=np.ones(size, np.bool_),
        cached_tokens=np.zeros(size, np.int64),
    )
    times = BatchTimes(model.alpha_s, model.beta_s, model.gamma_s, size, covariance_s2=covariance_s2)
    fit = PoolFit("one", pool, times, "declared", Calibration(0.0, 0.0, 0.0))
    return PoolFits(calls, (fit,), workload, numbers, zeros, {})


def drawn_workload(
    rng: np.random.Generator, gap_s: float, request_class: Ints, tokens: Ints, steps: Ints
) -> Workload:
    """Calls that come at random, one every gap_s on average."""
    size = request_class.size
    return Workload(
        arrival_s=np.cumsum(rng.exponential(gap_s, size)),
        after=np.full(size, -1),
        think_s=np.zeros(size),
        uncached_tokens=tokens,
        decode_steps=steps,
        lane=request_class,
        replica=np.zeros(size, np.int64),
    )
