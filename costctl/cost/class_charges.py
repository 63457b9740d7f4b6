"""What were the requests of each class charged?

In: the frames. Out: ``Charges`` by class, and of all: each relation is cut once for all classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from costctl.frames.cost import Frames


@dataclass(frozen=True, slots=True)
class Charges:
    """The rows of some requests. requests, charge: of the relations of that name.  calls: with is_wasted of
    call_outcome.
    """

    requests: pl.DataFrame
    calls: pl.DataFrame
    charge: pl.DataFrame

    @property
    def priced(self) -> pl.DataFrame:
        """Charges that have an amount."""
        return self.charge.filter(pl.col("usd").is_not_null())

    @property
    def unpriced(self) -> int:
        """How many charges have no amount: where there are any, a sum of the others is a lower bound."""
        return self.charge["usd"].null_count()


def all_charges(frames: Frames) -> Charges:
    """Those of all requests."""
    wasted = frames.call_outcome.select("call_id", "is_wasted")
    calls = frames.calls.select(
        "call_id", "request_id", "input_tokens", "cached_input_tokens", "output_tokens", "is_generation"
    )
    return Charges(
        frames.requests,
        calls.join(wasted, on="call_id", how="left", maintain_order="left"),
        frames.charge,
    )


def charges_by_class(frames: Frames, charges: Charges) -> dict[str, Charges]:
    """Those of each class. charges: of all requests."""
    classes = frames.request_class.select("request_id", "request_class")
    cut = [
        rows.join(classes, on="request_id", maintain_order="left").partition_by(
            "request_class", as_dict=True, include_key=False
        )
        for rows in (charges.requests, charges.calls, charges.charge)
    ]
    none = Charges(charges.requests.clear(), charges.calls.clear(), charges.charge.clear())
    return {
        name: Charges(
            requests=cut[0].get((name,), none.requests),
            calls=cut[1].get((name,), none.calls),
            charge=cut[2].get((name,), none.charge),
        )
        for name in frames.class_cost["request_class"]
    }
