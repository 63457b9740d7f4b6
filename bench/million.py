"""What does a million requests cost to segment and to analyse, beside one GROUP BY over their spans?

Run from the checkout: `python -m bench.million`. The same store goes to four programs in turn, several rounds, each in
a process of its own, whose start and imports are left out of the time:

- segment: every relation that request_class and stage_time rest on: trees, calls, requests, critical paths, rules;
- analyze: the whole document of `costctl analyze` with the sample's settings: service models, replays, intervals;
- DuckDB alone, one GROUP BY over the spans with exact quantiles of every quantity that the map of the workload shows:
  once by trace and stage, which is the grain of what costctl has to answer, and once by service, name and hour. Neither
  knows requests, calls or classes, and both count parallel work twice.

Prints seconds, peak memory, ratios paired by round, and how long `analyze` takes for a tenth of the requests.
"""

from __future__ import annotations

import argparse
import importlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from bench.large_store import SAMPLE, write_large_store

REQUESTS, ROUNDS = 1_000_000, 3
SETTINGS = SAMPLE.with_name("costctl.toml")
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
    "costctl.verbs",
    "costctl.cost.analysis",
    "costctl.service_model.pool_fit",
    "scipy.optimize",
    "polars",
)


def run_segment(store: Path) -> None:
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


def run_analyze(store: Path) -> None:
    from costctl import verbs
    from costctl.observation import Question

    verbs.analyze(Question(store=store, config=SETTINGS), lambda _what, _ratio, _detail="": None)


def run_group_by(by: str, store: Path) -> None:
    import duckdb

    with duckdb.connect(str(store), read_only=True) as connection:
        connection.execute(f"CREATE TEMP TABLE answer AS {GROUP_BY.format(by=by)}")


RUNS: dict[str, Callable[[Path], None]] = {
    "segment": run_segment,
    "analyze": run_analyze,
    "by trace, stage": partial(run_group_by, "trace_id, stage"),
    "by name, hour": partial(run_group_by, "service, name, (start_ns // 3600000000000) % 24 AS hour_utc"),
}

OURS, BASELINES = ("segment", "analyze"), ("by trace, stage", "by name, hour")


def one_run(name: str, store: Path) -> tuple[float, float]:
    """Seconds and peak megabytes of a run in a process of its own."""
    command = [sys.executable, "-m", "bench.million", "--run", name, "--store", str(store)]
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
        store, tenth = Path(folder) / "s.duckdb", Path(folder) / "tenth.duckdb"
        requests, spans = write_large_store(store, asked.requests)
        fewer, _ = write_large_store(tenth, asked.requests // 10)
        for name in RUNS:
            one_run(name, store)  # what is compiled once, and what the disk has to fetch
        print(f"{requests:,} requests, {spans:,} spans, {asked.rounds} rounds; ratios paired by round")
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in RUNS}
        of_tenth = []
        for _ in range(asked.rounds):
            for name, runs in found.items():
                runs.append(one_run(name, store))
            of_tenth.append(one_run("analyze", tenth)[0])
    for name, runs in found.items():
        peak = max(peak for _, peak in runs)
        beside = ", ".join(f"{_ratio(found[name], found[other])} of {other}" for other in BASELINES)
        print(
            f"{name:16}{median(each for each, _ in runs):8.2f} s{peak:10,.0f} MB  {beside if name in OURS else ''}"
        )
    growth = [seconds / less for (seconds, _), less in zip(found["analyze"], of_tenth, strict=True)]
    print(
        f"analyze takes {median(growth):.1f} times as long for {requests:,} requests as for {fewer:,}, "
        f"{requests / fewer:.1f} times as many"
    )


def _ratio(ours: list[tuple[float, float]], theirs: list[tuple[float, float]]) -> str:
    ratios = [mine / other for (mine, _), (other, _) in zip(ours, theirs, strict=True)]
    return f"{median(ratios):.1f} times ({min(ratios):.1f}-{max(ratios):.1f})"


if __name__ == "__main__":
    main()
