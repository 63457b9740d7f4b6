"""What does a policy document change of today's rules? Its settings, in the words of a scenario.

In: a policy, today's platform. Out: assignments as ``--set`` would make them, and what of the policy is not
replayed, each value with its JSON Pointer and the reason.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from costctl.documents.policy import AtMost, Backend, Policy, PolicyClass, RejectWhenBusy
from costctl.scenario.rules import Platform
from costctl.scenario.settings_table import Assignment, Owner, Value, setting_named
from costctl.units import US_PER_S


@dataclass(frozen=True, slots=True)
class NotReplayed:
    """A value of a policy that the replay does not know of, by JSON Pointer."""

    pointer: str
    reason: str


@dataclass(slots=True)
class _Reading:
    """What has been read so far."""

    policy: Policy
    today: Platform
    assignments: list[Assignment] = field(default_factory=list)
    left_out: list[NotReplayed] = field(default_factory=list)

    def set(self, owner: Owner, subject: str, name: str, value: Value, pointer: str) -> None:
        self.assignments.append(
            Assignment(setting_named(owner, name), subject, value, f"{pointer} of the policy")
        )

    def leave_out(self, pointer: str, reason: str) -> None:
        self.left_out.append(NotReplayed(pointer, reason))


def settings_of_policy(policy: Policy, today: Platform) -> tuple[list[Assignment], tuple[NotReplayed, ...]]:
    """Assignments in the order of the document, and what is left out."""
    reading = _Reading(policy, today)
    for index, backend in enumerate(policy.backends):
        _read_backend(reading, f"/backends/{index}", backend)
    for index, kind in enumerate(policy.classes):
        pointer = f"/classes/{index}"
        if kind.request_class in today.classes:
            _read_class(reading, pointer, kind)
        else:
            reading.leave_out(pointer, f"no call of {kind.request_class} is replayed")
    _read_placements(reading)
    return reading.assignments, tuple(reading.left_out)


def _read_backend(reading: _Reading, pointer: str, backend: Backend) -> None:
    if backend.pool is None or backend.pool not in reading.today.pools:
        reading.leave_out(pointer, f"{backend.id} is no pool that can be replayed")
        return
    name, today = backend.pool, reading.today.pools[backend.pool]
    if backend.replicas is not None:
        reading.set("pool", name, "replicas", backend.replicas, f"{pointer}/replicas")
    if isinstance(backend.max_concurrency, AtMost):
        _read_concurrency(reading, f"{pointer}/max_concurrency", backend, backend.max_concurrency)
    if backend.batch is not None and today.discipline == "static":
        if backend.batch.window_us is not None:
            window_s = backend.batch.window_us / US_PER_S
            reading.set("pool", name, "batch.window", window_s, f"{pointer}/batch/window_us")
        if backend.batch.max_size is not None:
            reading.set("pool", name, "batch.size", backend.batch.max_size, f"{pointer}/batch/max_size")
    elif backend.batch is not None:
        reading.leave_out(f"{pointer}/batch", f"{name} batches continuously")


def _read_concurrency(reading: _Reading, pointer: str, backend: Backend, limit: AtMost) -> None:
    name = backend.pool or ""
    today = reading.today.pools[name]
    sharing = sum(other.pool == name for other in reading.policy.backends)
    if today.discipline == "static" or sharing > 1 or limit.scope == "per_caller":
        reading.leave_out(pointer, "the replay limits the sequences of a replica, not these calls")
        return
    replicas = 1 if limit.scope == "per_replica" else (backend.replicas or today.replicas)
    reading.set("pool", name, "max_num_seqs", max(1, limit.value // replicas), pointer)


def _read_class(reading: _Reading, pointer: str, kind: PolicyClass) -> None:
    name = kind.request_class
    lane = [each.id for each in reading.policy.lanes].index(kind.lane) + 1
    reading.set("class", name, "lane", lane, f"{pointer}/lane")
    if kind.queue is not None:
        _read_queue(reading, f"{pointer}/queue", kind)
    if kind.retries is not None:
        reading.set("class", name, "retries", kind.retries, f"{pointer}/retries")
    if kind.timeout_us is not None:
        reading.leave_out(f"{pointer}/timeout_us", "a call that has begun is never broken off in the replay")
    if kind.admission is not None:
        reading.leave_out(f"{pointer}/admission", "the replay has no limits of rate or concurrency by class")
    if kind.placement.fallback:
        reading.leave_out(
            f"{pointer}/placement/fallback", "a fallback is taken on an error, and calls do not fail anew"
        )


def _read_queue(reading: _Reading, pointer: str, kind: PolicyClass) -> None:
    name, queue = kind.request_class, kind.queue
    if queue is None:
        return
    if isinstance(queue.depth, AtMost):
        if queue.depth.scope == "per_caller":
            reading.leave_out(f"{pointer}/depth", "callers are not told apart in the replay")
        else:
            replicas = [reading.today.pools[each].replicas for each in reading.today.classes[name].pools]
            over = 1 if queue.depth.scope == "per_replica" else max(replicas)
            reading.set("class", name, "queue.limit", math.ceil(queue.depth.value / over), f"{pointer}/depth")
    elif isinstance(queue.depth, RejectWhenBusy):
        reading.leave_out(
            f"{pointer}/depth",
            "a call that only waits for the next step would be refused in the replay as well",
        )
    elif queue.depth is not None:
        reading.set("class", name, "queue.limit", None, f"{pointer}/depth")
    if queue.max_wait_us is not None:
        wait_s = queue.max_wait_us / US_PER_S
        reading.set("class", name, "queue.max_wait", wait_s, f"{pointer}/max_wait_us")
    if queue.on_timeout == "demote":
        reading.leave_out(f"{pointer}/on_timeout", "the policy does not say to which line; it is refused")


def _read_placements(reading: _Reading) -> None:
    """One pool for each way of serving and class, where the targets name one; weights are not replayed."""
    pool_of = {backend.id: backend.pool for backend in reading.policy.backends}
    pools = reading.today.pools
    chosen: dict[str, dict[str, str]] = {}
    for index, kind in enumerate(reading.policy.classes):
        pointer = f"/classes/{index}/placement/targets"
        if kind.request_class not in reading.today.classes:
            continue
        named = {
            pool_of[target.backend] or target.backend for target in kind.placement.targets if target.weight
        }
        replayed = sorted(name for name in named if name in pools)
        if len(replayed) != 1 or len(named) != 1:
            reason = "the replay keeps each call on one pool, so that a split by weight stays as it is today"
            reading.leave_out(pointer, reason if replayed else "none of them can be replayed")
            continue
        ways = chosen.setdefault(kind.request_class, {})
        way = pools[replayed[0]].discipline
        if ways.setdefault(way, replayed[0]) != replayed[0]:
            reading.leave_out(pointer, f"{kind.request_class} goes to {ways[way]} by another rule already")
    for name, ways in sorted(chosen.items()):
        reading.set("class", name, "pool", tuple(sorted(ways.values())), "a placement")
