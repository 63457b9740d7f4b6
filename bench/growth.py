"""Does the time of an ingest grow with the number of spans and no faster, and does its memory not grow at
all?

Run from the checkout: `python -m bench.growth`. Lines of OTLP/JSON are piped into `costctl ingest -`, 0.1, 1
and 10 million spans, each in a process of its own. Prints spans per second, peak memory, what an ingest takes however
little it reads, and what a further span takes, beside the first million.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from itertools import pairwise

from tests.ingest.otlp_corpus import otlp_lines

SPANS = (100_000, 1_000_000, 10_000_000)
MEASURED = """
import resource, sys, time
from pathlib import Path
import costctl.ingest.detect, costctl.ingest.formats.otlp_scan
from costctl.ingest.loader import ingest
from costctl.store.database import open_store
begin = time.perf_counter()
with open_store(Path(sys.argv[1]) / "s.duckdb") as connection:
    (report,) = ingest(connection, ["-"])
print(report.spans, time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def one_run(spans: int) -> tuple[int, float, float]:
    """Spans stored, seconds, and peak megabytes."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-c", MEASURED, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdin is not None
        for line in otlp_lines(spans):
            process.stdin.write(line)
        out, _ = process.communicate()
    stored, seconds, peak = out.split()
    return int(stored), float(seconds), float(peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--largest", type=int, default=SPANS[-1])
    asked = parser.parse_args()
    one_run(SPANS[0])  # what the disk has to fetch once
    runs = [one_run(spans) for spans in SPANS if spans <= asked.largest]
    print(f"{'spans':>12}{'seconds':>10}{'spans/s':>12}{'peak MB':>10}{'us a further span':>20}")
    further = [
        (seconds - before_seconds) / (stored - before)
        for (before, before_seconds, _), (stored, seconds, _) in pairwise(runs)
    ]
    for (stored, seconds, peak), each in zip(runs, (None, *further), strict=True):
        shown = "" if each is None else f"{1e6 * each:.2f}"
        print(f"{stored:12,}{seconds:10.2f}{stored / seconds:12,.0f}{peak:10,.0f}{shown:>20}")
    stored, seconds, _ = runs[0]
    print(f"An ingest takes {seconds - stored * further[0]:.2f} s however little it reads.")
    if len(further) > 1:
        print(f"A span beyond {SPANS[1]:,} takes {further[-1] / further[0]:.2f} times one before.")


if __name__ == "__main__":
    main()
