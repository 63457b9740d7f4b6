"""In which order does a report answer? Chapters, each under the question that it answers.

In: the document of the report. Out: the first screen, and chapters of charts and sections.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from costctl.documents.difference import Difference
from costctl.documents.forecast import Forecast
from costctl.documents.report import Report
from costctl.render import (
    analysis,
    analysis_screen,
    difference,
    difference_screen,
    forecast,
    recommendation_screen,
    recommendations,
    reconciliation,
    reconciliation_screen,
    review,
    workload_heat,
    workload_map,
    workload_service,
    workload_time,
)
from costctl.render.cells import NOT_PRICED, usd, usd_interval
from costctl.render.changes import change_lines
from costctl.render.difference_words import cause_name, signed, when
from costctl.render.findings import finding_lines
from costctl.render.invoices import invoices
from costctl.render.numbers import length, period, plural
from costctl.render.pools import pool_sections
from costctl.render.sections import Facts, Notes, Section, Table
from costctl.render.view import View
from costctl.report import charts, pool_charts
from costctl.report.drawing import Chart

_ALL_CLASSES: Final = 12  # in the table of the first chapter
_MOST_FINDINGS: Final = 6
_MOST_CAUSES: Final = 3
_VIEW: Final = View(top=_ALL_CLASSES)


@dataclass(frozen=True, slots=True)
class Card:
    """One answer of the first screen. figure: what stands out, None where nothing is to.  lines: below it."""

    id: str
    question: str
    figure: str | None
    lines: tuple[str, ...]
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Chapter:
    """One question, and what answers it. id: for links."""

    id: str
    title: str
    charts: tuple[Chart, ...]
    sections: tuple[Section, ...]


def heading(report: Report) -> str:
    """Of which time the report is."""
    window = report.analysis.window
    return f"{period(window.from_, window.to)} ({length(window.seconds)})"


def first_screen(report: Report) -> tuple[Card, ...]:
    """What we spent, what to do now, and whether the bill is right."""
    return _spent(report), _to_do(report), _bill(report)


def chapters(report: Report) -> tuple[Chapter, ...]:
    """All that is behind it. A chapter of which nothing was observed is left out."""
    found, workload, advice = report.analysis, report.workload, report.recommendations
    made = (
        Chapter(
            "spend",
            "Where did the money go?",
            _drawn(charts.spend_over_time(found)),
            (analysis_screen.class_table(found, _VIEW), *analysis.bill(found), *analysis.changes(found)),
        ),
        Chapter("changed", "What changed, and why?", (), _changed(report)),
        Chapter("expected", "What will the month cost?", (), _expected(report)),
        Chapter(
            "success",
            "What does a success cost?",
            _drawn(charts.cost_per_success(found)),
            (*analysis.costs(found), *analysis.failures(found)),
        ),
        Chapter(
            "advice",
            "What to change, and how sure is that?",
            (*_drawn(charts.savings(advice)), *pool_charts.frontiers(advice)),
            tuple(recommendations.advised(advice)),
        ),
        Chapter("reconciled", "Why do the bill and the traces differ?", (), _reconciled(report)),
        Chapter("delivered", "What came of earlier advice?", (), _delivered(report)),
        Chapter(
            "time",
            "Where does the time go?",
            (),
            (*workload_heat.sections(workload), *workload_time.sections(workload), *analysis.stages(found)),
        ),
        Chapter(
            "promises",
            "Are promises kept, and what waits?",
            _drawn(
                charts.objectives(workload), charts.queues(workload), pool_charts.depth_over_time(workload)
            ),
            tuple(workload_service.sections(workload)),
        ),
        Chapter(
            "cache",
            "What do caches do?",
            (*_drawn(charts.cached_input(found)), *pool_charts.miss_ratios(advice)),
            tuple(analysis.cache(found)),
        ),
        Chapter(
            "pools",
            "How useful are our replicas?",
            _drawn(charts.use_of_pools(found)),
            tuple(pool_sections(found)),
        ),
        Chapter(
            "workload", "What is the workload?", (), (*workload_map.mix(workload), *analysis.traffic(found))
        ),
        Chapter(
            "trust", "How much of this is known?", (), (*analysis.limitations(found), _provenance(report))
        ),
    )
    return tuple(each for each in made if each.charts or each.sections)


def _spent(report: Report) -> Card:
    found = report.analysis
    totals, bill = found.totals, found.bill
    figure = None if bill is None else analysis_screen.billed(found, bill)
    per_success = usd(totals.unit_costs.usd_per_completed_task).at_least(totals.unit_costs.unpriced_charges)
    lines = [] if bill is None else [f"{per_success} per successful request"]
    lines.append(f"{plural(totals.requests, 'request')}, {plural(totals.successes, 'success')}")
    lines.extend(change_lines(found) if report.difference is None else _why(report.difference))
    if report.forecast is not None:
        lines.append(_month(report.forecast))
    return Card("spent", "What did we spend, and why?", figure or "nothing priced", tuple(lines))


def _why(found: Difference) -> list[str]:
    """How much more or less than in the time before, and the causes that are more than chance."""
    causes = [f"{cause_name(each)} {signed(each.usd)}" for each in found.causes[:_MOST_CAUSES]]
    return [f"Against {when(found.base)}: {difference_screen.headline(found)}", *causes]


def _month(found: Forecast) -> str:
    """What the month will come to."""
    expected = usd_interval(found.month.usd, NOT_PRICED).at_least(int(found.month.is_lower_bound))
    return f"{found.periods[0].name} will cost {expected}"


def _changed(report: Report) -> tuple[Section, ...]:
    return () if report.difference is None else tuple(difference.sections(report.difference))


def _expected(report: Report) -> tuple[Section, ...]:
    return () if report.forecast is None else tuple(forecast.sections(report.forecast))


def _to_do(report: Report) -> Card:
    advice = report.recommendations
    table = recommendation_screen.made_table(advice) if advice.made else None
    lines = (recommendation_screen.basis(advice),)
    return Card("now", "What to do now?", recommendation_screen.headline(advice), lines, table)


def _bill(report: Report) -> Card:
    found, compared = report.analysis, report.reconciliation
    table = invoices(found) if found.invoices else None
    lines = [f"{analysis_screen.covered(found)}"]
    if compared is not None:
        lines = [*reconciliation_screen.answer(compared), *lines]
    elif table is None:
        lines.append("No invoice is declared to compare with: [bills] in costctl.toml, or --bills FILE.")
    return Card(
        "bill",
        "Is the bill right?",
        None,
        (*lines, *finding_lines(found.checks, _MOST_FINDINGS, _VIEW)),
        table,
    )


def _reconciled(report: Report) -> tuple[Section, ...]:
    return () if report.reconciliation is None else tuple(reconciliation.sections(report.reconciliation))


def _delivered(report: Report) -> tuple[Section, ...]:
    return () if report.review is None else tuple(review.sections(report.review))


def _provenance(report: Report) -> Facts:
    said = report.provenance
    inputs = [
        (f"input {place}", f"{each.uri}, {plural(each.records, 'record')}, sha256 {each.sha256}")
        for place, each in enumerate(said.inputs, 1)
    ]
    return Facts(
        (
            ("costctl", said.costctl_version),
            ("settings", f"sha256 {said.config_sha256}" if said.config_sha256 else "none"),
            ("prices", said.price_book or "none"),
            ("seed", str(said.seed)),
            *inputs,
            *said.methods.items(),
        )
    )


def _drawn(*found: Chart | None) -> tuple[Chart, ...]:
    return tuple(each for each in found if each is not None)


def warnings(report: Report) -> Notes | None:
    """What to know before the figures; None where there is nothing."""
    said = report.provenance.warnings
    return Notes("Warnings", said) if said else None
