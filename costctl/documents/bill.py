"""Who pays what, in amounts that add up as they are written, and invoices beside it: parts of costctl.analysis/v2."""

from __future__ import annotations

from typing import Literal

import msgspec

BillRowKind = Literal["class", "idle", "unattributed"]
IdleTreatment = Literal["separate", "weighted", "none"]


class BillRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who pays, and how much, in whole units of the bill; null where nothing of it is priced.

    unpriced_charges: those without an amount: where there are any, usd is a lower bound.  ratio: of what has an amount
    in all rows; null where this has none.
    """

    kind: BillRowKind
    name: str
    usd: float | None
    unpriced_charges: int
    ratio: float | None


class BillColumn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same bill by another question, in rows that add up to total_usd as they are written: classes, idle where it
    is not loaded on them, and what nobody answers for.

    classes_usd: of the classes together, null where none of them is priced.
    """

    total_usd: float
    classes_usd: float | None
    rows: tuple[BillRow, ...]


class ReconciledBill(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bill in rows that add up to total_usd as they are written: rounded to unit_usd by the largest remainder.

    idle: "separate", a row of its own; "weighted", loaded on the classes by their busy seconds; "none", left out.
    unpriced_charges: of all rows, but for those that the bill of a pool holds: where there are any, total_usd is a
    lower bound.  attributed: who used it, idle apart.  loaded: with each class's part of idle.
    """

    idle: IdleTreatment
    unit_usd: float
    total_usd: float
    unpriced_charges: int
    rows: tuple[BillRow, ...]
    attributed: BillColumn
    loaded: BillColumn


class ProviderInvoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a provider invoiced for a month beside the charges of its calls in the window, USD. No part of the bill.

    charged_usd: null where no call has an amount; a lower bound where there are unpriced_charges.
    observed_month_ratio: part of the month that lies in the window: below 1 the difference is that of a part of a
    month. is_whole_month: it lies in the window, from first to last request, but for an hour or so.  difference_usd:
    invoiced less charged.
    """

    provider: str
    month: str
    invoiced_usd: float
    charged_usd: float | None
    unpriced_charges: int
    calls: int
    observed_month_ratio: float
    is_whole_month: bool
    difference_usd: float | None
