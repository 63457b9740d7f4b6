"""What does a line of a bill say, whoever wrote it? The one shape that every reader makes.

In: nothing. Out: ``BilledRow`` and ``BilledFile``, the records that the modules of this package hand on. Amounts and
quantities are fractions, so that differences add up exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from costctl.documents.reconciliation import BillFormat
from costctl.pricing.price_kinds import TokenKind, UnitKind

Charge = Literal["usage", "credit", "discount", "tax", "fee"]
Kind = TokenKind | UnitKind
Fault = Literal["time", "number", "shape", "contradiction"]  # why a row, or a part of one, could not be read


@dataclass(frozen=True, slots=True)
class BilledRow:
    """One line. start_ns, end_ns: the time that it is of, ns UTC, the end exclusive; as the bill cuts its days.

    provider: as the bill names it; None where it names none.  model: likewise.  described: texts that may name the
    model, the most telling first.  kind: the kind of token or unit; None where the line is not of one kind.  item:
    what the bill calls it, of a line that is of no kind of token.  key, project: whose it is.  calls: None where the
    bill does not count them.  quantity: of the kind.  amount: in ``currency``; None where the bill gives quantities
    alone. part: which of the answers of a format it is of, such as embeddings: those do not overlap.
    """

    start_ns: int
    end_ns: int
    provider: str | None = None
    model: str | None = None
    described: tuple[str, ...] = ()
    kind: Kind | None = None
    item: str | None = None
    charge: Charge = "usage"
    key: str | None = None
    project: str | None = None
    service_tier: str | None = None
    calls: int | None = None
    quantity: Fraction | None = None
    amount: Fraction | None = None
    currency: str = "USD"
    part: str = ""

    @property
    def dimensions(self) -> tuple[object, ...]:
        """By what the line is told apart from others of the same time."""
        return (self.model, self.kind, self.item, self.charge, self.key, self.project, self.service_tier)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Lines of a cloud's bill about services that are no inference. amount: of all, by currency."""

    rows: int = 0
    amount: Mapping[str, Fraction] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Read:
    """What a reader made of a file. covered: the times that the file is of, also those without a line, ns UTC."""

    format: BillFormat
    rows: tuple[BilledRow, ...]
    covered: tuple[tuple[int, int], ...] = ()
    faults: Mapping[Fault, int] = field(default_factory=dict)
    left_out: LeftOut = LeftOut()


@dataclass(frozen=True, slots=True)
class BilledFile:
    """A file that was given. parts: what was read, one for each format in it; none where it is a copy of an earlier
    one.

    copy_of: the name of that one.
    """

    uri: str
    sha256: str
    parts: tuple[Read, ...] = ()
    copy_of: str | None = None
