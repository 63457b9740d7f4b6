"""How often is each fact there, of the times that it is expected?

In: the evidence (patterns of facts with how many rows show each) and counts from the settings. Out: a frame with one
row per (check, dialect): expected, observed, for calls the time of those that lack the fact, and for calls and requests
what those that lack it are charged: USD, and charges without an amount.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from costctl.documents.settings import Settings
from costctl.telemetry.catalogue import Fact

COVERAGE: Final = pl.Schema(
    {
        "check": pl.String,
        "dialect": pl.String,
        "expected": pl.Int64,
        "observed": pl.Int64,
        "expected_ns": pl.Int64,
        "missing_ns": pl.Int64,
        "missing_usd": pl.Float64,
        "missing_unpriced": pl.Int64,
    }
)
_SETTINGS: Final = "costctl.toml"
_CHARGED: Final = ("calls", "requests")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What spans, calls and requests carry together: rows of the three relations of evidence."""

    spans: pl.DataFrame
    calls: pl.DataFrame
    requests: pl.DataFrame


def coverage(
    facts: Iterable[Fact], evidence: Evidence, settings: Mapping[str, tuple[int, int]]
) -> pl.DataFrame:
    """Rows of ``COVERAGE``. settings: check → (expected, observed), for the checks of costctl.toml."""
    parts = [pl.DataFrame(schema=COVERAGE)]
    for fact in facts:
        if fact.of == "settings":
            expected, observed = settings[fact.id]
            row = (fact.id, _SETTINGS, expected, observed, None, None, None, None)
            parts.append(pl.DataFrame([row], schema=COVERAGE, orient="row"))
        else:
            parts.append(_counted(fact, evidence))
    return pl.concat(parts)


def _counted(fact: Fact, evidence: Evidence) -> pl.DataFrame:
    none = pl.lit(None, pl.Int64)
    frame = {"calls": evidence.calls, "spans": evidence.spans}.get(fact.of, evidence.requests)
    expected = frame.filter(_all_of(fact.expected), ~pl.col("dialect").is_in(fact.not_for))
    is_there = _all_of(fact.observed)
    whole, part = (
        (pl.col("duration_ms"), pl.col("named_ms"))
        if fact.of == "time"
        else (pl.col(fact.of), pl.col(fact.of) * is_there.cast(pl.Int64))
    )
    model_ns = pl.col("model_ns").fill_null(0) if fact.of == "calls" else none
    usd, unpriced = (
        (pl.col("usd"), pl.col("unpriced_charges"))
        if fact.of in _CHARGED
        else (pl.lit(None, pl.Float64), none)
    )
    return (
        expected.select(
            "dialect",
            whole.alias("expected"),
            part.alias("observed"),
            model_ns.alias("expected_ns"),
            pl.when(is_there).then(0).otherwise(model_ns).alias("missing_ns"),
            pl.when(~is_there).then(usd).alias("missing_usd"),
            pl.when(~is_there).then(unpriced).alias("missing_unpriced"),
        )
        .sort("dialect", "missing_usd")
        .group_by("dialect", maintain_order=True)
        .agg(
            pl.col("expected", "observed", "expected_ns", "missing_ns", "missing_unpriced").sum(),
            _sum_of_known("missing_usd"),
        )
        .with_columns(pl.lit(fact.id).alias("check"))
        .select(COVERAGE.names())
        .cast(dict(COVERAGE.items()))
    )


def _sum_of_known(column: str) -> pl.Expr:
    """The sum; null where nothing is known."""
    return pl.when(pl.col(column).is_not_null().any()).then(pl.col(column).sum()).alias(column)


def _all_of(conditions: tuple[str, ...]) -> pl.Expr:
    """True where all hold; "!" in front of a name negates it."""
    terms = [~pl.col(each[1:]) if each.startswith("!") else pl.col(each) for each in conditions]
    return pl.all_horizontal(terms) if terms else pl.lit(True)


def settings_counts(settings: Settings, classes: Iterable[str]) -> dict[str, tuple[int, int]]:
    """For each check of costctl.toml, on how many of its entries it is expected and on how many it is met.

    classes: those that were seen.
    """
    seen = [settings.classes.get(name) for name in classes if name != "other"]
    pools = list(settings.pools.items())
    return {
        "bills": (len(pools), sum(bool(settings.bills.get(name)) for name, _ in pools)),
        "pool_limits": (
            len(pools),
            sum(pool.max_num_seqs is not None or pool.max_batch_size is not None for _, pool in pools),
        ),
        "pool_replicas": (len(pools), sum(pool.replicas is not None for _, pool in pools)),
        "boundaries": (len(seen), sum(each is not None and each.boundary is not None for each in seen)),
        "allowed_models": (len(seen), sum(each is not None and bool(each.allowed_models) for each in seen)),
        "slos": (
            len(seen),
            sum(
                each is not None and (each.slo.ttft_p95 is not None or each.slo.e2e_p95 is not None)
                for each in seen
            ),
        ),
        "values": (len(seen), sum(each is not None and each.value is not None for each in seen)),
    }
