"""Why can no placement keep every constraint? A smallest set of requirements that exclude each other.

In: the program, and which pairs of class and pool each kind of requirement rules out. Out: requirements that cannot all
hold, of which none can be left out. By the deletion filter (Chinneck and Dravnieks 1991): each requirement is dropped
in turn, in a fixed order, and stays out where the rest still conflicts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from costctl.arrays import Bools
from costctl.recommend.placement_program import Problem, is_feasible

OfPairs = Literal["boundary", "storage", "capability", "objective"]
_OF_PAIRS: Final[tuple[OfPairs, ...]] = ("boundary", "storage", "capability", "objective")


@dataclass(frozen=True, slots=True)
class Requirement:
    """boundary, storage, capability, objective: of a class; storage is that what it reads lies within its boundary.
    replicas: the most of a pool.  moves: how many classes may change.  number: of the class or pool; None of moves.
    """

    kind: Literal["boundary", "storage", "capability", "objective", "replicas", "moves"]
    number: int | None = None


def allowed_pairs(excluded: Mapping[OfPairs, Bools]) -> Bools:
    """Classes × pools: the pairs that no requirement rules out."""
    allowed: Bools = ~np.logical_or.reduce([*excluded.values()])
    return allowed


def conflict_in(problem: Problem, excluded: Mapping[OfPairs, Bools]) -> tuple[Requirement, ...]:
    """Requirements that cannot all hold, of which none can be left out; none where the program is feasible.

    excluded: by kind, classes × pools that it rules out; whatever ``problem.is_allowed`` says.
    """
    kept = list(_requirements(problem, excluded))
    if is_feasible(_keeping(problem, excluded, kept)):
        return ()
    for each in tuple(kept):
        others = [other for other in kept if other != each]
        if not is_feasible(_keeping(problem, excluded, others)):
            kept = others
    return tuple(kept)


def _requirements(problem: Problem, excluded: Mapping[OfPairs, Bools]) -> Iterator[Requirement]:
    """All that rule anything out. What is easiest to give up comes last, and so is named where there is a choice."""
    for kind in _OF_PAIRS:
        if kind in excluded:
            rules_out = excluded[kind].any(axis=1)
            if kind == "storage":
                rules_out |= problem.of_copies.is_required  # which rules out to stay as today, on any pool
            yield from (Requirement(kind, int(each)) for each in np.flatnonzero(rules_out))
    limited = np.flatnonzero(np.isfinite(problem.most_replicas))
    yield from (Requirement("replicas", int(pool)) for pool in limited)
    if problem.most_moves is not None:
        yield Requirement("moves")


def _keeping(problem: Problem, excluded: Mapping[OfPairs, Bools], kept: list[Requirement]) -> Problem:
    """The program with these requirements alone."""
    is_allowed = np.ones(problem.today.shape, np.bool_)
    is_required = np.zeros(problem.today.shape[0], np.bool_)
    most_replicas = np.full(problem.most_replicas.size, np.inf)
    for each in kept:
        match each.kind:
            case "boundary" | "storage" | "capability" | "objective":
                is_allowed[each.number] &= ~excluded[each.kind][each.number]
                if each.kind == "storage":
                    is_required[each.number] = problem.of_copies.is_required[each.number]
            case "replicas":
                most_replicas[each.number] = problem.most_replicas[each.number]
            case "moves":
                pass
    most_moves = problem.most_moves if Requirement("moves") in kept else None
    return replace(
        problem,
        is_allowed=is_allowed,
        most_replicas=most_replicas,
        most_moves=most_moves,
        copies=replace(problem.of_copies, is_required=is_required),
    )
