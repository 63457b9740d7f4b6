"""Does a remedy for bought tokens save what it promises? Fresh shops with planted waste, and fresh ones without any.

Each shop is written as spans with messages, ingested and advised as any trace would be; its truth is the same traffic,
answered and billed again with the remedy by the shop's own providers. Prints and writes
docs/explanation/bought-accuracy.md. `make calibrate` runs it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np

from tests.synth.planted_shops import EVERY, Promise, claims_in_good_order, promises_of

WASTEFUL, GOOD = 20, 40
FIRST_SEED: Final = 9100
PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "bought-accuracy.md"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wasteful", type=int, default=WASTEFUL)
    parser.add_argument("--good", type=int, default=GOOD)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    promises: list[Promise] = []
    claims: list[tuple[str, ...]] = []
    with ProcessPoolExecutor(asked.processes) as executor:
        for found in executor.map(promises_of, range(asked.first_seed, asked.first_seed + asked.wasteful)):
            promises += found
            print(
                f"world {found[0].seed}: {sum(each.is_found for each in found)} of {len(found)} found",
                flush=True,
            )
        for claimed in executor.map(
            claims_in_good_order, range(asked.first_seed, asked.first_seed + asked.good)
        ):
            claims.append(claimed)
            print(f"in good order: {', '.join(claimed) or 'nothing promised'}", flush=True)
    text = page(promises, claims)
    print(text)
    if asked.wasteful >= WASTEFUL and asked.good >= GOOD:
        PAGE.write_text(text, encoding="utf-8")


def page(promises: Sequence[Promise], claims: Sequence[tuple[str, ...]]) -> str:
    """The page."""
    falsely = sum(bool(claimed) for claimed in claims)
    return "\n".join(
        [
            "# How accurate are savings of bought tokens?",
            "",
            "Written by `make calibrate`, on worlds of applications that buy tokens (`costctl synth --world shop`),",
            "each with other traffic. Their traces hold messages and usage as SDKs write them; costctl sees nothing",
            "else. The truth is the same traffic, answered and billed again with the remedy by the world's own",
            "providers, with their own caches and prices, which share no code with the bill that costctl runs.",
            "",
            "| advice | found | worst error | interval of 95 % holds the truth |",
            "|---|---|---|---|",
            *(_row(name, [each for each in promises if each.advice == name]) for name in EVERY),
            "",
            "A *candidate* is found where it is shown with its saving and with what must be declared or tried before.",
            "",
            f"Of {len(claims)} worlds in good order (prompts kept in the way that costs least, nothing asked twice,",
            f"nothing that could wait), {falsely} {'was' if falsely == 1 else 'were'} promised a saving whose lower",
            "bound is above 0.",
            "",
            "How savings are found: [what bought tokens would cost otherwise](bought-tokens.md).",
            "",
        ]
    )


def _row(name: str, promises: Sequence[Promise]) -> str:
    errors = [abs(each.error_ratio) for each in promises if each.error_ratio is not None]
    found = sum(each.is_found for each in promises)
    covered = sum(each.is_covered for each in promises)
    worst = "not observed" if not errors else f"{np.max(errors):.4%}"
    return (
        f"| `{name}` ({EVERY[name]}) | {found} of {len(promises)} | {worst} | {covered} of {len(promises)} |"
    )


if __name__ == "__main__":
    main()
