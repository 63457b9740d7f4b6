"""What was tried beside what is advised, and which of it is best at its latency?

In: replays of the first part of the window, as they are made. Out: ``TriedSettings``: cost against the latency that is
promised, today and what is advised among them, and those than which no other that keeps the objectives is both cheaper
and faster (Pareto). Nothing is replayed for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import Final

import numpy as np
from msgspec.structs import replace

from costctl.documents.changes import SettingChange
from costctl.documents.tried import CostOf, TriedAs, TriedSetting, TriedSettings
from costctl.levers.apply import value_of
from costctl.levers.settings import Setting, change_of
from costctl.recommend.looked import Cost, Looked
from costctl.recommend.objectives import Promise, promises_of
from costctl.recommend.study import Part, Study
from costctl.scenario.period import Trial
from costctl.simulate.outcome_measures import quantile_s

MOST_TOLD: Final = 32  # settings of one piece of advice: what a drawing has room for


@dataclass(frozen=True, slots=True)
class Lens:
    """At what of a replay one looks. pools: whose cost, by number.  promise: whose latency; None where none is made."""

    part: Part
    pools: tuple[int, ...]
    promise: Promise | None

    def look(self, settings: Sequence[Setting], trial: Trial, *, is_kept: bool) -> Looked:
        """The few numbers of this replay."""
        period, pools = self.part.period, [*self.pools]
        cache = Cost(float(trial.cache_usd.sum()), period.a_week(trial.cache_usd))
        busy_usd = trial.busy_usd[pools].sum(axis=0)
        return Looked(
            settings=tuple(settings),
            paid=Cost(float(trial.paid_usd[pools].sum()), float(trial.paid_usd_a_week[pools].sum())) + cache,
            busy=Cost(float(busy_usd.sum()), period.a_week(busy_usd)),
            latency_s=np.nan if self.promise is None else _reached_s(self.part, self.promise, trial),
            is_kept=is_kept,
        )


def lens_of(part: Part, pools: Iterable[int], classes: Iterable[int]) -> Lens:
    """The lens on these pools, or on all where none is named, and on the objective of these classes that is closest to
    being missed today, or missed by most.
    """
    numbers = tuple(pools) or tuple(range(len(part.period.pools)))
    filled = [
        (seconds / promise.target_s, promise)
        for promise in promises_of(part.period, classes)
        if not np.isnan(seconds := _reached_s(part, promise, part.today))
    ]
    return Lens(part, numbers, max(filled, key=lambda each: each[0])[1] if filled else None)


def tried_of(
    study: Study,
    lens: Lens,
    looked: Iterable[Looked],
    advised: Sequence[Setting] | None,
    *,
    both: bool = False,
) -> TriedSettings | None:
    """The document; None where no objective names a latency, or nothing but today was replayed. looked: of what comes
    twice, the last.  advised: None where nothing is.  both: busy time is a cost beside what is paid.
    """
    today = lens.look((), lens.part.today, is_kept=True)
    others = {changes_from_today(study, each.settings): each for each in looked}
    others.pop((), None)
    if lens.promise is None or not others:
        return None
    cost = _cost_of(today, others.values(), both=both)
    best = None if advised is None else changes_from_today(study, advised)
    points = [
        _point(each, change, cost, "advised" if change == best else "other")
        for change, each in others.items()
    ]
    points.append(_point(today, (), cost, "today"))
    told = _on_frontier(points)
    return TriedSettings(
        cost=cost,
        pools=tuple(study.pools[number] for number in lens.pools),
        over=lens.part.name,
        request_class=study.classes[lens.promise.request_class],
        metric=lens.promise.metric,
        target_s=lens.promise.target_s,
        replayed=len(others),
        settings=_most_telling(told),
    )


def unadvised(found: TriedSettings | None) -> TriedSettings | None:
    """The same where what was advised is not, after all."""
    if found is None:
        return None
    points = (
        replace(each, tried_as="other") if each.tried_as == "advised" else each for each in found.settings
    )
    return replace(found, settings=tuple(points))


def changes_from_today(study: Study, settings: Sequence[Setting]) -> tuple[SettingChange, ...]:
    """The settings that differ from today's."""
    before = [(each, value_of(study.today, each.lever, each.subject)) for each in settings]
    return tuple(change_of(each, was) for each, was in before if each.value != was)


def _reached_s(part: Part, promise: Promise, trial: Trial) -> float:
    """What the percentile of the promise comes to; NaN where no time is known."""
    seconds = promise.seconds(trial, part.period.members(promise.request_class))
    known_s = seconds[~np.isnan(seconds)]
    return quantile_s(known_s, promise.level) if known_s.size else np.nan


def _cost_of(today: Looked, others: Iterable[Looked], *, both: bool) -> CostOf:
    """What is paid, where any of them changes it; else what is busy."""
    if both:
        return "paid_and_busy"
    return "paid" if any(each.paid.usd != today.paid.usd for each in others) else "busy"


def _point(each: Looked, change: tuple[SettingChange, ...], cost: CostOf, tried_as: TriedAs) -> TriedSetting:
    usd = {"paid": each.paid, "busy": each.busy, "paid_and_busy": each.paid + each.busy}[cost]
    return TriedSetting(
        tried_as=tried_as,
        change=change,
        usd=usd.usd,
        usd_per_week=usd.a_week_usd,
        latency_s=each.latency_s if isfinite(each.latency_s) else None,
        is_kept=each.is_kept,
        is_on_frontier=False,
    )


def _on_frontier(points: Iterable[TriedSetting]) -> list[TriedSetting]:
    """The points, the cheapest first; those on the frontier are marked. Of two that are alike both are on it."""
    ordered = sorted(points, key=lambda each: (each.usd, inf if each.latency_s is None else each.latency_s))
    told, fastest_s, at_usd = [], inf, -inf
    for each in ordered:
        reached_s = each.latency_s
        is_on = (
            each.is_kept
            and reached_s is not None
            and (reached_s < fastest_s or (reached_s == fastest_s and each.usd == at_usd))
        )
        if is_on and reached_s is not None:
            fastest_s, at_usd = reached_s, each.usd
        told.append(replace(each, is_on_frontier=is_on))
    return told


def _most_telling(points: Sequence[TriedSetting]) -> tuple[TriedSetting, ...]:
    """As many as there is room for, in their order: today and what is advised, then the frontier, then what keeps the
    objectives, the cheapest first. Of others that come to the same the first stands for all.
    """
    seen: set[tuple[float, float | None, bool]] = set()
    differing = []
    for each in points:
        outcome = each.usd, each.latency_s, each.is_kept
        if each.tried_as != "other" or outcome not in seen:
            differing.append(each)
        seen.add(outcome)

    def rank(place: int) -> tuple[bool, bool, bool, int]:
        each = differing[place]
        return each.tried_as == "other", not each.is_on_frontier, not each.is_kept, place

    kept = sorted(sorted(range(len(differing)), key=rank)[:MOST_TOLD])
    return tuple(differing[place] for place in kept)
