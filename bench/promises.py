"""Does a remedy for bought tokens save what it promises? Fresh shops with planted waste, and fresh ones without any.

Each shop is written as spans with messages, ingested and advised as any trace would be; its truth is the same traffic,
answered and billed again with the remedy by the shop's own providers. Prints and writes
docs/explanation/bought-accuracy.md. `make calibrate` runs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from bench.planted_worlds import Bench, promised_in_words
from tests.synth.planted_shops import EVERY, Promise, claims_in_good_order, promises_of

FIRST_SEED: Final = 9100


def main() -> None:
    """Measure and write."""
    Bench(
        name="bought-accuracy",
        about=__doc__,
        first_seed=FIRST_SEED,
        wasteful=promises_of,
        good=claims_in_good_order,
        found_in_words=lambda found: (
            f"world {found[0].seed}: {sum(each.is_found for each in found)} of {len(found)} found"
        ),
        claimed_in_words=promised_in_words,
        page=lambda worlds, claims: page([each for found in worlds for each in found], claims),
    ).run()


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
