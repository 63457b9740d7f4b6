"""What one of each thing costs, and how what failed was billed: tables of the analysis."""

from __future__ import annotations

from costctl.cli.render.numbers import NOT_OBSERVED, NOT_PRICED, count, ratio, usd
from costctl.cli.render.tables import Table
from costctl.documents.analysis import Analysis, Coverage
from costctl.documents.failures import RetryTax, UnitCosts

UNIT_COST_COLUMNS = (
    "retry_tax_usd",
    "retry_tax_ratio",
    "usd_per_response",
    "usd_per_completed_task",
    "usd_per_session",
    "usd_per_completed_session",
    "usd_per_mtok",
)


def unit_cost_cells(tax: RetryTax | None, units: UnitCosts) -> list[object]:
    """A cell for each of ``UNIT_COST_COLUMNS``."""
    return [
        None if tax is None else tax.usd,
        None if tax is None else tax.share_ratio,
        *(getattr(units, name) for name in UNIT_COST_COLUMNS[2:]),
    ]


def priced_parts(coverage: Coverage) -> str:
    """How much of requests, tokens and accelerator time is priced; what is not there is left out."""
    parts = [f"{ratio(coverage.priced_ratio)} of the requests"]
    if coverage.priced_token_ratio is not None:
        parts.append(f"{ratio(coverage.priced_token_ratio)} of the tokens")
    if coverage.priced_accelerator_ratio is not None:
        parts.append(f"{ratio(coverage.priced_accelerator_ratio)} of the accelerator time")
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def unit_costs(document: Analysis) -> Table:
    """One row per class, and one for all."""
    columns = ("class", "answer", "task done", "session", "1M tokens", "retry tax")
    named = [
        (report.request_class, report.cost.retry_tax, report.cost.unit_costs) for report in document.classes
    ]
    together = ("all together", document.totals.retry_tax, document.totals.unit_costs)
    rows = tuple(
        (
            name,
            _unit(units.usd_per_response, tax),
            _unit(units.usd_per_completed_task, tax),
            _unit(units.usd_per_session, tax),
            _unit(units.usd_per_mtok, tax),
            _tax(tax),
        )
        for name, tax, units in ([*named, together] if len(named) > 1 else named)
    )
    return Table(
        "Classes: what one of each costs, all attempts included", columns, rows, frozenset({"class"})
    )


def _tax(tax: RetryTax | None) -> str:
    """The tax and its share of the cost; a lower bound where an attempt has no amount."""
    if tax is None:
        return NOT_PRICED
    return f"{'≥ ' if tax.unpriced_attempts else ''}{usd(tax.usd)} ({ratio(tax.share_ratio)})"


def _unit(value: float | None, tax: RetryTax | None) -> str:
    """An absent figure is for want of a price, or of the thing itself."""
    return usd(value) if value is not None else NOT_PRICED if tax is None else "none"


def outcomes(document: Analysis) -> Table:
    """One row per provider, outcome and rule."""
    columns = ("outcome", "provider", "calls", "cost", "how it is billed")
    rows = tuple(
        (
            outcome.outcome.replace("_", " "),
            outcome.provider or NOT_OBSERVED,
            count(outcome.calls),
            usd(outcome.usd) if outcome.usd is not None or outcome.unpriced_charges else "none",
            outcome.billing_rule.replace("_", " ")
            + (f" ({outcome.rule_source})" if outcome.rule_source != "default" else ""),
        )
        for outcome in document.outcomes
    )
    return Table("What calls came to", columns, rows, frozenset({"outcome", "provider", "how it is billed"}))
