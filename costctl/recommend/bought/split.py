"""What is each one's part of a saving that several have made together, whatever the order they are named in?

In: names, and what any of them save together. Out: the Shapley value of each: what it adds to those before it, on
average over all orders. The parts sum to the whole; who adds nothing to any has none; who add the same have the same.

L. S. Shapley, A value for n-person games, 1953.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from math import factorial


def order_free(names: Sequence[str], saved: Callable[[frozenset[str]], float]) -> dict[str, float]:
    """The part of each. saved: of any of the names together; asked once for each of the 2ⁿ subsets."""
    count = len(names)
    known = {
        frozenset(some): saved(frozenset(some))
        for size in range(count + 1)
        for some in combinations(names, size)
    }
    weight = [factorial(size) * factorial(count - size - 1) / factorial(count) for size in range(count)]
    return {
        name: sum(
            weight[len(before)] * (known[before | {name}] - known[before])
            for before in known
            if name not in before
        )
        for name in names
    }
