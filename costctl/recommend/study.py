"""What may a kind of advice look at? The traffic, cut in two; today's platform; and any of its settings, replayed.

In: frames, fits, settings, a seed. Out: a ``Study``. Settings are chosen on the first part of the window and held to
the second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.documents.calibration import Calibration
from costctl.documents.settings import ClassSettings, Settings
from costctl.frames.cost import Frames
from costctl.levers.apply import applied
from costctl.levers.platform import Platform
from costctl.levers.settings import Setting
from costctl.recommend.own_calls import OwnCalls, own_calls_of
from costctl.scenario.caches import caches_of
from costctl.scenario.calibration import calibration_of
from costctl.scenario.deferrals import deferrals_of
from costctl.scenario.not_made import NotMade, not_made_of
from costctl.scenario.period import Period, Trial, period_of, rest_of, whole_period
from costctl.scenario.read_places import Hot, PlacedReads, copies_of, place_cost_by_block, placed_reads_of
from costctl.scenario.reads import Reads, found_in, hot_cost_by_block, reads_of
from costctl.scenario.retrieval import shares_of
from costctl.scenario.setups import pools_of, served_by
from costctl.scenario.today import platform_today
from costctl.service_model.pool_fit import PoolFits
from costctl.simulate.workload import Pool

FIRST_PART: Final = 0.6  # of the time in which requests begin: settings are chosen on it


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the window. today: its replay under today's settings.  name: for people."""

    name: str
    period: Period
    today: Trial


@dataclass(frozen=True, slots=True)
class Study:
    """What advice rests on. first: the part that settings are chosen on; second: the one they are held to, replayed
    with what came before it, since it begins with what that leaves undone; whole: both, for what all advice saves
    together. Pools and classes are numbered as in ``fits``.  own: what was observed of each call of ``whole``.  reads:
    that a hot tier could have served; None where there are none, or no tier prices its place.  keyed_reads: that name
    what they fetched.  placed: reads whose price depends on where their class is served; None where there are none.
    retrieval: by class that retrieves, its part of the requests' time, the part of its calls' replica time that is held
    meanwhile, and how many requests retrieve.
    """

    settings: Settings
    fits: PoolFits
    today: Platform
    calibration: Calibration
    first: Part
    second: Part
    whole: Part
    seed: int
    own: OwnCalls
    reads: Reads | None = None
    keyed_reads: int = 0
    placed: PlacedReads | None = None
    retrieval: Mapping[str, tuple[float, float, int]] = field(default_factory=dict)

    @property
    def pools(self) -> list[str]:
        """Names of the pools that are replayed, by number."""
        return [fit.name for fit in self.fits.fitted]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, by number."""
        return self.fits.calls.classes

    def declared(self, request_class: str) -> ClassSettings:
        """What the settings say of the class."""
        return self.settings.classes.get(request_class, ClassSettings())

    def served_classes(self, pool: int | None = None) -> list[int]:
        """The classes that the pool, or any, serves in the first part, by number."""
        period = self.first.period
        here = slice(None) if pool is None else period.pool == pool
        return [int(each) for each in np.unique(period.request_class[period.request[here]])]

    def own_of(self, period: Period) -> OwnCalls:
        """What was observed of the calls of the period, which has requests of the window and no copies of them."""
        return self.own.of(np.isin(self.whole.period.request, period.request))

    def trial(self, part: Part, settings: Sequence[Setting]) -> Trial:
        """The replay of the part under today's settings and these."""
        pools, pool = self.replayed_as(part, settings)
        platform = applied(self.today, settings)
        caches = caches_of(platform, self.classes, self.settings.storage)
        trial = part.period.trial(
            pools, pool, caches, deferrals_of(platform, self.classes), self._not_made(part, platform)
        )
        edges_s = np.linspace(part.period.from_s, part.period.to_s, trial.cache_usd.size + 1)
        cache_usd = trial.cache_usd
        if self.reads is not None:
            cache_usd = cache_usd + hot_cost_by_block(self.reads, platform, self.classes, edges_s)
        if self.placed is not None:
            counts = part.period.is_counted[part.period.request]
            lane = part.period.workload.lane[counts]
            shares = (
                self.placed.region_share(part.period.pool[counts], lane),
                self.placed.region_share(pool[counts], lane),
            )
            cache_usd = cache_usd + self._place_cost_by_block(self.placed, platform, shares, edges_s)
        return replace(trial, cache_usd=cache_usd)

    def _place_cost_by_block(
        self, placed: PlacedReads, platform: Platform, shares: tuple[Floats, Floats], edges_s: Floats
    ) -> Floats:
        """What reads cost more than today under the platform. shares: classes × regions, today and then."""
        hot = None
        if self.reads is not None and (found := found_in(self.reads, platform, self.classes)).any():
            has = np.isin(placed.span_key, self.reads.span_key[found])
            hot = Hot(placed.tiers.names.index(self.reads.hot), has)
        copies = copies_of(placed, platform, self.classes)
        return place_cost_by_block(placed, copies, shares, hot, edges_s)

    def _not_made(self, part: Part, platform: Platform) -> NotMade | None:
        """The calls of the part that are attempts beyond what their class makes."""
        if all(rules.most_attempts is None for rules in platform.classes.values()):
            return None
        own = self.own_of(part.period)
        return not_made_of(platform, self.classes, part.period.workload.lane, own.number, own.is_failed)

    def replayed_as(self, part: Part, settings: Sequence[Setting]) -> tuple[tuple[Pool, ...], Ints]:
        """The pools under today's settings and these, and by which each call of the part is served."""
        platform = applied(self.today, settings)
        names, period = self.pools, part.period
        pools = pools_of(dict(zip(names, self.fits.pools, strict=True)), self.classes, self.today, platform)
        return pools, served_by(period.pool, period.workload.lane, names, self.classes, platform)


def study_of(frames: Frames, fits: PoolFits, settings: Settings, seed: int) -> Study | None:
    """The study; None where all requests begin at one instant. Every fitted pool must have a price."""
    whole = whole_period(frames, fits, settings)
    cut_s = _cut_s(whole)
    periods = period_of(frames, fits, settings, 0.0, cut_s), rest_of(whole, cut_s), whole
    if not all(each.is_counted[each.request].any() for each in periods):
        return None
    names = (f"the first {cut_s / frames.window_s:.0%} of the window", "the rest of the window", "the window")
    first, second, all_of_it = (
        Part(name, period, period.trial(period.pools)) for name, period in zip(names, periods, strict=True)
    )
    return Study(
        settings=settings,
        fits=fits,
        today=platform_today(fits, frames.window_from_ns),
        calibration=calibration_of(frames, fits, settings, whole.today),
        first=first,
        second=second,
        whole=all_of_it,
        seed=seed,
        own=own_calls_of(frames, fits),
        reads=None
        if frames.reuse is None
        else reads_of(frames.reuse.content_read, fits.calls.classes, settings.storage, frames.window_from_ns),
        keyed_reads=0 if frames.reuse is None else frames.reuse.content_read["content_key"].count(),
        placed=None
        if frames.reuse is None
        else placed_reads_of(
            frames.reuse.content_read,
            fits.calls.classes,
            [fit.name for fit in fits.fitted],
            _serves(fits),
            settings,
            frames.window_from_ns,
        ),
        retrieval={}
        if frames.reuse is None
        else shares_of(
            frames.traffic.stage_time, frames.request_class, frames.reuse.held_call, frames.pool_call
        ),
    )


def _cut_s(whole: Period) -> float:
    """Where the first part ends: of the time in which requests begin, so that neither part is without them where work
    goes on for long after the last has come.
    """
    began_s = whole.began_s()
    began_s = began_s[np.isfinite(began_s)]
    first_s, last_s = float(began_s.min(initial=np.inf)), float(began_s.max(initial=-np.inf))
    return first_s + FIRST_PART * (last_s - first_s) if began_s.size else 0.0


def _serves(fits: PoolFits) -> Bools:
    """Classes × pools, whether the pool serves calls of the class."""
    serves = np.zeros((len(fits.calls.classes), len(fits.fitted)), np.bool_)
    serves[fits.calls.request_class[fits.which], fits.pool] = True
    return serves
