"""Which rules want the same requests? What a change of order would move.

In: the frames request_shape and class_rules. Out: ``Overlap`` values: for each rule that took requests, the later
rules of another class that would have taken some of them too. The rule without bounds at the end wants everything,
and is left out.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from costctl.arrays import Bools
from costctl.documents.overlap import Overlap
from costctl.segment.matching import feature_columns, wanted


def overlaps(shape: pl.DataFrame, rules: pl.DataFrame) -> tuple[Overlap, ...]:
    """The overlaps, the largest first, then in the order of the rules; empty where the rules exclude each other.

    shape: request_shape.  rules: class_rules, one row an alternative of a rule; the alternatives of one rule
    count as one. A request is counted once for each later rule that would have taken it.
    """
    wants = _wants(shape, rules)
    labels = shape["workload"]
    is_free = np.ones(shape.height, np.bool_)
    found: list[Overlap] = []
    for place, (rule, (own, holds)) in enumerate(wants.items()):
        taken = is_free & holds
        is_free &= ~holds
        of_class = _count_by_class(labels, taken, own)
        for also, (also_own, also_holds) in list(wants.items())[place + 1 :]:
            for name, also_name, requests in _pairs(labels, taken & also_holds, own, also_own):
                found.append(Overlap(rule, name, also, also_name, requests, of_class[name]))
    places = {rule: place for place, rule in enumerate(wants)}
    return tuple(
        sorted(
            found,
            key=lambda each: (
                -each.requests, places[each.rule], places[each.also_rule], each.request_class, each.also_request_class
            ),
        )
    )  # fmt: skip


def _wants(shape: pl.DataFrame, rules: pl.DataFrame) -> dict[str, tuple[str | None, Bools]]:
    """Of each rule but the last, in order, its class (None for the request's label) and the requests it wants."""
    columns = feature_columns(shape)
    wants: dict[str, tuple[str | None, Bools]] = {}
    for row in rules.sort("rule_order").iter_rows(named=True):
        holds = wanted(shape, columns, row)
        before = wants.get(row["rule"])
        wants[row["rule"]] = (row["request_class"], holds if before is None else before[1] | holds)
    wants.popitem()
    return wants


def _count_by_class(labels: pl.Series, taken: Bools, own: str | None) -> dict[str, int]:
    if own is not None:
        return {own: int(taken.sum())}
    return dict(labels.filter(pl.Series(taken)).value_counts().iter_rows())


def _pairs(
    labels: pl.Series, both: Bools, own: str | None, also_own: str | None
) -> list[tuple[str, str, int]]:
    """How many requests each pair of different classes shares."""
    if not both.any() or (own is not None and own == also_own):
        return []
    shared = pl.DataFrame({"label": labels.filter(pl.Series(both))}).with_columns(
        (pl.col("label") if own is None else pl.lit(own)).alias("own"),
        (pl.col("label") if also_own is None else pl.lit(also_own)).alias("also"),
    )
    counted = shared.filter(pl.col("own") != pl.col("also")).group_by("own", "also").len().sort("own", "also")
    return [(str(name), str(also), int(requests)) for name, also, requests in counted.iter_rows()]
