"""Which frames does the cost of a window rest on?

Shape in: what the engine fetched, one polars frame per relation, named alike. Shape out: one frozen record
that every module of this package takes. Columns, units and NULLs are those of the relations' headers in
sql/core.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from costctl.units import seconds_between


@dataclass(frozen=True, slots=True)
class Frames:
    """The relations of one window, and what was rejected while reading it.

    window_from_ns, window_to_ns: ns UTC, end exclusive.
    """

    requests: pl.DataFrame
    calls: pl.DataFrame
    request_class: pl.DataFrame
    call_share: pl.DataFrame
    charge: pl.DataFrame
    class_window: pl.DataFrame
    class_cost: pl.DataFrame
    pool_use: pl.DataFrame
    stage_time: pl.DataFrame
    rejected_records: int
    window_from_ns: int
    window_to_ns: int

    @property
    def window_s(self) -> float:
        """Length of the window in seconds."""
        return seconds_between(self.window_from_ns, self.window_to_ns)
