"""How does a policy write one value, and what does the replay read from it? The forms of the levers.

In: a value in the unit of its lever, or the value of a policy at the lever's pointer. Out: the other. What the other
side has no word for is an ``Unsaid`` with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from costctl.documents.changes import Value
from costctl.documents.policy import (
    AtMost,
    DeferHours,
    Limit,
    RejectWhenBusy,
    ReplicaSchedule,
    ScheduleStep,
    Unlimited,
)
from costctl.levers.batch_sizes import batch_sizes_from, batch_sizes_of
from costctl.levers.day_hours import DayHours, day_hours_of
from costctl.levers.lever import Lever
from costctl.levers.limits import limit_per_replica
from costctl.levers.schedule import schedule_from, schedule_of
from costctl.units import BYTES_PER_GB, US_PER_S, us_from_s


@dataclass(frozen=True, slots=True)
class Unsaid:
    """Why a value cannot be said on the other side, as a clause."""

    reason: str


def written(lever: Lever, value: Value) -> Any:
    """The value as a policy holds it, in JSON's types; ``Unsaid`` where a policy has no word for it."""
    if value is None and lever.form in ("timeout", "rate"):
        return Unsaid("a policy has no word for none, and what it does not say is left to the consumer")
    if value is None:
        return {"kind": "unlimited"}
    if value == "recorded":
        return Unsaid("that each call stays where it was is a way to replay it, and no rule")
    if lever.form in ("microseconds", "timeout") and isinstance(value, int | float):
        us = us_from_s(value)
        return us if us > 0 or not lever.is_limit else Unsaid("a wait of 0 s would reject every call")
    if lever.form == "bytes" and isinstance(value, int | float):
        return round(value * BYTES_PER_GB)
    if lever.form == "limit":
        if value == 0:
            return Unsaid(
                "no gateway has a queue of length 0 in which a call may still wait for the next step"
            )
        scope = lever.scope if lever.scope == "global" else f"per_{lever.scope}"
        return {"kind": "at_most", "value": value, "scope": scope}
    if lever.form == "attempts" and isinstance(value, int):
        return value - 1
    if lever.form == "schedule" and isinstance(value, str):
        return msgspec.to_builtins(_schedule_written(value))
    if lever.form == "sizes" and isinstance(value, str):
        return list(batch_sizes_of(value).sizes)
    if lever.form == "hours" and isinstance(value, str):
        hours = day_hours_of(value)
        return msgspec.to_builtins(DeferHours(hours.begin, hours.end))
    return value


def at_pointer(item: Any, pointer: str) -> Any:
    """The value at the pointer; None where it, or what it lies in, is absent."""
    for part in pointer.split("/")[1:]:
        item = None if item is None else getattr(item, part)
    return item


def _schedule_written(text: str) -> ReplicaSchedule:
    schedule = schedule_of(text)
    steps = tuple(ScheduleStep(minute, number) for minute, number in schedule.steps)
    return ReplicaSchedule("week" if schedule.is_weekly else "day", steps)


def _schedule_read(found: ReplicaSchedule) -> str | Unsaid:
    try:
        steps = tuple((each.minute, each.replicas) for each in found.steps)
        return schedule_of(schedule_from(steps, is_weekly=found.period == "week").text).text
    except (ValueError, IndexError):
        return Unsaid("its steps are not in order, or not within its period")


def read(
    lever: Lever,
    found: int | str | Limit | ReplicaSchedule | DeferHours | tuple[int, ...],
    replicas: int,
) -> Value | Unsaid:
    """The value in the unit of the lever. found: at its pointer.  replicas: of the backend."""
    match found:
        case Unlimited():
            return (
                None if lever.is_limit else Unsaid("a replica always has a bound, and the policy names none")
            )
        case RejectWhenBusy():
            return Unsaid("a call that only waits for the next step would be rejected in the replay as well")
        case AtMost() if lever.scope == "global":
            return (
                found.value
                if found.scope == "global"
                else Unsaid("the replay counts the calls of a class, not per backend, replica or caller")
            )
        case AtMost():
            limit = limit_per_replica(found, replicas)
            return (
                Unsaid("the replay counts per replica, not over callers or all backends")
                if limit is None
                else limit
            )
        case DeferHours():
            return DayHours(found.from_minute, found.until_minute).text
        case ReplicaSchedule():
            return _schedule_read(found)
        case tuple():
            return batch_sizes_from(found).text
        case int() if lever.form in ("microseconds", "timeout"):
            return found / US_PER_S
        case int() if lever.form == "bytes":
            return found / BYTES_PER_GB
        case int() if lever.form == "attempts":
            return found + 1
        case _:
            return found
