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


def savings_between(study: Study, part: Part, base: Trial, changed: Trial) -> Savings:
    """What ``changed`` saves over ``base``, both of the part. Time that is freed in a pool whose bill shrinks went with
    it: only time on replicas that stay is freed.
    """
    paid_usd, busy_usd = base.paid_usd - changed.paid_usd, base.busy_usd - changed.busy_usd
    stays = ~np.any(paid_usd != 0.0, axis=1)
    caches_usd = base.cache_usd - changed.cache_usd
    cash_usd, freed_usd = paid_usd[~stays].sum(axis=0) + caches_usd, busy_usd[stays].sum(axis=0)
    cash = None if stays.all() else _cash(part, cash_usd)
    if np.any(caches_usd != 0.0):
        cash = part.period.saving(cash_usd, study.seed)
    return Savings(
        cash=cash,
        freed=part.period.saving(freed_usd, study.seed) if np.any(freed_usd != 0.0) else None,
        both=part.period.saving(cash_usd + freed_usd, study.seed),
        goodput=_goodput(study, part, base, changed),
    )


def _goodput(study: Study, part: Part, base: Trial, changed: Trial) -> Saving | None:
    """Requests that meet their objectives, more than before, counted in the block in which they begin."""
    gained = changed.is_good.astype(np.float64) - base.is_good.astype(np.float64)
    return part.period.saving(part.period.by_block(gained), study.seed) if gained.any() else None


def _cash(part: Part, usd_by_block: Floats) -> Saving:
    """Replicas that are paid for or not make an amount that is known."""
    return part.period.known_saving(usd_by_block, "replica hours less, at their price")


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
