"""What does it cost to sort requests into classes and to find where their time goes, beside one GROUP BY over
their spans?

Run from the checkout: `python -m bench.segmenting`. The same store goes to two programs in turn, several rounds,
each in a process of its own, whose start and imports are left out of the time:

- costctl: every relation that request_class and stage_time rest on: trees, calls, requests, critical paths, rules;
- DuckDB alone, one GROUP BY over the spans with exact quantiles of every quantity that the map of the workload shows:
  once by trace and stage, which is the grain of what costctl has to answer, and once by service, name and hour. Neither
  knows requests, calls or classes, and both count parallel work twice.

Prints seconds, peak memory, and ratios paired by round.
"""

from __future__ import annotations

import argparse
import importlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.large_store import write_large_store

REQUESTS, ROUNDS = 1_000_000, 3
GROUP_BY = """
SELECT
    {by}, COUNT(*), SUM(input_tokens), SUM(output_tokens),
    QUANTILE_CONT(end_ns - start_ns, [0.5, 0.95, 0.99]), QUANTILE_CONT(queue_s, [0.5, 0.95, 0.99]),
    QUANTILE_CONT(ttft_s, [0.5, 0.95, 0.99]), QUANTILE_CONT(input_tokens, [0.5, 0.95, 0.99]),
    QUANTILE_CONT(cached_input_tokens, [0.5, 0.95, 0.99]), QUANTILE_CONT(output_tokens, [0.5, 0.95, 0.99])
FROM spans
GROUP BY ALL
"""
IMPORTS = (
    "costctl.engine.duckdb",
    "costctl.span_trees.stages",
    "costctl.span_trees.request_counts",
    "polars",
)


def run_costctl(store: Path) -> None:
    from costctl.documents.settings import Settings
    from costctl.engine.duckdb import DuckDBEngine
    from costctl.engine.small_tables import load_settings
    from costctl.segment.rules import default_rules
    from costctl.store.database import open_store

    with open_store(store, read_only=True) as connection:
        engine = DuckDBEngine(connection)
        load_settings(engine, Settings(), default_rules(), None, None)
        for relation in ("stage_time", "request_class"):
            engine.build(relation)


def run_group_by(by: str, store: Path) -> None:
    import duckdb

    with duckdb.connect(str(store), read_only=True) as connection:
        connection.execute(f"CREATE TEMP TABLE answer AS {GROUP_BY.format(by=by)}")


RUNS: dict[str, Callable[[Path], None]] = {
    "costctl": run_costctl,
    "by trace, stage": partial(run_group_by, "trace_id, stage"),
    "by name, hour": partial(run_group_by, "service, name, (start_ns // 3600000000000) % 24 AS hour_utc"),
}


def one_run(name: str, store: Path) -> tuple[float, float]:
    """Seconds and peak megabytes of a run in a process of its own."""
    command = [sys.executable, "-m", "bench.segmenting", "--run", name, "--store", str(store)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, peak = done.stdout.split()
    return float(seconds), float(peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    for hidden in ("--run", "--store"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.run:
        for module in IMPORTS:
            importlib.import_module(module)
        begin = time.perf_counter()
        RUNS[asked.run](Path(asked.store))
        print(time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "s.duckdb"
        requests, spans = write_large_store(store, asked.requests)
        for name in RUNS:
            one_run(name, store)  # what is compiled once, and what the disk has to fetch
        print(f"{requests:,} requests, {spans:,} spans, {asked.rounds} rounds; ratios paired by round")
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in RUNS}
        for _ in range(asked.rounds):
            for name, runs in found.items():
                runs.append(one_run(name, store))
    for name, runs in found.items():
        seconds = statistics.median(seconds for seconds, _ in runs)
        peak = max(peak for _, peak in runs)
        ratios = [ours / theirs for (ours, _), (theirs, _) in zip(found["costctl"], runs, strict=True)]
        beside = f"costctl takes {statistics.median(ratios):.1f} times as long ({min(ratios):.1f}-{max(ratios):.1f})"
        print(f"{name:16}{seconds:8.2f} s{peak:10,.0f} MB  {'' if name == 'costctl' else beside}")


if __name__ == "__main__":
    main()
