"""Fresh worlds with something to find and fresh ones in good order, measured side by side: what such benches share.

A bench says of each seed what it found, prints it as it comes, and writes its page where all worlds were asked.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

EXPLANATION: Final = Path(__file__).resolve().parents[1] / "docs" / "explanation"
WASTEFUL, GOOD = 20, 40
_GOOD_FROM: Final = (
    100  # seeds further on: of worlds that share nothing with those that have something to find
)

Found = TypeVar("Found")
Claimed = TypeVar("Claimed")


@dataclass(frozen=True, slots=True)
class Bench(Generic[Found, Claimed]):
    """What is measured. wasteful: of a seed, what was found; good: of a seed, what was claimed.  found_in_words,
    claimed_in_words: a line of each.  page: the text of docs/explanation/``name``.md.
    """

    name: str
    about: str | None
    first_seed: int
    wasteful: Callable[[int], Found]
    good: Callable[[int], Claimed]
    found_in_words: Callable[[Found], str]
    claimed_in_words: Callable[[Claimed], str]
    page: Callable[[Sequence[Found], Sequence[Claimed]], str]

    def run(self) -> None:
        """Measure and, unless fewer worlds were asked, write."""
        parser = argparse.ArgumentParser(description=self.about)
        parser.add_argument("--wasteful", type=int, default=WASTEFUL)
        parser.add_argument("--good", type=int, default=GOOD)
        parser.add_argument("--first-seed", type=int, default=self.first_seed)
        parser.add_argument("--processes", type=int, default=2)
        asked = parser.parse_args()
        first = asked.first_seed
        found: list[Found] = []
        claimed: list[Claimed] = []
        with ProcessPoolExecutor(asked.processes) as executor:
            for each in executor.map(self.wasteful, range(first, first + asked.wasteful)):
                found.append(each)
                print(self.found_in_words(each), flush=True)
            good = range(first + _GOOD_FROM, first + _GOOD_FROM + asked.good)
            for claim in executor.map(self.good, good):
                claimed.append(claim)
                print(f"in good order: {self.claimed_in_words(claim)}", flush=True)
        text = self.page(found, claimed)
        print(text)
        if asked.wasteful >= WASTEFUL and asked.good >= GOOD:
            (EXPLANATION / f"{self.name}.md").write_text(text, encoding="utf-8")


def promised_in_words(claimed: Sequence[str]) -> str:
    """What was promised of a world in which there is nothing to save."""
    return ", ".join(claimed) or "nothing promised"
