"""Which class belongs on which pool? Proposes the moves of the cheapest placement that capacity and boundaries allow.

Loads are measured by replay with the class moved, not by list prices; moves are proposed that keep every objective and
that recur when the blocks of time are drawn again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from costctl.arrays import Floats
from costctl.documents.recommendations import Evidence
from costctl.levers.apply import pools_after
from costctl.levers.boundary import may_serve
from costctl.levers.settings import Setting, setting
from costctl.recommend.objectives import meets_objectives, not_reproduced
from costctl.recommend.placement_program import Option, cheapest_placement
from costctl.recommend.proposals import Kind, Proposal, Subject, Withheld
from costctl.recommend.study import Study
from costctl.simulate.busy_blocks import busy_s_by_pool_and_block
from costctl.simulate.counterfactual import without
from costctl.simulate.network import replay_network
from costctl.simulate.replicas import replicas_by_pool
from costctl.simulate.workload import Outcome
from costctl.stats.blocks import BLOCKS

_NAME: Final = "tier_placement"
_DRAWS: Final = 20
_RECURRENCE: Final = 0.8
_HOME_SHARE: Final = 0.9  # of a class's calls: below it no one pool is where it is served
Move = tuple[int, int]  # of a class to a pool, by number


def propose(study: Study) -> Iterator[Proposal | Withheld]:
    """A proposal for each class that the cheapest placement moves; else one that says why none should move."""
    nobody = Subject(_NAME)
    homes = _homes(study)
    moves = [
        (number, pool)
        for number, home in homes.items()
        for pool in range(len(study.pools))
        if pool != home and _is_allowed(study, number, home, pool)
    ]
    if not moves:
        yield _nowhere_to_go(study, nobody, homes)
        return
    everyone = tuple(study.served_classes())
    concerned = sorted({homes[number] for number, _ in moves} | {pool for _, pool in moves})
    off = not_reproduced(study, everyone, concerned, is_move=True)
    if off is not None:
        yield Withheld(
            nobody, f"The replay of today does not reproduce {off}, on which any placement would rest."
        )
        return
    kept = [move for move in moves if _keeps_objectives(study, move, everyone)]
    if not kept:
        yield Withheld(nobody, f"None of {len(moves)} moves that are allowed keeps every objective.")
        return
    counts = _recurrences(study, homes, _options(study, homes, kept))
    chosen = sorted(move for move, count in counts.items() if count >= _RECURRENCE * _DRAWS)
    if not chosen:
        yield Withheld(nobody, _why_none(study, counts))
    for move in chosen:
        yield _proposal(study, homes[move[0]], move, everyone)


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


def _why_none(study: Study, counts: dict[Move, int]) -> str:
    if not counts:
        return "Every class is where it is cheapest."
    seen = ", ".join(
        f"{study.classes[number]} to {study.pools[pool]} in {count}"
        for (number, pool), count in sorted(counts.items())
    )
    return f"No move recurs in ≥ {_RECURRENCE:.0%} of {_DRAWS} bootstrap samples: {seen}."


def _keeps_objectives(study: Study, move: Move, everyone: tuple[int, ...]) -> bool:
    trial = study.trial(study.first, (_setting(study, move),))
    return meets_objectives(study.first, trial, everyone)


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


def _is_allowed(study: Study, number: int, home: int, pool: int) -> bool:
    """Whether the class allows a model of the pool, its data may go there, and the pool batches in the same way."""
    source, target = study.pools[home], study.pools[pool]
    there = study.settings.pools[target]
    return (
        may_serve(study.declared(study.classes[number]), there)
        and there.usd_per_replica_hour is not None
        and study.today.pools[target].discipline == study.today.pools[source].discipline
    )


def _setting(study: Study, move: Move) -> Setting:
    number, pool = move
    name = study.classes[number]
    return setting("class", "pool", name, pools_after(study.today, name, (study.pools[pool],)))


def _options(study: Study, homes: dict[int, int], moves: list[Move]) -> list[Option]:
    """The load of each class at home and where it may go, by taking it away from there."""
    options = []
    for number, pool in [*homes.items(), *moves]:
        period = study.first.period
        settings = () if homes[number] == pool else (_setting(study, (number, pool)),)
        pools, served_by = study.replayed_as(study.first, settings)
        with_it = _busy_s(study, replay_network(period.workload, served_by, pools))
        keep = period.request_class[period.request] != number
        rest = replay_network(without(period.workload, keep), served_by[keep], pools)
        options.append(Option(number, pool, with_it[pool] - _busy_s(study, rest)[pool]))
    return options


def _busy_s(study: Study, outcome: Outcome) -> Floats:
    """Busy seconds by pool and block."""
    period = study.first.period
    edges_s = np.linspace(period.from_s, period.to_s, BLOCKS + 1)
    edges_s[-1] = np.inf
    return busy_s_by_pool_and_block(outcome, replicas_by_pool(period.pools), edges_s)


def _recurrences(study: Study, homes: dict[int, int], options: list[Option]) -> dict[Move, int]:
    """How often the cheapest placement makes each move, when the blocks of time are drawn again."""
    rng, period = np.random.default_rng(study.seed), study.first.period
    seconds = period.to_s - period.from_s
    counts: dict[Move, int] = {}
    for _ in range(_DRAWS):
        weights = rng.multinomial(BLOCKS, np.full(BLOCKS, 1.0 / BLOCKS)).astype(float)
        loads = np.array([max(float(option.busy_s @ weights), 0.0) / seconds for option in options])
        for place in cheapest_placement(options, loads, period.usd_per_s):
            option = options[place]
            if homes[option.request_class] != option.pool:
                move = (option.request_class, option.pool)
                counts[move] = counts.get(move, 0) + 1
    return counts


def _proposal(study: Study, home: int, move: Move, everyone: tuple[int, ...]) -> Proposal:
    number, pool = move
    name, source, target = study.classes[number], study.pools[home], study.pools[pool]
    calls = study.first.period.request_class[study.first.period.request] == number
    return Proposal(
        subject=Subject(_NAME, name, target),
        candidates=((_setting(study, move),),),
        goal="cost",
        classes=everyone,
        pools=(home, pool),
        reason=f"{name} keeps its objective on {target}, and its replica time costs less there.",
        if_none=f"{name} on {target} costs no less replica time than on {source}, or an objective is missed.",
        assumptions=(
            "The model there answers as well and in as many tokens: allowed_models says that it may be used.",
        ),
        reversal=f"Route {name} back to {source} if its p95 leaves the objective.",
        evidence=(
            Evidence(
                id="recurrence",
                kind="computed",
                statement=f"The cheapest placement moves it in ≥ {_RECURRENCE:.0%} of {_DRAWS} bootstrap samples.",
                samples=int(calls.sum()),
                value=None,
            ),
        ),
    )


KIND: Final = Kind(_NAME, propose, "mixed-integer program over replayed loads")
