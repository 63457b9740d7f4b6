"""Under which step times does a replay come closest to what was observed? Fitted through the replay itself.

In: runs (a workload and what became of its calls), the pool that served them, with step times to start from.
Out: ``ReplayFit``: the model, the time that a call spends outside the engine, and how far the replay is still
off. It knows nothing of how a latency comes about, so it only improves on a fit that is nearly right: every
step time stays within a factor of two of where it started. docs/explanation/replay-accuracy.md
No verb uses it yet: it goes with the logs of engines, and scripts/calibrate_vllm.py does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.optimize import differential_evolution

from costctl.arrays import Floats
from costctl.simulate.network import replay_network
from costctl.simulate.outcome_measures import latency_s, quantile_s, ttft_s
from costctl.simulate.workload import Outcome, Pool, ServiceModel, Workload

_LEVELS: Final = np.linspace(0.05, 0.95, 19)
_SHORTEST: Final = 0.1
_WIDEST: Final = float(np.log(2.0))
_GENERATIONS: Final = 30
_POPULATION: Final = 10  # for each of the step times


@dataclass(frozen=True, slots=True)
class Run:
    """A workload that one pool served, and what was observed: seconds from arrival to first token and to end,
    one entry per call, NaN where it was not; no call follows another.
    """

    workload: Workload
    ttft_s: Floats
    latency_s: Floats


@dataclass(frozen=True, slots=True)
class ReplayFit:
    """overhead_s: from the client to the engine's line, the same for every call.  error_ratio: mean of
    |ln(replayed / observed)| over the quantiles of latency, 5 % to 95 %, of all runs.
    """

    model: ServiceModel
    overhead_s: float
    error_ratio: float


def fit_by_replay(runs: Sequence[Run], pool: Pool, seed: int = 0) -> ReplayFit:
    """The step times for which quantiles of latency are closest to those observed; the overhead from the time
    to first token.

    Times to first token take no part in the search: where a line forms they are the small difference of
    large numbers. κ is searched for where the pool has one: it is for others to say whether it is told. The search is
    differential evolution (Storn and Price 1997) on the logarithms: the error jumps wherever two calls change places,
    so that it has no slope to follow. Draws follow the seed.
    """
    model, overhead_s = pool.model, _overhead_s(runs, pool)
    names = ("alpha_s", "beta_s", "gamma_s", "kappa_s")[: 3 + (model.kappa_s > 0)]
    start = np.array([getattr(model, name) for name in names])

    def with_step_times(logs: Floats) -> Pool:
        found = dict(zip(names, (start * np.exp(logs)).tolist(), strict=True))
        return replace(pool, model=replace(model, **found))

    found = differential_evolution(
        lambda logs: _error_ratio(runs, with_step_times(logs), overhead_s),
        [(-_WIDEST, _WIDEST)] * start.size,
        x0=np.zeros(start.size),
        maxiter=_GENERATIONS,
        popsize=_POPULATION,
        polish=False,
        seed=seed,
    )
    best = with_step_times(found.x)
    overhead_s = _overhead_s(runs, best)
    return ReplayFit(best.model, overhead_s, _error_ratio(runs, best, overhead_s))


def replay_run(run: Run, pool: Pool, overhead_s: float) -> Outcome:
    """The run under this pool. Calls reach it overhead_s late; the outcome counts from where the client sent
    them.
    """
    sent = run.workload
    late = replace(sent, arrival_s=sent.arrival_s + overhead_s)
    outcome = replay_network(late, np.zeros(sent.size, np.int64), [pool])
    return replace(outcome, arrival_s=outcome.arrival_s - overhead_s)


def _overhead_s(runs: Sequence[Run], pool: Pool) -> float:
    """By how much the shortest tenth of times to first token, those of calls that waited least, are longer than
    in a replay without any overhead; at least 0.
    """
    observed_s = np.concatenate([run.ttft_s for run in runs])
    replayed_s = np.concatenate([ttft_s(replay_run(run, pool, 0.0)) for run in runs])
    seen = np.isfinite(observed_s)
    observed_s, replayed_s = observed_s[seen], replayed_s[seen]
    return max(quantile_s(observed_s, _SHORTEST) - quantile_s(replayed_s, _SHORTEST), 0.0)


def _error_ratio(runs: Sequence[Run], pool: Pool, overhead_s: float) -> float:
    errors = []
    for run in runs:
        seen = np.isfinite(run.latency_s)
        replayed_s, observed_s = latency_s(replay_run(run, pool, overhead_s))[seen], run.latency_s[seen]
        errors.append(np.abs(np.log(_quantiles_s(replayed_s) / _quantiles_s(observed_s))).mean())
    return float(np.mean(errors))


def _quantiles_s(seconds: Floats) -> Floats:
    return np.array([quantile_s(seconds, level) for level in _LEVELS])
