"""Which pool holds up the requests that go through several, and what is it worth to relieve it?

In: the study. Out: ``Chain`` for each class of which requests call more than one pool. Calls of a request are replayed
in their order, whichever pools serve them: what one pool does sooner, the next begins sooner. Each pool in turn is
given one replica more, and the whole chain is replayed: the pool that shortens it the most is its bottleneck. The
longest stage need not be: a call that takes long alone takes as long beside another replica.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.documents.chain import Chain, ChainStage
from costctl.recommend.fewest import replicas_of
from costctl.recommend.study import Study
from costctl.scenario.period import Trial, p95_s

LEAST: Final = 0.01  # of p95: less is no bottleneck
_FEWEST_REQUESTS: Final = 20  # for a p95


def chains_of(study: Study) -> tuple[Chain, ...]:
    """The chains, by the class's number."""
    pools_of = {number: _pools_of(study, number) for number in study.served_classes()}
    more = {
        pool: study.trial(study.whole, replicas_of(study, pool, _replicas(study, pool) + 1))
        for pool in sorted({each for pools in pools_of.values() for each in pools})
    }
    found = (_chain(study, number, pools, more) for number, pools in pools_of.items() if pools)
    return tuple(each for each in found if np.isfinite(each.e2e_p95_s))


def _replicas(study: Study, pool: int) -> int:
    return study.today.pools[study.pools[pool]].replicas


def _pools_of(study: Study, request_class: int) -> tuple[int, ...]:
    """The pools that requests of the class go through, by when they reach them on average; none where each goes
    through one alone.
    """
    period = study.whole.period
    own = np.flatnonzero(period.request_class[period.request] == request_class)
    pairs = np.unique(np.column_stack([period.request[own], period.pool[own]]), axis=0)
    requests, pools_each = np.unique(pairs[:, 0], return_counts=True)
    if requests.size < _FEWEST_REQUESTS or not (pools_each > 1).any():
        return ()
    arrival_s, begins_s = period.today.arrival_s[own], np.full(period.request_class.size, np.inf)
    np.fmin.at(begins_s, period.request[own], arrival_s)
    after_s = arrival_s - begins_s[period.request[own]]
    pools = np.unique(period.pool[own])
    return tuple(
        sorted(pools.tolist(), key=lambda each: float(np.nanmean(after_s[period.pool[own] == each])))
    )


def _chain(study: Study, request_class: int, pools: tuple[int, ...], more: dict[int, Trial]) -> Chain:
    today, members = study.whole.today, study.whole.period.members(request_class)
    p95 = p95_s(today.e2e_s[members])
    stages = tuple(_stage(study, each, members, more[each]) for each in pools)
    known = [(each.e2e_p95_s, each.pool) for each in stages if each.e2e_p95_s is not None]
    relieved = [each for each in known if each[0] <= (1.0 - LEAST) * p95]
    return Chain(
        request_class=study.classes[request_class],
        requests=int(members.sum()),
        e2e_p95_s=p95,
        stages=stages,
        bottleneck=min(relieved)[1] if relieved else None,
    )


def _stage(study: Study, pool: int, members: Bools, relieved: Trial) -> ChainStage:
    period, today = study.whole.period, study.whole.today
    own = np.flatnonzero((period.pool == pool) & members[period.request])
    outcome, requests = today.outcome, int(members.sum())
    p95 = p95_s(relieved.e2e_s[members])
    return ChainStage(
        pool=study.pools[pool],
        calls_per_request=own.size / requests,
        wait_s=_a_request(outcome.begin_s - outcome.arrival_s, own, requests),
        work_s=_a_request(outcome.end_s - outcome.begin_s, own, requests),
        e2e_p95_s=p95 if np.isfinite(p95) else None,
        good_requests=int(relieved.is_good[members].sum()) - int(today.is_good[members].sum()),
        price_usd=float(period.usd_per_s[pool]) * (period.to_s - period.from_s),
    )


def _a_request(seconds: Floats, own: Ints, requests: int) -> float:
    """Summed over the calls that ended, by request of the class."""
    return float(np.nansum(np.where(np.isfinite(seconds[own]), seconds[own], 0.0))) / requests
