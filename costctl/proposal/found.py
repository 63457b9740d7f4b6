"""What do the traces show of pools, classes, models and tenants?

In: frames of calls and requests. Out: ``Found``. A price is never among it: no trace knows what a replica costs.

    calls     one row per (provider, model, service, named_pool, is_server): calls, priced_calls, replicas (a list of
              names, without those that are not observed), regions (likewise), timed_calls
    requests  one row per request: request_class, is_success, duration_s, ttft_s (s), tenant, start_ns
    models    one row per (request_class, model): calls
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from costctl.stats.quantiles import quantile_of

_LEVEL: Final = 0.95
_UNNAMED: Final = "llm"  # what a pool is called that nothing names
_GLOB: Final = re.compile(r"[*?\[\]]")


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """What the engines of a pool say of themselves, of each replica; None where they do not."""

    kv_tokens: int | None = None
    max_num_seqs: int | None = None
    max_batched_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class UnnamedCalls:
    """Calls of which nothing says who served them. name: for a pool of them.  has_times: any says when it ended.
    has_engine: an engine that may be theirs told of itself.
    """

    name: str
    calls: int
    has_times: bool
    has_engine: bool = False
    limits: EngineLimits = EngineLimits()


@dataclass(frozen=True, slots=True)
class FoundPool:
    """Calls that a service of one's own served. name: of the service, or what the traces call the pool.

    is_named: the traces name the pool, so that nothing must match.  replicas: observed ones; 0 where no call names its
    own.  region: None where none or several are named.  priced_calls: of providers' models that have a token price: the
    service may only pass them on.
    """

    name: str
    is_named: bool
    models: tuple[str, ...]
    replicas: int
    region: str | None
    calls: int
    priced_calls: int
    limits: EngineLimits = EngineLimits()


@dataclass(frozen=True, slots=True)
class FoundClass:
    """A class of requests. e2e_p95_s, ttft_p95_s: of those that succeeded, s; None where not observed."""

    name: str
    requests: int
    e2e_p95_s: float | None
    ttft_p95_s: float | None
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model that calls name, and whose. provider: None where no call names one.  priced_calls: with a price."""

    provider: str | None
    name: str
    calls: int
    priced_calls: int


@dataclass(frozen=True, slots=True)
class Found:
    """requests: how many.  tenants: of requests, with how many each, the most first.  unpriced: models that are bought
    and that have no price.  unnamed: calls that may be of a pool; None where all calls say more of themselves.
    """

    requests: int
    first_ns: int | None
    last_ns: int | None
    pools: tuple[FoundPool, ...]
    classes: tuple[FoundClass, ...]
    models: tuple[FoundModel, ...]
    unpriced: tuple[FoundModel, ...]
    tenants: tuple[tuple[str, int], ...]
    unnamed: UnnamedCalls | None = None


def found(calls: pl.DataFrame, requests: pl.DataFrame, models: pl.DataFrame) -> Found:
    """What the frames show, in the order of how often it is seen, then of names."""
    pools = _pools(calls)
    return Found(
        requests=requests.height,
        first_ns=_instant(requests["start_ns"].min()),
        last_ns=_instant(requests["start_ns"].max()),
        pools=pools,
        classes=_classes(requests, models),
        models=_models(calls),
        unpriced=tuple(each for each in _models(_bought(calls)) if not each.priced_calls),
        tenants=_tenants(requests["tenant"]),
        unnamed=_unnamed(calls, {each.name for each in pools}),
    )


def _unnamed(calls: pl.DataFrame, taken: Container[str]) -> UnnamedCalls | None:
    """Calls without a provider, a model, a service and a pool: logs of arrivals and tokens."""
    rows = calls.filter(pl.all_horizontal(pl.col("provider", "model", "service", "named_pool").is_null()))
    if rows.is_empty() or _UNNAMED in taken:
        return None
    return UnnamedCalls(_UNNAMED, int(rows["calls"].sum()), bool(rows["timed_calls"].sum()))


def _instant(at_ns: object) -> int | None:
    return at_ns if isinstance(at_ns, int) else None


def _is_own() -> pl.Expr:
    """Calls of a pool that the source names, or that a service recorded as the one that serves them."""
    return pl.col("named_pool").is_not_null() | (pl.col("is_server") & pl.col("service").is_not_null())


def _bought(calls: pl.DataFrame) -> pl.DataFrame:
    return calls.filter(~_is_own())


def _pools(calls: pl.DataFrame) -> tuple[FoundPool, ...]:
    own = calls.filter(_is_own()).with_columns(
        name=pl.coalesce("named_pool", "service"), is_named=pl.col("named_pool").is_not_null()
    )
    pools = [
        FoundPool(
            name=name,
            is_named=is_named,
            models=_names(rows["model"]),
            replicas=_flat(rows["replicas"]).n_unique(),
            region=_only(_names(_flat(rows["regions"]))),
            calls=int(rows["calls"].sum()),
            priced_calls=int(rows["priced_calls"].sum()),
        )
        for (name, is_named), rows in own.group_by("name", "is_named", maintain_order=True)
        if is_named or not _GLOB.search(str(name))
    ]
    return tuple(sorted(pools, key=lambda pool: (-pool.calls, pool.name)))


def _flat(lists: pl.Series) -> pl.Series:
    """The values of a column of lists."""
    return lists.explode().drop_nulls()


def _names(values: pl.Series) -> tuple[str, ...]:
    """Different names, sorted."""
    return tuple(sorted(values.drop_nulls().unique()))


def _only(names: Sequence[str]) -> str | None:
    return names[0] if len(names) == 1 else None


def _classes(requests: pl.DataFrame, models: pl.DataFrame) -> tuple[FoundClass, ...]:
    served = pl.when(pl.col("is_success"))
    rows = (
        requests.filter(pl.col("request_class").is_not_null())
        .group_by("request_class")
        .agg(
            requests=pl.len(),
            e2e=quantile_of(served.then(pl.col("duration_s")), _LEVEL),
            ttft=quantile_of(served.then(pl.col("ttft_s")), _LEVEL),
        )
        .sort("requests", "request_class", descending=[True, False])
    )
    return tuple(
        FoundClass(name, count, e2e, ttft, _names(models.filter(request_class=name)["model"]))
        for name, count, e2e, ttft in rows.iter_rows()
    )


def _models(calls: pl.DataFrame) -> tuple[FoundModel, ...]:
    rows = (
        calls.filter(pl.col("model").is_not_null())
        .group_by("provider", "model")
        .agg(pl.col("calls").sum(), pl.col("priced_calls").sum())
        .sort("calls", "model", "provider", descending=[True, False, False])
    )
    return tuple(FoundModel(*row) for row in rows.iter_rows())


def _tenants(tenants: pl.Series) -> tuple[tuple[str, int], ...]:
    counted = tenants.drop_nulls().value_counts().sort("count", "tenant", descending=[True, False])
    return tuple((str(name), int(count)) for name, count in counted.iter_rows())
