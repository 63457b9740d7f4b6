"""The cheapest placement of classes on pools by trying every one: the slow twin of the mixed-integer program."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Final

from costctl.recommend.placement_copies import Copies
from costctl.recommend.placement_program import Problem

_ROUNDING: Final = 1e-6  # busy replicas: a sum of floats may lie so far above a whole number
Shares = tuple[float, ...]


def cheapest_usd(problem: Problem) -> float:
    """The least cost an hour over every way to leave each class or to give its parts to pools that are allowed, and to
    keep any of what they read near them; infinite where no way keeps every constraint.
    """
    ways = [list(_ways(problem, number)) for number in range(len(problem.today))]
    most = math.inf if problem.most_moves is None else problem.most_moves
    return min(
        (
            _usd(problem, [shares for shares, _ in chosen]) + _reading_usd(problem.copies, chosen)
            for chosen in itertools.product(*ways)
            if sum(is_move for _, is_move in chosen) <= most
        ),
        default=math.inf,
    )


def _reading_usd(copies: Copies | None, chosen: tuple[tuple[Shares, bool], ...]) -> float:
    """What reading from copies and keeping them costs more than reading all from where it lies, over every set of what
    could be kept; infinite where a class may not read from where it lies and has no copy near.
    """
    if copies is None:
        return 0.0
    every = range(len(copies.keep_usd))
    if any(copies.is_required[number] and not is_move for number, (_, is_move) in enumerate(chosen)):
        return math.inf
    return min(
        sum(copies.keep_usd[each] for each in kept)
        + sum(
            share * _least_more_usd(copies, number, pool, kept)
            for number, (shares, is_move) in enumerate(chosen)
            for pool, share in enumerate(shares)
            if share > 0 and is_move
        )
        for count in range(len(every) + 1)
        for kept in itertools.combinations(every, count)
    )


def _least_more_usd(copies: Copies, number: int, pool: int, kept: tuple[int, ...]) -> float:
    """By how much a class reads dearer on a pool than from where it lies, with this kept; less than 0 is cheaper."""
    from_copies = [
        -copies.saved_usd[option]
        for option in range(len(copies.saved_usd))
        if copies.request_class[option] == number
        and copies.is_near[option][pool]
        and all(content in kept for content, is_needed in enumerate(copies.needs[option]) if is_needed)
    ]
    where_it_lies = [] if copies.is_required[number] else [0.0]
    return float(min([*from_copies, *where_it_lies], default=math.inf))


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
