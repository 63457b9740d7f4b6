"""Which class belongs on which pool? Proposes the moves of the cheapest placement that capacity and boundaries allow.

The data flow:

    pairs that boundaries and models allow → each replayed: its load, and whether objectives hold → the program, on the
    part and on periods drawn again → moves that recur → proposals, which the evaluator replays

Loads are measured by replay with the class moved, not by list prices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats
from costctl.documents.recommendations import Evidence
from costctl.levers.apply import pools_after
from costctl.levers.boundary import reason_outside, undeclared
from costctl.levers.settings import Setting, setting
from costctl.levers.weights import weights_from
from costctl.recommend.objectives import meets_objectives, not_reproduced
from costctl.recommend.placement_conflict import OfPairs, allowed_pairs, conflict_in
from costctl.recommend.placement_loads import Loads, Pair, loads_of, problem_of
from costctl.recommend.placement_program import (
    Placement,
    Problem,
    cheapest_placement,
    replica_worth,
    replicas_needed,
)
from costctl.recommend.placement_words import infeasible
from costctl.recommend.proposals import Candidate, Kind, Proposal, Subject, Withheld
from costctl.recommend.study import Study
from costctl.scenario.interruptions import done_again_by_pool
from costctl.simulate.workload import Outcome

_NAME: Final = "tier_placement"
_DRAWS: Final = 20
_RECURRENCE: Final = 0.8
_HOME_SHARE: Final = 0.9  # of a class's calls: below it no one pool is where it is served
_PROVEN: Final = 1e-5  # of the cost: a smaller gap is what the solver leaves of a cheapest placement
_LEAST_WORTH: Final = 1e-6  # USD an hour: less is what is left of sums of floats
Gains = tuple[int, tuple[int, ...]]  # a class and the pools that serve more of it, by number
Excluded = dict[OfPairs, Bools]


def propose(study: Study) -> Iterator[Proposal | Withheld]:
    """A proposal for each class that the cheapest placement moves; else one that says why none should move. Raises
    InfeasibleError where what is required of classes and pools cannot all hold.
    """
    nobody = Subject(_NAME)
    homes = _homes(study)
    yield from _unknown_places(study, homes)
    excluded = _excluded(study, homes)
    _require_feasible(study, homes, _of_places(study, homes, excluded), excluded)
    pairs = _elsewhere(homes, allowed_pairs(excluded))
    if not pairs:
        yield _nowhere_to_go(study, nobody, homes)
        return
    everyone = tuple(study.served_classes())
    concerned = sorted({homes[number] for number, _ in pairs} | {pool for _, pool in pairs})
    off = not_reproduced(study, everyone, concerned, is_move=True)
    if off is not None:
        reason = f"The replay of today does not reproduce {off}, on which any placement would rest."
        yield Withheld(nobody, reason)
        return
    moved, excluded["objective"] = _replayed(study, homes, pairs, everyone)
    loads = loads_of(study, homes, moved)
    problem = problem_of(study, loads, allowed_pairs(excluded))
    placement = cheapest_placement(problem)
    if placement is None:
        _require_feasible(study, homes, problem, excluded)
    if not _elsewhere(homes, problem.is_allowed):
        yield Withheld(nobody, f"None of {len(pairs)} moves that are allowed keeps every objective.")
        return
    if placement is None:
        yield Withheld(nobody, "The search for a placement ended before it found one.")
        return
    counts = _recurrences(study, loads, problem)
    chosen = [each for each in _gains(loads, placement) if counts.get(each, 0) >= _RECURRENCE * _DRAWS]
    if not chosen:
        yield Withheld(nobody, _why_none(study, counts))
    for each in chosen:
        yield _proposal(study, loads, problem, placement, each, everyone)


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


def _excluded(study: Study, homes: Mapping[int, int]) -> Excluded:
    """Classes × pools that a data boundary rules out, and those that serve no model which the class allows, or batch in
    another way. A class may stay where it is, unless a required boundary forbids it for what its pool declares.
    """
    shape = (len(homes), len(study.pools))
    boundary, capability = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    for place, (number, home) in enumerate(homes.items()):
        declared = study.declared(study.classes[number])
        is_required = declared.boundary is not None and declared.boundary.enforcement == "required"
        ways = [study.today.pools[name].discipline for name in study.pools]
        for pool, name in enumerate(study.pools):
            there = study.settings.pools[name]
            is_outside = reason_outside(declared.boundary, there) is not None
            is_known = not undeclared(declared.boundary, there)
            boundary[place, pool] = is_outside and (pool != home or (is_required and is_known))
            allows_model = bool(set(declared.allowed_models) & set(there.models))
            capability[place, pool] = pool != home and not (allows_model and ways[pool] == ways[home])
    return {"boundary": boundary, "capability": capability}


def _unknown_places(study: Study, homes: Mapping[int, int]) -> Iterator[Withheld]:
    """Classes that must stay within a boundary, on pools that do not say where they are."""
    for number, home in homes.items():
        name, pool = study.classes[number], study.pools[home]
        boundary = study.declared(name).boundary
        missing = undeclared(boundary, study.settings.pools[pool])
        if boundary is not None and boundary.enforcement == "required" and missing:
            yield Withheld(
                Subject(_NAME, name, pool),
                f"{name} must stay within its data boundary, and {pool} does not declare its {' and '.join(missing)}: "
                "whether it may stay there is not known.",
                how="needs_input",
                missing=tuple(f"pools.{pool}.{each}" for each in missing),
            )


def _of_places(study: Study, homes: Mapping[int, int], excluded: Excluded) -> Problem:
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
        missing=tuple(f"classes.{name}.allowed_models" for name in silent),
    )


def _replayed(
    study: Study, homes: Mapping[int, int], pairs: Sequence[Pair], everyone: tuple[int, ...]
) -> tuple[dict[Pair, Outcome], Bools]:
    """The replay of each move, and classes × pools where one misses an objective."""
    moved, misses = {}, np.zeros((len(homes), len(study.pools)), np.bool_)
    for number, pool in pairs:
        trial = study.trial(study.first, (_whole_move(study, number, pool),))
        moved[number, pool] = trial.outcome
        misses[list(homes).index(number), pool] = not meets_objectives(study.first, trial, everyone)
    return moved, misses


def _whole_move(study: Study, number: int, pool: int) -> Setting:
    name = study.classes[number]
    return setting("class", "pool", name, pools_after(study.today, name, (study.pools[pool],)))


def _recurrences(study: Study, loads: Loads, problem: Problem) -> dict[Gains, int]:
    """How often the cheapest placement makes each move, when days or blocks of time are drawn again."""
    rng = np.random.default_rng(study.seed)
    counts: dict[Gains, int] = {}
    for _ in range(_DRAWS):
        drawn = problem_of(study, loads, problem.is_allowed, loads.grid.weights(rng))
        found = cheapest_placement(drawn)
        for each in () if found is None else _gains(loads, found):
            counts[each] = counts.get(each, 0) + 1
    return counts


def _gains(loads: Loads, placement: Placement) -> list[Gains]:
    """The classes that move, and the pools that get them or a part of them."""
    found = []
    for place, (number, home) in enumerate(loads.today.items()):
        pools = tuple(int(pool) for pool in np.flatnonzero(placement.shares[place] > 0) if pool != home)
        if pools:
            found.append((number, pools))
    return found


def _why_none(study: Study, counts: Mapping[Gains, int]) -> str:
    most = study.settings.placement.most_moves
    if not counts and most is None:
        return "Every class is where it is cheapest."
    if not counts:
        return f"No placement costs less that moves at most {most} of the classes (placement.most_moves)."
    seen = ", ".join(
        f"{study.classes[number]} to {' and '.join(study.pools[pool] for pool in pools)} in {count}"
        for (number, pools), count in sorted(counts.items())
    )
    return f"No move recurs in ≥ {_RECURRENCE:.0%} of {_DRAWS} bootstrap samples: {seen}."


def _proposal(
    study: Study,
    loads: Loads,
    problem: Problem,
    placement: Placement,
    gains: Gains,
    everyone: tuple[int, ...],
) -> Proposal:
    number, pools = gains
    place, home = list(loads.today).index(number), loads.today[number]
    shares = placement.shares[place]
    most = max(pools, key=lambda pool: (shares[pool], -pool))
    name, source, target = study.classes[number], study.pools[home], study.pools[most]
    is_split = np.count_nonzero(shares) > 1
    is_forced = not bool(problem.may_stay[place])
    move = _split(study, number, shares) if is_split else _whole_move(study, number, most)
    candidate = _candidate(study, problem, place, shares, move, everyone)
    candidates = (candidate, (_whole_move(study, number, most),)) if is_split else (candidate,)
    there = f"with all or a part of it on {target}" if is_split else f"on {target}"
    cheaper = "its replica time costs less there" if candidate == (move,) else "fewer replicas serve everyone"
    reason = f"{name} keeps its objective {there}, and {cheaper}."
    if is_forced:
        reason = (
            f"{name} may not stay on {source}, outside of its data boundary; {there} no objective is missed."
        )
    return Proposal(
        subject=Subject(_NAME, name, target),
        candidates=candidates,
        goal="objectives" if is_forced else "cost",
        classes=everyone,
        pools=(home, *pools),
        reason=reason,
        if_none=f"{name} {there} costs no less replica time than on {source}, or an objective is missed.",
        assumptions=(
            "The model there answers as well and in as many tokens: allowed_models says that it may be used.",
        ),
        reversal=f"Route {name} back to {source} if its p95 leaves the objective.",
        evidence=_evidence(study, problem, placement, gains, home),
    )


def _split(study: Study, number: int, shares: Floats) -> Setting:
    weights = {study.pools[pool]: round(float(shares[pool]) * 100) for pool in np.flatnonzero(shares)}
    return setting("class", "pool.weights", study.classes[number], weights_from(weights).text)


def _candidate(
    study: Study, problem: Problem, place: int, shares: Floats, move: Setting, everyone: tuple[int, ...]
) -> Candidate:
    """The move; where it frees no time at its price, but replicas, with so many less as the program needs less. Only
    where the pools have what the program says that they need today, and could not have less without the move: what
    they have too much is not what the move brings.
    """
    busy = problem.load[place].mean(axis=1) * problem.usd_per_replica
    if busy @ shares < busy @ problem.today[place]:
        return (move,)
    moved = problem.today.copy()
    moved[place] = shares
    before, after = replicas_needed(problem, problem.today), replicas_needed(problem, moved)
    changed: list[Setting] = []
    without_reserve: list[Setting] = []
    for pool in np.flatnonzero(before != after):
        name = study.pools[pool]
        rules = study.today.pools[name]
        if rules.schedule is not None or rules.scaling_least is not None or rules.replicas < before[pool]:
            return (move,)
        wanted = max(1, rules.replicas + int(after[pool] - before[pool]))
        if wanted == rules.replicas:
            continue
        least = max(1, wanted - study.settings.pools[name].reserve_replicas)
        changed.append(setting("pool", "replicas", name, wanted))
        without_reserve.append(setting("pool", "replicas", name, least))
    is_due_to_the_move = _keeps(study, (move, *without_reserve), everyone) and not _keeps(
        study, without_reserve, everyone
    )
    return (move, *changed) if changed and is_due_to_the_move else (move,)


def _keeps(study: Study, settings: Sequence[Setting], everyone: tuple[int, ...]) -> bool:
    return meets_objectives(study.first, study.trial(study.first, settings), everyone)


def _evidence(
    study: Study, problem: Problem, placement: Placement, gains: Gains, home: int
) -> tuple[Evidence, ...]:
    """That the move recurs, how near the placement is to the cheapest, and what made it so."""
    number, pools = gains
    calls = study.first.period.request_class[study.first.period.request] == number
    classes, places, hours = problem.load.shape
    said = [
        (
            "recurrence",
            f"The cheapest placement moves it in ≥ {_RECURRENCE:.0%} of {_DRAWS} bootstrap samples.",
        ),
        (
            "program",
            f"Of {classes} classes on {places} pools over {hours} h, "
            + (
                "no placement costs less."
                if placement.gap < _PROVEN
                else f"the placement costs at most {placement.gap:.1%} more than the cheapest."
            ),
        ),
    ]
    period = study.first.period
    again = done_again_by_pool(study.first.today.outcome, period.pools, period.interruptions_per_s, calls)
    if again[home] > 0:
        done = f"Interruptions make it do {again[home]:.1%} of its work on {study.pools[home]} again."
        said.append(("interruptions", done))
    for pool in pools:
        worth = replica_worth(problem, placement, pool).one_more
        if worth > _LEAST_WORTH:
            name = study.pools[pool]
            said.append(
                (
                    "one_more",
                    f"One more replica of {name} than its most_replicas would save {worth:.3g} USD an hour.",
                )
            )
    return tuple(
        Evidence(id=name, kind="computed", statement=text, samples=int(calls.sum()), value=None)
        for name, text in said
    )


KIND: Final = Kind(_NAME, propose, "mixed-integer program over replayed loads")
