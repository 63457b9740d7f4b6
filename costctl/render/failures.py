"""What one of each thing costs, and how what failed was billed: tables of the analysis."""

from __future__ import annotations

from typing import Final

from costctl.documents.analysis import Analysis, Coverage
from costctl.documents.failures import OutcomeReport, RetryTax, UnitCosts
from costctl.render.cells import NOT_OBSERVED, NOT_PRICED, Quantity, count, ratio, usd
from costctl.render.numbers import plural
from costctl.render.sections import Notes, Table

UNIT_COST_COLUMNS = (
    "retry_tax_usd",
    "retry_tax_ratio",
    "usd_per_response",
    "usd_per_completed_task",
    "usd_per_session",
    "usd_per_completed_session",
    "usd_per_mtok",
    "mtok_calls",
    "mtok_calls_left_out",
    "lost_attempts",
    "unpriced_attempts",
    "unpriced_charges",
)
_BILLED: Final = {
    "billed": "all of it",
    "billed_if_reported": "what it reports, else nothing",
    "input_only": "its input",
    "not_billed": "nothing",
    "by_time": "its time",
}


def unit_cost_cells(tax: RetryTax | None, units: UnitCosts) -> list[object]:
    """A cell for each of ``UNIT_COST_COLUMNS``."""
    return [
        None if tax is None else tax.usd,
        None if tax is None else tax.share_ratio,
        *(getattr(units, name) for name in UNIT_COST_COLUMNS[2:9]),
        None if tax is None else tax.attempts,
        None if tax is None else tax.unpriced_attempts,
        units.unpriced_charges,
    ]


def priced_parts(coverage: Coverage) -> str:
    """How much of requests, tokens and accelerator time is priced; what is not there is left out."""
    parts = [f"{ratio(coverage.priced_ratio)} of the requests"]
    if coverage.priced_token_ratio is not None:
        untold = coverage.calls_without_tokens
        of = f"tokens that calls report (not those of {plural(untold, 'call')})" if untold else "tokens"
        parts.append(f"{ratio(coverage.priced_token_ratio)} of the {of}")
    if coverage.priced_accelerator_ratio is not None:
        parts.append(f"{ratio(coverage.priced_accelerator_ratio)} of the accelerator time")
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def as_recorded(coverage: Coverage) -> list[str]:
    """How much of what is priced is the sources' own amounts, where that is asked for."""
    if not coverage.recorded_usd:
        return []
    return [
        f"{ratio(coverage.recorded_token_ratio)} of the tokens are priced by the sources' own amounts, "
        f'{usd(coverage.recorded_usd)} of the bill: no price is known for them, and [prices] unpriced = "recorded".'
    ]


def unit_costs(document: Analysis) -> Table:
    """One row per class, and one for all."""
    columns = ("class", "response", "completed task", "session", "1M tokens")
    rows = tuple(
        (
            name,
            _unit(units.usd_per_response, charged).at_least(units.unpriced_charges),
            _unit(units.usd_per_completed_task, charged).at_least(units.unpriced_charges),
            _unit(units.usd_per_session, charged).at_least(units.unpriced_charges),
            _unit(units.usd_per_mtok, charged),
        )
        for name, charged, _, units in _by_class(document)
    )
    return Table("Classes: unit cost in USD, including retries", columns, rows, frozenset({"class"}))


def left_out_of_mtok(document: Analysis) -> Notes | None:
    """Which calls the cost of a million tokens is over, where it is not over all."""
    left = document.totals.unit_costs
    if not left.mtok_calls_left_out:
        return None
    return Notes(
        "1M tokens",
        (
            f"Over the {plural(left.mtok_calls, 'call')} whose tokens and charges are all known; "
            f"{count(left.mtok_calls_left_out)} are left out.",
        ),
    )


def lost_attempts(document: Analysis) -> Table:
    """One row per class that lost any, and one for all."""
    columns = ("class", "lost attempts", "not priced", "retry tax", "share of cost")
    rows = tuple(
        (
            name,
            count(tax.attempts),
            count(tax.unpriced_attempts),
            usd(tax.usd).at_least(tax.unpriced_attempts),
            ratio(tax.share_ratio, NOT_PRICED),
        )
        for name, _, tax, _ in _by_class(document)
        if tax is not None and tax.attempts
    )
    title = "Classes: attempts that failed or were retried, and their cost in USD"
    return Table(title, columns, rows, frozenset({"class"}))


def _by_class(document: Analysis) -> list[tuple[str, float | None, RetryTax | None, UnitCosts]]:
    """Name, what is charged in USD, the tax and the unit costs."""
    named = [
        (report.request_class, report.cost.attributed_usd, report.cost.retry_tax, report.cost.unit_costs)
        for report in document.classes
    ]
    totals = document.totals
    together = ("all classes", totals.attributed_usd, totals.retry_tax, totals.unit_costs)
    return [*named, together] if len(named) > 1 else named


def _unit(value: float | None, charged_usd: float | None) -> Quantity:
    """An absent figure is for want of a price, or of the thing itself."""
    return usd(value, NOT_PRICED if charged_usd is None else "none")


def outcomes(document: Analysis) -> Table:
    """One row per provider, outcome and rule."""
    columns = ("outcome", "provider", "calls", "cost", "what is billed")
    rows = tuple(
        (
            outcome.outcome.replace("_", " "),
            outcome.provider or NOT_OBSERVED,
            count(outcome.calls),
            _outcome_usd(outcome),
            _billed(outcome),
        )
        for outcome in document.outcomes
    )
    return Table("Calls by outcome", columns, rows, frozenset({"outcome", "provider", "what is billed"}))


def _billed(outcome: OutcomeReport) -> str:
    """What is billed, and who says so where it is not the default."""
    source = "" if outcome.rule_source == "default" else f" ({outcome.rule_source})"
    return f"{_BILLED[outcome.billing_rule]}{source}"


def _outcome_usd(outcome: OutcomeReport) -> Quantity:
    why = NOT_PRICED if outcome.unpriced_charges else "none"
    return usd(outcome.usd, why).at_least(outcome.unpriced_charges)
