"""Objectives, faults and queues of the workload map as tables."""

from __future__ import annotations

from costctl.cli.render.numbers import NOT_OBSERVED, count, ratio, significant
from costctl.cli.render.tables import Section, Table
from costctl.documents.workload_map import (
    ClassFaults,
    ClassObjectives,
    Objective,
    PoolQueue,
    WorkloadMap,
    WorstHour,
)


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
    return "too few" if hour is None else f"{hour.hour[5:13].replace('T', ' ')}h, burn {_burn(hour)}"


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


def _queues(queues: tuple[PoolQueue, ...]) -> Table:
    columns = ("pool or model", "calls", "mean", "p50", "p95", "most", "busiest hour")
    rows = tuple(
        (
            each.pool,
            count(each.calls),
            *(
                [NOT_OBSERVED] * 4
                if each.depth is None or each.mean_depth is None
                else [
                    significant(each.mean_depth),
                    significant(each.depth.p50),
                    significant(each.depth.p95),
                    significant(each.depth.max),
                ]
            ),
            NOT_OBSERVED
            if each.busiest_hour is None or each.busiest_mean_depth is None
            else f"{each.busiest_hour[5:13].replace('T', ' ')}h, mean {significant(each.busiest_mean_depth)}",
        )
        for each in queues
    )
    return Table("Queues: calls waiting", columns, rows, frozenset({"pool or model", "busiest hour"}))
