"""What did no rule mean to take?

In: the requests and their classes, and the name of the last rule, which has no bounds. Out: ``Leftover``: the largest
groups that are alike in route, service, operation and model, and for each what could be done.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from costctl.documents.workload_map import Leftover, LeftoverGroup

MOST_GROUPS: Final = 8
_ALIKE: Final = ("route", "service", "operation", "model_requested")


def leftover(requests: pl.DataFrame, request_class: pl.DataFrame, last_rule: str) -> Leftover:
    """What fell into the last rule."""
    taken = requests.join(
        request_class.filter(pl.col("rule") == last_rule).select("request_id"), on="request_id", how="semi"
    )
    groups = (
        taken.group_by(_ALIKE)
        .agg(pl.len().alias("requests"), pl.col("spans").max(), pl.col("calls").max())
        .sort(["requests", *_ALIKE], descending=[True, *[False] * len(_ALIKE)])
        .head(MOST_GROUPS)
    )
    return Leftover(
        rule=last_rule,
        requests=taken.height,
        request_ratio=taken.height / requests.height if requests.height else 0.0,
        groups=tuple(
            LeftoverGroup(
                route=row["route"],
                service=row["service"],
                operation=row["operation"],
                model=row["model_requested"],
                requests=row["requests"],
                hint=_hint(row["spans"], row["calls"]),
            )
            for row in groups.iter_rows(named=True)
        ),
    )


def _hint(spans: int, calls: int) -> str:
    if calls > 0:
        return (
            "model calls that match no rule: add a rule to a copy of the built-in rules and pass it with "
            "--rules"
        )
    if spans == 1:
        return (
            "a single span: if a model is called behind it, propagate the trace context, or export that "
            "service's spans"
        )
    return "no span is recognized as a model call: instrument the client, or set gen_ai.operation.name on the span"
