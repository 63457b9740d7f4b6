"""Who pays which part of the bill, in amounts that add up as they are written?

In: the bill, and how idle time is treated. Out: ``ReconciledBill``: a row a class, idle where it is a row of its own,
and what no class accounts for, each rounded by the largest remainder.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from costctl.cost.bill import Bill
from costctl.documents.analysis import BillRow, BillRowKind, IdleTreatment, ReconciledBill
from costctl.stats.reconcile import reconciled_usd, unit_of


def reconciled_bill(bill: Bill, unpriced: Mapping[str, int], idle: IdleTreatment) -> ReconciledBill | None:
    """The rows; None where nothing is priced. unpriced: class → charges without an amount, in the order of the rows."""
    if bill.billed_usd is None:
        return None
    usd = bill.loaded_usd if idle == "weighted" else bill.attributed_usd
    rows: list[tuple[BillRowKind, str, float | None]] = [("class", name, usd[name]) for name in unpriced]
    if idle == "separate" and bill.idle_usd is not None:
        rows.append(("idle", "idle", bill.idle_usd))
    if bill.unattributed_usd is not None:
        rows.append(("unattributed", "unattributed", bill.unattributed_usd))
    unit = unit_of(bill.billed_usd)
    amounts = reconciled_usd([amount for *_, amount in rows], unit)
    return ReconciledBill(
        idle=idle,
        unit_usd=float(unit),
        total_usd=float(sum((each for each in amounts if each is not None), Decimal(0))),
        unpriced_charges=sum(unpriced.values()),
        rows=tuple(
            BillRow(
                kind=kind,
                name=name,
                usd=None if amount is None else float(amount),
                unpriced_charges=unpriced[name] if kind == "class" else 0,
            )
            for (kind, name, _), amount in zip(rows, amounts, strict=True)
        ),
    )
