"""The Shapley value by its definition: the mean, over every order of arrival, of what a player adds to those before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from math import factorial


def shapley_values(players: int, cost: Callable[[frozenset[int]], float]) -> list[float]:
    """One value a player, over all 2ⁿ coalitions. cost: of a coalition; that of the empty one is 0."""
    return [sum(_weighted_additions(player, players, cost)) for player in range(players)]


def _weighted_additions(
    player: int, players: int, cost: Callable[[frozenset[int]], float]
) -> Iterator[float]:
    others = [each for each in range(players) if each != player]
    for size in range(players):
        weight = factorial(size) * factorial(players - size - 1) / factorial(players)
        for coalition in combinations(others, size):
            before = frozenset(coalition)
            yield weight * (cost(before | {player}) - cost(before))
