"""What is a column of a FOCUS file, and in which versions of FOCUS does it stand?

In: nothing. Out: ``Column``, what all lines of a file have in common, and the versions that costctl writes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Generic, Literal, TypeVar

from costctl.documents.analysis import ClassCost

FocusVersion = Literal["1.2", "1.4"]
FOCUS_VERSIONS: Final[tuple[FocusVersion, ...]] = ("1.2", "1.4")
METHOD_ID: Final = "costctl-coresidency-v1"
Cell = str | Decimal | int | None
Kind = Literal["text", "json", "instant", "decimal", "whole"]
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Common:
    """What the lines of a file share. issuer: who sends the bill for what is one's own; of tokens, their provider does.

    class_costs: what the analysis says of each class.  method, input_digest, price_book: where the figures come from.
    """

    account_id: str
    account_name: str | None
    class_costs: dict[str, ClassCost]
    method: str
    input_digest: str
    price_book: str | None


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column of a file of ``Row``. kind: of its values.  source: where they come from, for docs/reference/focus.md.

    versions: of FOCUS, whose files have it. What a version wants otherwise is a column of the same name beside it.
    """

    name: str
    kind: Kind
    source: str
    read: Callable[[Row, Common], Cell]
    versions: tuple[FocusVersion, ...] = FOCUS_VERSIONS
