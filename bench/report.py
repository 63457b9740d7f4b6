"""What does the weekly review cost, when it is made and when nothing has changed since?

Run from the checkout: `python -m bench.report`. Two stores, one of ten times the requests of the other, each with the
sample's settings: the page is written twice from each, in processes of their own. Prints seconds of processor time,
user and system, the size of the pages, and ratios within this run. What is found again should not depend on the size
of the store, and both pages have to be the same bytes.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.large_store import SAMPLE, write_large_store
from bench.start import processor_s

REQUESTS = 100_000
SETTINGS = SAMPLE.with_name("costctl.toml")


@dataclass(frozen=True)
class Written:
    """made_s, found_s: processor time of the first page, and of the second.  page_bytes: of either."""

    requests: int
    made_s: float
    found_s: float
    page_bytes: int


def written(folder: Path, requests: int, compiled: Path) -> Written:
    """Two pages of a store of about so many requests. compiled: the cache of compiled code."""
    folder.mkdir()
    held, _ = write_large_store(folder / "costctl.duckdb", requests)
    shutil.copy(SETTINGS, folder / "costctl.toml")
    times, pages = [], []
    for name in ("made.html", "found.html"):
        times.append(processor_s(("report", "--format", "html", "-o", name), compiled, folder))
        pages.append((folder / name).read_bytes())
    if pages[0] != pages[1]:
        raise SystemExit("The page that was found again is another one than was made.")
    return Written(held, times[0], times[1], len(pages[0]))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=REQUESTS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        compiled = Path(name) / "compiled"
        processor_s(("warmup",), compiled, Path(name))
        few, many = (
            written(Path(name) / str(requests), requests, compiled)
            for requests in (asked.requests // 10, asked.requests)
        )
    for each in (few, many):
        print(
            f"{each.requests:>9,} requests: made {each.made_s:.1f} s, found {each.found_s:.1f} s of processor time, "
            f"{each.page_bytes / 1000:.0f} kB; made / found: {each.made_s / each.found_s:.1f}"
        )
    print(f"found, ten times the requests / found: {many.found_s / few.found_s:.2f}")


if __name__ == "__main__":
    main()
