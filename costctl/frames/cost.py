"""Which frames does the cost of a window rest on?

Shape in: what the engine fetched, one polars frame per relation, named alike. Shape out: one frozen record
that every module of this package takes. Columns, units and NULLs are those of the relations' headers in
sql/core.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from costctl.errors import NotEnoughDataError
from costctl.frames.traffic import Traffic, window_ns, with_names
from costctl.units import seconds_between


@dataclass(frozen=True, slots=True)
class Frames:
    """The relations of one window, and what was rejected while reading it.

    window_from_ns, window_to_ns: ns UTC, end exclusive: from the first start to the last end of what was observed.
    """

    requests: pl.DataFrame
    calls: pl.DataFrame
    request_class: pl.DataFrame
    call_share: pl.DataFrame
    charge: pl.DataFrame
    cost_witness: pl.DataFrame
    class_cost: pl.DataFrame
    pool_use: pl.DataFrame
    stage_time: pl.DataFrame
    request_error: pl.DataFrame
    request_cache: pl.DataFrame
    call_outcome: pl.DataFrame
    sessions: pl.DataFrame
    request_value: pl.DataFrame
    unread_keys: pl.DataFrame
    usage_conflicts: pl.DataFrame
    odd_operations: pl.DataFrame
    stray_tokens: pl.DataFrame
    window_excess: pl.DataFrame
    rejected_records: int
    window_from_ns: int
    window_to_ns: int

    RELATIONS: ClassVar[tuple[str, ...]] = (
        "requests",
        "calls",
        "request_class",
        "call_share",
        "charge",
        "cost_witness",
        "class_cost",
        "pool_use",
        "stage_time",
        "request_error",
        "request_cache",
        "call_outcome",
        "sessions",
        "request_value",
        "unread_keys",
        "usage_conflicts",
        "odd_operations",
        "stray_tokens",
        "window_excess",
    )

    @classmethod
    def of(cls, fetched: dict[str, pl.DataFrame], rejected_records: int) -> Frames:
        """The record of these relations, by name. Raises NotEnoughDataError where there is no request."""
        requests, calls = fetched["requests"], fetched["calls"]
        if requests.is_empty():
            raise NotEnoughDataError(
                "There are no requests to analyze.",
                why="No request started within the window.",
                next_step="Widen --since and --until, or ingest traces of that time. --last 7d selects the last "
                "seven days of the store.",
            )
        window = window_ns(requests, calls)
        if window is None:
            raise NotEnoughDataError(
                "No request has a start time.",
                why="No span has a start time, so rates and prices by day cannot be computed.",
                next_step="Export spans with timestamps; `costctl segment` works without them.",
            )
        return cls(
            **{name: with_names(fetched[name]) for name in cls.RELATIONS},
            rejected_records=rejected_records,
            window_from_ns=window[0],
            window_to_ns=window[1],
        )

    @property
    def window_s(self) -> float:
        """Length of the window in seconds."""
        return seconds_between(self.window_from_ns, self.window_to_ns)

    @property
    def traffic(self) -> Traffic:
        """What behaviour rests on, without the money."""
        return Traffic(**{name: getattr(self, name) for name in Traffic.RELATIONS})
