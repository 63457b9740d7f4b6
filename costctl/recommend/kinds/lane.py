"""In which order should a pool serve its classes, and who makes whom wait?

Where calls wait, the order decides who is late. Proposes, for each pool, to serve first the classes whose delay costs
most a second of the replica's work (cμ: Cox and Smith 1961), whose objective is tightest, or whose work is shortest,
with and without a share of the work for those behind; delay that costs nothing until an objective is missed is not
linear (Van Mieghem 1995), so the replay decides between them. Chosen is what brings most value within its objectives
and keeps every objective.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from costctl.arrays import Floats
from costctl.documents.recommendations import Evidence
from costctl.levers.settings import Setting, setting
from costctl.recommend.objectives import objective_to_set
from costctl.recommend.proposals import Candidate, Kind, Proposal, Subject, Withheld
from costctl.recommend.study import Study
from costctl.recommend.worth import values_of_successes
from costctl.scenario.period import Period
from costctl.simulate.counterfactual import without
from costctl.simulate.network import replay_network
from costctl.simulate.workload import Outcome

_NAME: Final = "lane"
_SHARE_OF_THOSE_BEHIND: Final = (
    0.1  # of the work that begins while they wait, in the second form of each order
)
_LEAST_WAIT_RATIO: Final = (
    0.01  # of the time that requests take: pools where less is waited have no order to speak of
)


def propose(study: Study) -> Iterator[Proposal | Withheld]:
    """One proposal for each fitted pool."""
    for number, name in enumerate(study.pools):
        yield _for_pool(study, number, Subject(_NAME, None, name))


def _for_pool(study: Study, pool: int, subject: Subject) -> Proposal | Withheld:
    classes = study.served_classes(pool)
    if len(classes) < 2:
        return Withheld(subject, "It serves one class: there is no order to choose.", how="not_applicable")
    urgent = [each for each in classes if np.isfinite(_target_s(study, each))]
    if not urgent:
        missing = tuple(objective_to_set(study, study.classes[each]) for each in classes)
        return Withheld(
            subject,
            f"None of its classes has an objective, so none is late: set {missing[0]}.",
            how="needs_input",
            missing=missing,
        )
    wait_s, waiting = _waits(study.first.period, pool)
    if waiting <= _LEAST_WAIT_RATIO:
        return Withheld(subject, f"Hardly a call waits there: {wait_s:.3g} s on average.")
    orders = _orders(study, pool, classes)
    candidates = tuple(dict.fromkeys(each for order in orders for each in _candidates(study, order)))
    return Proposal(
        subject=subject,
        candidates=candidates,
        goal="order",
        classes=tuple(classes),
        pools=(pool,),
        reason="Calls wait there, and served in this order more of them are in time; no class leaves an objective that "
        "it keeps today.",
        if_none=f"None of {len(candidates)} orders brings more within the objectives and keeps each of them.",
        assumptions=("Who sends the calls does not send more of them because they are served first.",),
        reversal="Remove the lanes if the longest wait of those behind is more than they can bear.",
        evidence=_neighbours(study, pool, classes),
        value=values_of_successes(study),
    )


def _orders(study: Study, pool: int, classes: Sequence[int]) -> list[list[int]]:
    """The classes by what their delay costs a second of work, by their objective, and by their work: first to last."""
    work_s = {each: _work_s(study, pool, each) for each in classes}
    targets_s = {each: _target_s(study, each) for each in classes}
    cost = _delay_usd_per_s(study, classes)
    return [
        sorted(classes, key=lambda each: (-cost[each] / work_s[each], each)),
        sorted(classes, key=lambda each: (targets_s[each], each)),
        sorted(classes, key=lambda each: (not np.isfinite(targets_s[each]), work_s[each], each)),
    ]


def _candidates(study: Study, order: Sequence[int]) -> Iterator[Candidate]:
    """The first of the order before all others, the first two, and so on; as one lane, and as one each."""
    names = [study.classes[each] for each in order]
    for count in range(1, len(names)):
        ahead, behind = names[:count], names[count:]
        for lanes in dict.fromkeys(((1,) * count, tuple(range(1, count + 1)))):
            placed = tuple(
                setting("class", "lane", name, lane) for name, lane in zip(ahead, lanes, strict=True)
            )
            yield _sorted(placed)
            yield _sorted(
                (
                    *placed,
                    *(
                        setting("class", "min_share", name, _SHARE_OF_THOSE_BEHIND / len(behind))
                        for name in behind
                    ),
                )
            )


def _sorted(settings: Sequence[Setting]) -> Candidate:
    """By key, so that two orders which come to the same are one candidate."""
    return tuple(sorted(settings, key=lambda each: each.key))


def _target_s(study: Study, number: int) -> float:
    """The tighter objective of a class, in seconds; infinite without one."""
    slo = study.declared(study.classes[number]).slo
    return min(np.inf if each is None else each for each in (slo.ttft_p95_s, slo.e2e_p95_s))


def _delay_usd_per_s(study: Study, classes: Sequence[int]) -> dict[int, float]:
    """What a second of delay costs, by class: as declared where all that have an objective declare it; else in the
    inverse of their objective, so that half of the time is twice the hurry.
    """
    declared = {each: study.declared(study.classes[each]).delay_usd_per_s for each in classes}
    urgent = [each for each in classes if np.isfinite(_target_s(study, each))]
    if all(declared[each] is not None for each in urgent):
        return {each: declared[each] or 0.0 for each in classes}
    return {each: 1.0 / _target_s(study, each) for each in classes}


def _work_s(study: Study, pool: int, number: int) -> float:
    """Seconds that a call of the class takes in the pool once it has begun, on average."""
    period = study.first.period
    here = (period.pool == pool) & (period.request_class[period.request] == number)
    seconds = (period.today.end_s - period.today.begin_s)[here]
    return max(float(np.nanmean(seconds)) if np.isfinite(seconds).any() else 0.0, 1e-9)


def _waited_s(outcome: Outcome) -> Floats:
    """By call, how long it waited; 0 where it was not served."""
    waited_s: Floats = np.nan_to_num(outcome.begin_s - outcome.arrival_s)
    return waited_s


def _waits(period: Period, pool: int) -> tuple[float, float]:
    """How long a call of the pool waits on average, in seconds, and as a part of the time that it takes."""
    here = period.pool == pool
    waited_s = float(_waited_s(period.today)[here].sum())
    took_s = float(np.nan_to_num(period.today.end_s - period.today.arrival_s)[here].sum())
    return waited_s / max(int(here.sum()), 1), waited_s / took_s if took_s > 0 else 0.0


def _neighbours(study: Study, pool: int, classes: Sequence[int]) -> tuple[Evidence, ...]:
    """Who makes the others wait most: the period replayed without each of the classes."""
    period = study.first.period
    of_call = period.request_class[period.request]
    found: list[tuple[float, int, int]] = []
    for each in classes:
        others = (period.pool == pool) & (of_call != each)
        keep = of_call != each
        alone = replay_network(without(period.workload, keep), period.pool[keep], period.pools)
        before_s = float(_waited_s(period.today)[others].sum())
        after_s = float(_waited_s(alone)[others[keep]].sum())
        found.append((before_s - after_s, each, int(others.sum())))
    delay_s, number, count = max(found)
    if delay_s <= 0.0 or count == 0:
        return ()
    return (
        Evidence(
            id="neighbour",
            kind="simulated",
            statement=f"Without {study.classes[number]} the other {count} calls of the pool would wait "
            f"{delay_s / count:.3g} s less each, on average.",
            samples=count,
            value=None,
        ),
    )


KIND: Final = Kind(_NAME, propose, "replayed orders of service, from the cμ rule")
