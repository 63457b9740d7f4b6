"""How much processor time does the first answer take: with nothing compiled, with all of it, and with a kept answer?

Run from the checkout: `python -m bench.start`. Each run is a process of its own; a cold one finds an empty cache of
compiled code. Prints seconds of processor time, user and system, and ratios within this run.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from costctl.store import kept

SAMPLE = Path(__file__).resolve().parents[1] / "sample_traces"
POOLS = (str(SAMPLE / "requests.jsonl.gz"), "--config", str(SAMPLE / "costctl.toml"))
API_ONLY = (str(SAMPLE / "gateway_spend.jsonl"),)


def processor_s(arguments: Sequence[str], cache: Path, folder: Path) -> float:
    """Seconds of processor time of one run of the command line."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "costctl", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(SAMPLE.parent), "NUMBA_CACHE_DIR": str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = folder / "sample.duckdb"
        settings = ("--store", str(store), *POOLS[1:])
        times = {
            "help": processor_s(("--help",), folder / "none", folder),
            "API calls only, cold": processor_s(("analyze", *API_ONLY), folder / "api", folder),
            "API calls only, warm": processor_s(("analyze", *API_ONLY), folder / "api", folder),
            "pools, cold": processor_s(("analyze", *POOLS, "--store", str(store)), folder / "pools", folder),
        }
        times["kept"] = processor_s(("analyze", *settings), folder / "pools", folder)
        kept.clear(store)
        times["pools, warm"] = processor_s(("analyze", *settings), folder / "pools", folder)
        times["warmup"] = processor_s(("warmup",), folder / "all", folder)
    for what, seconds in times.items():
        print(f"{what:24}{seconds:8.1f} s")
    for one, other in (
        ("pools, cold", "pools, warm"),
        ("API calls only, cold", "API calls only, warm"),
        ("pools, cold", "API calls only, cold"),
        ("pools, warm", "kept"),
    ):
        print(f"{one} / {other}: {times[one] / times[other]:.1f}")


if __name__ == "__main__":
    main()
