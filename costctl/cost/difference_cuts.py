"""Whose are the lines of a comparison: by class, by tenant, by model, of all together?

In: two sides, and their lines. Out: sides whose rare tenants stand together, and ``CutOfLines``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Ints
from costctl.cost.difference_lines import Key, Lines
from costctl.cost.difference_noise import Grouping
from costctl.documents.cuts import CutRowKind
from costctl.documents.spending import LEAST_SHARE
from costctl.frames.cells import CellSums

CUTS: Final = ("class", "tenant", "model")
_FEWEST: Final = 30  # requests on each side from which a tenant is compared by itself
_MOST_TENANTS: Final = 20
_NAMED: Final = "="  # before the name of a tenant, so that none can be called like all others
_OTHERS: Final = "others"


@dataclass(frozen=True, slots=True)
class CutOfLines:
    """rows: kind and value of each.  number: the row of each line."""

    rows: tuple[tuple[CutRowKind, str | None], ...]
    number: Ints

    @property
    def grouping(self) -> Grouping:
        """For sums and noise."""
        return Grouping(self.number, len(self.rows))


def with_named_tenants(sides: tuple[CellSums, CellSums]) -> tuple[CellSums, CellSums]:
    """The same, in which tenants with few requests and little cost are one: who asks once a week is on one side alone,
    and would be new or gone.
    """
    kept = _kept(sides)
    tenant = (
        pl.when(pl.col("tenant").is_in(kept))
        .then(pl.lit(_NAMED) + pl.col("tenant"))
        .when(pl.col("tenant").is_not_null())
        .then(pl.lit(_OTHERS))
    )
    return sides[0].with_tenants(tenant), sides[1].with_tenants(tenant)


def _kept(sides: tuple[CellSums, CellSums]) -> list[str]:
    """The tenants that are compared by themselves, of those that cost most."""
    requests = [_by_tenant(side.requests, "requests") for side in sides]
    usd = [_by_tenant(side.charges, "usd") for side in sides]
    dearest = max(sum(each.values()) for each in usd)
    names = {name for each in (*requests, *usd) for name in each}
    found = [
        name
        for name in names
        if min(each.get(name, 0) for each in requests) >= _FEWEST
        or max(each.get(name, 0.0) for each in usd) >= LEAST_SHARE * dearest > 0
    ]
    found.sort(key=lambda name: (-sum(each.get(name, 0.0) for each in usd), name))
    return found[:_MOST_TENANTS]


def _by_tenant(rows: pl.DataFrame, column: str) -> dict[str, float]:
    sums = rows.filter(pl.col("tenant").is_not_null()).group_by("tenant").agg(pl.col(column).sum())
    return dict(sums.iter_rows())


def cuts_of_lines(lines: Lines) -> dict[str, CutOfLines]:
    """The cut of all together, "total", and CUTS."""
    found = {"total": CutOfLines((("value", None),), np.zeros(len(lines.keys), np.int64))}
    for cut in CUTS:
        names = [_row(cut, key) for key in lines.keys]
        rows = tuple(dict.fromkeys(sorted(names, key=lambda row: (row[0], row[1] or ""))))
        place = {row: number for number, row in enumerate(rows)}
        found[cut] = CutOfLines(rows, np.array([place[name] for name in names], np.int64))
    return found


def _row(cut: str, key: Key) -> tuple[CutRowKind, str | None]:
    if cut == "class":
        return "value", str(key["request_class"])
    if cut == "model":
        if key["model"] is not None:
            return "value", str(key["model"])
        return ("not_observed", None) if key["is_call"] else ("no_call", None)
    return tenant_row(key["tenant"])


def tenant_row(tenant: object) -> tuple[CutRowKind, str | None]:
    """The row of a tenant as it is named in cells."""
    if tenant is None:
        return "not_observed", None
    name = str(tenant)
    return ("value", name.removeprefix(_NAMED)) if name.startswith(_NAMED) else ("others", None)
