"""Who pays which part of the bill, in amounts that add up as they are written?

In: the bill, and how idle time is treated. Out: ``ReconciledBill``: a row a class, idle where it is a row of its own,
and what no class accounts for, each rounded by the largest remainder; beside it the same bill by who used it, and with
idle allocated to the classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from costctl.cost.bill import Bill
from costctl.documents.bill import BillColumn, BillRow, BillRowKind, IdleTreatment, ReconciledBill
from costctl.stats.reconcile import reconciled_usd, unit_of

Amount = tuple[BillRowKind, str, float | None]


@dataclass(frozen=True, slots=True)
class _Rounding:
    """To which unit amounts are rounded, and how many charges of each class have none."""

    unit: Decimal
    unpriced: Mapping[str, int]

    def rows(self, amounts: Iterable[Amount]) -> tuple[BillRow, ...]:
        """The amounts as rows that add up."""
        exact = [*amounts]
        rounded = reconciled_usd([usd for *_, usd in exact], self.unit)
        total = sum(usd for *_, usd in exact if usd is not None)
        return tuple(
            BillRow(
                kind=kind,
                name=name,
                usd=None if usd is None else float(usd),
                unpriced_charges=self.unpriced[name] if kind == "class" else 0,
                ratio=None if amount is None or not total else amount / total,
            )
            for (kind, name, amount), usd in zip(exact, rounded, strict=True)
        )

    def column(self, amounts: Iterable[Amount]) -> BillColumn:
        """The amounts as a column of the bill."""
        rows = self.rows(amounts)
        return BillColumn(
            total_usd=_total_usd(rows) or 0.0,
            classes_usd=_total_usd(row for row in rows if row.kind == "class"),
            rows=rows,
        )


def reconciled_bill(bill: Bill, unpriced: Mapping[str, int], idle: IdleTreatment) -> ReconciledBill | None:
    """The rows, those of most money first; None where nothing is priced.

    unpriced: class → charges without an amount, in the order in which rows of equal amounts stand.
    """
    if bill.billed_usd is None:
        return None
    rounding = _Rounding(unit_of(bill.billed_usd), unpriced)
    attributed, loaded = (
        sorted((_of_class(name, usd[name]) for name in unpriced), key=_largest_first)
        for usd in (bill.attributed_usd, bill.loaded_usd)
    )
    idle_row: list[Amount] = [] if bill.idle_usd is None else [("idle", "idle", bill.idle_usd)]
    nobodys: Amount = ("unattributed", "unattributed", bill.unattributed_usd)
    rows = rounding.rows(
        [
            *(loaded if idle == "weighted" else attributed),
            *(idle_row if idle == "separate" else []),
            *([] if bill.unattributed_usd is None else [nobodys]),
        ]
    )
    return ReconciledBill(
        idle=idle,
        unit_usd=float(rounding.unit),
        total_usd=_total_usd(rows) or 0.0,
        unpriced_charges=sum(unpriced.values()) - bill.charges_in_pools,
        rows=rows,
        attributed=rounding.column([*attributed, *idle_row, nobodys]),
        loaded=rounding.column([*loaded, nobodys]),
    )


def _largest_first(amount: Amount) -> float:
    """Orders amounts; those that are not known come last."""
    usd = amount[-1]
    return float("inf") if usd is None else -usd


def _of_class(name: str, usd: float | None) -> Amount:
    return ("class", name, usd)


def _total_usd(rows: Iterable[BillRow]) -> float | None:
    """The sum as it is written; None where no row has an amount."""
    known = [Decimal(repr(row.usd)) for row in rows if row.usd is not None]
    return float(sum(known, Decimal(0))) if known else None
