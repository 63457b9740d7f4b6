"""What would have happened to the requests of a period under other settings? Replays of the same calls,
compared pairwise.

In: the fitted pools, the frames, a part of the window. Out: ``Trial`` values: what replica time was worth,
block by block, how long each request took, and which met their objectives. A request's time under a change is
what was observed, plus what its chain of calls takes longer in the replay of the change than in the replay of today;
its time to first token likewise, of the call that gave it and those before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Bools, Floats, Ints
from costctl.documents.estimate import Estimate
from costctl.documents.settings import ClassSettings, Settings
from costctl.frames.cost import Frames
from costctl.scenario.caches import Caches, answered_by, cost_by_block, replay_with_answers
from costctl.scenario.deferrals import Deferral, in_order, put_off, put_off_s
from costctl.scenario.delays import accumulated_s, calls_before, end_delays_s
from costctl.scenario.interruptions import done_again_by_pool, interruptions_per_s
from costctl.scenario.not_made import NotMade
from costctl.scenario.request_times import request_times_s
from costctl.service_model.pool_fit import PoolFits
from costctl.service_model.repeats import Repeats
from costctl.simulate.busy_blocks import busy_s_by_pool_and_block
from costctl.simulate.counterfactual import without
from costctl.simulate.network import replay_network
from costctl.simulate.outcome_measures import latency_s, quantile_s, ttft_s
from costctl.simulate.replicas import replicas_by_pool, replicas_of_pool
from costctl.simulate.timetable import ordered_s
from costctl.simulate.workload import Outcome, Pool, Workload
from costctl.stats.blocks import BLOCKS
from costctl.stats.week import Saving, saving_over_blocks, seconds_of_a_week
from costctl.units import NS_PER_S, S_PER_WEEK, usd_per_s

SAVING_METHOD = "paired replay, block bootstrap"

_SAME_S: Final = 1e-6  # instants closer than this are one: what is left of ns in a float of seconds


@dataclass(frozen=True, slots=True)
class Trial:
    """One replay. busy_usd, paid_usd: price of replica time with work in progress, what interruptions of spot replicas
    make calls do again included, and of all that is paid for in the period, pools × blocks.  e2e_s: by request,
    infinite where a call was refused, NaN where the request was not timed.  ttft_s: likewise, NaN where no first token
    was observed.  is_good: by request, whether it succeeded within its objectives; a first token that was not
    observed misses none.  paid_usd_a_week: by pool, of all that is paid for in a week.
    cache_usd: what caches of answers and hot tiers cost more than today by block, kept and read.
    put_off_s: by request, how long it waited for the hours of its class, which is in no other time; None where no class
    waits for hours.
    """

    outcome: Outcome
    busy_usd: Floats
    paid_usd: Floats
    e2e_s: Floats
    ttft_s: Floats
    is_good: Bools
    cache_usd: Floats
    paid_usd_a_week: Floats
    put_off_s: Floats | None = None


@dataclass(frozen=True, slots=True)
class _Scenario:
    """What is replayed. pool: by which each call is served; the others as ``Period.trial`` takes them."""

    pools: Sequence[Pool]
    pool: Ints
    caches: Caches | None
    deferrals: Sequence[Deferral]
    not_made: NotMade | None


@dataclass(frozen=True, slots=True)
class Period:
    """The calls of the requests that began in a part of the window, and those requests.

    window_s: length of the window.  usd_per_s: price of a replica second, interruptions_per_s: of a replica on spot,
    both by fitted pool.  request: for each call its request.  before: for each call the one before it in its request,
    or -1.  is_answer: by call, whether it gave its request's first token.  is_counted: by request, whether it began in
    the part: others began before, and are replayed so that the part finds the platform as busy as they leave it.
    request_class, duration_s, ttft_s, target_s, p99_target_s, deadline_s, ttft_target_s, is_success: by request;
    targets are infinite without an objective.  today: of each call, what became of it in the replay of today.  repeats:
    of each call, whether it was asked before; None where nobody looked.
    """

    from_s: float
    to_s: float
    window_s: float
    pools: tuple[Pool, ...]
    usd_per_s: Floats
    interruptions_per_s: Floats
    workload: Workload
    pool: Ints
    request: Ints
    before: Ints
    is_answer: Bools
    is_counted: Bools
    request_class: Ints
    duration_s: Floats
    ttft_s: Floats
    target_s: Floats
    p99_target_s: Floats
    deadline_s: Floats
    ttft_target_s: Floats
    is_success: Bools
    today: Outcome
    repeats: Repeats | None = None

    def began_s(self) -> Floats:
        """By request, when its first call reached a pool in the trace; infinite where it has none here."""
        began_s = np.full(self.request_class.size, np.inf)
        np.minimum.at(began_s, self.request, self.workload.arrival_s)
        return began_s

    def members(self, request_class: int) -> Bools:
        """Which requests are of the class and have calls in the period."""
        found = np.zeros(self.request_class.size, np.bool_)
        found[self.request] = True
        members: Bools = found & self.is_counted & (self.request_class == request_class)
        return members

    def trial(
        self,
        pools: Sequence[Pool],
        pool: Ints | None = None,
        caches: Caches | None = None,
        deferrals: Sequence[Deferral] = (),
        not_made: NotMade | None = None,
    ) -> Trial:
        """Replay under these pools. pool: by which each call is served, else as today.  caches: of answers.  deferrals:
        classes that wait for hours of low demand; their times begin when they have waited.  not_made: calls that are
        left out.
        """
        scenario = _Scenario(pools, self.pool if pool is None else pool, caches, deferrals, not_made)
        outcome, cache_usd = self._replayed(scenario)
        longer_s = _longer_s(latency_s(outcome), latency_s(self.today))
        if not_made is not None:
            longer_s[not_made.is_lost] = np.inf
        first_longer_s = _longer_s(ttft_s(outcome), ttft_s(self.today))
        total_s = accumulated_s(longer_s, self.before)
        delays_s = end_delays_s(total_s, self.today.end_s, self.request, self.duration_s.size)
        e2e_s = np.maximum(self.duration_s + delays_s, 0.0)
        first_s = self._first_s(total_s, first_longer_s)
        edges_s = np.linspace(self.from_s, self.to_s, BLOCKS + 1)
        edges_s[-1] = np.inf
        prices = self.usd_per_s[:, np.newaxis]
        held = 1.0 + done_again_by_pool(outcome, pools, self.interruptions_per_s)[:, np.newaxis]
        busy_usd = prices * held * busy_s_by_pool_and_block(outcome, replicas_by_pool(pools), edges_s)
        paid_s, a_week_s = self._paid_s(outcome, pools, self._paid_before_s(scenario))
        paid_usd = prices * np.outer(paid_s, np.full(BLOCKS, 1 / BLOCKS))
        is_good = (
            self.is_success
            & self.is_counted
            & np.isfinite(e2e_s)
            & (e2e_s <= self.target_s)
            & ~(first_s > self.ttft_target_s)
        )
        waited_s = (
            put_off_s(self.workload, self.request, self.request_class, deferrals) if deferrals else None
        )
        paid_usd_a_week = self.usd_per_s * a_week_s
        return Trial(
            outcome, busy_usd, paid_usd, e2e_s, first_s, is_good, cache_usd, paid_usd_a_week, waited_s
        )

    def _replayed(self, scenario: _Scenario, until_s: float = np.inf) -> tuple[Outcome, Floats]:
        """The outcome, and what caches cost by block. A cache answers what had been asked before any call waited.
        until_s: no event after it happens.
        """
        pools, served_by, not_made = scenario.pools, scenario.pool, scenario.not_made
        deferrals = scenario.deferrals
        workload, had = self.workload, np.arange(self.workload.size)
        if deferrals:
            workload, had = put_off(workload, self.request, self.request_class, deferrals)
        keeps = None if self.repeats is None else scenario.caches
        if keeps is None and not_made is None:
            outcome = replay_network(workload, served_by[had], pools, until_s)
            return (in_order(outcome, had) if deferrals else outcome), np.zeros(BLOCKS)
        is_answered, took_s = np.zeros(self.workload.size, np.bool_), np.zeros(self.workload.size)
        if keeps is not None and self.repeats is not None:
            is_answered = answered_by(keeps, self.repeats, self.workload.lane)
            took_s = np.minimum(keeps.read_s, np.nan_to_num(latency_s(self.today)))
        is_spared = is_answered
        if not_made is not None:
            is_answered = is_answered & ~not_made.is_left_out
            is_spared, took_s = is_answered | not_made.is_left_out, np.where(is_answered, took_s, 0.0)
        outcome = replay_with_answers(workload, served_by[had], pools, is_spared[had], took_s[had], until_s)
        outcome = in_order(outcome, had) if deferrals else outcome
        if keeps is None or self.repeats is None:
            return outcome, np.zeros(BLOCKS)
        edges_s = np.linspace(self.from_s, self.to_s, BLOCKS + 1)
        is_read = is_answered & self.is_counted[self.request]
        return outcome, cost_by_block(keeps, self.repeats.size, is_read, outcome.arrival_s, edges_s)

    def _paid_before_s(self, scenario: _Scenario) -> Floats:
        """Replica seconds paid for before the period by pool, of those whose replicas come and go; 0 of others."""
        pools = scenario.pools
        paid_s = np.zeros(len(pools))
        setups = [each.setup for each in pools]
        comes_and_goes = [each.scaling is not None or each.timetable is not None for each in setups]
        if self.from_s > 0 and any(comes_and_goes):
            before, _ = self._replayed(scenario, self.from_s)
            for number in np.flatnonzero(comes_and_goes):
                paid_s[number] = before.paid_s[replicas_of_pool(pools, int(number))].sum()
        return paid_s

    def _first_s(self, total_s: Floats, first_longer_s: Floats) -> Floats:
        """By request, its time to first token: as observed, and what the calls up to it take longer."""
        answers = np.flatnonzero(self.is_answer)
        before = self.before[answers]
        waited_s = np.where(before >= 0, total_s[before], 0.0)
        first_s = self.ttft_s.copy()
        first_s[self.request[answers]] += waited_s + first_longer_s[answers]
        return np.maximum(first_s, 0.0)

    def _paid_s(self, outcome: Outcome, pools: Sequence[Pool], before_s: Floats) -> tuple[Floats, Floats]:
        """Replica seconds paid for in the period, and in a week, by pool: of those that come and go, as long as each
        was there. What a last call takes beyond the period is not counted: it would make a bill of an end that nobody
        chose. A timetable says itself what a week has of it, wherever in a day the period begins and ends; what its
        replicas stay on to end their calls is taken at its rate. before_s: by pool, what was paid before the period.
        """
        fixed_s = self.to_s - self.from_s
        a_week = S_PER_WEEK / fixed_s
        paid_s = []
        for number, pool in enumerate(pools):
            setup = pool.setup
            of_pool_s = float(outcome.paid_s[replicas_of_pool(pools, number)].sum() - before_s[number])
            times = setup.timetable
            if times is not None:
                over_s = of_pool_s - ordered_s(times, self.from_s, outcome.horizon_s)
                of_week_s = ordered_s(times, 0.0, times.period_s) * S_PER_WEEK / times.period_s
                here_s = ordered_s(times, self.from_s, self.to_s) + over_s
                paid_s.append((here_s, of_week_s + over_s * a_week))
            else:
                here_s = setup.replicas * fixed_s if setup.scaling is None else of_pool_s
                paid_s.append((here_s, here_s * a_week))
        in_period_s, in_week_s = np.array(paid_s).reshape(-1, 2).T
        return in_period_s, in_week_s

    def by_block(self, of_request: Floats) -> Floats:
        """Sums over the requests that begin in each block of the period. of_request: one entry a request."""
        begin_s = np.full(self.request_class.size, np.inf)
        np.fmin.at(begin_s, self.request, self.today.arrival_s)
        here = np.isfinite(begin_s) & self.is_counted
        block = (begin_s[here] - self.from_s) / (self.to_s - self.from_s) * BLOCKS
        place = np.clip(block.astype(np.int64), 0, BLOCKS - 1)
        return np.bincount(place, of_request[here], minlength=BLOCKS).astype(np.float64)

    def saving(self, by_block: Floats, seed: int) -> Saving | None:
        """What comes to so much by block, over the window and in a week of it; None with too few blocks to say."""
        edges_s = np.linspace(self.from_s, self.to_s, BLOCKS + 1)
        weekly = by_block * self._times_a_week(edges_s)
        return saving_over_blocks(by_block, weekly, edges_s, self.window_s, SAVING_METHOD, seed)

    def known_saving(self, usd: float, usd_a_week: float, method: str) -> Saving:
        """The same of an amount of the period, and of a week, that is known: nothing was drawn to find it."""
        recorded = usd * self.window_s / (self.to_s - self.from_s)
        return Saving(
            *(Estimate(each, each, each, level=None, method=method) for each in (recorded, usd_a_week))
        )

    def a_week(self, by_block: Floats) -> float:
        """What comes to so much by block, in a week of the same: the middle of ``saving``."""
        edges_s = np.linspace(self.from_s, self.to_s, BLOCKS + 1)
        of_week_s = np.diff(seconds_of_a_week(edges_s, self.window_s))
        return float((by_block * self._times_a_week(edges_s)).sum() / of_week_s.sum() * S_PER_WEEK)

    def _times_a_week(self, edges_s: Floats) -> Floats:
        """How many there are in a week of what is in each block, on average over it."""
        of_week_s = np.diff(seconds_of_a_week(edges_s, self.window_s))
        return of_week_s / np.diff(edges_s)


def period_of(frames: Frames, fits: PoolFits, settings: Settings, from_s: float, to_s: float) -> Period:
    """The part of the window from ``from_s`` to ``to_s``, in seconds from its start."""
    calls, which = fits.calls, fits.which
    first_s = np.full(len(calls.request_ids), np.inf)
    request = calls.request[which]
    np.minimum.at(first_s, request, calls.arrival_s[which])
    keep = (first_s[request] >= from_s) & (first_s[request] < to_s)
    workload, pool = without(fits.workload, keep), fits.pool[keep]
    rates = [settings.pools[fit.name].usd_per_replica_hour or 0.0 for fit in fits.fitted]
    facts = _requests(frames, fits)
    request_class = np.zeros(len(calls.request_ids), np.int64)
    request_class[request] = calls.request_class[which]
    declared = [settings.classes.get(name, ClassSettings()) for name in calls.classes]
    slos = [each.slo for each in declared]
    targets_s = _bounds_s([slo.e2e_p95_s for slo in slos])
    p99_targets_s = _bounds_s([slo.e2e_p99_s for slo in slos])
    deadlines_s = _bounds_s([each.deadline_s for each in declared])
    ttft_targets_s = _bounds_s([slo.ttft_p95_s for slo in slos])
    start_s = (facts["start_ns"].to_numpy() - frames.window_from_ns) / NS_PER_S
    duration_s, ttft_s = request_times_s(
        fits, start_s, _floats(facts["duration_s"]), _floats(facts["ttft_s"])
    )
    awaited_s, kept = (start_s + ttft_s)[request[keep]], which[keep]
    return Period(
        from_s=from_s,
        to_s=to_s,
        window_s=frames.window_s,
        pools=fits.pools,
        usd_per_s=np.array([usd_per_s(rate) for rate in rates]),
        interruptions_per_s=np.array([interruptions_per_s(settings.pools[fit.name]) for fit in fits.fitted]),
        workload=workload,
        pool=pool,
        request=request[keep],
        before=calls_before(workload.after, request[keep], calls.arrival_s[kept], calls.end_s[kept]),
        is_answer=np.abs(calls.first_token_s[kept] - awaited_s) < _SAME_S,
        is_counted=np.ones(request_class.size, np.bool_),
        request_class=request_class,
        duration_s=duration_s,
        ttft_s=ttft_s,
        target_s=targets_s[request_class],
        p99_target_s=p99_targets_s[request_class],
        deadline_s=deadlines_s[request_class],
        ttft_target_s=ttft_targets_s[request_class],
        is_success=facts["is_success"].fill_null(False).to_numpy(),
        today=replay_network(workload, pool, fits.pools),
        repeats=None if fits.repeats is None else fits.repeats.at(keep),
    )


def whole_period(frames: Frames, fits: PoolFits, settings: Settings) -> Period:
    """The whole window."""
    return period_of(frames, fits, settings, 0.0, float(np.nextafter(frames.window_s, np.inf)))


def rest_of(period: Period, from_s: float) -> Period:
    """The period from ``from_s`` on: requests that began before are replayed and not counted."""
    return replace(period, from_s=from_s, is_counted=period.is_counted & (period.began_s() >= from_s))


def quantile_upper_s(seconds: Floats, level: float, deviates: float = 1.96) -> float:
    """Upper bound of a quantile, of 97.5 % unless other normal deviates are given, by the rank that a binomial count
    allows; the longest with too few, infinite with none.
    """
    known = np.sort(seconds[~np.isnan(seconds)])
    if known.size == 0:
        return float("inf")
    rank = level * known.size + deviates * np.sqrt(level * (1.0 - level) * known.size)
    return float(known[min(int(np.ceil(rank)), known.size) - 1])


def p95_s(seconds: Floats) -> float:
    """The 95th percentile by nearest rank; NaN where nothing was timed."""
    return quantile_s(seconds, 0.95)


def _bounds_s(targets_s: list[float | None]) -> Floats:
    """Objectives by class; infinite where none is declared."""
    return np.array([np.inf if target_s is None else target_s for target_s in targets_s] or [np.inf])


def _floats(values: pl.Series) -> Floats:
    return values.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()


def _requests(frames: Frames, fits: PoolFits) -> pl.DataFrame:
    """Start, duration, first token and success of the requests, in the order in which the calls count them."""
    names = pl.DataFrame({"request_id": fits.calls.request_ids})
    return names.join(
        frames.requests.select("request_id", "start_ns", "duration_s", "ttft_s", "is_success"),
        on="request_id",
        how="left",
        maintain_order="left",
    )


def _longer_s(changed_s: Floats, today_s: Floats) -> Floats:
    """By call, the seconds that it takes longer; infinite where it was not served."""
    longer_s: Floats = changed_s - today_s
    longer_s[np.isnan(longer_s)] = np.inf
    return longer_s
