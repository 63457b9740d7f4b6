"""Which requests show an effect best, and which was the first?

In: the requests of a side, and an effect. Out: ids for ``costctl explain``. Of a quantity that rose, such as attempts,
those nearest to its mean after that are not below it: what is typical of the change, not what is extreme. Of
prices, and of classes that are asked more or less, those of a typical cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from costctl.documents.difference import EffectName
from costctl.frames.compared import Rows

MOST_EXAMPLES: Final = 3
_TRIES: Final = pl.col("attempts")
_CALLS: Final = pl.when(pl.col("calls") > 0).then(pl.col("calls"))
_SHOWN_BY: Final[dict[EffectName, pl.Expr]] = {
    "retries": _TRIES,
    "steps": pl.col("calls") - _TRIES + 1,
    "input_tokens": pl.col("input_tokens") / _CALLS,
    "output_tokens": pl.col("output_tokens") / _CALLS,
    "cache": pl.col("cached_input_tokens") / pl.when(pl.col("input_tokens") > 0).then(pl.col("input_tokens")),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """first: the first request that shows it; best: those that show it best."""

    first: str | None
    best: tuple[str, ...]


def shown_by(effect: EffectName, of: str, value: str | None, before: Rows, after: Rows) -> Shown:
    """The requests of the side ``after`` that show an effect. of, value: the class or the model that it is of; of the
    total, any.
    """
    own = _of(after, of, value)
    if own.is_empty():
        return Shown(None, ())
    measure = _SHOWN_BY.get(effect, pl.col("usd")).cast(pl.Float64)
    rows = own.select("trace_id", "start_ns", "request_id", x=measure)
    then, now = (_mean(_of(side, of, value), measure) for side in (before, after))
    if now is None:
        first = rows["trace_id"].head(MOST_EXAMPLES).to_list()
        return Shown(first[0], tuple(dict.fromkeys(first)))
    is_more = then is None or now >= then
    beyond = pl.col("x") >= now if is_more else pl.col("x") <= now
    chosen = rows.filter(pl.col("x").is_not_null())
    near = chosen.filter(beyond) if effect in _SHOWN_BY else chosen
    best = near.sort((pl.col("x") - now).abs(), "request_id").unique("trace_id", maintain_order=True)
    halfway = now if then is None else (then + now) / 2
    past = pl.col("x") >= halfway if is_more else pl.col("x") <= halfway
    first_of = chosen if effect not in _SHOWN_BY else chosen.filter(past)
    return Shown(
        first_of["trace_id"][0] if first_of.height else None,
        tuple(best["trace_id"].head(MOST_EXAMPLES).to_list()),
    )


def first_request(rows: Rows, of: str, value: str | None, within_ns: tuple[int, int]) -> str | None:
    """The first request of a class, a tenant or a model that started in a time."""
    own = _of(rows, of, value).filter(pl.col("start_ns").is_between(*within_ns, closed="left"))
    return None if own.is_empty() else str(own["trace_id"][0])


def trace_of(rows: Rows, request_id: int) -> str | None:
    """The trace of a request."""
    found = rows.requests.filter(pl.col("request_id") == request_id)["trace_id"]
    return None if found.is_empty() else str(found[0])


def _mean(rows: pl.DataFrame, measure: pl.Expr) -> float | None:
    mean = rows.select(x=measure)["x"].drop_nulls().mean()
    return float(mean) if isinstance(mean, float) else None


def _of(rows: Rows, of: str, value: str | None) -> pl.DataFrame:
    match of:
        case "class":
            return rows.requests.filter(pl.col("request_class").eq_missing(pl.lit(value)))
        case "tenant":
            return rows.requests.filter(pl.col("tenant").eq_missing(pl.lit(value)))
        case "model":
            called = rows.models.filter(pl.col("model").eq_missing(pl.lit(value))).select("request_id")
            return rows.requests.join(called, on="request_id", how="semi", maintain_order="left")
    return rows.requests
