"""How good are the learned classes? Stable under resampling, and how much of the cost they explain.

In: features and shapes; or what requests cost and their classes. Out: ratios.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Ints
from costctl.documents.taxonomy import ExplainedVariance
from costctl.segment.learn.features import Features
from costctl.segment.learn.shapes import fit_shapes

RESAMPLES: Final = 6
_ENOUGH: Final = 0.5  # part of the requests with a model call in which a measure must be known


def stability(features: Features, shape_of: Ints, seed: int, tell: Callable[[float], None]) -> float:
    """Mean adjusted Rand index, at most 1, between ``shape_of`` and what resamples of the same requests give them.

    Everything is chosen anew in each resample (structures, numbers of components, what is joined). tell: is given
    the part that is done.
    """
    from sklearn.metrics import adjusted_rand_score

    found = []
    for number in range(RESAMPLES):
        tell(number / RESAMPLES)
        rng = np.random.default_rng([seed, 2, number])
        rows = np.sort(rng.integers(0, features.requests, features.requests))
        again = fit_shapes(features.take(rows), seed + number + 1).assign(features)
        found.append(float(adjusted_rand_score(shape_of, again)))
    return sum(found) / len(found)


def explained_variance(
    values: pl.DataFrame, measure: str, learned: pl.DataFrame, default: pl.DataFrame
) -> ExplainedVariance | None:
    """η² of both taxonomies over the same requests; None where the requests do not differ.

    values: request_id and value, of requests in which it is known.  learned, default: request_id, request_class.
    """
    names = ("learned", "default")
    placed = values
    for name, classes in zip(names, (learned, default), strict=True):
        placed = placed.join(
            classes.select("request_id", pl.col("request_class").alias(name)), on="request_id"
        )
    ratios = [eta_squared(placed["value"], placed[name]) for name in names]
    if ratios[0] is None or ratios[1] is None:
        return None
    return ExplainedVariance(
        measure=measure,
        requests=placed.height,
        learned=ratios[0],
        default=ratios[1],
        learned_classes=placed["learned"].n_unique(),
        default_classes=placed["default"].n_unique(),
    )


def eta_squared(values: pl.Series, classes: pl.Series) -> float | None:
    """Σ n_k (mean_k − mean)² / Σ (value − mean)², 0 to 1; None where all values are the same."""
    if not values.len():
        return None
    numbers = values.cast(pl.Float64).to_numpy()
    _, which = np.unique(classes.to_numpy(), return_inverse=True)
    centred = numbers - numbers.mean()
    total = float((centred**2).sum())
    if total <= 0:
        return None
    sizes = np.bincount(which)
    means = np.bincount(which, weights=centred) / sizes
    return min(1.0, float((sizes * means**2).sum()) / total)


def measured(
    request_shape: pl.DataFrame, charge: pl.DataFrame, calls: pl.DataFrame, call_share: pl.DataFrame
) -> tuple[str, pl.DataFrame]:
    """What requests cost, in the first of USD, seconds of replicas and tokens that is known in half of them or more.

    A request counts in which all of it is known. Out: the measure's name; request_id and value.
    """
    worth = (
        request_shape.filter((pl.col("generation_calls") > 0) | (pl.col("embedding_calls") > 0)).height
        * _ENOUGH
    )
    usd = _whole_sums(charge, "usd")
    if usd.height and usd.height >= worth:
        return "usd_per_request", usd
    shares = calls.join(call_share, on="call_id", how="left").with_columns(
        share_s=pl.when(pl.col("replica").is_not_null()).then("share_s")
    )
    busy = _whole_sums(shares, "share_s")
    if busy.height and busy.height >= worth:
        return "busy_s_per_request", busy
    tokens = pl.sum_horizontal("prompt_tokens", "output_tokens")
    is_known = pl.col("prompt_tokens").is_not_null()
    is_answered = pl.col("output_tokens").is_not_null() | (pl.col("generation_calls") == 0)
    return "tokens_per_request", (
        request_shape.filter(is_known & is_answered).select(
            "request_id", tokens.cast(pl.Float64).alias("value")
        )
    )


def _whole_sums(parts: pl.DataFrame, column: str) -> pl.DataFrame:
    """request_id and the sum, of the requests in which no part is unknown; in order of the requests."""
    return (
        parts.group_by("request_id")
        .agg(pl.col(column).sum().alias("value"), pl.col(column).null_count().alias("unknown"))
        .filter(pl.col("unknown") == 0)
        .select("request_id", "value")
        .sort("request_id")
    )
