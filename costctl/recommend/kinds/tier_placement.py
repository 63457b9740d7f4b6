"""Which class belongs on which pool, and from where does it read? Proposes the moves of the cheapest placement that
capacity and boundaries allow.

The data flow:

    pairs that boundaries and models allow → each replayed: its load, and whether objectives hold → the program, on the
    part and on periods drawn again, with what is read from other regions and copies of it → moves that recur →
    proposals, which the evaluator replays

Loads are measured by replay with the class moved, not by list prices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from costctl.arrays import Bools
from costctl.documents.setting_names import toml_key
from costctl.levers.boundary import must_leave, reason_outside, undeclared
from costctl.recommend.objectives import meets_objectives, not_reproduced
from costctl.recommend.placement_conflict import OfPairs, allowed_pairs, conflict_in
from costctl.recommend.placement_evidence import DRAWS, RECURRENCE, Gains
from costctl.recommend.placement_loads import Loads, Pair, grid_of, loads_of, problem_of
from costctl.recommend.placement_program import Placement, Problem, cheapest_placement
from costctl.recommend.placement_proposals import Solved, names_of_tiers, proposal_of, whole_move
from costctl.recommend.placement_reads import ReadColumns, class_reads_of, read_columns
from costctl.recommend.placement_words import infeasible
from costctl.recommend.proposals import Kind, Proposal, Subject, Withheld
from costctl.recommend.study import Study
from costctl.simulate.workload import Outcome

_NAME: Final = "tier_placement"
_HOME_SHARE: Final = 0.9  # of a class's calls: below it no one pool is where it is served
Excluded = dict[OfPairs, Bools]


def propose(study: Study) -> Iterator[Proposal | Withheld]:
    """A proposal for each class that the cheapest placement moves; else one that says why none should move. Raises
    InfeasibleError where what is required of classes and pools cannot all hold.
    """
    nobody = Subject(_NAME)
    homes = _homes(study)
    yield from _unknown_places(study, homes)
    grid = grid_of(study.first.period.from_s, study.first.period.to_s)
    read = None if study.placed is None else class_reads_of(study.placed, [*homes], grid.edges_s)
    reads = None if read is None else read_columns(read)
    excluded = _excluded(study, homes, reads)
    _require_feasible(study, homes, _of_places(study, homes, excluded, reads), excluded)
    pairs = _elsewhere(homes, allowed_pairs(excluded))
    has_copies = reads is not None and reads.copies.tier.size > 0
    if not pairs and not has_copies:
        yield _nowhere_to_go(study, nobody, homes)
        return
    everyone = tuple(study.served_classes())
    concerned = sorted({homes[number] for number, _ in pairs} | {pool for _, pool in pairs})
    off = not_reproduced(study, everyone, concerned, is_move=True) if pairs else None
    if off is not None:
        reason = f"The replay of today does not reproduce {off}, on which any placement would rest."
        yield Withheld(nobody, reason)
        return
    moved, excluded["objective"] = _replayed(study, homes, pairs, everyone)
    loads = loads_of(study, homes, moved, grid, read)
    problem = problem_of(study, loads, allowed_pairs(excluded))
    placement = cheapest_placement(problem)
    if placement is None:
        _require_feasible(study, homes, problem, excluded)
    if not has_copies and not _elsewhere(homes, problem.is_allowed):
        yield Withheld(nobody, f"None of {len(pairs)} moves that are allowed keeps every objective.")
        return
    if placement is None:
        yield Withheld(nobody, "The search for a placement ended before it found one.")
        return
    counts = _recurrences(study, loads, problem)
    found = _gains(loads, problem, placement)
    chosen = [each for each in found if counts.get(each, 0) >= RECURRENCE * DRAWS]
    if not chosen:
        yield Withheld(nobody, _why_none(study, counts, reads))
    for each in chosen:
        yield proposal_of(study, _NAME, Solved(problem, placement, reads, everyone), each)


def _homes(study: Study) -> dict[int, int]:
    """The pool that serves most calls of each class, of the classes that one pool serves to nine tenths."""
    period, homes = study.first.period, {}
    for number in range(len(study.classes)):
        served = period.pool[period.request_class[period.request] == number]
        if served.size:
            counts = np.bincount(served)
            if counts.max() >= _HOME_SHARE * served.size:
                homes[number] = int(counts.argmax())
    return homes


def _excluded(study: Study, homes: Mapping[int, int], reads: ReadColumns | None) -> Excluded:
    """Classes × pools that a data boundary rules out, for where they are or for what would be read there, and those
    that serve no model which the class allows, or batch in another way. A class may stay where it is, unless a required
    boundary forbids it for what its pool declares.
    """
    shape = (len(homes), len(study.pools))
    boundary, capability = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    for place, (number, home) in enumerate(homes.items()):
        declared = study.declared(study.classes[number])
        ways = [study.today.pools[name].discipline for name in study.pools]
        for pool, name in enumerate(study.pools):
            there = study.settings.pools[name]
            is_outside = reason_outside(declared.boundary, there) is not None
            boundary[place, pool] = is_outside and (pool != home or must_leave(declared.boundary, there))
            allows_model = bool(set(declared.allowed_models) & set(there.models))
            capability[place, pool] = pool != home and not (allows_model and ways[pool] == ways[home])
    found: Excluded = {"boundary": boundary, "capability": capability}
    return found if reads is None else {**found, "storage": reads.excluded}


def _unknown_places(study: Study, homes: Mapping[int, int]) -> Iterator[Withheld]:
    """Classes that must stay within a boundary, on pools that do not say where they are, or that read from storage
    which says its region and not what the boundary asks for.
    """
    for number, home in homes.items():
        name, pool = study.classes[number], study.pools[home]
        boundary = study.declared(name).boundary
        if boundary is None or boundary.enforcement != "required":
            continue
        missing = undeclared(boundary, study.settings.pools[pool])
        if missing:
            yield Withheld(
                Subject(_NAME, name, pool),
                f"{name} must stay within its data boundary, and {pool} does not declare its {' and '.join(missing)}: "
                "whether it may stay there is not known.",
                how="needs_input",
                missing=tuple(f"pools.{toml_key(pool)}.{each}" for each in missing),
            )
        for tier in () if study.placed is None else study.placed.read_by(number):
            missing = undeclared(boundary, study.settings.storage[tier])
            if missing:
                yield Withheld(
                    Subject(_NAME, name, form=tier),
                    f"{name} must stay within its data boundary, and the storage {tier} does not declare its "
                    f"{' and '.join(missing)}: whether it may read there is not known.",
                    how="needs_input",
                    missing=tuple(f"storage.{tier}.{each}" for each in missing),
                )


def _of_places(
    study: Study, homes: Mapping[int, int], excluded: Excluded, reads: ReadColumns | None
) -> Problem:
    """The program of places alone: as if nobody caused any load."""
    classes, pools = len(homes), len(study.pools)
    today = np.zeros((classes, pools))
    today[np.arange(classes), list(homes.values())] = 1.0
    return Problem(
        load=np.zeros((classes, pools, 1)),
        fixed_load=np.zeros((pools, 1)),
        usd_per_replica=np.zeros(pools),
        usd=np.zeros((classes, pools)),
        is_allowed=allowed_pairs(excluded),
        today=today,
        most_utilisation=np.ones(pools),
        most_replicas=np.full(pools, np.inf),
        most_moves=study.settings.placement.most_moves,
        copies=None if reads is None else reads.copies,
    )


def _require_feasible(study: Study, homes: Mapping[int, int], problem: Problem, excluded: Excluded) -> None:
    """Raise InfeasibleError with the requirements that exclude each other."""
    conflict = conflict_in(problem, excluded) if homes else ()
    if conflict:
        raise infeasible(conflict, [study.classes[each] for each in homes], study.pools, study.settings)


def _elsewhere(homes: Mapping[int, int], is_allowed: Bools) -> list[Pair]:
    """The moves that are allowed: a class and another pool than its own."""
    return [
        (number, int(pool))
        for place, (number, home) in enumerate(homes.items())
        for pool in np.flatnonzero(is_allowed[place])
        if pool != home
    ]


def _nowhere_to_go(study: Study, nobody: Subject, homes: dict[int, int]) -> Withheld:
    """No move is allowed; where classes do not say which models they allow, for want of that."""
    if len(study.pools) == 1:
        return Withheld(nobody, "There is one fitted pool, and no other to move to.", how="not_applicable")
    silent = [
        name for name in map(study.classes.__getitem__, homes) if not study.declared(name).allowed_models
    ]
    return Withheld(
        nobody,
        "No class may be served by another fitted pool: allowed_models, boundaries and prices leave each where it is.",
        how="needs_input" if silent else "ruled_out",
        missing=tuple(f"classes.{toml_key(name)}.allowed_models" for name in silent),
    )


def _replayed(
    study: Study, homes: Mapping[int, int], pairs: Sequence[Pair], everyone: tuple[int, ...]
) -> tuple[dict[Pair, Outcome], Bools]:
    """The replay of each move, and classes × pools where one misses an objective."""
    moved, misses = {}, np.zeros((len(homes), len(study.pools)), np.bool_)
    for number, pool in pairs:
        trial = study.trial(study.first, (whole_move(study, number, pool),))
        moved[number, pool] = trial.outcome
        misses[list(homes).index(number), pool] = not meets_objectives(study.first, trial, everyone)
    return moved, misses


def _recurrences(study: Study, loads: Loads, problem: Problem) -> dict[Gains, int]:
    """How often the cheapest placement makes each move, when days or blocks of time are drawn again."""
    rng = np.random.default_rng(study.seed)
    counts: dict[Gains, int] = {}
    for _ in range(DRAWS):
        drawn = problem_of(study, loads, problem.is_allowed, loads.grid.weights(rng))
        found = cheapest_placement(drawn)
        for each in () if found is None else _gains(loads, drawn, found):
            counts[each] = counts.get(each, 0) + 1
    return counts


def _gains(loads: Loads, problem: Problem, placement: Placement) -> list[Gains]:
    """The classes that move, the pools that get them or a part of them, and the tiers that keep what they read."""
    found, copies = [], problem.of_copies
    for place, (number, home) in enumerate(loads.today.items()):
        pools = tuple(int(pool) for pool in np.flatnonzero(placement.shares[place] > 0) if pool != home)
        tiers = copies.tier[placement.copied & (copies.request_class == place)]
        if pools or tiers.size:
            found.append(Gains(number, place, home, pools, tuple(sorted(tiers.tolist()))))
    return found


def _why_none(study: Study, counts: Mapping[Gains, int], reads: ReadColumns | None) -> str:
    most = study.settings.placement.most_moves
    if not counts and most is None:
        included = "" if reads is None else ", what is read from other regions included"
        return f"Every class is where it is cheapest{included}."
    if not counts:
        return f"No placement costs less that moves at most {most} of the classes (placement.most_moves)."
    seen = ", ".join(
        f"{study.classes[each.number]} {_to(study, each)} in {count}"
        for each, count in sorted(
            counts.items(), key=lambda pair: (pair[0].number, pair[0].pools, pair[0].tiers)
        )
    )
    return f"No move recurs in ≥ {RECURRENCE:.0%} of {DRAWS} bootstrap samples: {seen}."


def _to(study: Study, gains: Gains) -> str:
    pools = f"to {' and '.join(study.pools[pool] for pool in gains.pools)}" if gains.pools else ""
    tiers = f"reading from {' and '.join(names_of_tiers(study, gains))}" if gains.tiers else ""
    return " ".join(each for each in (pools, tiers) if each)


KIND: Final = Kind(_NAME, propose, "mixed-integer program over replayed loads")
