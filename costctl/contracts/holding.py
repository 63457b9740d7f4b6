"""In how many requests was something so, and which came first?

In: calls of an interface, and of each whether a clause can be told and whether it broke it. Out: counts of requests.
A request breaks a clause where any of its calls does; it tells nothing where none of its calls does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from costctl.documents.policy_verification import BrokenBy

_MOST_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Counted:
    """checked: requests of which it can be said.  broken: of these.  unknown: of which it cannot.  examples: the first
    call of each of the first requests that broke it.
    """

    checked: int
    broken: int
    unknown: int = 0
    examples: tuple[BrokenBy, ...] = ()


NOTHING: Final = Counted(0, 0)


def counted(calls: pl.DataFrame, broken: pl.Expr, said: pl.Expr, known: pl.Expr | None = None) -> Counted:
    """Count requests. calls: in order.  broken, known: of each call; null is no.  said: what was so, in words."""
    is_known = pl.lit(value=True) if known is None else known.fill_null(value=False)
    told = calls.filter(is_known)
    wrong = told.filter(broken.fill_null(value=False))
    checked = told["request_id"].n_unique()
    first = wrong.unique("request_id", keep="first", maintain_order=True).head(_MOST_EXAMPLES)
    rows = first.select("trace_id", "place", pl.col("start_ns").fill_null(0), said=said.cast(pl.String))
    return Counted(
        checked,
        wrong["request_id"].n_unique(),
        calls["request_id"].n_unique() - checked,
        tuple(BrokenBy(*row) for row in rows.iter_rows()),
    )
