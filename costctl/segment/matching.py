"""Which class do rules give a request? The relation request_class over a frame, without a database.

In: a frame with the columns of request_shape and rules as rows of class_rules. Out: the class and the rule of each
request. A test holds that it answers as sql/core/request_class.sql does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from costctl.arrays import Bools, Floats
from costctl.segment.rules import FEATURES


def apply_rules(request_shape: pl.DataFrame, rules: pl.DataFrame) -> pl.DataFrame:
    """request_id, request_class and rule of each request, in the order of the frame.

    The first rule, in order, whose bounds all hold takes the request; a feature that was not observed meets no
    bound. A request that no rule takes is left out, as the relation does.
    """
    columns = feature_columns(request_shape)
    place = np.full(request_shape.height, -1)
    ordered = rules.sort("rule_order")
    for number, rule in enumerate(ordered.iter_rows(named=True)):
        place[wanted(request_shape, columns, rule) & (place < 0)] = number
    matched = pl.Series("place", place)
    return (
        request_shape.select("request_id", "workload")
        .with_columns(matched)
        .filter(pl.col("place") >= 0)
        .with_columns(
            ordered["request_class"].gather(matched.filter(matched >= 0)).alias("request_class"),
            ordered["rule"].gather(matched.filter(matched >= 0)).alias("rule"),
        )
        .select("request_id", pl.coalesce("request_class", "workload").alias("request_class"), "rule")
    )


def wanted(request_shape: pl.DataFrame, columns: Mapping[str, Floats], rule: Mapping[str, Any]) -> Bools:
    """The requests that meet all bounds of one row of class_rules. columns: as `feature_columns` makes them."""
    bounds = {key: rule[key] for key in _BOUNDS if rule[key] is not None}
    holds = within(columns, bounds, request_shape.height)
    if rule["operation"] is not None:
        holds &= (request_shape["operation"] == rule["operation"]).fill_null(False).to_numpy()
    if rule["is_labelled"]:
        holds &= request_shape["workload"].is_not_null().to_numpy()
    return holds


def feature_columns(request_shape: pl.DataFrame) -> dict[str, Floats]:
    """The features of the rules as arrays; NaN where a feature was not observed."""
    return {
        name: request_shape[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in FEATURES
    }


def within(columns: Mapping[str, Floats], bounds: Mapping[str, float], size: int) -> Bools:
    """Which of ``size`` requests meet every bound. NaN compares as false: what was not observed meets none."""
    holds = np.ones(size, np.bool_)
    for key, bound in bounds.items():
        end, feature = key.split("_", 1)
        holds &= columns[feature] >= bound if end == "min" else columns[feature] <= bound
    return holds


_BOUNDS = tuple(f"{end}_{feature}" for feature in FEATURES for end in ("min", "max"))
