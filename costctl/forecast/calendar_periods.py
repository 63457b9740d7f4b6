"""Which month and which quarter is it, and what of them was observed? Calendar periods in UTC.

In: where a forecast begins, and the window. Out: ``Period`` values of the document, and their bounds in ns.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from costctl.documents.forecast import Period, PeriodKind
from costctl.units import NS_PER_S, iso_utc, seconds_between

_MONTHS: Final[dict[PeriodKind, int]] = {"month": 1, "quarter": 3}


@dataclass(frozen=True, slots=True)
class Bounds:
    """A period of the calendar, ns UTC, end exclusive."""

    kind: PeriodKind
    name: str
    from_ns: int
    to_ns: int

    def seen(self, window_from_ns: int, window_to_ns: int) -> tuple[int, int]:
        """The part of it that lies in a window; of no length where none does."""
        from_ns = max(self.from_ns, window_from_ns)
        return from_ns, max(from_ns, min(self.to_ns, window_to_ns))

    def unobserved_s(self, window_from_ns: int) -> float:
        """Seconds of it before a window."""
        return seconds_between(self.from_ns, max(self.from_ns, min(self.to_ns, window_from_ns)))

    def to_come_s(self, window_to_ns: int) -> float:
        """Seconds of it after a window."""
        return seconds_between(max(self.from_ns, window_to_ns), self.to_ns)

    def told(self, window_from_ns: int, window_to_ns: int) -> Period:
        """As the document says it."""
        return Period(
            kind=self.kind,
            name=self.name,
            from_=iso_utc(self.from_ns),
            to=iso_utc(self.to_ns),
            unobserved_s=self.unobserved_s(window_from_ns),
            to_come_s=self.to_come_s(window_to_ns),
        )


def period_at(kind: PeriodKind, at_ns: int) -> Bounds:
    """The month or quarter that an instant is in."""
    moment = datetime.fromtimestamp(at_ns // NS_PER_S, tz=UTC)
    months = _MONTHS[kind]
    first = (moment.month - 1) // months * months
    name = f"{moment:%Y-%m}" if kind == "month" else f"{moment.year}-Q{first // months + 1}"
    return Bounds(kind, name, _month_ns(moment.year, first), _month_ns(moment.year, first + months))


def _month_ns(year: int, months: int) -> int:
    """Where a month begins. months: since the January of the year."""
    start = datetime(year + months // 12, months % 12 + 1, 1, tzinfo=UTC)
    return int(start.timestamp()) * NS_PER_S
