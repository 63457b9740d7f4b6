"""The workload map as tables and heat maps for people, and as CSV with one row per class."""

from __future__ import annotations

from costctl.documents.overlap import Overlap
from costctl.documents.workload_map import Leftover, LeftoverGroup, WorkloadMap
from costctl.render import workload_heat, workload_service, workload_time
from costctl.render.cells import NOT_OBSERVED, count, phrase, ratio, tokens, usd
from costctl.render.numbers import plural
from costctl.render.sections import Notes, Section, Table
from costctl.render.spreadsheet import as_csv
from costctl.render.workload_depth import depth_table


def sections(document: WorkloadMap) -> list[Section]:
    """What there is, how it is told, where its time goes, what holds it up, and what the map does not tell."""
    parts = mix(document)
    for part in (workload_time, workload_service, workload_heat):
        parts.extend(part.sections(document))
    if document.depth_over_time is not None:
        parts.append(depth_table(document.depth_over_time))
    parts.append(_leftover(document.leftover))
    if document.notes:
        parts.append(Notes("Limitations", document.notes))
    return parts


def mix(document: WorkloadMap) -> list[Section]:
    """What there is, and by which rules it is told."""
    crossing = _crossing(document)
    overlaps = [_overlaps(crossing)] if crossing else []
    return [_overview(document), _mix(document), _rules(document), *overlaps]


def _overview(document: WorkloadMap) -> Notes:
    window = document.window
    when = (
        "At times that were not recorded" if window is None else f"{window.from_[:19]}Z to {window.to[:19]}Z"
    )
    classes = plural(len(document.classes), "class")
    return Notes("Total", (f"{when}: {count(document.requests)} requests in {classes}.",))


def _mix(document: WorkloadMap) -> Table:
    columns = ("class", "requests", "share", "tokens", "share of tokens", "cost", "share of cost", "peak UTC")
    rows = tuple(
        (
            mix.request_class,
            count(mix.requests),
            ratio(mix.request_ratio),
            tokens(mix.tokens).at_least(mix.calls_without_input or mix.calls_without_output),
            ratio(mix.token_ratio),
            usd(mix.attributed_usd).at_least(mix.unpriced_charges),
            ratio(mix.cost_ratio, "unknown"),
            NOT_OBSERVED if mix.peak_hour_utc is None else f"{mix.peak_hour_utc:02d}h",
        )
        for mix in document.classes
    )
    return Table("Mix", columns, rows, frozenset({"class"}))


def _rules(document: WorkloadMap) -> Table:
    columns = ("class", "tokens in", "tokens out", "median in", "median out", "rules that took it")
    rows = tuple(
        (
            mix.request_class,
            tokens(mix.input_tokens).at_least(mix.calls_without_input),
            tokens(mix.output_tokens).at_least(mix.calls_without_output),
            tokens(mix.input_tokens_p50),
            tokens(mix.output_tokens_p50),
            ", ".join(mix.rules),
        )
        for mix in document.classes
    )
    return Table("Shape and rules", columns, rows, frozenset({"class", "rules that took it"}))


def _crossing(document: WorkloadMap) -> tuple[Overlap, ...]:
    """The overlaps that a change of order would decide; a later rule that is wider by design is none."""
    return tuple(each for each in document.overlaps if each.requests < each.of_requests)


def _overlaps(overlaps: tuple[Overlap, ...]) -> Table:
    columns = ("requests", "rule", "class", "later rule", "its class")
    rows = tuple(
        (
            phrase("{shared} of {all}", shared=count(each.requests), all=count(each.of_requests)),
            each.rule,
            each.request_class,
            each.also_rule,
            each.also_request_class,
        )
        for each in overlaps
    )
    return Table("Overlapping rules", columns, rows, frozenset(columns[1:]))


def _leftover(rest: Leftover) -> Notes:
    title = f"Unclassified: left to the last rule, “{rest.rule}”"
    if not rest.groups:
        return Notes(title, ("Nothing: every request was taken by a rule with bounds.",))
    lines = tuple(f"{count(group.requests)} of {_alike(group)}: {group.hint}." for group in rest.groups)
    return Notes(f"{title}: {count(rest.requests)} requests, {ratio(rest.request_ratio)}", lines)


def _alike(group: LeftoverGroup) -> str:
    known = [
        f"{what} {text}"
        for what, text in (
            ("route", group.route),
            ("service", group.service),
            ("operation", group.operation),
            ("model", group.model),
        )
        if text is not None
    ]
    return ", ".join(known) or "no known route, service, operation or model"


_CSV_COLUMNS = (
    "request_class",
    "requests",
    "request_ratio",
    "input_tokens",
    "output_tokens",
    "calls_without_input",
    "calls_without_output",
    "token_ratio",
    "input_tokens_p50",
    "output_tokens_p50",
    "attributed_usd",
    "unpriced_charges",
    "cost_ratio",
    "peak_hour_utc",
    "rules",
    "before_s",
    "model_s",
    "between_s",
    "after_s",
    "uninstrumented_s",
    "unknown_s",
    "bottleneck_stage",
    "bottleneck_kind",
    "bottleneck_cause",
    "bottleneck_basis",
    "waste_s_per_request",
    "failed",
    "attempts_per_request",
    "timeouts",
    "prompt_cache_ratio",
    "lookup_hit_ratio",
    "good_requests",
    "goodput_per_s",
    "ttft_p95_met_ratio",
    "ttft_p95_burn",
    "e2e_p95_met_ratio",
    "e2e_p95_burn",
)


def csv_text(document: WorkloadMap) -> str:
    """One row per class, every digit kept; an empty cell is "not observed", "not priced" or "not declared"."""
    return as_csv(_CSV_COLUMNS, [_csv_row(document, number) for number in range(len(document.classes))])


def _csv_row(document: WorkloadMap, number: int) -> list[object]:
    mix, time, faults = document.classes[number], document.times[number], document.faults[number]
    declared = {each.request_class: each for each in document.objectives}.get(mix.request_class)
    by_metric = {each.metric: each for each in declared.objectives} if declared else {}
    judged = [by_metric.get(metric) for metric in ("ttft_p95", "e2e_p95")]
    found = time.bottleneck
    return [
        mix.request_class,
        mix.requests,
        mix.request_ratio,
        mix.input_tokens,
        mix.output_tokens,
        mix.calls_without_input,
        mix.calls_without_output,
        mix.token_ratio,
        mix.input_tokens_p50,
        mix.output_tokens_p50,
        mix.attributed_usd,
        mix.unpriced_charges,
        mix.cost_ratio,
        mix.peak_hour_utc,
        "; ".join(mix.rules),
        time.phases.before_s,
        time.phases.model_s,
        time.phases.between_s,
        time.phases.after_s,
        time.phases.uninstrumented_s,
        time.phases.unknown_s,
        *(
            [None, None, None, None, None]
            if found is None
            else [found.stage, found.kind, found.cause, found.basis, found.waste_s_per_request]
        ),
        faults.failed,
        faults.attempts_per_request,
        faults.timeouts,
        faults.prompt_cache_ratio,
        faults.lookup_hit_ratio,
        declared.good_requests if declared else None,
        declared.goodput_per_s if declared else None,
        *(value for each in judged for value in ((each.met_ratio, each.burn) if each else (None, None))),
    ]
