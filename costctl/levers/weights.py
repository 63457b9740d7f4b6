"""Which part of a class's calls does each pool serve? Weights as text, such as ``gpu-a=7,gpu-b=3``.

In: text, or weights by pool. Out: ``Weights``, pools by name and weights without a common factor, so that the same
parts are always the same text.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MOST: Final = 1000  # of a weight: parts of a thousand are as fine as a balancer is asked for


@dataclass(frozen=True, slots=True)
class Weights:
    """parts: (pool, weight), by name of the pool."""

    parts: tuple[tuple[str, int], ...]

    @property
    def text(self) -> str:
        """As ``weights_of`` reads it."""
        return ",".join(f"{name}={weight}" for name, weight in self.parts)

    @property
    def pools(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(name for name, _ in self.parts)


def weights_from(weights: Mapping[str, int]) -> Weights:
    """The weights, those of 0 left out. Raises ValueError where fewer than two are left, or one is too large."""
    given = {name: weight for name, weight in sorted(weights.items()) if weight}
    if len(given) < 2:
        raise ValueError("parts are of two pools or more")
    common = math.gcd(*given.values())
    parts = tuple((name, weight // common) for name, weight in given.items())
    if not all(1 <= weight <= MOST for _, weight in parts):
        raise ValueError(f"weights are whole numbers from 1 to {MOST}")
    return Weights(parts)


def weights_of(text: str) -> Weights:
    """The weights that a text says. Raises ValueError with the reason where it says none."""
    found: dict[str, int] = {}
    for part in text.split(","):
        name, _, weight = part.strip().rpartition("=")
        if not name or not (weight.isascii() and weight.isdecimal()) or len(weight) > 9:
            raise ValueError("a part is POOL=WEIGHT, such as gpu-a=7")
        if name in found:
            raise ValueError("a pool is named twice")
        found[name] = int(weight)
    return weights_from(found)
