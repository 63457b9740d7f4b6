"""What are the successes of a class worth, and what remains after cost?

In: the requests of a class, its declared value, its loaded cost and accelerator seconds. Out: ``ClassValue``.

    margin = Σ value of successes − loaded cost          value per accelerator second = Σ value / Σ share
"""

from __future__ import annotations

import msgspec
import polars as pl

from costctl.documents.analysis import ClassReport, ClassValue
from costctl.documents.settings import Value


def class_value(
    requests: pl.DataFrame,
    request_value: pl.DataFrame,
    declared: Value | None,
    loaded_usd: float | None,
    accelerator_s: float,
) -> ClassValue | None:
    """The value of a class; None where none is declared. accelerator_s: of shared time, 0 where none was observed."""
    if declared is None:
        return None
    succeeded = requests.filter(pl.col("is_success"))
    if declared.usd_per_success is not None:
        source, valued = "declared", succeeded.height
        value_usd: float | None = declared.usd_per_success * valued
        mean_usd: float | None = declared.usd_per_success
    else:
        known = request_value.join(succeeded.select("request_id"), on="request_id").sort("request_id")[
            "value_usd"
        ]
        source, valued = f"attribute {declared.attribute}", known.len()
        value_usd = float(known.sum()) if valued else None
        mean_usd = None if value_usd is None else value_usd / valued
    is_whole = value_usd is not None and valued == succeeded.height
    return ClassValue(
        source=source,
        usd_per_success=mean_usd,
        valued_successes=valued,
        value_usd=value_usd,
        margin_usd=value_usd - loaded_usd
        if is_whole and value_usd is not None and loaded_usd is not None
        else None,
        usd_per_accelerator_s=value_usd / accelerator_s
        if value_usd is not None and accelerator_s > 0
        else None,
        rank=None,
    )


def ranked(classes: tuple[ClassReport, ...]) -> tuple[ClassReport, ...]:
    """The classes as they were, those with a value per accelerator second ranked by it; ties by name."""
    worth = {
        report.request_class: report.value.usd_per_accelerator_s
        for report in classes
        if report.value is not None and report.value.usd_per_accelerator_s is not None
    }
    order = sorted(worth, key=lambda name: (-worth[name], name))
    place = {name: number for number, name in enumerate(order, start=1)}
    return tuple(
        report
        if report.value is None
        else msgspec.structs.replace(
            report, value=msgspec.structs.replace(report.value, rank=place.get(report.request_class))
        )
        for report in classes
    )
