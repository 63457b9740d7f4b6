"""May a class's data leave its boundary when a gateway does not see what it is told by, or a caller asks for another?

In: a policy. Out: the first class whose requests, with their header missing or their model not read, would be served
where their data must not go; None where there is none. Such a request is taken by the first class that asks for nothing
more than what is left of its match, else by the default class.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from msgspec.structs import replace

from costctl.documents.policy import HeaderMatch, Match, Policy, PolicyClass
from costctl.errors import InfeasibleError
from costctl.levers.boundary import reason_outside
from costctl.policy.checks import covers
from costctl.policy.keeping import broken_by


@dataclass(frozen=True, slots=True)
class Leak:
    """kind: whose data would leave.  taker: the class that would take the request.  backend: where it would be served.
    reason: why that is outside.
    """

    kind: PolicyClass
    taker: PolicyClass
    backend: str
    reason: str


def leak_without_label(policy: Policy, *, may_miss_operation: bool = False) -> Leak | None:
    """Where the data of a class with a required boundary would go if it could not be told as the class.

    may_miss_operation: of a consumer that knows the operation of some paths only.
    """
    backends = {backend.id: backend for backend in policy.backends}
    for kind in policy.classes:
        if kind.data_boundary is None or kind.data_boundary.enforcement != "required":
            continue
        for match in _unread(kind.match, may_miss_operation):
            taker = _taker(policy, match)
            for name in reached_by(taker):
                reason = reason_outside(kind.data_boundary, backends[name])
                if reason is not None:
                    return Leak(kind, taker, name, reason)
            kept = next(broken_by(replace(taker, data_boundary=kind.data_boundary), backends), None)
            if kept is not None:
                return Leak(kind, taker, kept.backend or "the gateway's own cache", kept.reason)
    return None


def require_no_leak(policy: Policy, consumer: str, *, may_miss_operation: bool = False) -> None:
    """Raise InfeasibleError where a request that lost its label would leave a required boundary."""
    leak = leak_without_label(policy, may_miss_operation=may_miss_operation)
    if leak is not None:
        path = ", or has a path that says no operation," if may_miss_operation else ","
        raise InfeasibleError(
            f"{consumer} cannot keep {leak.kind.id} within its required data boundary.",
            why=f"A request of it that lacks its header, or its model{path} is served as {leak.taker.id}, at "
            f"{leak.backend}: {leak.reason}.",
            next_step="Make a class with the same boundary the default_class of the policy, or emit a policy for "
            "classes of one boundary at a time, each for a gateway of its own.",
        )


def require_all_within(policy: Policy, consumer: str, way: str) -> None:
    """Raise InfeasibleError where a file would hold a backend that is outside of some required boundary: for consumers
    whose callers may ask for any. way: how they may, as the end of a sentence.
    """
    reached = {name for kind in policy.classes for name in reached_by(kind)}
    for kind in policy.classes:
        if kind.data_boundary is None or kind.data_boundary.enforcement != "required":
            continue
        for backend in policy.backends:
            reason = reason_outside(kind.data_boundary, backend)
            if backend.id in reached and reason is not None:
                raise InfeasibleError(
                    f"{consumer} cannot keep {kind.id} within its required data boundary.",
                    why=f"The file would hold {backend.id} too ({reason}), and {way}.",
                    next_step="Emit a policy for classes of one boundary at a time, each for a proxy of its own.",
                )


def reached_by(kind: PolicyClass) -> tuple[str, ...]:
    """Ids of the backends that a class may be served by, targets first."""
    return tuple(dict.fromkeys(_reached(kind)))


def _reached(kind: PolicyClass) -> Iterator[str]:
    yield from (target.backend for target in kind.placement.targets)
    yield from (fallback.backend for fallback in kind.placement.fallback)


def _unread(match: Match, may_miss_operation: bool) -> Iterator[Match]:
    """What is left of a match where a gateway does not see all of it."""
    unseen: list[dict[str, Any]] = [
        *({"headers": kept} for kept in _fewer(match.headers)),
        *([{"model": None}] if match.model is not None else []),
        *([{"operation": None}] if may_miss_operation and match.operation is not None else []),
    ]
    for count in range(1, len(unseen) + 1):
        for parts in combinations(unseen, count):
            yield replace(match, **{name: value for part in parts for name, value in part.items()})


def _fewer(headers: tuple[HeaderMatch, ...]) -> Iterator[tuple[HeaderMatch, ...]]:
    """The headers that are left where one or more are missing."""
    for count in range(len(headers)):
        yield from combinations(headers, count)


def _taker(policy: Policy, match: Match) -> PolicyClass:
    """The class that takes a request of which no more than this can be seen."""
    found = next((each for each in policy.classes if covers(each.match, match)), None)
    return found or next(each for each in policy.classes if each.id == policy.default_class)
