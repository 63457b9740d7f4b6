"""What did the requests of a time use, by class, tenant and model? The cells of two times that are compared.

In: the relations cell_request, cell_call, cell_charge and observed_totals; or the classes of a document. Out:
``CellSums``: three frames with a row a cell and block of time, named alike for both sides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from costctl.documents.analysis import Analysis
from costctl.frames.spending import DAY_NS, HOUR_NS, lengths_ns

CELL: Final = ("request_class", "tenant")
LINE: Final = (*CELL, "is_call", "model", "component", "resource", "unit")
_KEYS: Final = (*LINE, "stage", "at")
_AMOUNTS: Final = ("quantity", "priced_quantity", "usd", "unpriced_charges")
_MOST_BLOCKS: Final = 48  # of a side: longer than a session each, and enough to tell how they vary


@dataclass(frozen=True, slots=True)
class CellSums:
    """One side. requests: CELL, at, requests, first_calls.  calls: CELL, model, at, charged_calls.  charges: LINE, at,
    quantity, priced_quantity, usd, unpriced_charges.  at: number of the block.

    from_ns, to_ns: the time that is compared, ns UTC, end exclusive.  blocks: how many there are; 1 of a document.
    calls_are_known: else all that is charged is counted by request.
    """

    requests: pl.DataFrame
    calls: pl.DataFrame
    charges: pl.DataFrame
    from_ns: int
    to_ns: int
    blocks: int
    calls_are_known: bool = True

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.to_ns - self.from_ns) / 1e9

    def is_same_time_of_day(self, other: CellSums) -> bool:
        """Whether both cover the same hours of the day: they begin at one time of it, and last as long or whole days.
        Off by no more than an hour, or a 24th of them.
        """
        lengths = (self.to_ns - self.from_ns, other.to_ns - other.from_ns)
        within = min(HOUR_NS, min(lengths) // 24)
        apart = (self.from_ns - other.from_ns) % DAY_NS
        rests = [min(each % DAY_NS, DAY_NS - each % DAY_NS) for each in lengths]
        return min(apart, DAY_NS - apart) <= within and (self._is_as_long(other) or max(rests) <= within)

    def is_paired(self, other: CellSums) -> bool:
        """Whether a block of one is at the time of day of the same block of the other."""
        return self.blocks == other.blocks and self._is_as_long(other) and self.is_same_time_of_day(other)

    def _is_as_long(self, other: CellSums) -> bool:
        lengths = (self.to_ns - self.from_ns, other.to_ns - other.from_ns)
        return abs(lengths[0] - lengths[1]) <= min(HOUR_NS, min(lengths) // 24)

    def coarse(self) -> CellSums:
        """As a document would tell it: no tenants, no calls, no blocks of time."""
        plain = self.requests.with_columns(tenant=pl.lit(None, pl.String), at=pl.lit(0, pl.Int64))
        charges = self.charges.with_columns(
            tenant=pl.lit(None, pl.String),
            at=pl.lit(0, pl.Int64),
            is_call=pl.lit(value=False),
            model=_model_of_resource(),
        )
        return replace(
            self,
            requests=plain.group_by(*CELL, "at").agg(pl.col("requests", "first_calls").sum()),
            calls=self.calls.clear(),
            charges=charges.group_by(*LINE, "at").agg(pl.col(*_AMOUNTS).sum()),
            blocks=1,
            calls_are_known=False,
        )

    def with_tenants(self, tenant: pl.Expr) -> CellSums:
        """The same with these names of tenants."""
        requests, calls, charges = (
            _summed(frame.with_columns(tenant=tenant)) for frame in (self.requests, self.calls, self.charges)
        )
        return replace(self, requests=requests, calls=calls, charges=charges)


@dataclass(frozen=True, slots=True)
class Grid:
    """The blocks of a time: count of them, of block_ns each, from from_ns, ns UTC."""

    from_ns: int
    to_ns: int
    slot_block_ns: int
    together: int
    count: int

    @property
    def number(self) -> pl.Expr:
        """Of a row with slot_ns and block, the number of its block."""
        at_ns = pl.col("slot_ns") + pl.col("block") * self.slot_block_ns - self.from_ns
        return (at_ns // (self.slot_block_ns * self.together)).clip(0, self.count - 1).cast(pl.Int64)

    def placed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with at in place of slot_ns and block, summed where they fall into one block."""
        return _summed(rows.with_columns(at=self.number).drop("slot_ns", "block"))


def grid_of(first_ns: int, last_ns: int, asked_ns: tuple[int, int] | None) -> Grid:
    """first_ns, last_ns: of what was observed.  asked_ns: the time that was asked for, where it has both ends: else
    that from the first start to the last end is compared.
    """
    from_ns, to_ns = asked_ns or (first_ns, last_ns + 1)
    _, block_ns = lengths_ns(first_ns, last_ns)
    count = max(1, -(-(to_ns - from_ns) // block_ns))
    together = -(-count // _MOST_BLOCKS)
    return Grid(from_ns, to_ns, block_ns, together, -(-count // together))


def cell_sums_of(fetch: Callable[[str], pl.DataFrame], grid: Grid) -> CellSums:
    """The cells of what an engine holds."""
    names = ("cell_request", "cell_call", "cell_charge")
    requests, calls, charges = (grid.placed(fetch(name)) for name in names)
    return CellSums(requests, calls, charges, grid.from_ns, grid.to_ns, grid.count)


def cell_sums_in(document: Analysis, from_ns: int, to_ns: int) -> CellSums:
    """The cells that a saved analysis tells: classes by model and kind of token, without calls and tenants."""
    requests = pl.DataFrame(
        [(each.request_class, None, 0, each.requests, 0) for each in document.classes],
        schema=dict.fromkeys(CELL, pl.String)
        | {"at": pl.Int64, "requests": pl.Int64, "first_calls": pl.Int64},
        orient="row",
    )
    charges = pl.DataFrame(
        [
            (
                each.request_class, None, False, None, part.component, part.resource, part.unit, 0, part.quantity,
                part.quantity if part.usd is not None else 0.0, part.usd or 0.0, part.unpriced_charges,
            )
            for each in document.classes
            for part in each.cost.components
        ],
        schema={
            "request_class": pl.String, "tenant": pl.String, "is_call": pl.Boolean, "model": pl.String,
            "component": pl.String, "resource": pl.String, "unit": pl.String, "at": pl.Int64, "quantity": pl.Float64,
            "priced_quantity": pl.Float64, "usd": pl.Float64, "unpriced_charges": pl.Int64,
        },
        orient="row",
    ).with_columns(model=_model_of_resource())  # fmt: skip
    calls = pl.DataFrame(
        schema=dict.fromkeys((*CELL, "model"), pl.String) | {"at": pl.Int64, "charged_calls": pl.Int64}
    )
    return CellSums(requests, calls, charges, from_ns, to_ns, 1, calls_are_known=False)


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of one key together."""
    keys = [name for name in rows.columns if name in _KEYS]
    return rows.group_by(keys, maintain_order=True).agg(pl.exclude(keys).sum())


def _model_of_resource() -> pl.Expr:
    """The model in provider/model/kind of token; none of what is no provider's."""
    model = pl.col("resource").str.extract(r"^[^/]*/(.*)/[^/]*$")
    return pl.when(pl.col("component").is_in(["api_tokens", "api_units"])).then(model)
