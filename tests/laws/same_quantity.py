"""Which figures of which documents are the same quantity?

In: every document of one question. Out: for each quantity its readings: (where it stands, of what) → value. What is not
in this list by the same name and scope has to be another quantity, and be named differently.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from costctl import verbs
from costctl.documents.analysis import Analysis, ClassReport
from costctl.documents.explanation import ClassExplanation
from costctl.documents.recommendations import Recommendations
from costctl.documents.sessions import ClassSteps, Sessions
from costctl.documents.simulation import Simulation
from costctl.documents.workload_map import ClassMix, WorkloadMap
from costctl.errors import NotEnoughDataError
from costctl.observation import Question
from costctl.render import class_rows, workload_map
from tests.conftest import unwatched

Readings = dict[tuple[str, str], dict[str, Any]]  # (quantity, of what) → where → value


@dataclass(frozen=True)
class Documents:
    """What every verb says of the same question; None where a verb was not asked."""

    analysis: Analysis
    map: WorkloadMap
    sessions: Sessions
    classes: dict[str, ClassExplanation]
    recommendations: Recommendations | None
    simulation: Simulation | None


def documents_of(question: Question, *, replays: bool) -> Documents:
    """All documents. replays: recommend and simulate too."""
    analysis = verbs.analyze(question, unwatched)
    names = [report.request_class for report in analysis.classes]
    explained = {name: verbs.explain(name, question, unwatched).request_class for name in names}
    return Documents(
        analysis,
        verbs.segment(question, unwatched),
        verbs.segment_sessions(question, unwatched),
        {name: each for name, each in explained.items() if each is not None},
        verbs.recommend(question, unwatched) if replays else None,
        _simulated(question) if replays else None,
    )


def _simulated(question: Question) -> Simulation | None:
    try:
        return verbs.simulate(question, verbs.ScenarioRequest(load="1x"), unwatched)
    except NotEnoughDataError:
        return None


def readings(documents: Documents) -> Readings:
    """Every place where a quantity is read, None left out: a figure may be missing in one place for want of data."""
    found: Readings = defaultdict(dict)
    for quantity, scope, where, value in (
        *_of_classes(documents),
        *_of_the_window(documents),
        *_of_files(documents),
        *_of_pools(documents),
    ):
        if value is not None:
            found[quantity, scope][where] = value
    return found


_ANALYSIS: dict[str, Callable[[ClassReport], Any]] = {
    "requests": lambda each: each.requests,
    "successes": lambda each: each.successes,
    "failures": lambda each: each.failed,
    "input tokens": lambda each: each.tokens.input,
    "output tokens": lambda each: each.tokens.output,
    "calls without input tokens": lambda each: each.tokens.calls_without_input,
    "calls without output tokens": lambda each: each.tokens.calls_without_output,
    "attributed USD": lambda each: each.cost.attributed_usd,
    "unpriced charges": lambda each: each.cost.unit_costs.unpriced_charges,
    "USD per success": lambda each: each.cost.unit_costs.usd_per_completed_task,
    "p50 of duration": lambda each: each.latency_s and each.latency_s.p50,
    "p95 of duration": lambda each: each.latency_s and each.latency_s.p95,
    "bottleneck": lambda each: each.bottleneck,
    "stages": lambda each: each.stages,
}
_MAP: dict[str, Callable[[ClassMix], Any]] = {
    "requests": lambda each: each.requests,
    "input tokens": lambda each: each.input_tokens,
    "output tokens": lambda each: each.output_tokens,
    "calls without input tokens": lambda each: each.calls_without_input,
    "calls without output tokens": lambda each: each.calls_without_output,
    "attributed USD": lambda each: each.attributed_usd,
    "unpriced charges": lambda each: each.unpriced_charges,
}
_SESSIONS: dict[str, Callable[[ClassSteps], Any]] = {
    "requests": lambda each: each.tasks,
    "successes": lambda each: each.completed,
    "attributed USD": lambda each: each.cost.usd,
    "unpriced charges": lambda each: each.cost.unpriced_charges,
    "USD per success": lambda each: each.cost.usd_per_completed,
}


def _of_classes(all_: Documents) -> Iterator[tuple[str, str, str, Any]]:
    for report in all_.analysis.classes:
        name = report.request_class
        for quantity, read in _ANALYSIS.items():
            yield quantity, name, "analyze", read(report)
        estimate = report.cost.usd_per_success
        yield "USD per success", name, "analyze, the interval", None if estimate is None else estimate.mid
    for mix, time, faults in zip(all_.map.classes, all_.map.times, all_.map.faults, strict=True):
        for quantity, of_mix in _MAP.items():
            yield quantity, mix.request_class, "segment", of_mix(mix)
        yield "bottleneck", mix.request_class, "segment", time.bottleneck
        yield "stages", mix.request_class, "segment", time.stages
        yield "failures", mix.request_class, "segment", faults.failed
    for steps in all_.sessions.report.classes:
        for quantity, of_steps in _SESSIONS.items():
            yield quantity, steps.request_class, "segment --sessions", of_steps(steps)
    for name, explained in all_.classes.items():
        durations = {each.example: each.duration_s for each in explained.examples}
        yield "requests", name, "explain", explained.requests
        yield "successes", name, "explain", explained.successes
        yield "attributed USD", name, "explain", explained.usd
        yield "unpriced charges", name, "explain", explained.unpriced_charges
        yield "p50 of duration", name, "explain, typical", durations.get("typical")
        yield "p95 of duration", name, "explain, slow", durations.get("slow")
    for objectives in all_.map.objectives:
        for each in objectives.objectives:
            yield "objective met", f"{objectives.request_class} {each.metric}", "segment", each.met_ratio
    for report in all_.analysis.classes:
        for result in report.slo:
            metric = result.target.split()[0]
            yield "objective met", f"{report.request_class} {metric}", "analyze", result.met_ratio


def _of_the_window(all_: Documents) -> Iterator[tuple[str, str, str, Any]]:
    totals, coverage = all_.analysis.totals, all_.analysis.coverage
    yield "requests", "all", "analyze", totals.requests
    yield "requests", "all", "analyze, coverage", coverage.requests
    yield "requests", "all", "segment", all_.map.requests
    yield "unpriced charges", "all", "analyze", totals.unit_costs.unpriced_charges
    yield "billed USD", "all", "analyze", totals.billed_usd
    sessions = all_.sessions.report.sessions
    yield "USD per session", "all", "analyze", totals.unit_costs.usd_per_session
    yield "USD per session", "all", "segment --sessions", sessions.cost.usd_per_task
    if all_.analysis.bill is not None:
        yield "unpriced charges", "all", "analyze, bill", all_.analysis.bill.unpriced_charges
    if all_.recommendations is not None:
        yield "requests", "all", "recommend", all_.recommendations.baseline.requests
        yield "billed USD", "all", "recommend", all_.recommendations.baseline.usd
        yield "unpriced charges", "all", "recommend", all_.recommendations.baseline.unpriced_charges


def _of_pools(all_: Documents) -> Iterator[tuple[str, str, str, Any]]:
    for pool in all_.analysis.pools:
        yield "queue depth", pool.pool, "analyze", pool.queue_depth
    configured = {pool.pool for pool in all_.analysis.pools}
    for queue in all_.map.queues:
        if queue.pool in configured:
            yield "queue depth", queue.pool, "segment", queue.depth


_CSV_ANALYSIS = {
    "requests": ("requests", int),
    "input_tokens": ("input tokens", int),
    "output_tokens": ("output tokens", int),
    "calls_without_input_tokens": ("calls without input tokens", int),
    "calls_without_output_tokens": ("calls without output tokens", int),
    "latency_p50_s": ("p50 of duration", float),
    "latency_p95_s": ("p95 of duration", float),
    "attributed_usd": ("attributed USD", float),
    "usd_per_completed_task": ("USD per success", float),
    "unpriced_charges": ("unpriced charges", int),
}
_CSV_MAP = {
    "requests": ("requests", int),
    "input_tokens": ("input tokens", int),
    "output_tokens": ("output tokens", int),
    "calls_without_input": ("calls without input tokens", int),
    "calls_without_output": ("calls without output tokens", int),
    "attributed_usd": ("attributed USD", float),
    "unpriced_charges": ("unpriced charges", int),
    "failed": ("failures", int),
}


def _of_files(all_: Documents) -> Iterator[tuple[str, str, str, Any]]:
    for where, text, columns in (
        ("analyze --format csv", class_rows.csv_text(all_.analysis), _CSV_ANALYSIS),
        ("segment --format csv", workload_map.csv_text(all_.map), _CSV_MAP),
    ):
        for row in csv.DictReader(io.StringIO(text)):
            if row.get("row", "class") != "class":
                continue
            for column, (quantity, kind) in columns.items():
                yield quantity, row["request_class"], where, kind(row[column]) if row[column] else None
