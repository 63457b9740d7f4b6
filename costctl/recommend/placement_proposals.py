"""What is proposed of a placement's moves? One proposal a class: its pools, the copies of what it reads, replicas.

In: the study, the solved program, what it changes of a class. Out: ``Proposal``, which the evaluator replays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Floats
from costctl.levers.apply import pools_after
from costctl.levers.boundary import must_leave
from costctl.levers.settings import Setting, setting
from costctl.levers.weights import weights_from
from costctl.recommend.objectives import meets_objectives
from costctl.recommend.placement_evidence import Gains, assumed_of_reads, evidence_of
from costctl.recommend.placement_program import Placement, Problem, replicas_needed
from costctl.recommend.placement_reads import ReadColumns
from costctl.recommend.proposals import Candidate, Proposal, Subject
from costctl.recommend.study import Study

_LEAST_USD: Final = 1e-9  # an hour: less is what is left of sums of floats


@dataclass(frozen=True, slots=True)
class Solved:
    """The program of the first part and its placement. reads: what it took from what is read; None where nothing of it
    depends on pools.  everyone: the classes whose objectives must be kept, by number.
    """

    problem: Problem
    placement: Placement
    reads: ReadColumns | None
    everyone: tuple[int, ...]


def whole_move(study: Study, number: int, pool: int) -> Setting:
    """That all of the class is served by this pool, but for calls that batch in another way."""
    name = study.classes[number]
    return setting("class", "pool", name, pools_after(study.today, name, (study.pools[pool],)))


def names_of_tiers(study: Study, gains: Gains) -> tuple[str, ...]:
    """The storage that keeps copies."""
    names = [*study.settings.storage]
    return tuple(names[each] for each in gains.tiers)


def proposal_of(study: Study, kind: str, solved: Solved, gains: Gains) -> Proposal:
    """What the placement does with one class. kind: of the advice."""
    problem, placement, home = solved.problem, solved.placement, gains.home
    shares = placement.shares[gains.place]
    most = max(gains.pools, key=lambda pool: (shares[pool], -pool), default=home)
    name, source, target = study.classes[gains.number], study.pools[home], study.pools[most]
    copies = (setting("class", "storage.copies", name, names_of_tiers(study, gains)),) if gains.tiers else ()
    whole = (*((whole_move(study, gains.number, most),) if gains.pools else ()), *copies)
    is_split = np.count_nonzero(shares) > 1
    move = (_split(study, gains.number, shares), *copies) if is_split else whole
    candidate = _candidate(study, problem, gains.place, shares, move, solved.everyone)
    there = f"with all or a part of it on {target}" if is_split else f"on {target}"
    is_forced = not bool(problem.may_stay[gains.place])
    is_of_reads = candidate == move and abs(_reads_more_usd(solved, gains)) > _LEAST_USD
    model = "The model there answers as well and in as many tokens: allowed_models says that it may be used."
    return Proposal(
        subject=Subject(kind, name, target),
        candidates=(candidate, whole) if is_split else (candidate,),
        goal="objectives" if is_forced else "value" if is_of_reads else "cost",
        classes=solved.everyone if gains.pools else (),
        pools=(home, *gains.pools) if gains.pools else (),
        reason=_forced(study, gains, there) if is_forced else _reason(study, solved, gains, there, candidate),
        if_none=f"{name} {there} costs no less than today on {source}, or an objective is missed.",
        assumptions=(
            *((model,) if gains.pools else ()),
            *assumed_of_reads(placement, gains, solved.reads, study.pools),
        ),
        reversal=_reversal(name, source, gains),
        evidence=evidence_of(study, problem, placement, gains, solved.reads),
    )


def _reads_more_usd(solved: Solved, gains: Gains) -> float:
    """USD an hour that the class reads dearer than today, copies at their whole price."""
    if solved.reads is None:
        return 0.0
    problem, placement = solved.problem, solved.placement
    own = placement.copied & (problem.of_copies.request_class == gains.place)
    moved = placement.shares[gains.place] - problem.today[gains.place]
    return float(solved.reads.usd[gains.place] @ moved) + problem.of_copies.usd(placement.shares, own)


def _reason(study: Study, solved: Solved, gains: Gains, there: str, candidate: Candidate) -> str:
    """Why it costs less."""
    name, problem = study.classes[gains.number], solved.problem
    if not gains.pools:
        tiers = " and ".join(names_of_tiers(study, gains))
        return f"A copy in {tiers} costs less than what {name} reads again from another region."
    busy = problem.load[gains.place].mean(axis=1) * problem.usd_per_replica
    reads_usd = _reads_more_usd(solved, gains)
    if any(each.lever.name == "replicas" for each in candidate):
        cheaper = "fewer replicas serve everyone"
    elif busy @ solved.placement.shares[gains.place] < busy @ problem.today[gains.place]:
        cheaper = "its replica time costs less there"
    else:
        cheaper = (
            "what it reads costs less from there" if reads_usd < 0 else "its replica time costs less there"
        )
    also = ", by more than what it reads costs more" if reads_usd > _LEAST_USD else ""
    return f"{name} keeps its objective {there}, and {cheaper}{also}."


def _forced(study: Study, gains: Gains, there: str) -> str:
    """Why it may not stay as it is."""
    name, source = study.classes[gains.number], study.pools[gains.home]
    boundary = study.declared(name).boundary
    if must_leave(boundary, study.settings.pools[source]):
        return (
            f"{name} may not stay on {source}, outside of its data boundary; {there} no objective is missed."
        )
    tiers = " and ".join(names_of_tiers(study, gains))
    return f"{name} may not read from where it does, outside of its data boundary; {there} it reads from {tiers}."


def _reversal(name: str, source: str, gains: Gains) -> str:
    if not gains.pools:
        return f"Let {name} read from where it lies again, and drop the copy."
    dropped = ", and drop the copy" if gains.tiers else ""
    return f"Route {name} back to {source} if its p95 leaves the objective{dropped}."


def _split(study: Study, number: int, shares: Floats) -> Setting:
    weights = {study.pools[pool]: round(float(shares[pool]) * 100) for pool in np.flatnonzero(shares)}
    return setting("class", "pool.weights", study.classes[number], weights_from(weights).text)


def _candidate(
    study: Study, problem: Problem, place: int, shares: Floats, move: Candidate, everyone: tuple[int, ...]
) -> Candidate:
    """The move; where it frees no time at its price, but replicas, with so many less as the program needs less. Only
    where the pools have what the program says that they need today, and could not have less without the move: what
    they have too much is not what the move brings.
    """
    busy = problem.load[place].mean(axis=1) * problem.usd_per_replica
    if busy @ shares < busy @ problem.today[place]:
        return move
    moved = problem.today.copy()
    moved[place] = shares
    before, after = replicas_needed(problem, problem.today), replicas_needed(problem, moved)
    changed: list[Setting] = []
    without_reserve: list[Setting] = []
    for pool in np.flatnonzero(before != after):
        name = study.pools[pool]
        rules = study.today.pools[name]
        if rules.schedule is not None or rules.scaling_least is not None or rules.replicas < before[pool]:
            return move
        wanted = max(1, rules.replicas + int(after[pool] - before[pool]))
        if wanted == rules.replicas:
            continue
        least = max(1, wanted - study.settings.pools[name].reserve_replicas)
        changed.append(setting("pool", "replicas", name, wanted))
        without_reserve.append(setting("pool", "replicas", name, least))
    is_due_to_the_move = _keeps(study, (*move, *without_reserve), everyone) and not _keeps(
        study, without_reserve, everyone
    )
    return (*move, *changed) if changed and is_due_to_the_move else move


def _keeps(study: Study, settings: Sequence[Setting], everyone: tuple[int, ...]) -> bool:
    return meets_objectives(study.first, study.trial(study.first, settings), everyone)
