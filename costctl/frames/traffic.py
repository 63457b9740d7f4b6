"""Which frames does the behaviour of the traffic rest on?

In: what the engine fetched, one polars frame per relation, named alike. Out: one frozen record that the modules of
behaviour take. Columns, units and NULLs are those of the relations' headers in sql/core; keys are opaque.

These are the rows of requests, calls and stages, for quantiles by class are taken over them: of a long trace they are
what fills the memory. So only the columns of ``COLUMNS`` are read where cost is all that is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import polars as pl

from costctl.units import seconds_between

# Texts of few values: what the settings, the price book or the deployment name, not what a request says.
_NAMES: Final = (
    "billing_rule",
    "component",
    "model",
    "model_requested",
    "note",
    "operation",
    "outcome",
    "pool",
    "provider",
    "request_class",
    "resource",
    "rule",
    "rule_source",
    "stage",
    "unit",
)


@dataclass(frozen=True, slots=True)
class Traffic:
    """The relations of one window."""

    requests: pl.DataFrame
    request_class: pl.DataFrame
    calls: pl.DataFrame
    stage_time: pl.DataFrame
    request_error: pl.DataFrame
    request_cache: pl.DataFrame

    COLUMNS: ClassVar[dict[str, tuple[str, ...]]] = {
        "requests": (
            "request_id",
            "start_ns",
            "end_ns",
            "duration_s",
            "ttft_s",
            "is_success",
            "attempts",
        ),
        "request_class": ("request_id", "request_class"),
        "calls": (
            "call_id",
            "request_id",
            "operation",
            "provider",
            "model",
            "pool",
            "start_ns",
            "busy_from_ns",
            "end_ns",
            "queue_s",
            "ttft_s",
            "prefill_s",
            "decode_s",
            "input_tokens",
            "cached_input_tokens",
            "uncached_tokens",
            "output_tokens",
            "is_failed",
            "is_generation",
        ),
        "stage_time": ("request_id", "stage", "self_ns"),
        "request_error": (),
        "request_cache": (),
    }
    RELATIONS: ClassVar[tuple[str, ...]] = tuple(COLUMNS)

    @classmethod
    def of(cls, fetched: dict[str, pl.DataFrame]) -> Traffic:
        """The record of these relations, by name."""
        return cls(**{name: with_names(fetched[name]) for name in cls.RELATIONS})

    @property
    def window_ns(self) -> tuple[int, int] | None:
        """First start and last end of what was observed, ns UTC, end exclusive; None where nothing was timed."""
        return window_ns(self.requests, self.calls)

    @property
    def window_s(self) -> float | None:
        """Length of the window in seconds; None where nothing was timed."""
        window = self.window_ns
        return None if window is None else seconds_between(*window)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, that with most requests first, then by name."""
        counts = (
            self.request_class.group_by("request_class")
            .len()
            .sort(["len", "request_class"], descending=[True, False])
        )
        return tuple(counts["request_class"])

    def placed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows of a frame that has a request_id, with the request's class; those of other requests are left out."""
        return frame.join(
            self.request_class.select("request_id", "request_class"), on="request_id", how="inner"
        )


def with_names(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with texts of few values as categories: they are then joined and grouped as numbers are."""
    return rows.with_columns(pl.col(name).cast(pl.Categorical) for name in _NAMES if name in rows.columns)


def window_ns(requests: pl.DataFrame, calls: pl.DataFrame) -> tuple[int, int] | None:
    """First start and last end of requests and calls, ns UTC, end exclusive; None where nothing was timed."""
    instants = pl.concat(
        [frame[column] for frame in (requests, calls) for column in ("start_ns", "end_ns")]
    ).drop_nulls()
    if instants.is_empty():
        return None
    first, last = instants.sort().gather([0, -1]).to_list()
    return first, last + 1
