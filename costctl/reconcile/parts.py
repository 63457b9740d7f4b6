"""What is a difference made of? Amounts by cause and subject, exact, which sum to billed less traced.

In: amounts as they are found. Out: ``Parts``; each amount is in one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from costctl.documents.reconciliation import Cause, Reason


@dataclass(frozen=True, slots=True)
class Subject:
    """What a part of the difference is about. name: the key, the item of the bill, the day; None where that says
    nothing.  model, kind: None where it is about several.
    """

    cause: Cause
    reason: Reason
    name: str | None = None
    model: str | None = None
    kind: str | None = None


class Parts:
    """Amounts by subject, in USD."""

    def __init__(self) -> None:
        self._usd: dict[Subject, Fraction] = {}

    def add(self, subject: Subject, usd: Fraction) -> None:
        """Count the amount to the subject."""
        self._usd[subject] = self._usd.get(subject, Fraction(0)) + usd

    def __iter__(self) -> Iterator[tuple[Subject, Fraction]]:
        return iter(self._usd.items())

    def total(self) -> Fraction:
        """Of all parts."""
        return sum(self._usd.values(), Fraction(0))

    def settled(self, least: Fraction, rest: Subject) -> Parts:
        """The same, with those that are smaller than ``least`` counted to ``rest``: too small to claim. What the
        days' cut moves between days may come to little in all, and stays.
        """
        kept = Parts()
        for subject, usd in self:
            is_claimed = abs(usd) >= least or subject.cause == "time_zones"
            kept.add(subject if is_claimed else rest, usd)
        return kept
