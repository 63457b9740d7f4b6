"""Which interfaces does a trace show, and what became of the requests in which one of them failed?

In: the relation ``interface_call``. Out: for each interface its calls, each with its place, how many attempts it took,
and, where a call of the interface failed in its request, what became of that request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from costctl.policy.attempts import tries_before

_TOLD_BY: Final = ("kind", "stage", "operation", "name")
_NO_STAND_INS: Final = ("tool",)  # whether one tool stood in for another is not told by what ran after what


@dataclass(frozen=True, slots=True)
class Uses:
    """One interface. calls: of it, in order, with ``place`` among those of the request, ``attempts`` up to the call,
    ``shape_id`` in ``shapes``, and ``fate``: a mode of documents/contract.py where a call failed in the request.
    """

    kind: str
    stage: str
    operation: str | None
    name: str | None
    calls: pl.DataFrame
    shapes: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is told apart by."""
        return (self.kind, self.stage, self.operation or "", self.name or "")

    @property
    def requests(self) -> int:
        """How many requests use it."""
        return self.calls["request_id"].n_unique()

    def succeeded(self) -> pl.DataFrame:
        """Its calls that did not fail."""
        return self.calls.filter(~pl.col("is_failed"))


def interfaces_in(interface_call: pl.DataFrame) -> tuple[Uses, ...]:
    """Every interface, that of the most requests first. interface_call: the relation of that name."""
    if interface_call.height == 0:
        return ()
    known = interface_call.select(_TOLD_BY).unique().sort(*_TOLD_BY, nulls_last=True).with_row_index("of")
    shapes = interface_call["shape"].fill_null("").unique().sort()
    calls = (
        interface_call.join(known, on=list(_TOLD_BY), how="left", nulls_equal=True)
        .with_columns(pl.col("shape").fill_null(""))
        .join(shapes.to_frame().with_row_index("shape_id"), on="shape", how="left")
        .drop("shape")
        .sort("request_id", "start_ns", "call_id", nulls_last=True)
    )
    calls = calls.with_columns(place=pl.int_range(1, pl.len() + 1).over("request_id", "of"))
    is_last = pl.col("place") == pl.len().over("request_id", "of")
    calls = calls.with_columns(is_retried=pl.col("is_failed") & ~is_last)
    tries = tries_before(calls, ("request_id", "of"))
    calls = calls.with_columns(attempts=pl.max_horizontal(tries + 1, pl.col("attempt")))
    calls = calls.join(_fates(calls), on=["request_id", "of"], how="left", maintain_order="left")
    parts = calls.partition_by("of", as_dict=True, maintain_order=True)
    found = [
        Uses(kind, stage, operation, name, parts[(of,)], tuple(shapes))
        for of, kind, stage, operation, name in known.iter_rows()
    ]
    return tuple(sorted(found, key=lambda each: (-each.requests, each.key)))


def _fates(calls: pl.DataFrame) -> pl.DataFrame:
    """What became of each request in which an interface failed: request_id, of, fate."""
    failing = (
        calls.group_by("request_id", "of", maintain_order=True)
        .agg(
            pl.col("kind").first(),
            pl.col("operation").first(),
            pl.col("is_failed").any().alias("any"),
            pl.col("is_failed").last().alias("last"),
            pl.col("start_ns").last(),
            pl.col("is_request_success").first(),
        )
        .filter("any")
    )
    stood_in = _stood_in(calls, failing).with_columns(is_stood_in=pl.lit(value=True))
    return failing.join(stood_in, on=["request_id", "of"], how="left").select(
        "request_id",
        "of",
        pl.when(~pl.col("last"))
        .then(pl.lit("retried"))
        .when(~pl.col("is_request_success"))
        .then(pl.lit("failed"))
        .when(pl.col("is_stood_in").fill_null(value=False))
        .then(pl.lit("fallback"))
        .otherwise(pl.lit("went on"))
        .alias("fate"),
    )


def _stood_in(calls: pl.DataFrame, failing: pl.DataFrame) -> pl.DataFrame:
    """The failing ones after which another interface of the kind answered, one that does not follow anyway."""
    on = ["request_id", "kind", "operation"]
    others = calls.filter(~pl.col("is_failed")).select(*on, "start_ns", other="of")
    after = (
        failing.filter("last", ~pl.col("kind").is_in(_NO_STAND_INS))
        .join(others, on=on, nulls_equal=True, suffix="_after")
        .filter(pl.col("other") != pl.col("of"), pl.col("start_ns_after") >= pl.col("start_ns"))
    )
    usual = _usual_company(calls, failing)
    return after.join(usual, on=["of", "other"], how="anti").select("request_id", "of").unique()


def _usual_company(calls: pl.DataFrame, failing: pl.DataFrame) -> pl.DataFrame:
    """Pairs of an interface that fails and another that is used in most of the requests in which it does not."""
    pairs = calls.select("request_id", "of").unique()
    calm = pairs.filter(pl.col("of").is_in(failing["of"].unique().implode())).join(
        failing, on=["request_id", "of"], how="anti"
    )
    together = calm.join(pairs.rename({"of": "other"}), on="request_id").group_by("of", "other").len("both")
    alone = calm.group_by("of").len("alone")
    return together.join(alone, on="of").filter(pl.col("both") * 2 > pl.col("alone")).select("of", "other")
