"""How many calls of a class may wait, and how long, before waiting is of no use?

A call that waits longer than its objective less its service is done in vain: K ≤ throughput × (objective − p95 of
service) and time to live = objective − p95 of service. Proposes multiples of both for each class with an objective. A
limit counts per replica and holds in every pool that serves the class; the pool where it waits longest sets it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from costctl.arrays import Bools
from costctl.documents.recommendations import Evidence
from costctl.documents.setting_names import toml_key
from costctl.levers.settings import setting
from costctl.recommend.proposals import Candidate, Kind, Proposal, Subject, Withheld
from costctl.recommend.study import Study
from costctl.scenario.period import Period, p95_s
from costctl.simulate.replicas import busy_s_of_pool

_NAME: Final = "queue_limit"
_FACTORS: Final = (0.25, 0.5, 1.0, 2.0)
_LONGEST_WINDOW_S: Final = 0.1  # that batch_window proposes: a call must be able to wait for its batch


def propose(study: Study) -> Iterator[Proposal | Withheld]:
    """One proposal for each class that is replayed."""
    for number in study.served_classes():
        yield _for_class(study, number)


def _for_class(study: Study, number: int) -> Proposal | Withheld:
    name, period = study.classes[number], study.first.period
    subject = Subject(_NAME, name)
    declared = study.declared(name)
    target_s = declared.slo.e2e_p95_s
    if target_s is None and (declared.deferrable or declared.deadline_s is not None):
        return Withheld(subject, f"{name} may wait: no wait is too long for it.", how="not_applicable")
    if target_s is None:
        missing = f"classes.{toml_key(name)}.slo.e2e_p95"
        return Withheld(
            subject,
            f"{name} has no end-to-end objective: set {missing}.",
            how="needs_input",
            missing=(missing,),
        )
    alone_s = _p95_without_waiting_s(period, number)
    room_s = target_s - alone_s
    window_s = _widest_window_s(study, number)
    if room_s <= 0:
        return Withheld(
            subject,
            f"In {study.first.name} p95 is {alone_s:.4g} s without what the replay says it waits, and the objective "
            f"{target_s:g} s: no queue is short enough.",
        )
    if room_s <= window_s:
        return Withheld(
            subject, f"The wait budget of {room_s:.3g} s is no longer than a batch window of {window_s:g} s."
        )
    pool = _where_it_waits(study, number)
    per_replica_s = _calls_per_busy_s(period, pool)
    return Proposal(
        subject=subject,
        candidates=_grid(name, per_replica_s, room_s, window_s),
        goal="goodput",
        classes=(number,),
        pools=tuple(np.unique(period.pool[_calls_of(period, number)]).tolist()),
        reason=f"Calls that would miss the objective of {target_s:g} s anyway are rejected before they take replica "
        "time, and those behind them are in time.",
        if_none=_why_none(_longest_wait_s(period, number), room_s),
        assumptions=("A rejected request is not sent again.",),
        reversal="Remove the limit; rejected calls show as status 429 at the gateway.",
        evidence=(_formula(study, number, pool, per_replica_s, room_s),),
    )


def _why_none(longest_s: float, room_s: float) -> str:
    if longest_s <= room_s:
        return f"No limit is needed: the longest wait today, {longest_s:.3g} s, is within the budget of {room_s:.3g} s."
    return (
        f"No limit brings more requests in time: the longest wait today is {longest_s:.3g} s, the wait budget "
        f"{room_s:.3g} s."
    )


def _grid(request_class: str, per_replica_s: float, room_s: float, window_s: float) -> tuple[Candidate, ...]:
    """Multiples of the limit and of the wait, of those that are longer than a batch waits."""
    found = []
    for factor in _FACTORS:
        limit, wait_s = max(1, round(factor * per_replica_s * room_s)), round(min(factor, 1.0) * room_s, 3)
        if wait_s > window_s:
            found.append(
                (
                    setting("class", "queue.limit", request_class, limit),
                    setting("class", "queue.max_wait", request_class, wait_s),
                )
            )
    return tuple(found)


def _widest_window_s(study: Study, number: int) -> float:
    """The longest that a batch of the class waits, or may come to wait by other advice; 0 where nothing is static."""
    name = study.classes[number]
    pools = [study.today.pools[pool] for pool in study.today.classes[name].pools]
    static = [pool.batch_window_s for pool in pools if pool.discipline == "static"]
    return max(_LONGEST_WINDOW_S, *static) if static else 0.0


def _calls_of(period: Period, number: int) -> Bools:
    here: Bools = period.request_class[period.request] == number
    return here


def _p95_without_waiting_s(period: Period, number: int) -> float:
    """95th percentile of the requests' time less what their calls wait."""
    here = _calls_of(period, number)
    waits_s = np.zeros(period.duration_s.size)
    np.add.at(waits_s, period.request[here], (period.today.begin_s - period.today.arrival_s)[here])
    return p95_s((period.duration_s - waits_s)[period.members(number)])


def _where_it_waits(study: Study, number: int) -> int:
    """The pool in which a call of the class waits longest."""
    period = study.first.period
    waits_s = np.nan_to_num(period.today.begin_s - period.today.arrival_s)
    here = np.flatnonzero(_calls_of(period, number))
    return int(period.pool[here[np.argmax(waits_s[here])]])


def _calls_per_busy_s(period: Period, pool: int) -> float:
    """Calls of all classes that a replica of the pool ends per busy second: how fast a queue before it moves."""
    busy_s = busy_s_of_pool(period.today, period.pools, pool)
    return float((period.pool == pool).sum()) / busy_s if busy_s > 0 else 0.0


def _longest_wait_s(period: Period, number: int) -> float:
    here = _calls_of(period, number)
    return float(np.nanmax((period.today.begin_s - period.today.arrival_s)[here], initial=0.0))


def _formula(study: Study, number: int, pool: int, per_replica_s: float, room_s: float) -> Evidence:
    return Evidence(
        id="formula",
        kind="computed",
        statement=f"A replica of {study.pools[pool]} completes {per_replica_s:.3g} calls per busy second; wait budget "
        f"{room_s:.3g} s.",
        samples=int(_calls_of(study.first.period, number).sum()),
        value=None,
    )


KIND: Final = Kind(_NAME, propose)
