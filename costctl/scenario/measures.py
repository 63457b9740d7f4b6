"""What does a replay come to, for each class, pool and lane? The figures of one replay.

In: a period, its trial, the pools it was served by, prices. Out: ``Result``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.documents.simulation import (
    CallFates,
    ClassResult,
    LaneResult,
    PoolResult,
    PutOff,
    Quantiles,
    Result,
)
from costctl.scenario.period import Period, Trial, p95_s
from costctl.simulate.busy_blocks import block_edges_s, busy_s_by_pool_and_block, counts_by_block
from costctl.simulate.outcome_measures import is_served, quantile_s, wait_s
from costctl.simulate.replicas import replicas_by_pool, replicas_of_pool
from costctl.simulate.timetable import ordered_s
from costctl.simulate.workload import CallStatus, Pool
from costctl.stats.blocks import BLOCKS
from costctl.units import usd_per_s


@dataclass(frozen=True, slots=True)
class Billing:
    """A pool as it is paid for. usd_per_replica_hour: None where it has no price."""

    name: str
    usd_per_replica_hour: float | None
    accelerators_per_replica: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """One replay. pool: by which of ``pools`` each call was served.  classes: names, by lane."""

    period: Period
    pools: tuple[Pool, ...]
    pool: Ints
    trial: Trial
    classes: tuple[str, ...]
    billing: tuple[Billing, ...]

    def members(self, number: int) -> Bools:
        """Which requests are of the class."""
        return self.period.members(number)

    def class_numbers(self) -> list[int]:
        """The classes that have requests, in order of their names."""
        found = np.unique(self.period.request_class[self.period.request])
        return sorted((int(number) for number in found), key=lambda number: self.classes[number])

    def began_s(self) -> Floats:
        """By request, when its first call reached a pool in the trace."""
        return self.period.began_s()

    def is_complete(self) -> Bools:
        """By request, whether all of its calls were served."""
        is_complete = np.ones(self.period.request_class.size, np.bool_)
        is_complete[self.period.request[~is_served(self.trial.outcome)]] = False
        return is_complete

    def paid_by_block_s(self) -> Floats:
        """Replica seconds paid for, pools × blocks: all replicas, until the window and the last call have ended; where
        a pool scales, from the order of each until it is dropped. They are spread over all blocks: what comes after
        the window has no block of its own, and a replay tells of a replica only for how long it was paid.
        """
        until_s = max(self.period.to_s, self.trial.outcome.horizon_s)
        after_s = until_s - self.trial.outcome.horizon_s
        paid_s = []
        for number, pool in enumerate(self.pools):
            setup = pool.setup
            of_pool = self.trial.outcome.paid_s[replicas_of_pool(self.pools, number)]
            if setup.timetable is not None:
                further_s = ordered_s(setup.timetable, self.trial.outcome.horizon_s, until_s)
                paid_s.append(float(of_pool.sum()) + further_s)
            elif setup.scaling is None:
                paid_s.append(setup.replicas * (until_s - self.period.from_s))
            else:  # the replay begins at the window's start; once nothing is left to do, the least are kept
                paid_s.append(float(of_pool.sum()) + setup.scaling.least * after_s)
        return np.outer(paid_s, np.full(BLOCKS, 1 / BLOCKS))

    def busy_by_block_s(self) -> Floats:
        """Replica seconds with work in progress: pools × blocks."""
        return busy_s_by_pool_and_block(self.trial.outcome, replicas_by_pool(self.pools), self.edges_s())

    def edges_s(self) -> Floats:
        """The blocks of the period; the outer ones are open."""
        return block_edges_s(np.array([self.period.from_s, self.period.to_s]))

    def usd_by_block(self) -> Floats | None:
        """Price of the replica seconds paid for, by block; None where a pool has no price."""
        rates = [each.usd_per_replica_hour for each in self.billing]
        if any(rate is None for rate in rates):
            return None
        return np.array([usd_per_s(rate or 0.0) for rate in rates]) @ self.paid_by_block_s()

    def good_by_block(self) -> Floats:
        """Requests within their objectives, by block of their start."""
        is_good = self.has_calls() & self.trial.is_good
        return counts_by_block(self.began_s()[is_good], self.edges_s())

    def has_calls(self) -> Bools:
        """By request, whether any of its calls is replayed."""
        return np.isfinite(self.began_s())


def result_of(replayed: Replayed) -> Result:
    """The figures of the replay."""
    has_calls = replayed.has_calls()
    requests, good = int(has_calls.sum()), int((has_calls & replayed.trial.is_good).sum())
    usd_by_block = replayed.usd_by_block()
    usd = None if usd_by_block is None else float(usd_by_block.sum())
    is_complete = replayed.is_complete()
    return Result(
        requests=requests,
        good_requests=good,
        goodput_ratio=good / requests,
        usd=usd,
        usd_per_good_request=None if usd is None or good == 0 else usd / good,
        classes=tuple(_class_result(replayed, number, is_complete) for number in replayed.class_numbers()),
        pools=_pool_results(replayed),
        lanes=_lane_results(replayed),
    )


def _class_result(replayed: Replayed, number: int, is_complete: Bools) -> ClassResult:
    members, trial = replayed.members(number), replayed.trial
    done = members & is_complete
    requests, good = int(members.sum()), int((members & trial.is_good).sum())
    return ClassResult(
        request_class=replayed.classes[number],
        requests=requests,
        complete_requests=int(done.sum()),
        good_requests=good,
        goodput_ratio=good / requests,
        e2e_s=_quantiles(trial.e2e_s[done]),
        ttft_s=_quantiles(trial.ttft_s[done]),
        calls=_fates(replayed, replayed.period.workload.lane == number),
        put_off=_put_off(trial.put_off_s, members),
    )


def _put_off(put_off_s: Floats | None, members: Bools) -> PutOff | None:
    if put_off_s is None or not put_off_s[members].any():
        return None
    waited_s = put_off_s[members]
    return PutOff(p95_s=p95_s(waited_s), longest_s=float(waited_s.max()))


def _quantiles(seconds: Floats) -> Quantiles | None:
    known = seconds[np.isfinite(seconds)]
    if known.size == 0:
        return None
    return Quantiles(*(quantile_s(known, level) for level in (0.5, 0.95, 0.99)))


def _fates(replayed: Replayed, here: Bools) -> CallFates:
    """Counts by status, how often calls went on to another pool, and how often a client came again."""
    outcome = replayed.trial.outcome
    status, attempts = outcome.status[here], outcome.attempts[here]
    counts = {each.name.lower(): int(np.count_nonzero(status == each)) for each in CallStatus}
    fell_back = 0 if outcome.fell_back is None else int(outcome.fell_back[here].astype(np.int64).sum())
    again = int(np.maximum(attempts.astype(np.int64) - 1, 0).sum()) - fell_back
    return CallFates(offered=int(here.sum()), retried=again, fell_back=fell_back, **counts)


def _pool_results(replayed: Replayed) -> tuple[PoolResult, ...]:
    busy_s = replayed.busy_by_block_s().sum(axis=1)
    paid_s = replayed.paid_by_block_s().sum(axis=1)
    return tuple(
        PoolResult(
            pool=each.name,
            replicas=pool.setup.replicas,
            busy_s=float(busy),
            paid_s=float(paid),
            accelerator_s=float(paid) * each.accelerators_per_replica,
            utilisation_ratio=float(busy / paid),
            usd=None
            if each.usd_per_replica_hour is None
            else usd_per_s(each.usd_per_replica_hour) * float(paid),
        )
        for each, pool, busy, paid in zip(replayed.billing, replayed.pools, busy_s, paid_s, strict=True)
    )


def _lane_results(replayed: Replayed) -> tuple[LaneResult, ...]:
    lane, waits_s = replayed.period.workload.lane, wait_s(replayed.trial.outcome)
    at_last = replayed.trial.outcome.pool
    served_by = np.where(at_last < 0, replayed.pool, at_last)
    found = []
    for place, each in enumerate(replayed.billing):
        for number in replayed.class_numbers():
            here = (served_by == place) & (lane == number)
            if here.any():
                known_s = waits_s[here][np.isfinite(waits_s[here])]
                found.append(
                    LaneResult(
                        pool=each.name,
                        request_class=replayed.classes[number],
                        calls=_fates(replayed, here),
                        longest_wait_s=float(known_s.max()) if known_s.size else None,
                    )
                )
    return tuple(found)
