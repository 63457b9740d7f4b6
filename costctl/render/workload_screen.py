"""The first screen of the workload map: which kinds of request are there, and where does their time go?"""

from __future__ import annotations

from typing import Final

from costctl.documents.analysis import StageUse
from costctl.documents.highlights import frequent_errors, longest_queues, overspent, standing_out
from costctl.documents.leading import OtherClasses, leading_mix
from costctl.documents.workload_map import ClassMix, ClassTime, WorkloadMap
from costctl.render.cells import NOT_PRICED, Quantity, Row, count, number, ratio, seconds, tokens, usd_column
from costctl.render.numbers import length, period, plural, stage_name
from costctl.render.sections import Facts, Section, Table, first, in_brief, joined
from costctl.render.view import View

_MOST_CLASSES: Final = 8
_MOST_STAGES: Final = 2
_MOST_NAMED: Final = 3
_LEAST_SHARE: Final = 0.05  # of a class's time, for a stage to be named
_TIME: Final = "where the time goes"


def screen(document: WorkloadMap, view: View) -> list[Section]:
    """The classes by cost with where their time goes, then what stands out."""
    return [Facts((("", _headline(document)),)), _classes(document, view), _facts(document, view)]


def _headline(document: WorkloadMap) -> str:
    window = document.window
    when = (
        "Times not recorded"
        if window is None
        else f"{period(window.from_, window.to)} ({length(window.seconds)})"
    )
    return f"{when} · {plural(document.requests, 'request')} in {plural(len(document.classes), 'class')}"


def _classes(document: WorkloadMap, view: View) -> Table:
    shown, others = leading_mix(document, view.top or _MOST_CLASSES)
    times = {each.request_class: each for each in document.times}
    amounts = [*(each.attributed_usd for each in shown), *([] if others is None else [others.usd])]
    costs = usd_column(amounts)
    rows = [_row(mix, cost, times[mix.request_class]) for mix, cost in zip(shown, costs, strict=False)]
    if others is not None:
        rows.append(_others_row(others, costs[-1]))
    return Table(
        "CLASS",
        ("class", "cost", "requests", "share", "median in", "median out", "mean time", _TIME),
        tuple(rows),
        frozenset({"class", _TIME}),
        is_compact=True,
        least=("median out", "median in", "share", "mean time", "cost"),
    )


def _row(mix: ClassMix, cost: Quantity, time: ClassTime) -> Row:
    return (
        mix.request_class,
        cost.at_least(mix.unpriced_charges),
        count(mix.requests),
        ratio(mix.request_ratio),
        tokens(mix.input_tokens_p50),
        tokens(mix.output_tokens_p50),
        seconds(time.mean_s),
        _longest(time.stages),
    )


def _longest(stages: tuple[StageUse, ...]) -> str:
    """The stages that take most of the time."""
    longer = [use for use in stages[:_MOST_STAGES] if use.share_ratio >= _LEAST_SHARE]
    return ", ".join(f"{stage_name(use.stage)} {ratio(use.share_ratio)}" for use in longer) or "not observed"


def _others_row(others: OtherClasses, cost: Quantity) -> Row:
    return (
        f"{count(others.classes)} more",
        NOT_PRICED if others.usd is None else cost.at_least(others.unpriced_charges),
        count(others.requests),
        ratio(others.request_ratio),
        "",
        "",
        "",
        "",
    )


def _facts(document: WorkloadMap, view: View) -> Facts:
    lines = [("BOTTLENECKS", _bottlenecks(document))]
    if document.objectives:
        lines.append(("SLO", _slo(document)))
    if errors := frequent_errors(document):
        told = [f"{count(each.spans)} {each.error_type}" for each in errors]
        lines.append(("ERRORS", f"{joined(told, _MOST_NAMED)} (incl. those recovered by a retry)"))
    if queues := longest_queues(document):
        told = [f"{each.pool} {number(each.mean_depth)}" for each in queues]
        lines.append(("QUEUES", f"mean calls waiting: {joined(told, _MOST_NAMED)}"))
    lines.append(("UNCLASSIFIED", _unclassified(document)))
    if document.notes:
        limitation, *others = document.notes
        lines.append(("LIMITATIONS", in_brief(limitation)))
        lines.extend([("", f"{plural(len(others), 'more limitation')}: --detail")] if others else [])
    next_steps = f"{view.command('segment --learn')} proposes classes · --admission · --sessions · --detail"
    return Facts((*lines, ("Next", next_steps)), frozenset({"SLO"} if overspent(document) else ()))


def _bottlenecks(document: WorkloadMap) -> str:
    found = [
        f"{name}: {stage_name(each.stage)} ({stage_name(each.cause)})"
        for name, each in standing_out(document)
    ]
    return joined(found, _MOST_NAMED) if found else "none stands out"


def _slo(document: WorkloadMap) -> str:
    late = [
        f"{name} {each.metric} {each.target}: met by {ratio(each.met_ratio)}"
        for name, each in overspent(document)
    ]
    if not late:
        return f"met by {plural(len(document.objectives), 'class')}, all that have one"
    return joined(late, _MOST_NAMED)


def _unclassified(document: WorkloadMap) -> str:
    rest = document.leftover
    if not rest.requests:
        return "none: a rule matched every request"
    shown, _ = first(rest.groups, 1)
    advice = "".join(f": {group.hint}" for group in shown)
    return f"{count(rest.requests)} requests ({ratio(rest.request_ratio)}){advice}"
