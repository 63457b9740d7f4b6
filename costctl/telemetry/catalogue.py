"""Which facts should telemetry carry? ``gaps.toml`` as values.

In: the text of the catalogue. Out: one ``Fact`` for each of its tables, in order.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final, Literal

import msgspec

from costctl.documents.diagnosis import PhaseName

Rows = Literal["calls", "requests", "spans", "time", "settings"]

# What a row of each kind is called where one is counted.
UNITS: Final[dict[Rows, str]] = {
    "calls": "calls",
    "requests": "requests",
    "spans": "spans",
    "time": "ms of requests",
    "settings": "entries",
}
ANY: Final = "any"
MOOT_BY_DEFAULT: Final = "nothing it applies to was observed"


class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fact. of: the rows that are counted.  affects: the figures that it is for, in a few words.

    expected, observed: facts of a row, all of which must hold; "!" negates.  enough: ratio from which nothing is
    missing, or "any".  moot: why it may be expected nowhere.
    """

    id: str
    phase: PhaseName
    weight: float
    about: str
    of: Rows
    affects: str
    effect: str
    add: str
    examples: dict[str, str]
    expected: tuple[str, ...] = ()
    observed: tuple[str, ...] = ()
    enough: float | Literal["any"] = 1.0
    moot: str = MOOT_BY_DEFAULT
    not_for: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()

    @property
    def enough_ratio(self) -> float:
        """The observed part from which nothing is missing; 0 where a single row is enough."""
        return 0.0 if self.enough == ANY else float(self.enough)

    def example_for(self, dialects: tuple[str, ...]) -> str:
        """The example for the first of the dialects that has one of its own, else the one for all."""
        return next((self.examples[name] for name in dialects if name in self.examples), self.examples[ANY])


class _Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    checks: tuple[Fact, ...]


@cache
def catalogue() -> tuple[Fact, ...]:
    """The facts that costctl looks for."""
    text = (resources.files("costctl.telemetry") / "gaps.toml").read_text(encoding="utf-8")
    return msgspec.toml.decode(text, type=_Catalogue).checks
