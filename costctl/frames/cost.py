"""Which frames does the cost of a window rest on?

In: what the engine fetched, one polars frame per relation, named alike. Out: one frozen record that the modules of
cost, scenario, recommend and finance take. Columns, units and NULLs are those of the relations' headers in sql/core.
A relation is in it whole or in part by what is asked of it:

    sums          a row a class, pool, provider: all that is a sum                      `costctl.frames.class_sums`
    traffic       a row a request, call and stage, in the columns of ``COLUMNS``: for quantiles, which are read row by
                  row, and for what holds a class up                                    `costctl.frames.traffic`
    pool_call     a row a call of a configured pool: for fits, replays and the marginal cost of replica time; empty
                  where everything is bought by the token
    request_usd   a row a request, what it is charged: for the bootstrap over requests
    engine_…      a row a report of an engine, and a row an engine: for fits; empty where no engine's metrics were read
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from costctl.documents.witness import Witness
from costctl.errors import NotEnoughDataError
from costctl.frames.class_sums import ClassSums
from costctl.frames.reuse import Reuse
from costctl.frames.traffic import Traffic, with_names
from costctl.units import seconds_between


@dataclass(frozen=True, slots=True)
class Frames:
    """The relations of one window, what records say that calls cost, and how many records were rejected.

    window_from_ns, window_to_ns: ns UTC, end exclusive: from the first start to the last end of what was observed.
    witness: None where no record names an amount.  reuse: what was asked before; None where nobody looked.
    """

    sums: ClassSums
    traffic: Traffic
    pool_call: pl.DataFrame
    request_usd: pl.DataFrame
    request_value: pl.DataFrame
    engine_samples: pl.DataFrame
    engine_series: pl.DataFrame
    witness: Witness | None
    rejected_records: int
    window_from_ns: int
    window_to_ns: int
    reuse: Reuse | None = None

    COLUMNS: ClassVar[dict[str, tuple[str, ...]]] = {
        **Traffic.COLUMNS,
        "pool_call": (),
        "request_usd": ("request_id", "usd", "direct_usd"),
        "request_value": (),
        "engine_samples": (),
        "engine_series": (),
    }

    @classmethod
    def read(
        cls,
        fetch: Callable[[str, Sequence[str]], pl.DataFrame],
        witness: Callable[[], Witness | None],
        rejected_records: int,
    ) -> Frames:
        """The record of a window. fetch: the rows of a relation in these columns, in all where none is named.

        Raises NotEnoughDataError where there is no request, or none with a time.
        """
        fetched = {name: fetch(name, ()) for name in ClassSums.RELATIONS}
        sums = ClassSums.of(fetched)
        from_ns, to_ns = _window_ns(sums)
        rows = {name: with_names(fetch(name, columns)) for name, columns in cls.COLUMNS.items()}
        return cls(
            sums=sums,
            traffic=Traffic.of(rows),
            pool_call=rows["pool_call"],
            request_usd=rows["request_usd"],
            request_value=rows["request_value"],
            engine_samples=rows["engine_samples"],
            engine_series=rows["engine_series"],
            witness=witness(),
            rejected_records=rejected_records,
            window_from_ns=from_ns,
            window_to_ns=to_ns,
        )

    @property
    def window_s(self) -> float:
        """Length of the window in seconds."""
        return seconds_between(self.window_from_ns, self.window_to_ns)

    @property
    def requests(self) -> pl.DataFrame:
        """The requests, in the columns of ``Traffic.COLUMNS``."""
        return self.traffic.requests

    @property
    def calls(self) -> pl.DataFrame:
        """All calls, in the columns of ``Traffic.COLUMNS``."""
        return self.traffic.calls

    @property
    def request_class(self) -> pl.DataFrame:
        """The class of each request."""
        return self.traffic.request_class


def _window_ns(sums: ClassSums) -> tuple[int, int]:
    if not sums.total("requests"):
        raise NotEnoughDataError(
            "There are no requests to analyze.",
            why="No request started within the window.",
            next_step="Widen --since and --until, or ingest traces of that time. --last 7d selects the last "
            "seven days of the store.",
        )
    first_ns, last_ns = sums.observed_totals.select("first_ns", "last_ns").row(0)
    if first_ns is None:
        raise NotEnoughDataError(
            "No request has a start time.",
            why="No span has a start time, so rates and prices by day cannot be computed.",
            next_step="Export spans with timestamps; `costctl segment` works without them.",
        )
    return first_ns, last_ns + 1
