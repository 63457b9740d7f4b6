"""Objectives, faults and queues of the workload map as tables."""

from __future__ import annotations

from costctl.documents.workload_map import (
    ClassFaults,
    ClassObjectives,
    Objective,
    PoolQueue,
    WorkloadMap,
    WorstHour,
)
from costctl.render.cells import NOT_OBSERVED, Cell, Row, count, number, phrase, ratio
from costctl.render.sections import Notes, Section, Table


def sections(document: WorkloadMap) -> list[Section]:
    """Objectives where any is declared, faults, and queues where there are calls."""
    parts: list[Section] = []
    if document.objectives:
        parts.append(_objectives(document.objectives))
    if document.faults:
        parts.append(_faults(document.faults))
    if any(each.errors for each in document.faults):
        parts.append(_errors(document.faults))
    if document.queues:
        parts.append(_queues(document.queues))
    return parts


def _objectives(classes: tuple[ClassObjectives, ...]) -> Table:
    columns = ("class", "objective", "met", "burn", "worst hour", "goodput per s")
    rows = tuple(
        (
            each.request_class,
            f"{objective.metric} {objective.target}",
            ratio(objective.met_ratio),
            _burn(objective),
            _worst(objective.worst_hour),
            number(each.goodput_per_s),
        )
        for each in classes
        for objective in each.objectives
    )
    return Table(
        "Objectives: attainment, error budget burn (1 = all of it), goodput",
        columns,
        rows,
        frozenset({"class", "objective", "worst hour"}),
    )


def _burn(objective: Objective | WorstHour) -> Cell:
    return number(objective.burn, places=2)


def _worst(hour: WorstHour | None) -> Cell:
    if hour is None:
        return phrase("too few requests")
    return phrase("{start}, burn {burn}", start=_hour(hour.hour), burn=_burn(hour))


def _faults(classes: tuple[ClassFaults, ...]) -> Table:
    columns = ("class", "failed", "attempts", "timed out", "prompt cache hits", "other cache hits")
    rows = tuple(
        (
            each.request_class,
            count(each.failed),
            number(each.attempts_per_request, places=3),
            count(each.timeouts),
            ratio(each.prompt_cache_ratio),
            ratio(each.lookup_hit_ratio),
        )
        for each in classes
    )
    return Table("Failures, attempts per request and caches", columns, rows, frozenset({"class"}))


def _errors(classes: tuple[ClassFaults, ...]) -> Table:
    columns = ("class", "error", "occurrences", "requests")
    rows = tuple(
        (each.request_class, error.error_type, count(error.spans), count(error.requests))
        for each in classes
        for error in each.errors
    )
    return Table("Errors, incl. those recovered by a retry", columns, rows, frozenset({"class", "error"}))


def _queues(queues: tuple[PoolQueue, ...]) -> Section:
    title = "Queue depth: calls waiting"
    told = [each for each in queues if each.depth is not None]
    if not told:
        return Notes(title, ("Not observed: no call reports its time in a queue.",))
    columns = ("pool or model", "calls", "mean", "p50", "p95", "max", "busiest hour")
    return Table(
        title, columns, tuple(_queue(each) for each in told), frozenset({"pool or model", "busiest hour"})
    )


def _queue(each: PoolQueue) -> Row:
    depth = each.depth
    depths = (None, None, None) if depth is None else (depth.p50, depth.p95, depth.max)
    hour, busiest = each.busiest_hour, each.busiest_mean_depth
    when = (
        phrase(NOT_OBSERVED)
        if hour is None or busiest is None
        else phrase("{start}, mean {mean}", start=_hour(hour), mean=number(busiest))
    )
    return (each.pool, count(each.calls), *(number(value) for value in (each.mean_depth, *depths)), when)


def _hour(start: str) -> str:
    """Month, day and hour of an instant."""
    return f"{start[5:13].replace('T', ' ')}h"
