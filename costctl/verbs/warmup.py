"""Compiling all that costctl compiles, on the smallest examples: for images, before anybody waits for it."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from costctl import compiled
from costctl.documents.settings import Settings
from costctl.engine.duckdb import DuckDBEngine
from costctl.engine.small_tables import load_prices, load_settings
from costctl.ingest.formats import scan_readiness
from costctl.progress import Progress, silent
from costctl.relations import load_relations
from costctl.segment.rules import default_rules
from costctl.stats.exact_sums import exact_sum
from costctl.store.database import open_store
from costctl.verbs.bought import bought_calls_in

# A request with a model call in it.
_SPANS: Final = """
INSERT INTO spans BY NAME
SELECT
    REPEAT('1', 32) AS trace_id,
    REPEAT(CAST(number AS VARCHAR), 16) AS span_id,
    IF(number = 1, NULL, REPEAT('1', 16)) AS parent_span_id,
    number AS start_ns,
    number + 10 AS end_ns,
    number = 2 AS is_model_call,
    1 AS source_id,
    number AS store_key
FROM RANGE(1, 3) AS numbers(number)
"""


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What was compiled. folder: where compiled code is kept; None where every process compiles anew.  is_for_good:
    whether it outlives what clears temporary files.
    """

    functions: int
    seconds: float
    folder: Path | None
    is_for_good: bool


def warm_up(progress: Progress) -> WarmUp:
    """Compile what is not compiled yet."""
    from costctl.reuse.distances import stack_distances
    from costctl.simulate.warmup import warm_up as warm_up_replays

    begin = time.perf_counter()
    with compiled.compiling(lambda said: progress(said, None)) as names:
        scan_readiness.warm_up()
        _build_relations()
        exact_sum(pl.Series([1.0]))
        stack_distances(np.zeros(1, np.int64))
        warm_up_replays()
    return WarmUp(len(names), time.perf_counter() - begin, compiled.kept_in(), compiled.is_kept_for_good())


def _build_relations() -> None:
    """Those that are computed, of a store with one request, and the bill of its call."""
    from costctl.rebill.warmup import warm_up as warm_up_bills

    with (
        tempfile.TemporaryDirectory(prefix="costctl-") as folder,
        open_store(Path(folder) / "traces.duckdb") as connection,
    ):
        connection.execute(_SPANS)
        engine = DuckDBEngine(connection)
        load_settings(engine, Settings(), default_rules(), None, None)
        load_prices(engine, Settings())
        for relation in load_relations("duckdb").values():
            if relation.computed_by is not None:
                engine.build(relation.name)
        warm_up_bills(bought_calls_in(engine, silent))
