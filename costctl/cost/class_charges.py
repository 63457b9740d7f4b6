"""What were the requests of each class charged, and for how many calls, successes and sessions?

In: the sums by class. Out: ``Charges`` by class, and of all.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from costctl.frames.class_sums import ClassSums
from costctl.stats.exact_sums import sum_of_parts


@dataclass(frozen=True, slots=True)
class CallCounts:
    """Counts of calls, named as in class_calls, and the tokens of those that are told."""

    calls: int = 0
    wasted_calls: int = 0
    unpriced_wasted_calls: int = 0
    told_calls: int = 0
    told_tokens: int = 0
    calls_without_input: int = 0
    calls_without_cached_input: int = 0
    calls_without_output: int = 0


@dataclass(frozen=True, slots=True)
class Charges:
    """Of some requests. charge: rows of class_charge.  sessions: that any of the requests belongs to."""

    charge: pl.DataFrame
    calls: CallCounts
    successes: int
    sessions: int
    completed_sessions: int

    @property
    def usd(self) -> float | None:
        """USD of all that has an amount; None where nothing has."""
        return sum_of_parts(self.charge, "usd")

    def usd_where(self, condition: pl.Expr) -> float | None:
        """USD of these of the charges; None where none of them has an amount."""
        return sum_of_parts(self.charge.filter(condition), "usd")

    @property
    def is_priced(self) -> bool:
        """Whether any charge has an amount."""
        return self.charge["usd"].is_not_null().any()

    @property
    def unpriced(self) -> int:
        """How many charges have no amount: where there are any, a sum of the others is a lower bound."""
        return int(self.charge["unpriced_charges"].sum())

    @property
    def accelerator_s(self) -> float:
        """Seconds of shared accelerator time, failed attempts included; 0 where none was observed."""
        accelerator = self.charge.filter(pl.col("component") == "accelerator")
        return sum_of_parts(accelerator, "quantity") or 0.0


def all_charges(sums: ClassSums) -> Charges:
    """Those of all requests."""
    counts = sums.class_calls.drop("request_class").sum().row(0, named=True)
    return Charges(
        charge=sums.class_charge,
        calls=CallCounts(**counts),
        successes=sums.total("successes"),
        sessions=sums.total("sessions"),
        completed_sessions=sums.total("completed_sessions"),
    )


def charges_by_class(sums: ClassSums) -> dict[str, Charges]:
    """Those of each class."""
    charge = sums.class_charge.partition_by("request_class", as_dict=True)
    calls = {row.pop("request_class"): row for row in sums.class_calls.iter_rows(named=True)}
    sessions = {name: counts for name, *counts in sums.class_session.iter_rows()}
    found = {}
    for name, successes in sums.class_cost.select("request_class", "successes").iter_rows():
        held, completed = sessions.get(name, (0, 0))
        found[name] = Charges(
            charge=charge.get((name,), sums.class_charge.clear()),
            calls=CallCounts(**calls.get(name, {})),
            successes=successes,
            sessions=held,
            completed_sessions=completed,
        )
    return found
