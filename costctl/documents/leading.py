"""Which classes come first where there is not room for all, and what do the others come to?

In: an analysis, or a map of the workload. Out: the classes that cost most, each with its row of the bill and its cost
over time, and the sums of the rest, so that what is shown adds up as it is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from costctl.documents.analysis import Analysis, ClassReport
from costctl.documents.bill import BillRow
from costctl.documents.cuts import SortColumn, order_by, sum_as_written, sum_of_known
from costctl.documents.spending import Timeline
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


def in_order(document: Analysis, sort: SortColumn | None) -> Analysis:
    """The document with its classes, and their rows of the bill, in this order; None for theirs, by cost."""
    if sort is None or sort == "cost":
        return document

    def order(report: ClassReport) -> tuple[float, float, str]:
        name, usd = report.request_class, report.cost.attributed_usd
        return order_by(sort, name, report.requests, report.success_ratio, usd)

    classes = tuple(sorted(document.classes, key=order))
    if document.bill is None:
        return msgspec.structs.replace(document, classes=classes)
    places = {("class", report.request_class): place for place, report in enumerate(classes)}
    rows = sorted(document.bill.rows, key=lambda row: places.get((row.kind, row.name), len(places)))
    bill = msgspec.structs.replace(document.bill, rows=tuple(rows))
    return msgspec.structs.replace(document, classes=classes, bill=bill)


def paid_classes(document: Analysis, most: int) -> tuple[tuple[PaidClass, ...], OtherClasses | None]:
    """Those that come first, ``most`` of them, and the sums of the others; None where there are none."""
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
        usd_ratio=sum_of_known(ratios),
        unpriced_charges=sum(each.unpriced_charges for each in others),
    )


def split(items: Sequence[Item], most: int) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """The first ``most`` and the others; a single one more is shown, as its line is there anyway."""
    room = most + 1 if len(items) == most + 1 else most
    return tuple(items[:room]), tuple(items[room:])


def whole_slots(timeline: Timeline, request_class: str, most: int) -> tuple[float | None, ...]:
    """What the class was charged in each whole slot, the last ``most`` of them, USD."""
    series = next((each for each in timeline.classes if each.request_class == request_class), None)
    if series is None:
        return ()
    slots = [usd for slot, usd in zip(timeline.slots, series.usd, strict=True) if slot.is_whole]
    return tuple(slots[-most:])


def _others(paid: Sequence[PaidClass], of_requests: int) -> OtherClasses:
    rows = [each.row for each in paid if each.row is not None]
    requests = sum(each.report.requests for each in paid)
    return OtherClasses(
        classes=len(paid),
        requests=requests,
        request_ratio=requests / of_requests,
        usd=sum_as_written(row.usd for row in rows),
        usd_ratio=sum_of_known(row.ratio for row in rows),
        unpriced_charges=sum(row.unpriced_charges for row in rows),
    )
