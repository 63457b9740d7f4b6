"""Which rules want the same requests? What a change of order would move.

In: the frames request_shape and class_rules. Out: ``Overlap`` values: for each rule that took requests, the later
rules of another class that would have taken them too. The rule without bounds at the end wants everything, and is
left out.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from costctl.documents.overlap import Overlap
from costctl.segment.rules import FEATURES

_CHUNK: Final = 500_000  # requests held at once, with a column for each rule
_PAIR: Final = ("rule", "request_class", "also_rule", "also_request_class")


def overlaps(shape: pl.DataFrame, rules: pl.DataFrame) -> tuple[Overlap, ...]:
    """The overlaps, the largest first, then in the order of the rules; empty where the rules exclude each other.

    shape: request_shape.  rules: class_rules, one row an alternative of a rule; the alternatives of one rule
    count as one. A request is counted once for each later rule that would have taken it.
    """
    order = _rule_names(rules)
    places = {rule: place for place, rule in enumerate(order)}
    found = [
        row
        for start in range(0, shape.height, _CHUNK)
        for row in _pairs(shape.slice(start, _CHUNK), rules, order)
    ]
    if not found:
        return ()
    counted = pl.concat(found).group_by(_PAIR).sum()
    rows = [Overlap(**row) for row in counted.iter_rows(named=True)]
    return tuple(
        sorted(
            rows,
            key=lambda row: (
                -row.requests, places[row.rule], places[row.also_rule], row.request_class, row.also_request_class
            ),
        )
    )  # fmt: skip


def _rule_names(rules: pl.DataFrame) -> list[str]:
    """The names of the rules, in order of their first alternative; the catch-all at the end is left out."""
    names = rules.sort("rule_order")["rule"].unique(maintain_order=True).to_list()
    return [str(name) for name in names[:-1]]


def _pairs(shape: pl.DataFrame, rules: pl.DataFrame, order: list[str]) -> list[pl.DataFrame]:
    """For each pair of rules, the requests that the first took and the second wanted, by class."""
    wants = shape.select("workload", *(wanted_by(rules, rule).alias(f"wants {rule}") for rule in order))
    is_free = pl.lit(value=True)
    pairs = []
    for place, rule in enumerate(order):
        taken = wants.filter(is_free & pl.col(f"wants {rule}"))
        is_free &= ~pl.col(f"wants {rule}")
        for also in order[place + 1 :]:
            both = taken.filter(pl.col(f"wants {also}")).with_columns(
                pl.lit(rule).alias("rule"),
                _class_by(rules, rule).alias("request_class"),
                pl.lit(also).alias("also_rule"),
                _class_by(rules, also).alias("also_request_class"),
            )
            differing = both.filter(pl.col("request_class") != pl.col("also_request_class"))
            if differing.height:
                pairs.append(differing.group_by(_PAIR).len("requests"))
    return pairs


def wanted_by(rules: pl.DataFrame, rule: str) -> pl.Expr:
    """Whether the bounds of any alternative of the rule hold, over the columns of request_shape; never null."""
    alternatives = rules.filter(pl.col("rule") == rule).iter_rows(named=True)
    return pl.any_horizontal(
        pl.all_horizontal(
            pl.lit(value=True),
            *(
                pl.col(feature) >= alternative[f"min_{feature}"]
                for feature in FEATURES
                if alternative[f"min_{feature}"] is not None
            ),
            *(
                pl.col(feature) <= alternative[f"max_{feature}"]
                for feature in FEATURES
                if alternative[f"max_{feature}"] is not None
            ),
            *([pl.col("operation") == alternative["operation"]] if alternative["operation"] is not None else []),
            *([pl.col("workload").is_not_null()] if alternative["is_labelled"] else []),
        )
        for alternative in alternatives
    ).fill_null(value=False)  # fmt: skip


def _class_by(rules: pl.DataFrame, rule: str) -> pl.Expr:
    """The class that the rule gives: its own, or the request's label."""
    own = rules.filter(pl.col("rule") == rule)["request_class"][0]
    return pl.col("workload") if own is None else pl.lit(own, pl.String)
