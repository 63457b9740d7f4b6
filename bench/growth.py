"""Does the time of an ingest grow with the number of spans and no faster, and does its memory not grow at
all?

Run from the checkout: `python -m bench.growth`. Lines of OTLP/JSON are piped into `costctl ingest -`, 0.1, 1
and 10 million spans, each in a process of its own. Prints spans per second, peak memory, and the time a span
takes beside that at a million.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile

from bench.otlp_corpus import otlp_lines

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
    per_span = {stored: seconds / stored for stored, seconds, _ in runs}
    base = per_span[min(per_span, key=lambda stored: abs(stored - 1_000_000))]
    print(f"{'spans':>12}{'spans/s':>12}{'peak MB':>10}{'time a span, beside a million':>32}")
    for stored, seconds, peak in runs:
        print(f"{stored:12,}{stored / seconds:12,.0f}{peak:10,.0f}{per_span[stored] / base:32.2f}")


if __name__ == "__main__":
    main()
