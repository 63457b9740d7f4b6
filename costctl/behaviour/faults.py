"""What went wrong in a class, and what did its caches give?

In: the requests, calls, errors and look-ups of one class. Out: ``ClassFaults``. Ratios are ratios of sums, None where
nothing was observed.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from costctl.documents.workload_map import ClassFaults, ErrorCount

UNTYPED: Final = "unspecified error"
MOST_ERRORS: Final = 5
_TIMEOUT: Final = r"(?i)time[d_\s-]*out|deadline|^HTTP (408|504)$"


def class_faults(
    name: str, requests: pl.DataFrame, calls: pl.DataFrame, errors: pl.DataFrame, lookups: pl.DataFrame
) -> ClassFaults:
    """The faults of one class. errors, lookups: its rows of request_error and request_cache."""
    kinds = (
        errors.group_by("error_type")
        .agg(pl.col("spans").sum(), pl.col("request_id").n_unique().alias("requests"))
        .sort(["spans", "error_type"], descending=[True, False])
        .head(MOST_ERRORS)
    )
    return ClassFaults(
        request_class=name,
        failed=int((~requests["is_success"]).sum()),
        attempts_per_request=int(requests["attempts"].sum()) / requests.height,
        timeouts=timeouts(errors),
        errors=tuple(
            ErrorCount(error_type=row["error_type"], spans=row["spans"], requests=row["requests"])
            for row in kinds.iter_rows(named=True)
        ),
        prompt_cache_ratio=prompt_cache_ratio(calls),
        lookup_hit_ratio=lookup_hit_ratio(lookups),
    )


def timeouts(errors: pl.DataFrame) -> int | None:
    """Requests in which something timed out; None where there were errors and none has a type."""
    if errors.height and (errors["error_type"] == UNTYPED).all():
        return None
    return errors.filter(pl.col("error_type").str.contains(_TIMEOUT))["request_id"].n_unique()


def prompt_cache_ratio(calls: pl.DataFrame) -> float | None:
    """Cached over all input tokens of the calls that report both; None where none does."""
    told = calls.filter(pl.col("cached_input_tokens").is_not_null() & pl.col("input_tokens").is_not_null())
    return _ratio(int(told["cached_input_tokens"].sum()), int(told["input_tokens"].sum()))


def lookup_hit_ratio(lookups: pl.DataFrame) -> float | None:
    """Hits over look-ups in caches of answers and documents; None where none was made."""
    return _ratio(int(lookups["hits"].sum()), int(lookups["lookups"].sum()))


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
