"""costctl.reconciliation/v1: what providers bill beside what the traces say, and why the two differ.

Amounts are USD. A difference is billed less traced. The parts of a difference add up to it as they are written.
"""

from __future__ import annotations

import math
from typing import Final, Literal

import msgspec

from costctl.documents.provenance import Provenance

SCHEMA_VERSION: Final = "costctl.reconciliation/v1"

_SMALL: Final = 0.001  # of the bill: less is no question

Cause = Literal[
    "not_traced",
    "not_billed",
    "priced_otherwise",
    "tokens_counted_otherwise",
    "time_zones",
    "discounts_and_credits",
    "rest",
]
CAUSES: Final[tuple[Cause, ...]] = (
    "not_traced",
    "not_billed",
    "priced_otherwise",
    "tokens_counted_otherwise",
    "time_zones",
    "discounts_and_credits",
    "rest",
)
Reason = Literal[
    "key",  # of this key or project nothing is on the other side
    "model",
    "day",
    "hours",  # the traces begin or end within the period of the bill
    "share",  # some calls of the model
    "item",  # a line of the bill that is of no kind of token that traces count
    "unobserved",  # calls whose tokens the traces do not have
    "price",
    "no_price",  # the traces have it, and no price is known
    "cached",  # the same input, of which another part was cached
    "reasoning",
    "count",
    "shift",
    "ratio",  # one ratio on all models
    "credit",
    "discount",
    "tax",
    "fee",
    "small",  # too small to tell
    "no_quantities",  # the bill says no quantities, and its amounts are no steady multiple of ours
    "mixed",  # more of one kind of token and less of another
]
BillFormat = Literal[
    "openai_usage",
    "openai_costs",
    "anthropic_usage",
    "anthropic_cost",
    "aws_cur",
    "focus",
    "azure",
    "litellm",
]


class BillPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was read of a file in one format. from, to: of the lines, RFC 3339, the end exclusive; null without any.

    rows: lines that were read.  repeated_rows: of those, not counted, as another file has them too.  unused_rows: not
    counted, as another source says the same for the same provider.  unread: lines or parts of lines that could not be
    read, by why: time, number, shape, contradiction.  left_out_rows: of services that are no inference; left_out_usd:
    what they come to. usd: of the lines that are counted; null where they have no amounts.
    """

    format: BillFormat
    rows: int
    repeated_rows: int
    unused_rows: int
    unread: dict[str, int]
    left_out_rows: int
    left_out_usd: float | None
    from_: str | None = msgspec.field(default=None, name="from")
    to: str | None = None
    usd: float | None = None

    @property
    def uncounted_rows(self) -> int:
        """Lines that were read and are not counted."""
        return self.repeated_rows + self.unused_rows

    @property
    def unread_rows(self) -> int:
        """Lines, or parts of lines, that could not be read."""
        return sum(self.unread.values())


class BillFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file that was given. copy_of: another one with the same bytes; then it is not counted."""

    uri: str
    sha256: str
    copy_of: str | None
    parts: tuple[BillPart, ...]


class CausePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The part of a difference that has this cause."""

    cause: Cause
    usd: float


class Difference(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of a difference, and what to do about it.

    subject: what it is about, as its side writes it; null where said is enough.  said: what the data show.  ratio:
    the bill's price over ours, besides the ratio on all models where there is one.  shift_hours: of time_zones, how
    much later than in UTC the bill's day begins; moved_usd: what that moves from one day to another.  from: the first
    day on which it holds, where not from the beginning.  to_do: a sentence.  config: lines for costctl.toml that make
    it go away; null where there are none.  also: causes that the data do not tell from this one.
    """

    provider: str
    cause: Cause
    reason: Reason
    subject: str | None
    model: str | None
    kind: str | None
    usd: float
    said: str
    to_do: str
    ratio: float | None = None
    shift_hours: float | None = None
    moved_usd: float | None = None
    from_: str | None = msgspec.field(default=None, name="from")
    config: str | None = None
    also: tuple[Cause, ...] = ()


class DayDifference(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One day, or longer time, of the bill as it cuts them. traced_usd: of the same hours in UTC, a lower bound where
    there are unpriced_charges.
    """

    provider: str
    from_: str = msgspec.field(name="from")
    to: str
    billed_usd: float | None
    traced_usd: float
    unpriced_charges: int
    difference_usd: float | None


class KindDifference(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One model and kind of token or unit over the period. billed_usd: null where the bill has no amount of this kind
    alone; billed_quantity likewise.  traced_usd: a lower bound where there are unpriced_charges.
    """

    provider: str
    model: str
    kind: str
    billed_quantity: float | None
    traced_quantity: float
    billed_usd: float | None
    traced_usd: float
    unpriced_charges: int


class KeyDifference(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One key, project or workspace over the period. billed_usd: null where the bill has amounts for no key;
    traced_usd: null where the traces have nothing of it; a lower bound where there are unpriced_charges.
    """

    provider: str
    key: str
    billed_usd: float | None
    billed_tokens: float | None
    traced_usd: float | None
    traced_tokens: float | None
    unpriced_charges: int


class ProviderDifference(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One provider. from, to: the period of its bill, RFC 3339, the end exclusive.

    billed_usd: what the bill says; of quantities without amounts, what they cost at our prices: valued_usd says how
    much of it that is.  traced_usd: of the period; a lower bound where there are unpriced_charges.  outside_usd:
    traced before and after it, and in no figure.  parts: add up to difference_usd.
    """

    provider: str
    from_: str = msgspec.field(name="from")
    to: str
    billed_usd: float
    valued_usd: float
    traced_usd: float
    unpriced_charges: int
    difference_usd: float
    outside_usd: float
    parts: tuple[CausePart, ...]


class UnbilledProvider(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A provider that the traces name and no file speaks of: not compared."""

    provider: str
    traced_usd: float


class Reconciliation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The document that ``costctl reconcile --format json`` prints.

    billed_usd, traced_usd, difference_usd: of all providers that are compared, in whole units of unit_usd; parts add
    up to difference_usd, and so do differences, the largest first.  is_agreed: nothing but the rest differs.
    """

    schema_version: str
    provenance: Provenance
    files: tuple[BillFile, ...]
    billed_usd: float
    traced_usd: float
    unpriced_charges: int
    difference_usd: float
    unit_usd: float
    is_agreed: bool
    parts: tuple[CausePart, ...]
    differences: tuple[Difference, ...]
    providers: tuple[ProviderDifference, ...]
    days: tuple[DayDifference, ...]
    kinds: tuple[KindDifference, ...]
    keys: tuple[KeyDifference, ...]
    not_billed_providers: tuple[UnbilledProvider, ...]
    notes: tuple[str, ...]

    def of(self, *causes: Cause) -> float:
        """What the parts with these causes come to together."""
        return math.fsum(part.usd for part in self.parts if part.cause in causes)

    def size_of(self, *causes: Cause) -> float:
        """The same without its sign."""
        return abs(self.of(*causes))

    @property
    def told(self) -> tuple[Difference, ...]:
        """The differences that have a cause."""
        return tuple(each for each in self.differences if each.cause != "rest")

    @property
    def largest_parts(self) -> tuple[CausePart, ...]:
        """The parts that are not nothing, the largest first."""
        return tuple(sorted((part for part in self.parts if part.usd), key=lambda part: -abs(part.usd)))

    @property
    def is_explained(self) -> bool:
        """Whether no more than rounding, a thousandth of the bill, is left unexplained."""
        return abs(self.of("rest")) <= max(self.unit_usd, _SMALL * abs(self.billed_usd))

    @property
    def difference_size_usd(self) -> float:
        """The difference without its sign."""
        return abs(self.difference_usd)

    @property
    def difference_ratio(self) -> float | None:
        """The size of the difference, of what is traced; null where nothing is."""
        return abs(self.difference_usd) / self.traced_usd if self.traced_usd else None

    @property
    def outside_usd(self) -> float:
        """Traced before and after the days of the bills."""
        return math.fsum(each.outside_usd for each in self.providers)

    @property
    def first_day(self) -> str:
        """When the first bill begins, RFC 3339."""
        return min(each.from_ for each in self.providers)

    @property
    def last_day(self) -> str:
        """When the last bill ends, RFC 3339."""
        return max(each.to for each in self.providers)
