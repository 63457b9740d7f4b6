"""What does a policy change of today's rules? Its settings, in the words of the levers.

In: a policy, today's platform. Out: settings, each that differs from today's, in the order of the table; then those of
what is bought by the token, each that is said; and what is in no setting, with its JSON Pointer and the reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from costctl.documents.changes import Value
from costctl.documents.policy import Backend, Policy, PolicyClass
from costctl.levers.apply import has_lever, value_of
from costctl.levers.bought_from_policy import TARGETS, bought_settings
from costctl.levers.fallbacks_from_policy import fallbacks_said
from costctl.levers.lever import Lever
from costctl.levers.platform import Platform
from costctl.levers.settings import Setting, of_lever
from costctl.levers.table import LEVERS, lever_named
from costctl.levers.weights import weights_from
from costctl.levers.written_values import Unsaid, at_pointer, read

OF_PLACEMENT: Final = (
    "targets",
    "weights",
    "fallbacks",
)  # forms that are read of all entries of a class together


@dataclass(frozen=True, slots=True)
class NotReplayed:
    """A value of a policy that the replay does not know of, by JSON Pointer. reason: a clause."""

    pointer: str
    reason: str


@dataclass(slots=True)
class _Reading:
    """What has been read so far. found: by lever and subject, each value with its pointer."""

    policy: Policy
    today: Platform
    found: dict[tuple[str, str], list[tuple[Value, str]]] = field(default_factory=lambda: defaultdict(list))
    left_out: list[NotReplayed] = field(default_factory=list)

    def take(self, lever: Lever, subject: str, value: Value | Unsaid, pointer: str) -> None:
        if isinstance(value, Unsaid):
            self.leave_out(pointer, value.reason)
        else:
            self.found[lever.id, subject].append((value, pointer))

    def leave_out(self, pointer: str, reason: str) -> None:
        self.left_out.append(NotReplayed(pointer, reason))


def from_policy(policy: Policy, today: Platform) -> tuple[tuple[Setting, ...], tuple[NotReplayed, ...]]:
    """The settings that differ from today's, those of what is bought, and what is left out."""
    reading = _Reading(policy, today)
    for index, backend in enumerate(policy.backends):
        _read_backend(reading, f"/backends/{index}", backend)
    order = [lane.id for lane in policy.lanes]
    for index, kind in enumerate(policy.classes):
        if kind.request_class not in today.classes:
            reading.leave_out(f"/classes/{index}", f"no call of {kind.request_class} is replayed")
            continue
        if not replayed_backends(policy, kind, today):
            reading.leave_out(f"/classes/{index}", "none of its backends can be replayed")
            continue
        _read_class(reading, f"/classes/{index}", kind)
        reading.take(
            lever_named("class", "lane"),
            kind.request_class,
            _rank(kind, order),
            f"/classes/{index}/lane",
        )
    _read_targets(reading)
    replayed = tuple(_agreed(reading))
    bought, left_out = bought_settings(policy)
    for pointer, reason in left_out:
        reading.leave_out(pointer, reason)
    return (*replayed, *bought), tuple(reading.left_out)


def lane_ranks(policy: Policy) -> dict[str, int | None]:
    """By class, the place of its first entry in the order of service; None for the last lane, which has nobody after
    it.
    """
    order = [lane.id for lane in policy.lanes]
    ranks: dict[str, int | None] = {}
    for kind in policy.classes:
        ranks.setdefault(kind.request_class, _rank(kind, order))
    return ranks


def _rank(kind: PolicyClass, order: list[str]) -> int | None:
    place = order.index(kind.lane) + 1
    return None if place == len(order) else place


def replayed_backends(policy: Policy, kind: PolicyClass, today: Platform) -> tuple[Backend, ...]:
    """The backends that the entry sends calls to and that are pools of the platform."""
    named = {target.backend for target in kind.placement.targets if target.weight}
    return tuple(each for each in policy.backends if each.id in named and each.pool in today.pools)


def _agreed(reading: _Reading) -> Iterator[Setting]:
    """One setting for each lever and subject on which all places of the policy agree."""
    for lever in LEVERS:
        subjects = reading.today.pools if lever.owner == "pool" else reading.today.classes
        for subject in sorted(subjects):
            found = reading.found.get((lever.id, subject), [])
            said = {value for value, _ in found}
            is_whole = lever.form in OF_PLACEMENT or len(found) == _places(reading, lever, subject)
            if found and (len(said) > 1 or not is_whole):
                for _, pointer in found:
                    reading.leave_out(
                        pointer, f"the entries of {subject} differ, and the replay has one value"
                    )
            elif found and found[0][0] != value_of(reading.today, lever, subject):
                value, pointer = found[0]
                try:
                    yield _setting(lever, subject, value, f"{pointer} of the policy")
                except ValueError as error:
                    reading.leave_out(pointer, f"{error}")


def _setting(lever: Lever, subject: str, value: Value, source: str) -> Setting:
    """The setting; a class that leaves its lane has no value that could be set by hand."""
    if value is None:
        return Setting(lever, subject, None, source)
    return of_lever(lever, subject, value, source)


def _places(reading: _Reading, lever: Lever, subject: str) -> int:
    """How many places of the policy could say it: the backends of the pool, the entries of the class on pools."""
    if lever.owner == "pool":
        return sum(backend.pool == subject for backend in reading.policy.backends)
    return sum(
        kind.request_class == subject and bool(replayed_backends(reading.policy, kind, reading.today))
        for kind in reading.policy.classes
    )


def _read_backend(reading: _Reading, here: str, backend: Backend) -> None:
    if backend.pool is None or backend.pool not in reading.today.pools:
        reading.leave_out(here, f"{backend.id} is not a pool that can be replayed")
        return
    replicas = backend.replicas or reading.today.pools[backend.pool].replicas
    for lever in LEVERS:
        found = (
            None if lever.owner == "class" or lever.pointer is None else at_pointer(backend, lever.pointer)
        )
        if found is None:
            continue
        if has_lever(reading.today, lever, backend.pool):
            reading.take(lever, backend.pool, read(lever, found, replicas), here + str(lever.pointer))
        else:
            batches = "in static batches" if lever.discipline == "continuous" else "continuously"
            reading.leave_out(here + str(lever.pointer), f"{backend.pool} batches {batches}")


def _read_class(reading: _Reading, here: str, kind: PolicyClass) -> None:
    for lever in LEVERS:
        if (
            lever.owner == "class"
            and lever.pointer is not None
            and lever.form not in ("lane", "expiry", *OF_PLACEMENT)
        ):
            found = at_pointer(kind, lever.pointer)
            if found is not None:
                value = _per_replica(reading, lever, kind, found)
                reading.take(lever, kind.request_class, value, here + lever.pointer)
    if kind.queue is not None and kind.queue.on_timeout == "demote":
        _read_demotion(reading, f"{here}/queue/on_timeout", kind)
    if kind.admission is not None and kind.admission.tokens_per_minute is not None:
        reading.leave_out(
            f"{here}/admission/tokens_per_minute", "the replay does not know which tokens a gateway counts"
        )


def _read_demotion(reading: _Reading, pointer: str, kind: PolicyClass) -> None:
    """What waited too long waits on in the lane that is served next: in the queue of the first class there."""
    to = demoted_to(reading.policy, kind, reading.today)
    if to is not None:
        reading.take(lever_named("class", "queue.on_expiry"), kind.request_class, "demote", pointer)
        reading.take(lever_named("class", "queue.demote_to"), kind.request_class, to, pointer)
    else:
        reading.leave_out(pointer, "no other class is in the lane that is served next; it is rejected")


def demoted_to(policy: Policy, kind: PolicyClass, today: Platform) -> str | None:
    """In whose queue calls of the entry wait on: the first other class of the lane served next; None: nobody's."""
    order = [lane.id for lane in policy.lanes]
    behind = order[order.index(kind.lane) + 1 :][:1]
    names = [each.request_class for each in policy.classes if each.lane in behind]
    return next((each for each in names if each != kind.request_class and each in today.classes), None)


def _why_counted_apart(reading: _Reading, kind: PolicyClass) -> str | None:
    """Why the replay would not count the calls of the entry as a gateway does; None where it does."""

    def ways(each: PolicyClass) -> set[str]:
        found = replayed_backends(reading.policy, each, reading.today)
        return {reading.today.pools[backend.pool or ""].discipline for backend in found}

    others = [each for each in reading.policy.classes if each.request_class == kind.request_class]
    if None in _shares(reading, kind):
        return "some of the calls that it counts are not replayed"
    if len(ways(kind)) > 1 or sum(bool(ways(each) & ways(kind)) for each in others) > 1:
        return "the replay counts the calls of a class that batch alike together, and the policy does not"
    return None


def _per_replica(reading: _Reading, lever: Lever, kind: PolicyClass, found: Any) -> Value | Unsaid:
    """The value; a limit over a backend is shared by the replicas of each pool that the entry goes to."""
    if lever.pointer is not None and lever.pointer.startswith("/admission/"):
        reason = _why_counted_apart(reading, kind)
        return read(lever, found, 1) if reason is None else Unsaid(reason)
    pools = reading.today.pools
    replicas = {
        backend.replicas or pools[backend.pool or ""].replicas
        for backend in replayed_backends(reading.policy, kind, reading.today)
    }
    values = {read(lever, found, each) for each in replicas}
    if len(values) > 1:
        return Unsaid(
            "its backends have different numbers of replicas, and the replay has one limit for each"
        )
    (value,) = values
    return value


def _read_targets(reading: _Reading) -> None:
    """The pools of each class. Of those that batch alike the replay takes one, or those of today as they were, or
    others by weights, where all entries share calls alike.
    """
    entries: dict[str, list[tuple[str, PolicyClass]]] = defaultdict(list)
    for index, kind in enumerate(reading.policy.classes):
        known = kind.request_class in reading.today.classes
        if known and replayed_backends(reading.policy, kind, reading.today):
            pointer = f"/classes/{index}"
            entries[kind.request_class].append((pointer, kind))
            if None in _shares(reading, kind):
                reading.leave_out(
                    f"{pointer}{TARGETS}", "calls that no replayed pool serves stay as they were"
                )
    for request_class, found in entries.items():
        _read_pools(reading, request_class, found)
        _read_fallbacks(reading, request_class, found)


def _read_pools(reading: _Reading, request_class: str, entries: list[tuple[str, PolicyClass]]) -> None:
    """The pools of one class, by the way in which they batch. entries: its own, with their pointers."""
    pools, today = reading.today.pools, reading.today.classes[request_class].pools
    shares = [_shares(reading, kind) for _, kind in entries]
    named = sorted({name for each in shares for name in each if name is not None})
    after = set(today)
    for discipline in dict.fromkeys(pools[name].discipline for name in named):
        chosen = {name for name in named if pools[name].discipline == discipline}
        before = {name for name in today if pools[name].discipline == discipline}
        if before and (len(chosen) == 1 or chosen == before):
            after = (after - before) | chosen
            continue
        weights = {_weights(each, chosen) for each in shares if chosen & each.keys()}
        if before and len(weights) == 1 and None not in weights:
            pointer = entries[0][0] + TARGETS
            reading.take(lever_named("class", "pool.weights"), request_class, weights.pop(), pointer)
            continue
        reason = f"calls of {request_class} do not batch as {', '.join(sorted(chosen))} does"
        if before:
            reason = "its entries share calls in different ways, so that they are shared as today"
        for pointer, _ in entries:
            reading.leave_out(pointer + TARGETS, reason)
    pointer = entries[0][0] + TARGETS
    reading.take(lever_named("class", "pool"), request_class, tuple(sorted(after)), pointer)


def _read_fallbacks(reading: _Reading, request_class: str, entries: list[tuple[str, PolicyClass]]) -> None:
    """The fallbacks of one class. entries: its own, with their pointers."""
    backends = {backend.id: backend for backend in reading.policy.backends}
    found, left_out = fallbacks_said(entries, backends, reading.today.pools)
    for pointer, reason in left_out:
        reading.leave_out(pointer, reason)
    says = [here for here, kind in entries if kind.placement.fallback]
    if found is not None and says:
        lever = lever_named("class", "fallback")
        reading.take(lever, request_class, found.text, f"{says[0]}{lever.pointer}")


def _shares(reading: _Reading, kind: PolicyClass) -> dict[str | None, int]:
    """By pool, what the entry's targets there weigh; None is what no replayed pool serves."""
    backends = {backend.id: backend for backend in reading.policy.backends}
    found: dict[str | None, int] = defaultdict(int)
    for target in kind.placement.targets:
        pool = backends[target.backend].pool
        if target.weight:
            found[pool if pool in reading.today.pools else None] += target.weight
    return dict(found)


def _weights(shares: Mapping[str | None, int], chosen: set[str]) -> str | None:
    """How the entry shares calls among these pools, as text; None where no setting says that."""
    try:
        return weights_from({name: shares.get(name, 0) for name in chosen}).text
    except ValueError:
        return None
