"""Which limits of a policy count over a whole backend, so that its replicas share them in the replay?

In: a policy, today's platform. Out: each such limit with what one replica may hold. A replica rounds down, and holds
one at least, so that the replicas together may hold less than the limit, or more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from costctl.documents.policy import AtMost, Policy
from costctl.levers.from_policy import replayed_backends
from costctl.levers.limits import limit_per_replica
from costctl.levers.platform import Platform
from costctl.levers.table import LEVERS
from costctl.levers.written_values import at_pointer


@dataclass(frozen=True, slots=True)
class SharedLimit:
    """A limit over a backend of several replicas, by JSON Pointer."""

    pointer: str
    limit: int
    replicas: int
    per_replica: int


def shared_limits(policy: Policy, today: Platform) -> tuple[SharedLimit, ...]:
    """Those of backends that are replayed, then those of classes on them."""
    return (*_of_backends(policy, today), *_of_classes(policy, today))


def _of_backends(policy: Policy, today: Platform) -> Iterator[SharedLimit]:
    for index, backend in enumerate(policy.backends):
        if backend.pool in today.pools:
            replicas = {backend.replicas or today.pools[backend.pool].replicas}
            yield from _limits("pool", backend, f"/backends/{index}", replicas)


def _of_classes(policy: Policy, today: Platform) -> Iterator[SharedLimit]:
    for index, kind in enumerate(policy.classes):
        replicas = {
            backend.replicas or today.pools[backend.pool or ""].replicas
            for backend in replayed_backends(policy, kind, today)
        }
        yield from _limits("class", kind, f"/classes/{index}", replicas)


def _limits(owner: str, item: object, here: str, replicas: set[int]) -> Iterator[SharedLimit]:
    """The limits of one item, where all its backends have the same number of replicas, and more than one."""
    if len(replicas) != 1 or replicas == {1}:
        return
    (number,) = replicas
    for lever in LEVERS:
        if lever.owner != owner or lever.pointer is None or (lever.form, lever.scope) != ("limit", "replica"):
            continue
        found = at_pointer(item, lever.pointer)
        each = limit_per_replica(found, number) if isinstance(found, AtMost) else None
        if isinstance(found, AtMost) and found.scope == "per_backend" and each is not None:
            yield SharedLimit(here + lever.pointer, found.value, number, each)
