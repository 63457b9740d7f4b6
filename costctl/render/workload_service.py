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
from costctl.render.numbers import NOT_OBSERVED, count, ratio, significant
from costctl.render.tables import Notes, Section, Table


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
    columns = ("class", "objective", "met", "burn", "worst hour", "goodput")
    rows = tuple(
        (
            each.request_class,
            f"{objective.metric} {objective.target}",
            ratio(objective.met_ratio),
            _burn(objective),
            _worst(objective.worst_hour),
            NOT_OBSERVED if each.goodput_per_s is None else f"{significant(each.goodput_per_s)}/s",
        )
        for each in classes
        for objective in each.objectives
    )
    return Table(
        "Objectives: part met, error budget burnt (1 = all of it), good requests a second",
        columns,
        rows,
        frozenset({"class", "objective", "worst hour"}),
    )


def _burn(objective: Objective | WorstHour) -> str:
    return NOT_OBSERVED if objective.burn is None else f"{objective.burn:.2f}"


def _worst(hour: WorstHour | None) -> str:
    return "too few" if hour is None else f"{_hour(hour.hour)}, burn {_burn(hour)}"


def _faults(classes: tuple[ClassFaults, ...]) -> Table:
    columns = ("class", "failed", "attempts", "timed out", "prompt cache", "look-ups hit")
    rows = tuple(
        (
            each.request_class,
            count(each.failed),
            f"{each.attempts_per_request:.3f}",
            count(each.timeouts),
            ratio(each.prompt_cache_ratio),
            ratio(each.lookup_hit_ratio),
        )
        for each in classes
    )
    return Table("Failures, attempts per request and caches", columns, rows, frozenset({"class"}))


def _errors(classes: tuple[ClassFaults, ...]) -> Table:
    columns = ("class", "error", "times", "requests")
    rows = tuple(
        (each.request_class, error.error_type, count(error.spans), count(error.requests))
        for each in classes
        for error in each.errors
    )
    return Table(
        "Errors, those included that another attempt mended", columns, rows, frozenset({"class", "error"})
    )


def _queues(queues: tuple[PoolQueue, ...]) -> Section:
    title = "Queues: calls waiting"
    told = [each for each in queues if each.depth is not None]
    if not told:
        return Notes(title, ("Not observed: no call reports its time in a queue.",))
    columns = ("pool or model", "calls", "mean", "p50", "p95", "most", "busiest hour")
    return Table(
        title, columns, tuple(_queue(each) for each in told), frozenset({"pool or model", "busiest hour"})
    )


def _queue(each: PoolQueue) -> tuple[str, ...]:
    depth, mean = each.depth, each.mean_depth
    depths = (
        [NOT_OBSERVED] * 4
        if depth is None or mean is None
        else [significant(value) for value in (mean, depth.p50, depth.p95, depth.max)]
    )
    hour, busiest = each.busiest_hour, each.busiest_mean_depth
    when = NOT_OBSERVED if hour is None or busiest is None else f"{_hour(hour)}, mean {significant(busiest)}"
    return (each.pool, count(each.calls), *depths, when)


def _hour(start: str) -> str:
    """Month, day and hour of an instant."""
    return f"{start[5:13].replace('T', ' ')}h"
