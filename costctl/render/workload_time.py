"""Where the time of the classes goes, and what holds them up, as tables."""

from __future__ import annotations

from costctl.documents.analysis import Bottleneck, StageUse
from costctl.documents.workload_map import ClassTime, WorkloadMap
from costctl.render.numbers import NOT_OBSERVED, at_least, count, ratio, seconds, stage_name
from costctl.render.tables import Notes, Section, Table

_LEAST_SHARE = 0.005  # of the class's time; what is shorter is in the document and not in the table
_MOST_STAGES = 6


def sections(document: WorkloadMap) -> list[Section]:
    """Phases and stages of the classes, then bottlenecks with their evidence."""
    timed = [each for each in document.times if each.stages]
    if not timed:
        return []
    return [_phases(timed), _stages(timed), _bottlenecks(timed), _evidence(timed)]


def _phases(timed: list[ClassTime]) -> Table:
    columns = ("class", "mean time", "before", "in model", "between", "after", "not told")
    rows = tuple(
        (
            each.request_class,
            seconds(_total_s(each) / each.timed_requests),
            *(
                ratio(part / _total_s(each))
                for part in (
                    each.phases.before_s,
                    each.phases.model_s,
                    each.phases.between_s,
                    each.phases.after_s,
                    each.phases.uninstrumented_s + each.phases.unknown_s,
                )
            ),
        )
        for each in timed
    )
    return Table(
        "Where time goes: before the model starts, in it, and after", columns, rows, frozenset({"class"})
    )


def _total_s(each: ClassTime) -> float:
    return sum(use.seconds for use in each.stages)


def _stages(timed: list[ClassTime]) -> Table:
    columns = ("class", "stages by share of time (and p95 of those that enter them)")
    rows = tuple((each.request_class, _stage_list(each.stages)) for each in timed)
    return Table("Where time goes: stages", columns, rows, frozenset(columns))


def _stage_list(stages: tuple[StageUse, ...]) -> str:
    shown = [use for use in stages[:_MOST_STAGES] if use.share_ratio >= _LEAST_SHARE]
    parts = [f"{stage_name(use.stage)} {ratio(use.share_ratio)} ({seconds(use.p95_s)})" for use in shown]
    rest = len(stages) - len(shown)
    return ", ".join([*parts, *([f"{rest} more"] if rest else [])])


def _bottlenecks(timed: list[ClassTime]) -> Table:
    columns = ("class", "held up by", "kind", "cause", "stands out", "wasted per request")
    rows = tuple((each.request_class, *_bottleneck_cells(each.bottleneck)) for each in timed)
    return Table("Bottlenecks", columns, rows, frozenset(columns) - {"wasted per request"})


def _bottleneck_cells(found: Bottleneck | None) -> tuple[str, ...]:
    if found is None:
        return (NOT_OBSERVED, "-", "the longest stage has no name", "-", NOT_OBSERVED)
    return (
        stage_name(found.stage),
        stage_name(found.kind),
        stage_name(found.cause),
        "yes" if found.basis == "waste" else "no",
        at_least(seconds(found.waste_s_per_request), found.unknown_requests),
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
