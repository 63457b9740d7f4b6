"""The cost of the window by one attribute, in rows that add up to the bill: part of costctl.analysis/v2.

In: an attribute such as model, tenant or attr:region. Out: ``Cut``: a row a value, the dearest first (days and hours in
their order), then all other values together, what is not observed, idle time, and what nothing accounts for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final, Literal

import msgspec

CUT_NAMES: Final = ("model", "provider", "tenant", "team", "key", "route", "day", "hour", "class")
ATTRIBUTE_PREFIX: Final = "attr:"
ALWAYS_CUT: Final = ("model", "provider", "tenant")  # in every analysis, whether asked for or not
IN_ORDER_OF_TIME: Final = ("day", "hour")

SortColumn = Literal["cost", "requests", "success", "name"]
CutRowKind = Literal["value", "others", "not_observed", "no_call", "idle", "unattributed"]


class CutRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the requests and calls of one value were charged.

    kind: "others": all values together that have no row of their own; "no_call": reads, transfers and tools, in a cut
    by what only calls have.  value: null but for kind "value".  values: how many the row is of.
    requests: of which any part is in the row, so that one may be in several; successes: of these.  usd: of the charges
    that have an amount; null where none has.  unpriced_charges: those without one: where there are any, usd is a lower
    bound.  usd_per_request: of those; null where nothing has an amount.  cost_ratio: of what has an amount in the bill.
    written_usd: in whole units of the cut, so that the rows add up as they are written.
    """

    kind: CutRowKind
    value: str | None
    values: int
    requests: int
    successes: int
    success_ratio: float | None
    calls: int
    usd: float | None
    usd_per_request: float | None
    unpriced_charges: int
    cost_ratio: float | None
    written_usd: float | None


class Cut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bill by one attribute. A call is counted by its own value, the rest of a request by its entry's.

    is_observed: whether anything has a value.  requests: of the window; is_shared: some are in more than one row.
    rows: over all of them usd sums to billed_usd, to 1e-9 relative, and written_usd to written_total_usd exactly.
    billed_usd: null where nothing is priced; a lower bound where there are unpriced_charges.  unit_usd: to which the
    written amounts are rounded, by the largest remainder, as in the bill.
    """

    by: str
    is_observed: bool
    requests: int
    is_shared: bool
    rows: tuple[CutRow, ...]
    billed_usd: float | None
    unpriced_charges: int
    unit_usd: float | None
    written_total_usd: float | None


class ShownCut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rows of values that there is room for, and the others. others: all that have no row of their own in the cut.
    hidden: values that have no row here; is_earlier: they are the earliest days or hours.  hidden_usd: what these come
    to as it is written; null where none of it is priced.  hidden_unpriced_charges: of these.  rest: the rows of what
    has no value, idle time and the like.
    """

    rows: tuple[CutRow, ...]
    others: tuple[CutRow, ...]
    hidden: int
    is_earlier: bool
    hidden_usd: float | None
    hidden_ratio: float | None
    hidden_unpriced_charges: int
    rest: tuple[CutRow, ...]


def shown_cut(cut: Cut, most: int, sort: SortColumn | None = None) -> ShownCut:
    """The first ``most`` rows of values: by cost, or in the order asked for. Days and hours stand in their order, and
    the last ones are shown. A single one more is shown, as its line is there anyway.
    """
    values = [row for row in cut.rows if row.kind == "value"]
    others = [row for row in cut.rows if row.kind == "others"]
    if sort is not None:
        values.sort(key=lambda row: order_by(sort, row.value or "", row.requests, row.success_ratio, row.usd))
    room = most + 1 if len(values) == most + 1 and not others else most
    is_of_time = cut.by in IN_ORDER_OF_TIME and sort is None
    shown, left = (values[-room:], values[:-room]) if is_of_time else (values[:room], values[room:])
    hidden = [*left, *others]
    return ShownCut(
        rows=tuple(shown),
        others=tuple(others),
        hidden=sum(row.values for row in hidden),
        is_earlier=is_of_time,
        hidden_usd=sum_as_written(row.written_usd for row in hidden),
        hidden_ratio=sum_of_known(row.cost_ratio for row in hidden),
        hidden_unpriced_charges=sum(row.unpriced_charges for row in hidden),
        rest=tuple(row for row in cut.rows if row.kind not in ("value", "others")),
    )


def cut_by(cuts: Sequence[Cut], by: str) -> Cut | None:
    """The cut by this attribute, if it was made."""
    return next((cut for cut in cuts if cut.by == by), None)


def asked_cuts(cuts: Sequence[Cut], by: Sequence[str]) -> tuple[Cut, ...]:
    """The cuts by these attributes, in this order."""
    return tuple(cut for name in by for cut in cuts if cut.by == name)


def sum_as_written(amounts: Iterable[float | None]) -> float | None:
    """The sum of amounts as they are written in decimals; None where none is known."""
    known = [Decimal(repr(amount)) for amount in amounts if amount is not None]
    return float(sum(known, Decimal(0))) if known else None


def sum_of_known(values: Iterable[float | None]) -> float | None:
    """The sum of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def order_by(
    sort: SortColumn, name: str, requests: int, success_ratio: float | None, usd: float | None
) -> tuple[float, float, str]:
    """Where a row stands: most first, of successes the lowest part, which is what one looks for."""
    cost = -(usd or 0.0)
    match sort:
        case "cost":
            return cost, -requests, name
        case "requests":
            return -requests, cost, name
        case "success":
            return 1.0 if success_ratio is None else success_ratio, cost, name
        case "name":
            return 0.0, 0.0, name
