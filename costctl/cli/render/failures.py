"""What one of each thing costs, and how what failed was billed: tables of the analysis."""

from __future__ import annotations

from typing import Final

from costctl.cli.render.numbers import NOT_OBSERVED, NOT_PRICED, count, ratio, usd
from costctl.cli.render.tables import Table
from costctl.documents.analysis import Analysis, Coverage
from costctl.documents.failures import OutcomeReport, RetryTax, UnitCosts

UNIT_COST_COLUMNS = (
    "retry_tax_usd",
    "retry_tax_ratio",
    "usd_per_response",
    "usd_per_completed_task",
    "usd_per_session",
    "usd_per_completed_session",
    "usd_per_mtok",
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
        *(getattr(units, name) for name in UNIT_COST_COLUMNS[2:7]),
        None if tax is None else tax.attempts,
        None if tax is None else tax.unpriced_attempts,
        units.unpriced_charges,
    ]


def priced_parts(coverage: Coverage) -> str:
    """How much of requests, tokens and accelerator time is priced; what is not there is left out."""
    parts = [f"{ratio(coverage.priced_ratio)} of the requests"]
    if coverage.priced_token_ratio is not None:
        parts.append(f"{ratio(coverage.priced_token_ratio)} of the tokens")
    if coverage.priced_accelerator_ratio is not None:
        parts.append(f"{ratio(coverage.priced_accelerator_ratio)} of the accelerator time")
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def at_least(text: str, unpriced: int) -> str:
    """The amount, marked as a lower bound where a part of it has none."""
    return f"≥ {text}" if unpriced and text.startswith("$") else text


def unit_costs(document: Analysis) -> Table:
    """One row per class, and one for all."""
    columns = ("class", "response", "completed task", "session", "1M tokens", "lost attempts", "retry tax")
    named = [
        (report.request_class, report.cost.retry_tax, report.cost.unit_costs) for report in document.classes
    ]
    together = ("all together", document.totals.retry_tax, document.totals.unit_costs)
    rows = tuple(
        (
            name,
            at_least(_unit(units.usd_per_response, tax), units.unpriced_charges),
            at_least(_unit(units.usd_per_completed_task, tax), units.unpriced_charges),
            at_least(_unit(units.usd_per_session, tax), units.unpriced_charges),
            _unit(units.usd_per_mtok, tax),
            _attempts(tax),
            _tax(tax),
        )
        for name, tax, units in ([*named, together] if len(named) > 1 else named)
    )
    return Table("Classes: USD for one of each, all attempts included", columns, rows, frozenset({"class"}))


def _attempts(tax: RetryTax | None) -> str:
    """How many attempts failed or were repeated, and how many of them have no amount."""
    if tax is None:
        return NOT_PRICED
    return count(tax.attempts) + (
        f", {count(tax.unpriced_attempts)} not priced" if tax.unpriced_attempts else ""
    )


def _tax(tax: RetryTax | None) -> str:
    """The tax and its share of the cost; of a lower bound the share is not known."""
    if tax is None or (tax.attempts and tax.unpriced_attempts == tax.attempts):
        return NOT_PRICED
    if tax.unpriced_attempts:
        return at_least(usd(tax.usd), tax.unpriced_attempts)
    return f"{usd(tax.usd)} ({ratio(tax.share_ratio)})"


def _unit(value: float | None, tax: RetryTax | None) -> str:
    """An absent figure is for want of a price, or of the thing itself."""
    return usd(value) if value is not None else NOT_PRICED if tax is None else "none"


def outcomes(document: Analysis) -> Table:
    """One row per provider, outcome and rule."""
    columns = ("outcome", "provider", "calls", "cost", "what is billed")
    rows = tuple(
        (
            outcome.outcome.replace("_", " "),
            outcome.provider or NOT_OBSERVED,
            count(outcome.calls),
            _outcome_usd(outcome),
            _BILLED[outcome.billing_rule]
            + (f" ({outcome.rule_source})" if outcome.rule_source != "default" else ""),
        )
        for outcome in document.outcomes
    )
    return Table("What calls came to", columns, rows, frozenset({"outcome", "provider", "what is billed"}))


def _outcome_usd(outcome: OutcomeReport) -> str:
    if outcome.usd is None and not outcome.unpriced_charges:
        return "none"
    return at_least(usd(outcome.usd), outcome.unpriced_charges)
