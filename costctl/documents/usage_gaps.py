"""What records say of usage that costctl did not read, did not believe, or did not know the name of."""

from __future__ import annotations

from typing import Final

import msgspec

_IMPOSSIBLE_WINDOWS: Final = 10  # in one call; less may be the sum of a few


class UnreadKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key that looks like usage, tokens, cost or cache, holds numbers, and that nothing reads.

    records: that have it.  calls: of these, those that record a model call.
    """

    key: str
    dialect: str
    records: int
    calls: int


class UsageConflict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys that contradict each other within one record; what they count is not observed. calls: records of calls."""

    keys: str
    dialect: str
    calls: int


class OddOperation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operation that costctl does not know; its records name a model and count tokens, and so are calls."""

    operation: str
    calls: int


class WindowExcess(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls that report more input than their model can read at once; they are priced as they report.

    context_window, largest_input_tokens: tokens.  is_of_model: the window is the model's own; false where nobody knows
    that, and it is the widest of the price book.  calls: how many report more.  usd: what they cost, in USD; null where
    nothing of them is priced.
    """

    provider: str | None
    model: str
    context_window: int
    calls: int
    largest_input_tokens: int
    is_of_model: bool = True
    usd: float | None = None

    @property
    def is_impossible(self) -> bool:
        """Whether some call reports what no model could have read: many times its window, or more than any window."""
        return not self.is_of_model or self.largest_input_tokens >= _IMPOSSIBLE_WINDOWS * self.context_window


class UsageGaps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """stray_records, stray_tokens: tokens of records that are not model calls and that no call near them reports, and
    what records that sum up calls count more than these."""

    unread: tuple[UnreadKey, ...] = ()
    conflicts: tuple[UsageConflict, ...] = ()
    operations: tuple[OddOperation, ...] = ()
    windows: tuple[WindowExcess, ...] = ()
    stray_records: int = 0
    stray_tokens: int = 0

    @property
    def conflicting_calls(self) -> int:
        """Records of calls whose counts contradict each other."""
        return sum(each.calls for each in self.conflicts)

    @property
    def oversized_calls(self) -> int:
        """Calls that report more input than their model can read."""
        return sum(each.calls for each in self.windows)
