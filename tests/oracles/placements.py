"""The cheapest placement of classes on pools by trying every one: the slow twin of the mixed-integer program."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Final

from costctl.recommend.placement_program import Problem

_ROUNDING: Final = 1e-6  # busy replicas: a sum of floats may lie so far above a whole number
Shares = tuple[float, ...]


def cheapest_usd(problem: Problem) -> float:
    """The least cost an hour over every way to leave each class or to give its parts to pools that are allowed;
    infinite where no way keeps every constraint.
    """
    ways = [list(_ways(problem, number)) for number in range(len(problem.today))]
    most = math.inf if problem.most_moves is None else problem.most_moves
    return min(
        (
            _usd(problem, [shares for shares, _ in chosen])
            for chosen in itertools.product(*ways)
            if sum(is_move for _, is_move in chosen) <= most
        ),
        default=math.inf,
    )


def _ways(problem: Problem, number: int) -> Iterator[tuple[Shares, bool]]:
    """Parts of a class by pool, and whether that is a move."""
    today, allowed = problem.today[number], problem.is_allowed[number]
    if all(is_allowed or not share for share, is_allowed in zip(today, allowed, strict=True)):
        yield tuple(today), False
    for parts in itertools.product(range(problem.parts + 1), repeat=len(today)):
        fits = all(is_allowed or not part for part, is_allowed in zip(parts, allowed, strict=True))
        if fits and sum(parts) == problem.parts:
            yield tuple(part / problem.parts for part in parts), True


def _usd(problem: Problem, placed: list[Shares]) -> float:
    usd = 0.0
    for pool in range(len(problem.usd_per_replica)):
        busiest = max(
            problem.fixed_load[pool][hour]
            + sum(shares[pool] * problem.load[number][pool][hour] for number, shares in enumerate(placed))
            for hour in range(problem.load.shape[2])
        )
        replicas = math.ceil(busiest / problem.most_utilisation[pool] - _ROUNDING)
        if replicas > problem.most_replicas[pool]:
            return math.inf
        usd += problem.usd_per_replica[pool] * replicas
    return usd + sum(
        shares[pool] * problem.usd[number][pool]
        for number, shares in enumerate(placed)
        for pool in range(len(shares))
    )
