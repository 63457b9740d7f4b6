"""How sure is a number of replicas, and what would one more bring?

In: the study, a pool, a number of replicas. Out: the chance that one less would have done, over periods drawn again;
the value of one more; whether replicas would be fuller than any that were observed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from costctl.arrays import Floats, Ints
from costctl.documents.capacity import OneMore
from costctl.recommend.fewest import replicas_of
from costctl.recommend.objectives import promises_of
from costctl.recommend.study import Part, Study
from costctl.scenario.extrapolation import BEYOND, beyond_by_pool, seen_in_progress
from costctl.scenario.paired import Sample, weighted_quantiles
from costctl.scenario.period import Period, Trial
from costctl.stats.blocks import BLOCKS, block_weights
from costctl.units import S_PER_DAY

DRAWS: Final = 200
_FEWEST_DAYS: Final = 7  # from here on whole days are drawn again, before blocks of the window


def chance_one_less(study: Study, number: int, needed: int) -> float | None:
    """The part of the periods drawn again in which one replica less than needed keeps every objective; None where one
    is needed. An objective that today misses in such a period is not asked for.
    """
    if needed <= 1:
        return None
    part = study.whole
    trial = study.trial(part, replicas_of(study, number, needed - 1))
    return chance_kept(part, trial, study.served_classes(number), study.seed)


def chance_kept(part: Part, trial: Trial, classes: Sequence[int], seed: int) -> float:
    """In which part of the periods drawn again, block by block, the trial keeps every objective that today keeps."""
    block, blocks = _blocks(part.period)
    weights = block_weights(blocks, DRAWS, np.random.default_rng([seed, 3]))
    is_kept = np.ones(DRAWS, np.bool_)
    for promise in promises_of(part.period, classes):
        members = part.period.members(promise.request_class)
        reached = [
            _drawn(promise.seconds(each, members), block[members], promise.level, weights)
            for each in (part.today, trial)
        ]
        is_kept &= (reached[1] <= promise.target_s) | (reached[1] <= reached[0])
    return float(is_kept.mean())


def one_more(study: Study, number: int, replicas: int) -> OneMore:
    """What one replica more than so many would bring in the whole window."""
    part, period = study.whole, study.whole.period
    few, more = (study.trial(part, replicas_of(study, number, each)) for each in (replicas, replicas + 1))
    gained, saved_s, worth_usd = 0, 0.0, 0.0
    is_priced = False
    for each in study.served_classes(number):
        members, declared = period.members(each), study.declared(study.classes[each])
        good = int(more.is_good[members].sum()) - int(few.is_good[members].sum())
        delay_s = few.e2e_s[members] - more.e2e_s[members]
        less_s = float(delay_s[np.isfinite(delay_s)].sum())
        gained, saved_s = gained + good, saved_s + less_s
        value = None if declared.value is None else declared.value.usd_per_success
        is_priced |= value is not None or declared.delay_usd_per_s is not None
        worth_usd += good * (value or 0.0) + less_s * (declared.delay_usd_per_s or 0.0)
    return OneMore(
        price_usd=float(period.usd_per_s[number]) * (period.to_s - period.from_s),
        good_requests=gained,
        delay_s=saved_s,
        worth_usd=worth_usd if is_priced else None,
    )


def is_beyond_observed(study: Study, number: int, replicas: int) -> bool:
    """Whether replicas would have more calls in progress than were observed for more than 1 % of their busy time."""
    settings = replicas_of(study, number, replicas)
    pools, _ = study.replayed_as(study.whole, settings)
    outcome = study.trial(study.whole, settings).outcome
    return beyond_by_pool(outcome, pools, seen_in_progress(study.fits))[number] > BEYOND


def _drawn(seconds: Floats, block: Ints, level: float, weights: Floats) -> Floats:
    """The percentile in each draw; 0 where none of its requests was drawn."""
    known = ~np.isnan(seconds)
    sample = Sample(seconds[known], block[known])
    drawn: Floats = np.zeros(weights.shape[0])
    has_any = weights[:, np.unique(sample.block)].sum(axis=1) > 0
    drawn[has_any] = weighted_quantiles(sample, (level,), weights[has_any])[:, 0]
    return drawn


def _blocks(period: Period) -> tuple[Ints, int]:
    """By request, the block in which it begins, and how many there are: days from a week on, else equal parts."""
    began_s = period.began_s()
    began_s[~np.isfinite(began_s)] = period.from_s
    days = int((period.to_s - period.from_s) // S_PER_DAY)
    blocks = days if days >= _FEWEST_DAYS else BLOCKS
    edges_s = np.linspace(period.from_s, period.to_s, blocks + 1)
    return np.searchsorted(edges_s[1:-1], began_s, side="right"), blocks
