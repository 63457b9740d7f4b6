"""What of a workload, or of its tasks, is worth a line of the first screen?

In: a map of the workload, or a report of tasks. Out: what stands out of it, the most telling first.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from costctl.documents.analysis import Bottleneck
from costctl.documents.cuts import sum_as_written
from costctl.documents.leading import split
from costctl.documents.sessions import ClassSteps
from costctl.documents.workload_map import ErrorCount, Objective, PoolQueue, WorkloadMap


class OtherTasks(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The sums of ``classes`` classes of tasks. usd: null where none of them has an amount."""

    classes: int
    tasks: int
    looping: int
    usd: float | None
    unpriced_charges: int


def standing_out(document: WorkloadMap) -> tuple[tuple[str, Bottleneck], ...]:
    """The classes with a clear bottleneck, in their order."""
    return tuple(
        (each.request_class, each.bottleneck)
        for each in document.times
        if each.bottleneck is not None and each.bottleneck.basis == "waste"
    )


def overspent(document: WorkloadMap) -> tuple[tuple[str, Objective], ...]:
    """The objectives whose error budget is overspent, that which burns fastest first."""
    found = [
        (each.request_class, objective, objective.burn)
        for each in document.objectives
        for objective in each.objectives
        if objective.burn is not None and objective.burn > 1
    ]
    return tuple((name, objective) for name, objective, _ in sorted(found, key=lambda each: -each[2]))


def frequent_errors(document: WorkloadMap) -> tuple[ErrorCount, ...]:
    """The types of error over all classes, the most frequent first."""
    spans: dict[str, int] = {}
    requests: dict[str, int] = {}
    for error in (error for each in document.faults for error in each.errors):
        spans[error.error_type] = spans.get(error.error_type, 0) + error.spans
        requests[error.error_type] = requests.get(error.error_type, 0) + error.requests
    found = (ErrorCount(error_type=kind, spans=spans[kind], requests=requests[kind]) for kind in spans)
    return tuple(sorted(found, key=lambda each: (-each.spans, each.error_type)))


def longest_queues(document: WorkloadMap) -> tuple[PoolQueue, ...]:
    """The pools in front of which any call waited, the longest queue first."""
    queued = [each for each in document.queues if each.mean_depth]
    return tuple(sorted(queued, key=lambda each: (-(each.mean_depth or 0.0), each.pool)))


def leading_tasks(
    classes: Sequence[ClassSteps], most: int
) -> tuple[tuple[ClassSteps, ...], OtherTasks | None]:
    """The first classes of tasks, and the sums of the others; None where there are none."""
    shown, others = split(classes, most)
    if not others:
        return shown, None
    return shown, OtherTasks(
        classes=len(others),
        tasks=sum(each.tasks for each in others),
        looping=sum(each.looping for each in others),
        usd=sum_as_written(each.cost.usd for each in others),
        unpriced_charges=sum(each.cost.unpriced_charges for each in others),
    )
