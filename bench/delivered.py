"""Does what was delivered come out? Pairs of periods of shops: the remedy made, half made, not made, traffic doubled.

Run from the checkout: `python -m bench.delivered`. What is told by a bill, by those that came so far that the change
concerns them, and by answers that a cache wrote down, each in worlds of its own. Each pair is written as spans,
ingested and reviewed as any trace would be; its truth is the later traffic, answered and billed again under the old
choice by the shop's own providers. Prints, by treatment and by advice, how often the interval of 95 % holds the truth,
and what the pairs took.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from tests.synth.later_shops import ALL, TREATMENTS, Delivered, delivered_in

PAIRS: Final = 40
FIRST_SEED: Final = 9300


def of_seed(seed: int) -> tuple[Delivered, ...]:
    """All treatments of the shop of this seed."""
    with tempfile.TemporaryDirectory() as folder:
        return tuple(
            each
            for number, pairs in enumerate(ALL)
            for each in delivered_in(pairs, seed, Path(folder) / str(number))
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    began_s = time.monotonic()
    seeds = range(asked.first_seed, asked.first_seed + -(-asked.pairs // len(TREATMENTS)))
    with ProcessPoolExecutor(asked.processes) as executor:
        found = [each for of_one in executor.map(of_seed, seeds) for each in of_one]
    for line in report(found):
        print(line)
    pairs = len(seeds) * len(TREATMENTS) * len(ALL)
    print(f"{pairs} pairs in {time.monotonic() - began_s:.0f} s")


def report(found: Sequence[Delivered]) -> Iterable[str]:
    """A line for each treatment and each advice, and all of them."""
    for treatment in TREATMENTS:
        yield _line(treatment, [each for each in found if each.treatment == treatment])
    for advice in dict.fromkeys(each.advice for each in found):
        yield _line(advice, [each for each in found if each.advice == advice])
    yield _line("all", found)


def _line(name: str, members: Sequence[Delivered]) -> str:
    covered = sum(each.is_covered for each in members)
    worst = max(
        (abs(each.said.mid - each.truth) / abs(each.truth) for each in members if each.said and each.truth),
        default=0.0,
    )
    outcomes = {each.outcome: sum(one.outcome == each.outcome for one in members) for each in members}
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    return f"{name:24} {covered:4} of {len(members):4} covered; worst error {worst:8.4%}; {told}"


if __name__ == "__main__":
    main()
