"""Nothing that costctl says or keeps of an input holds what was said: ``python -m fuzz.discreet --inputs 10000``.

Each planted and damaged file is held to the laws of ``tests.ingest.discretion``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.ingest.discretion import Intake
from tests.ingest.planted_secrets import planted


def main() -> int:
    """So many inputs; 1 if any breaks what must hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first input")
    asked = parser.parse_args()
    codes: Counter[int] = Counter()
    wrong = 0
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        intake = Intake(Path(folder))
        for number, seed in enumerate(range(asked.seed, asked.seed + asked.inputs)):
            if number and number % 1000 == 0:
                print(f"{number:,} inputs, {wrong} broke what must hold", flush=True)
            try:
                codes[intake.hold(planted(seed))] += 1
            except Exception as error:
                wrong += 1
                print(f"seed {seed}: {type(error).__name__}: {str(error)[:300]}")
    shown = ", ".join(f"{count:,} exit {code}" for code, count in sorted(codes.items()))
    print(
        f"{asked.inputs:,} inputs in {time.monotonic() - begin:,.0f} s: {shown}; {wrong} broke what must hold"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
