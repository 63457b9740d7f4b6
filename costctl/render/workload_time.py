"""Where the time of the classes goes, and what holds them up, as tables."""

from __future__ import annotations

from costctl.documents.analysis import Bottleneck, StageUse
from costctl.documents.workload_map import ClassTime, WorkloadMap
from costctl.render.cells import NOT_OBSERVED, Row, count, ratio, seconds
from costctl.render.numbers import stage_name
from costctl.render.sections import Notes, Section, Table, first

_LEAST_SHARE = 0.005  # of the class's time; what is shorter is in the document and not in the table
_MOST_STAGES = 6


def sections(document: WorkloadMap) -> list[Section]:
    """Phases and stages of the classes, then bottlenecks with their evidence."""
    timed = [each for each in document.times if each.stages]
    if not timed:
        return []
    return [_phases(timed), _stages(timed), _bottlenecks(timed), _evidence(timed)]


def _phases(timed: list[ClassTime]) -> Table:
    columns = ("class", "mean time", "before", "in model", "between", "after", "uninstrumented")
    rows = tuple((each.request_class, seconds(each.mean_s), *_phase_ratios(each)) for each in timed)
    return Table("Time by phase", columns, rows, frozenset({"class"}))


def _phase_ratios(each: ClassTime) -> Row:
    parts = each.phase_ratios
    names = ("before_ratio", "model_ratio", "between_ratio", "after_ratio", "untold_ratio")
    return tuple(ratio(None if parts is None else getattr(parts, name)) for name in names)


def _stages(timed: list[ClassTime]) -> Table:
    columns = ("class", "share of time by stage (p95 of requests that enter it)")
    rows = tuple((each.request_class, _stage_list(each.stages)) for each in timed)
    return Table("Time by stage", columns, rows, frozenset(columns))


def _stage_list(stages: tuple[StageUse, ...]) -> str:
    longer = [use for use in stages[:_MOST_STAGES] if use.share_ratio >= _LEAST_SHARE]
    parts = [f"{stage_name(use.stage)} {ratio(use.share_ratio)} ({seconds(use.p95_s)})" for use in longer]
    _, rest = first(stages, len(longer))
    return ", ".join([*parts, *([f"{rest} more"] if rest else [])])


def _bottlenecks(timed: list[ClassTime]) -> Table:
    columns = ("class", "stage", "kind", "cause", "stands out", "wasted per request")
    rows = tuple((each.request_class, *_bottleneck_cells(each.bottleneck)) for each in timed)
    return Table("Bottlenecks", columns, rows, frozenset(columns[:-1]))


def _bottleneck_cells(found: Bottleneck | None) -> Row:
    if found is None:
        return (NOT_OBSERVED, "-", "the longest stage has no name", "-", seconds(None).at_least(0))
    return (
        stage_name(found.stage),
        stage_name(found.kind),
        stage_name(found.cause),
        "yes" if found.basis == "waste" else "no",
        seconds(found.waste_s_per_request).at_least(found.unknown_requests),
    )


def _evidence(timed: list[ClassTime]) -> Notes:
    lines = []
    for each in timed:
        if each.bottleneck is None:
            lines.append(
                f"{each.request_class}: no stage with a name takes as long in its {count(each.timed_requests)} "
                "requests as the time of which no span says what is done; instrument what lies between the spans."
            )
        else:
            lines.append(f"{each.request_class}: {'; '.join(each.bottleneck.evidence)}.")
    return Notes("Bottlenecks: evidence", tuple(lines))
