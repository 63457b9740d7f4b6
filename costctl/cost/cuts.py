"""What does the window cost by model, by tenant, by any attribute? Rows that add up to the bill.

In: the relations cut_row and cut_use, and the totals of the analysis. Out: ``Cut``.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec
import polars as pl

from costctl.documents.analysis import Analysis
from costctl.documents.bill import ReconciledBill
from costctl.documents.cuts import IN_ORDER_OF_TIME, Cut, CutRow, CutRowKind
from costctl.frames.cut_sums import CutSums
from costctl.stats.exact_sums import sums_of_parts
from costctl.stats.reconcile import units_within

_LAST: Final[tuple[CutRowKind, ...]] = ("value", "others", "no_call", "not_observed", "idle", "unattributed")


def cuts_of(sums: CutSums, by: Sequence[str], document: Analysis) -> tuple[Cut, ...]:
    """The bill of the document by each of these attributes."""
    return tuple(_cut(sums.named(name), name, document) for name in by)


def _cut(used: pl.DataFrame, by: str, document: Analysis) -> Cut:
    usd = sums_of_parts(used, ("kind", "place"), "usd")
    counts = used.group_by("kind", "place", "value", "counted_values").agg(
        pl.col("requests", "successes", "calls", "unpriced_charges").sum()
    )
    unpriced = int(used["unpriced_charges"].sum())
    whole_usd = document.totals.billed_usd
    rows = [
        _row(row, usd.get((row["kind"], row["place"])), whole_usd) for row in counts.iter_rows(named=True)
    ]
    rows.sort(key=lambda row: _order(row, is_in_order_of_time=by in IN_ORDER_OF_TIME))
    return Cut(
        by=by,
        is_observed=any(row.kind == "value" for row in rows),
        requests=document.totals.requests,
        is_shared=sum(row.requests for row in rows) > document.totals.requests,
        rows=(*_written(rows, document.bill), *_nobodys_rows(document, whole_usd)),
        billed_usd=document.totals.billed_usd,
        unpriced_charges=unpriced,
        unit_usd=None if document.bill is None else document.bill.unit_usd,
        written_total_usd=None if document.bill is None else document.bill.attributed.total_usd,
    )


def _written(rows: Sequence[CutRow], bill: ReconciledBill | None) -> list[CutRow]:
    """The rows with amounts that add up, as they are written, to what the classes add up to in the bill."""
    if bill is None:
        return [*rows]
    unit = Decimal(repr(bill.unit_usd))
    total = int(Decimal(repr(bill.attributed.classes_usd or 0.0)) / unit)
    units = iter(units_within([Decimal(repr(row.usd)) for row in rows if row.usd is not None], unit, total))
    return [
        row if row.usd is None else msgspec.structs.replace(row, written_usd=float(next(units) * unit))
        for row in rows
    ]


def _row(row: dict[str, Any], usd: float | None, whole_usd: float | None) -> CutRow:
    return CutRow(
        kind=row["kind"],
        value=row["value"],
        values=row["counted_values"] or 0,
        requests=row["requests"],
        successes=row["successes"],
        success_ratio=row["successes"] / row["requests"] if row["requests"] else None,
        calls=row["calls"],
        usd=usd,
        usd_per_request=None if usd is None or not row["requests"] else usd / row["requests"],
        unpriced_charges=row["unpriced_charges"],
        cost_ratio=_ratio(usd, whole_usd),
        written_usd=None,
    )


def _nobodys_rows(document: Analysis, whole_usd: float | None) -> list[CutRow]:
    """Idle time, and what nothing accounts for, as the bill writes them."""
    exact = {"idle": document.totals.idle_usd, "unattributed": document.totals.unattributed_usd}
    rows = () if document.bill is None else document.bill.attributed.rows
    return [
        CutRow(
            kind=row.kind,
            value=None,
            values=0,
            requests=0,
            successes=0,
            success_ratio=None,
            calls=0,
            usd=exact[row.kind],
            usd_per_request=None,
            unpriced_charges=0,
            cost_ratio=_ratio(exact[row.kind], whole_usd),
            written_usd=row.usd,
        )
        for row in rows
        if row.kind != "class"
    ]


def _order(row: CutRow, *, is_in_order_of_time: bool) -> tuple[int, float, int, str]:
    """Values by cost, or in their order; what has no value of its own after them."""
    by_cost = (0.0, 0) if is_in_order_of_time else (-(row.usd or 0.0), -row.requests)
    return (_LAST.index(row.kind), *by_cost, row.value or "")


def _ratio(usd: float | None, whole_usd: float | None) -> float | None:
    return usd / whole_usd if usd is not None and whole_usd is not None and whole_usd > 0 else None
