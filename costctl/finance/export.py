"""What does finance get of a window? All lines, in order, with what they have in common.

In: the frames, the settings, the analysis document of the same window, how tenants are written. Out: ``FocusExport``:
the lines of costs, and those of the invoices that they are on.
Σ BilledCost = billed of the analysis; by x_CostKind: direct + busy = attributed, idle = idle, the rest = unattributed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from costctl.cost.bill import bill_of
from costctl.cost.provider_invoices import observed_month_ratio
from costctl.documents.analysis import Analysis
from costctl.documents.settings import Settings
from costctl.finance.focus_column import Common
from costctl.finance.invoices import InvoiceLine, on_invoices, without_particulars
from costctl.finance.line import Line
from costctl.finance.pool_lines import pool_lines
from costctl.finance.request_counts import with_requests
from costctl.finance.usage_lines import usage_lines
from costctl.frames.cost import Frames

Tenants = Literal["hashed", "plain"]
_HASH_DIGITS = 16


@dataclass(frozen=True, slots=True)
class FocusExport:
    """lines: of the file.  notes: what has no line, for whoever reads the terminal.  invoices: lines of the invoices,
    and invoice_notes what of them ties out with nothing.
    """

    lines: tuple[Line, ...]
    common: Common
    notes: tuple[str, ...]
    invoices: tuple[InvoiceLine, ...] = ()
    invoice_notes: tuple[str, ...] = ()

    @property
    def invoice_count(self) -> int:
        """How many invoices the file has."""
        return len({(line.issuer, line.invoice.id) for line in self.invoices})

    @property
    def invoiced_usd(self) -> float:
        """What they come to."""
        return float(sum(line.usd for line in self.invoices))

    @property
    def itemised_usd(self) -> float:
        """How much of it the lines of costs have."""
        return float(sum(line.usd for line in self.invoices if not line.is_rest))


def focus_export(
    frames: Frames,
    usage_day: pl.DataFrame,
    class_day: pl.DataFrame,
    settings: Settings,
    analysis: Analysis,
    tenants: Tenants,
    *,
    is_idle_spread: bool,
) -> FocusExport:
    """The lines of a window, by day, item, class and tenant. usage_day, class_day: the relations of these
    names.
    """
    finance = settings.finance
    bill = bill_of(frames, settings)

    def name_of(tenant: str | None) -> str | None:
        return tenant if tenant is None or tenants == "plain" else hashed(tenant, finance.tenant_salt)

    lines = [
        *usage_lines(usage_day, settings.storage, finance.provider, name_of),
        *pool_lines(frames, settings, bill, finance.provider, name_of, is_idle_spread=is_idle_spread),
    ]
    digests = "".join(sorted(source.sha256 for source in analysis.provenance.inputs))
    common = Common(
        account_id=finance.billing_account_id,
        account_name=finance.billing_account_name,
        class_costs={each.request_class: each.cost for each in analysis.classes},
        method=analysis.provenance.methods["attribution"],
        input_digest=hashlib.sha256(digests.encode()).hexdigest(),
        price_book=analysis.provenance.price_book,
    )
    lines.sort(key=lambda line: (line.day, line.item.sku, line.kind, str(line.whose), line.unit_price or 0))
    placed, invoices = on_invoices(with_requests(lines, class_day, name_of), settings)
    return FocusExport(
        lines=placed,
        common=common,
        notes=_notes(lines, frames, analysis),
        invoices=invoices,
        invoice_notes=(*_rests(invoices, frames), *_not_named(settings), *_unpriced(frames, analysis)),
    )


def hashed(tenant: str, salt: str) -> str:
    """What stands for a tenant: the same text for the same tenant and salt, 16 hex digits."""
    return hashlib.sha256(f"{salt}{tenant}".encode()).hexdigest()[:_HASH_DIGITS]


def _notes(lines: Sequence[Line], frames: Frames, analysis: Analysis) -> tuple[str, ...]:
    return (*_unassigned(lines), *_recorded(analysis), *_unpriced(frames, analysis))


def _unassigned(lines: Sequence[Line]) -> tuple[str, ...]:
    """Of a file that names tenants: what has none."""
    used = [line for line in lines if line.kind in ("direct", "busy")]
    usd = sum(line.usd for line in used if line.whose.tenant is None)
    if not usd or all(line.whose.tenant is None for line in used):
        return ()
    return (
        f"{usd:.6f} USD of usage have no tenant: neither the call, nor a span above it, nor the request's entry span "
        "names one.",
    )


def _recorded(analysis: Analysis) -> tuple[str, ...]:
    """Of a bill that holds amounts that sources name."""
    recorded = analysis.coverage.recorded_usd
    if not recorded:
        return ()
    return (
        f"{recorded:.6f} USD are amounts recorded by the sources, used where there is no price: the lines "
        "whose x_AmountSource is recorded.",
    )


def _unpriced(frames: Frames, analysis: Analysis) -> tuple[str, ...]:
    unpriced = frames.sums.unpriced_charges
    if not unpriced:
        return ()
    return (
        f"{unpriced:,} of {frames.sums.charges:,} charges have no price and are not in the file.",
        *analysis.coverage.notes[:3],
    )


def _rests(invoices: Sequence[InvoiceLine], frames: Frames) -> tuple[str, ...]:
    """Of each invoice that the lines of costs do not come to: by how much, and how much of its month was observed."""
    return tuple(
        f"{each.usd:.6f} USD of the invoice of {each.invoice.of} for {each.invoice.month} are in no cost row; the "
        f"window holds {observed_month_ratio(frames, each.invoice.month):.1%} of the month."
        for each in invoices
        if each.is_rest
    )


def _not_named(settings: Settings) -> tuple[str, ...]:
    """Amounts that cannot be in the file."""
    missing = without_particulars(settings)
    if not missing:
        return ()
    return (f"Amounts in [bills] without [[invoices]], which are not in the file: {missing}.",)
