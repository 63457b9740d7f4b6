"""What do the requests of a window come to, by class, pool and provider? Sums, made where the rows lie.

In: relations of sql/core, each with a row a class (or pool, provider, rule, reason), however long the trace: no request
and no call is in them. Out: one frozen record of frames named like the relations. Money is summed exactly: relations
whose rows have a ``power`` hold whole numbers of 2^power, which `costctl.stats.exact_sums` puts together.

    spans → requests, calls → charge → charge_parts → class_charge, outcome_use, provider_day
                  └──────────→ call_pricing → class_calls, observed_totals

What needs the rows themselves is elsewhere: quantiles and the bootstrap over requests in `costctl.frames.traffic`, the
calls of pools that are fitted and replayed in ``pool_call``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from costctl.stats.exact_sums import sum_of_parts


@dataclass(frozen=True, slots=True)
class ClassSums:
    """The relations of one window that have a row a class, or less."""

    observed_totals: pl.DataFrame
    class_cost: pl.DataFrame
    class_charge: pl.DataFrame
    class_calls: pl.DataFrame
    class_session: pl.DataFrame
    class_rule: pl.DataFrame
    pool_use: pl.DataFrame
    outcome_use: pl.DataFrame
    provider_day: pl.DataFrame
    unpriced_reason: pl.DataFrame
    unread_keys: pl.DataFrame
    usage_conflicts: pl.DataFrame
    odd_operations: pl.DataFrame
    stray_tokens: pl.DataFrame
    window_excess: pl.DataFrame

    RELATIONS: ClassVar[tuple[str, ...]] = (
        "observed_totals",
        "class_cost",
        "class_charge",
        "class_calls",
        "class_session",
        "class_rule",
        "pool_use",
        "outcome_use",
        "provider_day",
        "unpriced_reason",
        "unread_keys",
        "usage_conflicts",
        "odd_operations",
        "stray_tokens",
        "window_excess",
    )

    @classmethod
    def of(cls, fetched: dict[str, pl.DataFrame]) -> ClassSums:
        """The record of these relations, by name."""
        return cls(**{name: fetched[name] for name in cls.RELATIONS})

    def total(self, column: str) -> int:
        """A count of observed_totals."""
        return int(self.observed_totals[column][0])

    @property
    def charges(self) -> int:
        """How many charges there are."""
        return int(self.class_charge["charges"].sum())

    @property
    def unpriced_charges(self) -> int:
        """How many charges have no amount."""
        return int(self.class_charge["unpriced_charges"].sum())

    @property
    def direct_usd(self) -> float | None:
        """USD of tokens, reads and bytes; None where nothing of that is priced."""
        return sum_of_parts(self.class_charge.filter(pl.col("component") != "accelerator"), "usd")
