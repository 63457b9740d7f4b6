"""Which schedule of replicas is proposed? Replicas needed by hour, and the reserve, as one setting of the pool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from msgspec.structs import replace

from costctl.arrays import Ints
from costctl.documents.capacity import Capacity, CapacityHour
from costctl.documents.recommendations import Evidence
from costctl.levers.table import lever_named
from costctl.recommend.by_hour import scheduled
from costctl.recommend.hours import Clock, busy_by_hour, calls_by_hour
from costctl.recommend.need import Need, plural
from costctl.recommend.proposals import Proposal, Subject, Withheld
from costctl.recommend.study import Study

FORM: Final = "schedule"


def schedule_of_need(
    study: Study, need: Need, facts: Capacity, times: Clock, needed: Ints
) -> Proposal | Withheld:
    """The schedule. needed: replicas by hour of the clock that keep every objective for sure, none in reserve."""
    name = study.pools[need.number]
    declared = study.settings.pools[name]
    subject = Subject("capacity", None, name, form=FORM)
    advised = np.minimum(needed + need.reserve + need.beside_others, need.advised)
    over = "week" if times.is_weekly else "day"
    hourly = hours_of(study, need, times, needed, advised)
    hours, today = int(advised.sum()), need.today * times.hours
    return Proposal(
        subject=subject,
        candidates=(scheduled(study, need.number, times, advised),),
        goal="cost",
        classes=tuple(study.served_classes(need.number)),
        pools=(need.number,),
        reason=f"From {int(advised.min())} to {plural(int(advised.max()))} by the hour of the {over} keep every "
        f"objective: {hours} replica hours a {over} instead of {today} with today's {need.today}.",
        if_none="With this schedule an objective would be missed, or the bill is no smaller.",
        assumptions=(
            f"A replica takes {declared.start_up} to start (pools.{name}.start_up), and is ordered and paid for that "
            "much earlier; one that is let go finishes what it has.",
            f"Each hour of the {over} goes on to be like those observed, in UTC.",
            *_of_empty_hours(hourly, declared.start_up),
        ),
        reversal=f"Go back to today's {plural(need.today)} if the p95 of a class leaves its objective.",
        evidence=_evidence(study, need, needed),
        capacity=replace(facts, start_up_s=declared.start_up_s, hours=hourly),
    )


def _of_empty_hours(hourly: Sequence[CapacityHour], start_up: str) -> Iterator[str]:
    """Why an hour in which no call was seen has a replica all the same."""
    if any(each.calls == 0 for each in hourly):
        yield (
            "Hours in which no call was seen have a replica too: without one, a call that comes all the same would "
            f"wait {start_up} for it."
        )


def _evidence(study: Study, need: Need, needed: Ints) -> tuple[Evidence, ...]:
    """Which numbers were replayed, and what being sure takes."""
    calls = int((study.whole.period.pool == need.number).sum())
    said = [
        (
            "by_hour",
            f"Without a reserve, {int(needed.min())} to {int(needed.max())} are needed by the hour to keep every "
            "objective for sure, by a replay of that on both parts of the window.",
        )
    ]
    if need.sure > need.needed:
        said.append(
            (
                "sure",
                f"{plural(need.needed)} would keep every objective in what was observed; only with {need.sure} is the "
                "upper bound of each percentile within it too, or no higher than today's. That is no reserve.",
            )
        )
    return tuple(
        Evidence(id=name, kind="simulated", statement=statement, samples=calls, value=None)
        for name, statement in said
    )


def starts_in_time(study: Study, number: int) -> bool:
    """Whether a replica of the pool starts within an hour, so that it can come and go by the hour."""
    return study.settings.pools[study.pools[number]].start_up_s <= lever_named("pool", "start_up").most


def too_slow_to_start(study: Study, number: int) -> Withheld:
    """Why a pool whose replicas take longer than an hour to start has no schedule."""
    name = study.pools[number]
    return Withheld(
        Subject("capacity", None, name, form=FORM),
        f"A replica takes {study.settings.pools[name].start_up} to start (pools.{name}.start_up), longer than the hour "
        "that a schedule would spare it for.",
        how="not_applicable",
    )


def hours_of(
    study: Study, need: Need, times: Clock, needed: Ints | None, advised: Ints | None = None
) -> tuple[CapacityHour, ...]:
    """A row for each hour of the clock that was seen. advised: by hour, else the constant."""
    period = study.whole.period
    busy = busy_by_hour(times, period, study.whole.today.outcome, period.pools, need.number)
    calls = calls_by_hour(times, study.whole, need.number)
    return tuple(
        CapacityHour(
            hour=times.name(hour),
            calls=float(calls[hour]),
            busy_replicas=float(busy[hour]),
            needed=None if needed is None else int(needed[hour]),
            replicas=need.advised if advised is None else int(advised[hour]),
        )
        for hour in range(times.hours)
        if np.isfinite(busy[hour]) and np.isfinite(calls[hour])
    )
