"""When more calls wait than can be served in time, who gives way, and to whom?

The load at which a class of the pool leaves its objective says how many calls wait there then. From about so many on,
classes give way in order of their value per accelerator second, the least first: they go to another pool that their
boundary allows, come again later where they may, or are refused. The replay decides from how many on, and how many
classes; a request that is refused is worth nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import floor, inf, log2
from typing import Final

import numpy as np

from costctl.documents.recommendations import Evidence
from costctl.levers.settings import Setting, setting
from costctl.recommend.elsewhere import elsewhere
from costctl.recommend.headroom import Headroom, Loads
from costctl.recommend.objectives import has_objective, objective_to_set
from costctl.recommend.proposals import Candidate, Kind, Proposal, Subject, Withheld
from costctl.recommend.study import Study
from costctl.recommend.worth import undeclared_values, usd_per_accelerator_s, values_of_successes
from costctl.units import S_PER_DAY

_NAME: Final = "backpressure"
_FACTORS: Final = (0.1, 0.25, 0.5, 1.0, 2.0)  # of the calls that wait where an objective is left
_BACKOFF_S: Final = 60.0  # before a call that may wait comes again; each time twice as long
_LEAST_LATE: Final = 0.01  # of the requests: of fewer no class need give way
_MOST_TIMES: Final = 8  # that it comes again


@dataclass(frozen=True, slots=True)
class _Way:
    """How a class gives way: to another pool, later, or not at all (refused). settings: beside the limit."""

    how: str
    settings: Candidate


def propose(study: Study) -> Iterator[Proposal | Withheld]:
    """One proposal for each fitted pool."""
    loads = Loads(study)
    for number, name in enumerate(study.pools):
        yield _for_pool(study, loads, number, Subject(_NAME, None, name))


def _for_pool(study: Study, loads: Loads, pool: int, subject: Subject) -> Proposal | Withheld:
    classes = study.served_classes(pool)
    urgent = [each for each in classes if has_objective(study.declared(study.classes[each]))]
    if not urgent:
        missing = tuple(objective_to_set(study, study.classes[each]) for each in classes)
        return Withheld(
            subject,
            f"None of its classes has an objective, so that no load is too much: set {missing[0]}.",
            how="needs_input",
            missing=missing,
        )
    found = sorted((loads.headroom(each) for each in urgent), key=_first_to_leave)
    waiting = loads.at(found[0].last_load).waiting[pool]
    evidence = (*_headrooms(study, pool, found), _waiting_told(study, pool, found[0], waiting))
    late, requests = _late(study, urgent)
    if late < _LEAST_LATE * requests:
        few = f"{late:,} of {requests:,} requests are late" if late else "Every request is in time"
        return Withheld(subject, f"{few} today. {found[0].statement}", evidence)
    if waiting <= 0.0:
        return Withheld(
            subject,
            f"{found[0].statement} Hardly a call waits there then: a limit on those that wait would spare nobody.",
            evidence,
        )
    missing = undeclared_values(study, classes) if len(classes) > 1 else ()
    if missing:
        return Withheld(
            subject,
            f"{late:,} of {requests:,} requests are late today. Which class should give way is told by what a success "
            f"is worth: set {missing[0]}.",
            evidence,
            how="needs_input",
            missing=missing,
        )
    return _proposal(study, pool, subject, classes, waiting, evidence)


def _proposal(
    study: Study,
    pool: int,
    subject: Subject,
    classes: Sequence[int],
    waiting: float,
    evidence: tuple[Evidence, ...],
) -> Proposal | Withheld:
    order = sorted(classes, key=lambda each: (usd_per_accelerator_s(study, each) or 0.0, each))
    places_of = {each: next(iter(elsewhere(study, each, pool)), None) for each in order}
    candidates = tuple(_candidates(study, order, places_of, waiting))
    if not candidates:
        return Withheld(
            subject,
            f"It serves {study.classes[order[0]]} alone, and no other pool may: queue_limit says how many of its calls "
            "may wait.",
            evidence,
            how="not_applicable",
        )
    giving = tuple(
        each for each in order if any(_gives_way(settings, study.classes[each]) for settings in candidates)
    )
    places = sorted({pool, *(place for place in places_of.values() if place is not None)})
    kept = {each for place in places for each in study.served_classes(place)} - {*giving}
    return Proposal(
        subject=subject,
        candidates=candidates,
        goal="order",
        classes=tuple(sorted(kept)),
        pools=tuple(places),
        reason="Where more calls wait than this, those that are worth least a second of the accelerator give way, and "
        "more requests are in time.",
        if_none=f"None of {len(candidates)} limits on waiting calls brings more value in time.",
        assumptions=tuple(_assumptions(candidates)),
        reversal="Remove the limit on waiting calls; refused calls show as status 429 at the gateway.",
        evidence=(*evidence, _order_told(study, pool, order)),
        value=values_of_successes(study),
        give_way=giving,
    )


def _first_to_leave(found: Headroom) -> tuple[float, str]:
    return inf if found.load is None else found.load, found.request_class


def _late(study: Study, classes: Sequence[int]) -> tuple[int, int]:
    """Requests of the first part that succeed today, and not in time; and how many there are of the classes."""
    first = study.first
    members = np.any([first.period.members(each) for each in classes], axis=0)
    is_late = first.period.is_success & ~first.today.is_good
    return int((members & is_late).sum()), int(members.sum())


def _candidates(
    study: Study, order: Sequence[int], places_of: dict[int, int | None], waiting: float
) -> Iterator[Candidate]:
    """The first of the order give way, the first two, and so on, from several numbers of waiting calls on. The last is
    refused nothing: it goes elsewhere, or stays.
    """
    seen = set()
    for count in range(1, len(order) + 1):
        for is_moving in (True, False):
            ways = {each: _way(study, each, places_of[each] if is_moving else None) for each in order[:count]}
            if count == len(order) and ways[order[-1]].how != "elsewhere":
                continue
            for factor in _FACTORS:
                limit = float(f"{factor * waiting:.3g}")
                settings = tuple(
                    each
                    for number, way in ways.items()
                    for each in (
                        setting("class", "queue.shed_above", study.classes[number], limit),
                        *way.settings,
                    )
                )
                if settings not in seen:
                    seen.add(settings)
                    yield settings


def _way(study: Study, number: int, place: int | None) -> _Way:
    """To another pool where one may serve it, else later where it may wait, else it is refused."""
    name, declared = study.classes[number], study.declared(study.classes[number])
    if place is not None:
        return _Way("elsewhere", (setting("class", "fallback", name, f"{study.pools[place]}:overload"),))
    within_s = declared.deadline_s or (S_PER_DAY if declared.deferrable else 0.0)
    times = min(_MOST_TIMES, floor(log2(within_s / _BACKOFF_S + 1.0)))
    if times > 0:
        again: tuple[Setting, ...] = (
            setting("class", "retries", name, times),
            setting("class", "backoff", name, _BACKOFF_S),
        )
        return _Way("later", again)
    return _Way("reject", ())


def _gives_way(settings: Candidate, name: str) -> bool:
    return any(each.subject == name for each in settings)


def _assumptions(candidates: Sequence[Candidate]) -> Iterator[str]:
    levers = {each.lever.name for settings in candidates for each in settings}
    yield "A call that is refused fails, and with it its request."
    if "retries" in levers:
        yield f"Who may wait comes again after {_BACKOFF_S:g} s, and each time after twice as long."
    if "fallback" in levers:
        yield "The model of the other pool answers as well, and takes as many tokens."


def _order_told(study: Study, pool: int, order: Sequence[int]) -> Evidence:
    """Who gives way first: what its successes bring for each second of an accelerator."""
    worth = [(study.classes[each], usd_per_accelerator_s(study, each)) for each in order]
    named = ", ".join(f"{name} {'not observed' if usd is None else f'{usd:.3g} USD'}" for name, usd in worth)
    return Evidence(
        id="order",
        kind="computed",
        statement=f"Value of successes a second of the accelerator, the least first: {named}.",
        samples=int((study.first.period.pool == pool).sum()),
        value=None,
    )


def _headrooms(study: Study, pool: int, found: Sequence[Headroom]) -> Iterator[Evidence]:
    """The load at which each class leaves an objective, the first to leave it first."""
    calls = int((study.first.period.pool == pool).sum())
    for number, each in enumerate(found, 1):
        yield Evidence(f"headroom_{number}", "simulated", each.statement, samples=calls, value=None)


def _waiting_told(study: Study, pool: int, found: Headroom, waiting: float) -> Evidence:
    return Evidence(
        id="waiting",
        kind="simulated",
        statement=f"At {found.last_load:g} times today's load 95 % of its calls find at most {waiting:.3g} waiting per "
        "replica.",
        samples=int((study.first.period.pool == pool).sum()),
        value=None,
    )


KIND: Final = Kind(
    _NAME, propose, "replays of the trace's requests at other loads, and of limits on waiting calls"
)
