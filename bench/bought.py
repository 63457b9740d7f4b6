"""What does it cost to advise a team that buys a million calls, beside one GROUP BY over their spans?

Run from the checkout: `python -m bench.bought`. The same store goes to two programs in turn, several rounds, each in a
process of its own:

- costctl recommend: the whole command, from its start: relations, laws, candidates billed again, intervals, the screen;
- DuckDB alone, one GROUP BY over the spans by model and hour, with exact quantiles of tokens and durations. It knows
  no prices, sessions or prompts.

Prints seconds, processor seconds, peak memory, and ratios paired by round.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from bench.large_store import write_store_of_a_team

CALLS, ROUNDS = 1_000_000, 3
GROUP_BY: Final = """
import sys, duckdb
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    connection.execute('''
        SELECT model_requested, start_ns // 3600000000000, COUNT(*), SUM(input_tokens), SUM(output_tokens),
            QUANTILE_CONT(end_ns - start_ns, [0.5, 0.95, 0.99]), QUANTILE_CONT(input_tokens, [0.5, 0.95, 0.99]),
            QUANTILE_CONT(cached_input_tokens, [0.5, 0.95, 0.99]), QUANTILE_CONT(output_tokens, [0.5, 0.95, 0.99])
        FROM spans GROUP BY ALL
    ''').fetchall()
"""
SETTINGS: Final = """
[classes.digest]
deferrable = true

[classes.triage]
allowed_models = ["gpt-4.1", "gpt-4.1-nano"]
"""
RUNS: Final = ("recommend", "GROUP BY")


class Run(NamedTuple):
    """One run: seconds on the clock, of the processors, and peak megabytes."""

    seconds: float
    cpu_s: float
    peak: float


def one_run(name: str, store: Path, settings: Path) -> Run:
    """A run in a process of its own. Nothing that was computed before is kept."""
    recommend = [
        sys.executable, "-m", "costctl", "recommend", "--store", str(store), "--config", str(settings),
    ]  # fmt: skip
    command = recommend if name == "recommend" else [sys.executable, "-c", GROUP_BY, str(store)]
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store, settings = Path(folder) / "s.duckdb", Path(folder) / "costctl.toml"
        with ProcessPoolExecutor(1, get_context("spawn")) as writer:  # a child begins with its parent's peak
            calls, spans = writer.submit(write_store_of_a_team, store, asked.calls).result()
        found: dict[str, list[Run]] = {name: [] for name in RUNS}
        for round_ in range(asked.rounds):
            # Another comment each time, so that no round finds what an earlier one computed.
            settings.write_text(f"# {round_}\n{SETTINGS}", encoding="utf-8")
            for name, runs in found.items():
                runs.append(one_run(name, store, settings))
    load = os.getloadavg()[0]
    print(
        f"{calls:,} bought calls, {spans:,} spans, {asked.rounds} rounds on {os.cpu_count()} processors, "
        f"load {load:.1f}; ratios paired by round"
    )
    for name, runs in found.items():
        seconds, cpu_s = median(each.seconds for each in runs), median(each.cpu_s for each in runs)
        print(
            f"{name:12}{seconds:8.1f} s{cpu_s:8.1f} s of processors{max(each.peak for each in runs):8,.0f} MB"
        )
    ratios = [ours.cpu_s / theirs.cpu_s for ours, theirs in zip(*found.values(), strict=True)]
    spread = f"{median(ratios):.0f} times ({min(ratios):.0f}-{max(ratios):.0f})"
    print(f"recommend takes {spread} the processors' time of the GROUP BY")


if __name__ == "__main__":
    main()
