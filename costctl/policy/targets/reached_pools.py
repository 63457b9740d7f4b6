"""Which pools do the classes of a policy reach? One entry a pool, so that what its models share is counted once.

In: a policy. Out: the pools with the classes that are sent there, and how many calls each may have and keep waiting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from costctl.documents.policy import AtMost, Backend, Limit, Policy, PolicyClass, RejectWhenBusy, Unlimited
from costctl.levers.limits import limit_over_backend, limit_per_replica
from costctl.policy.mislabelled import reached_by

Member = tuple[int, PolicyClass]


@dataclass(frozen=True, slots=True)
class ReachedPool:
    """The models of one pool, or one model of a provider.

    name: of its first backend.  per_server: calls in progress that a replica takes; None where nothing limits them.
    targets: classes that are sent here first, with their numbers.  reached: those and the ones that fall back to it.
    """

    name: str
    backends: tuple[Backend, ...]
    per_server: int | None
    targets: tuple[Member, ...]
    reached: tuple[Member, ...]

    @property
    def is_bought(self) -> bool:
        """Whether it is a provider's, asked over TLS."""
        return self.backends[0].pool is None

    @property
    def replicas(self) -> int | None:
        """How many replicas the policy says there are."""
        return self.backends[0].replicas

    @property
    def rule(self) -> str | None:
        """How calls are given to its replicas; None where the policy does not say."""
        return next((each.routing.rule for each in self.backends if each.routing is not None), None)

    def may_wait(self, number: int, order: Mapping[str, int]) -> int | None:
        """From how many calls in the whole queue on a class is turned away: what it may have waiting itself, and what
        the classes behind it may. None: from no number.

        number: of the class.  order: by lane, its place in the order of service.
        """
        mine = next(order[kind.lane] for at, kind in self.targets if at == number)
        return self._sum_of_depths(
            kind for at, kind in self.targets if at == number or order[kind.lane] > mine
        )

    def queue_of(self, kinds: Sequence[PolicyClass]) -> int | Unlimited | None:
        """How long a queue may be that classes share; None where one of them says nothing, or cannot be counted."""
        said = [limited_depth(kind) for kind in kinds]
        if not said or None in said:
            return None
        length = self._sum_of_depths(kinds)
        is_unlimited = any(isinstance(each, Unlimited) for each in said)
        return Unlimited() if length is None and is_unlimited else length

    def longest_wait_us(self) -> int | None:
        """How long a call may wait here: the strictest of its classes holds for all; 0 is for ever."""
        said = [
            kind.queue.max_wait_us
            for _, kind in self.targets
            if kind.queue is not None and kind.queue.max_wait_us is not None
        ]
        waits = [each for each in said if isinstance(each, int)]
        return min(waits) if waits else 0 if said else None

    def ended_by_others(self) -> tuple[str, ...]:
        """Ids of classes that set no longest wait, in a pool where that of another holds for them too."""
        if not self.longest_wait_us():
            return ()
        return tuple(
            kind.id for _, kind in self.targets if kind.queue is None or kind.queue.max_wait_us is None
        )

    def names_asked(self) -> tuple[str, ...]:
        """Names that clients ask it by and that none of its models has, sorted."""
        served = {each.model for each in self.backends}
        return tuple(sorted({name for _, kind in self.reached for name in kind.match.model or ()} - served))

    def _sum_of_depths(self, kinds: Iterable[PolicyClass]) -> int | None:
        depths = [_depth(kind, self.replicas) for kind in kinds]
        return None if None in depths else sum(each for each in depths if each is not None)


def reached_pools(policy: Policy) -> tuple[ReachedPool, ...]:
    """Each pool and each bought model that some class reaches, in the order of the policy."""
    groups: dict[str, list[Backend]] = {}
    wanted = {name for kind in policy.classes for name in reached_by(kind)}
    for backend in policy.backends:
        if backend.id in wanted:
            groups.setdefault(backend.pool or f"model {backend.id}", []).append(backend)
    return tuple(_pool(policy, tuple(members)) for members in groups.values())


def limited_depth(kind: PolicyClass) -> Limit | None:
    """What the class may have waiting, as the policy says it; None where it says nothing."""
    return None if kind.queue is None else kind.queue.depth


def _pool(policy: Policy, members: tuple[Backend, ...]) -> ReachedPool:
    names = {each.id for each in members}
    numbered = tuple(enumerate(policy.classes))
    return ReachedPool(
        name=members[0].id,
        backends=members,
        per_server=_per_server(members),
        targets=tuple(
            (at, kind)
            for at, kind in numbered
            if names & {each.backend for each in kind.placement.targets if each.weight}
        ),
        reached=tuple((at, kind) for at, kind in numbered if names & set(reached_by(kind))),
    )


def _per_server(members: Iterable[Backend]) -> int | None:
    """The strictest of the models that share the replicas."""
    found = [
        limit_per_replica(each.max_concurrency, each.replicas)
        for each in members
        if isinstance(each.max_concurrency, AtMost)
    ]
    return min((each for each in found if each is not None), default=None)


def _depth(kind: PolicyClass, replicas: int | None) -> int | None:
    """What a class may have waiting in a pool; None where nothing limits it, or nobody can say."""
    match limited_depth(kind):
        case RejectWhenBusy():
            return 0
        case AtMost() as limit:
            return limit_over_backend(limit, replicas)
        case Unlimited() | None:
            return None
