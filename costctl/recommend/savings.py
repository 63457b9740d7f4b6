"""What does a change bring: of the bill, of replica time, and of requests within their objectives?

In: two replays of one period. Out: ``Savings``, and how far freed time is from a smaller bill. Cash is what is
paid for less; freed is busy time less, at its price; goodput is requests more that meet their objectives. They are
never added: time that is freed on replicas that stay leaves the bill as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Floats
from costctl.documents.recommendations import FreedTime
from costctl.recommend.proposals import Goal
from costctl.recommend.study import Part, Study
from costctl.scenario.period import Trial
from costctl.simulate.replicas import busy_s_of_pool
from costctl.simulate.workload import Pool
from costctl.stats.week import Saving

MOST_UTILISATION: Final = (
    0.85  # of a pool that is bought for its load: beyond it waits grow faster than load does
)
_LEAST_FREED: Final = 1e-9  # replicas: less is what is left of sums of floats


@dataclass(frozen=True, slots=True)
class Savings:
    """USD, over the window and in a week of it. cash: None where the bill does not change.  freed: None where that is
    not known.  both: of what is paid for to free time, time at its price and cash together, drawn together; None where
    it is not known.  goodput: requests; None where no request more or less meets its objectives, or too little was seen
    to say.
    """

    cash: Saving | None
    freed: Saving | None
    both: Saving | None = None
    goodput: Saving | None = None

    def made_for(self, goal: Goal) -> Saving | None:
        """What the change is made for: requests of an order of service; time and cash together where time is paid for
        to be freed; else cash where it changes the bill, else freed time.
        """
        if goal == "order":
            return self.goodput
        if goal == "value":
            return self.both
        return self.freed if self.cash is None else self.cash


@dataclass(frozen=True, slots=True)
class Less:
    """What one replay of a part has less than another. Steps that are taken one after the other add up.

    paid_usd, paid_usd_a_week: for replicas, in the part and in a week.  is_bill_changed: whether any pool is paid for
    otherwise.  cache_usd: for what is kept, by block.  freed_usd: time on replicas that stay, at its price, by block.
    good: requests that miss an objective, by request.
    """

    paid_usd: float
    paid_usd_a_week: float
    is_bill_changed: bool
    cache_usd: Floats
    freed_usd: Floats
    good: Floats

    def __add__(self, other: Less) -> Less:
        return Less(
            self.paid_usd + other.paid_usd,
            self.paid_usd_a_week + other.paid_usd_a_week,
            self.is_bill_changed or other.is_bill_changed,
            self.cache_usd + other.cache_usd,
            self.freed_usd + other.freed_usd,
            self.good + other.good,
        )


def less_between(base: Trial, changed: Trial) -> Less:
    """What ``changed`` has less than ``base``, both of one part. Time that is freed in a pool whose bill shrinks went
    with it: only time on replicas that stay is freed.
    """
    paid_usd = base.paid_usd - changed.paid_usd
    stays = ~np.any(paid_usd != 0.0, axis=1)
    a_week_usd = base.paid_usd_a_week - changed.paid_usd_a_week
    return Less(
        paid_usd=float(paid_usd[~stays].sum()),
        paid_usd_a_week=float(a_week_usd[~stays].sum()),
        is_bill_changed=not stays.all(),
        cache_usd=base.cache_usd - changed.cache_usd,
        freed_usd=(base.busy_usd - changed.busy_usd)[stays].sum(axis=0),
        good=changed.is_good.astype(np.float64) - base.is_good.astype(np.float64),
    )


def savings_of(study: Study, part: Part, less: Less) -> Savings:
    """The same as savings of the window and of a week."""
    period = part.period
    replicas = period.known_saving(less.paid_usd, less.paid_usd_a_week, "replica hours less, at their price")

    def beside_replicas(by_block: Floats) -> Saving | None:
        found = period.saving(by_block, study.seed)
        return None if found is None else found.beside(replicas)

    cash = replicas if less.is_bill_changed else None
    if np.any(less.cache_usd != 0.0):
        cash = beside_replicas(less.cache_usd)
    return Savings(
        cash=cash,
        freed=period.saving(less.freed_usd, study.seed) if np.any(less.freed_usd != 0.0) else None,
        both=beside_replicas(less.cache_usd + less.freed_usd),
        goodput=period.saving(period.by_block(less.good), study.seed) if less.good.any() else None,
    )


def savings_between(study: Study, part: Part, base: Trial, changed: Trial) -> Savings:
    """What ``changed`` saves over ``base``, both of the part. Requests more are counted in the block in which they
    begin.
    """
    return savings_of(study, part, less_between(base, changed))


def freed_time(
    study: Study, part: Part, changed: Trial, pools: tuple[Pool, ...], numbers: tuple[int, ...]
) -> tuple[FreedTime, ...]:
    """Of each of the pools that is less busy and keeps its replicas, how much, and what is missing until one can go.
    pools: as changed.  numbers: of the pools that the change is about.
    """
    found = []
    for number in numbers:
        replicas = pools[number].setup.replicas
        before, after = (
            busy_replicas(part, trial, served_by, number)
            for trial, served_by in ((part.today, part.period.pools), (changed, pools))
        )
        stays = pools[number].setup.timetable is None
        if stays and replicas == part.period.pools[number].setup.replicas and before - after > _LEAST_FREED:
            room = MOST_UTILISATION * (replicas - 1)
            found.append(
                FreedTime(
                    study.pools[number],
                    replicas,
                    before - after,
                    after,
                    max(0.0, after - room),
                    MOST_UTILISATION,
                )
            )
    return tuple(found)


def busy_replicas(part: Part, trial: Trial, pools: tuple[Pool, ...], number: int) -> float:
    """Replicas of the pool with work in progress, on average over the part."""
    seconds = part.period.to_s - part.period.from_s
    return busy_s_of_pool(trial.outcome, pools, number) / seconds
