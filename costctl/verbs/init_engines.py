"""Which limits do the engines of the proposed pools tell of themselves?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from costctl.documents.settings import Pool, Settings
from costctl.proposal.found import EngineLimits, Found
from costctl.service_model.engine_match import Match, matches_of


def with_limits(seen: Found, calls: pl.DataFrame, series: pl.DataFrame) -> Found:
    """What was found, its pools with what their engines say of their limits.

    calls: as ``found`` takes them.  series: rows of the relation engine_series.
    """
    pools = {each.name: Pool(models=each.models) for each in seen.pools}
    if seen.unnamed is not None:
        pools[seen.unnamed.name] = Pool()
    if series.is_empty() or not pools:
        return seen
    matches = matches_of(series, Settings(pools=pools), _replicas(calls, pools))
    of_pool = {name: series.filter(pl.col("series").is_in(_of_pool(name, matches))) for name in pools}
    unnamed = seen.unnamed
    if unnamed is not None:
        own = of_pool[unnamed.name]
        unnamed = replace(unnamed, limits=limits_of(own), has_engine=not own.is_empty())
    return replace(
        seen,
        pools=tuple(replace(each, limits=limits_of(of_pool[each.name])) for each in seen.pools),
        unnamed=unnamed,
    )


def _replicas(calls: pl.DataFrame, pools: Mapping[str, Pool]) -> dict[str, frozenset[str]]:
    """Of each pool the replicas that its calls name."""
    named = calls.with_columns(name=pl.coalesce("named_pool", "service"))
    return {
        name: frozenset(named.filter(pl.col("name") == name)["replicas"].explode().drop_nulls().to_list())
        for name in pools
    }


def _of_pool(name: str, matches: Mapping[str, Match]) -> list[str]:
    return [series for series, match in matches.items() if match.pool == name]


def limits_of(series: pl.DataFrame) -> EngineLimits:
    """The least that these engines say of each; None where none says it."""

    def least(column: str) -> int | None:
        values = series[column].drop_nulls()
        return round(float(values.to_numpy().min())) if len(values) else None

    return EngineLimits(least("reported_kv_tokens"), least("max_num_seqs"), least("max_batched_tokens"))
