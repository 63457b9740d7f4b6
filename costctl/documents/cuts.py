"""The cost of the window by one attribute, in rows that add up to the bill: part of costctl.analysis/v2.

In: an attribute such as model, tenant or attr:region. Out: ``Cut``: a row a value, the dearest first (days and hours in
their order), then all other values together, what is not observed, idle time, and what nothing accounts for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

CUT_NAMES: Final = ("model", "provider", "tenant", "team", "key", "route", "day", "hour", "class")
ATTRIBUTE_PREFIX: Final = "attr:"
ALWAYS_CUT: Final = ("model", "provider", "tenant")  # in every analysis, whether asked for or not
IN_ORDER_OF_TIME: Final = ("day", "hour")

CutRowKind = Literal["value", "others", "not_observed", "no_call", "idle", "unattributed"]


class CutRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the requests and calls of one value were charged.

    kind: "others": all values together that have no row of their own; "no_call": reads, transfers and tools, in a cut
    by what only calls have.  value: null but for kind "value".  values: how many the row is of.
    requests: of which any part is in the row, so that one may be in several; successes: of these.  usd: of the charges
    that have an amount; null where none has.  unpriced_charges: those without one: where there are any, usd is a lower
    bound.  cost_ratio: of the bill; null where the bill is not known or only in part.  written_usd: in whole units of
    the cut, so that the rows add up as they are written.
    """

    kind: CutRowKind
    value: str | None
    values: int
    requests: int
    successes: int
    calls: int
    usd: float | None
    unpriced_charges: int
    cost_ratio: float | None
    written_usd: float | None


class Cut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bill by one attribute. A call is counted by its own value, the rest of a request by its entry's.

    is_observed: whether anything has a value.  rows: over all of them usd sums to billed_usd, to 1e-9 relative, and
    written_usd to written_total_usd exactly.  billed_usd: null where nothing is priced; a lower bound where there are
    unpriced_charges.  unit_usd: to which the written amounts are rounded, by the largest remainder.
    """

    by: str
    is_observed: bool
    rows: tuple[CutRow, ...]
    billed_usd: float | None
    unpriced_charges: int
    unit_usd: float | None
    written_total_usd: float | None


def cut_by(cuts: Sequence[Cut], by: str) -> Cut | None:
    """The cut by this attribute, if it was made."""
    return next((cut for cut in cuts if cut.by == by), None)
