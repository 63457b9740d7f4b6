"""Which sizes of batches are preferred? Whole numbers as text, such as ``8,16``.

In: text, or numbers. Out: ``BatchSizes``, each size once, the smallest first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from costctl.levers.lever import MOST_COUNT

_SIZES: Final = re.compile(r"\d{1,10}( *, *\d{1,10})*", re.ASCII)


@dataclass(frozen=True, slots=True)
class BatchSizes:
    """sizes: calls in a batch, in order, each once."""

    sizes: tuple[int, ...]

    @property
    def text(self) -> str:
        """As ``batch_sizes_of`` reads it."""
        return ",".join(str(each) for each in self.sizes)


def batch_sizes_of(text: str) -> BatchSizes:
    """The sizes that a text says. Raises ValueError where it says none, or one that no batch can have."""
    if _SIZES.fullmatch(text.strip()) is None:
        raise ValueError(f"{text!r} is no list of sizes")
    return batch_sizes_from(int(each) for each in text.split(","))


def batch_sizes_from(sizes: Iterable[int]) -> BatchSizes:
    """These sizes. Raises ValueError where there is none, or one that no batch can have."""
    found = tuple(sorted(set(sizes)))
    if not found or not 1 <= found[0] <= found[-1] <= MOST_COUNT:
        raise ValueError(f"a preferred size is not within 1 and {MOST_COUNT}")
    return BatchSizes(found)
