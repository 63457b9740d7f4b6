"""Which classes come first where there is not room for all, and what do the others come to?

In: an analysis, or a map of the workload. Out: the classes that cost most, each with its row of the bill, and the sums
of the rest, so that what is shown adds up as it is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TypeVar

import msgspec

from costctl.documents.analysis import Analysis, ClassReport
from costctl.documents.bill import BillRow
from costctl.documents.workload_map import ClassMix, WorkloadMap

Item = TypeVar("Item")


class PaidClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A class and what it pays; row: None where nothing is priced."""

    report: ClassReport
    row: BillRow | None


class OtherClasses(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The sums of ``classes`` classes. usd: as their rows are written; null where none of them has an amount.
    usd_ratio: of what has an amount in the bill.
    """

    classes: int
    requests: int
    request_ratio: float
    usd: float | None
    usd_ratio: float | None
    unpriced_charges: int


def paid_classes(document: Analysis, most: int) -> tuple[tuple[PaidClass, ...], OtherClasses | None]:
    """Those that pay most, ``most`` of them, and the sums of the others; None where there are none."""
    reports = {report.request_class: report for report in document.classes}
    if document.bill is None:
        paid = [PaidClass(report, None) for report in document.classes]
    else:
        rows = (row for row in document.bill.rows if row.kind == "class")
        paid = [PaidClass(reports[row.name], row) for row in rows]
    shown, others = split(paid, most)
    return shown, None if not others else _others(others, document.totals.requests)


def leading_mix(document: WorkloadMap, most: int) -> tuple[tuple[ClassMix, ...], OtherClasses | None]:
    """The same of a map of the workload."""
    shown, others = split(document.classes, most)
    if not others:
        return shown, None
    ratios = [each.cost_ratio for each in others]
    requests = sum(each.requests for each in others)
    return shown, OtherClasses(
        classes=len(others),
        requests=requests,
        request_ratio=requests / document.requests,
        usd=sum_as_written(each.attributed_usd for each in others),
        usd_ratio=_sum(ratios),
        unpriced_charges=sum(each.unpriced_charges for each in others),
    )


def split(items: Sequence[Item], most: int) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """The first ``most`` and the others; a single one more is shown, as its line is there anyway."""
    room = most + 1 if len(items) == most + 1 else most
    return tuple(items[:room]), tuple(items[room:])


def sum_as_written(amounts: Iterable[float | None]) -> float | None:
    """The sum of amounts as they are written in decimals; None where none is known."""
    known = [Decimal(repr(amount)) for amount in amounts if amount is not None]
    return float(sum(known, Decimal(0))) if known else None


def _others(paid: Sequence[PaidClass], of_requests: int) -> OtherClasses:
    rows = [each.row for each in paid if each.row is not None]
    requests = sum(each.report.requests for each in paid)
    return OtherClasses(
        classes=len(paid),
        requests=requests,
        request_ratio=requests / of_requests,
        usd=sum_as_written(row.usd for row in rows),
        usd_ratio=_sum(row.ratio for row in rows),
        unpriced_charges=sum(row.unpriced_charges for row in rows),
    )


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
