"""How close is marginal cost from traces to the truth? Forty fresh worlds of known truth, through the whole pipeline.

Each world is written as spans, ingested and analysed as any trace would be; its truth comes from running it again
without parts of each class, by a loop that shares nothing with the replay. Prints and writes
docs/explanation/marginal-accuracy.md. `make calibrate` runs it.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from tests.synth.calibration_page import Cell, Law, page
from tests.synth.measured_worlds import measured

WORLDS: Final = 40
FIRST_SEED: Final = 18000
PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "marginal-accuracy.md"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=WORLDS)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.worlds)
    cells: list[Cell] = []
    laws: list[Law] = []
    with ProcessPoolExecutor(arguments.processes) as executor:
        for some_cells, some_laws in executor.map(measured, seeds):
            cells += some_cells
            laws += some_laws
            for cell in some_cells:
                off = f"off by {cell.error_ratio:.1%}, {'covered' if cell.is_covered else 'NOT COVERED'}"
                print(f"world {cell.seed} {cell.kind} {cell.request_class}: {off}", flush=True)
    text = page(cells, laws)
    print(text)
    if arguments.worlds >= WORLDS:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
