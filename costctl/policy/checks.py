"""Is a policy sound? What a JSON Schema cannot say.

In: a policy that has the right shape. Out: findings, each with the pointer it is about; none where the
policy is sound. Findings are collected, never thrown.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from costctl.documents.policy import Backend, Match, Policy, PolicyClass
from costctl.levers.boundary import reason_outside
from costctl.policy.keeping import broken_by
from costctl.policy.pointers import resolves

Code = Literal[
    "duplicate_id",
    "unresolved",
    "outside_boundary",
    "no_weight",
    "unreachable",
    "durations",
    "no_evidence",
    "validity",
]


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something wrong. pointer: where in the policy (RFC 6901).  message: one sentence."""

    pointer: str
    code: Code
    message: str


def check_policy(policy: Policy) -> tuple[Finding, ...]:
    """Every finding about the policy, in the order of the checks; empty where it is sound."""
    return tuple(
        finding
        for check in (
            _duplicate_ids,
            _unresolved_references,
            _backends_outside_boundary,
            _kept_outside_boundary,
            _weights,
            _unreachable_classes,
            _durations,
            _settings_without_evidence,
            _validity,
        )
        for finding in check(policy)
    )


def covers(earlier: Match, later: Match) -> bool:
    """Whether every request that ``later`` takes is also taken by ``earlier``."""
    return (
        set(earlier.headers) <= set(later.headers)
        and (earlier.operation is None or set(later.operation or ("*",)) <= set(earlier.operation))
        and (earlier.model is None or set(later.model or ("",)) <= set(earlier.model))
    )


def _duplicate_ids(policy: Policy) -> Iterator[Finding]:
    for section in ("lanes", "backends", "classes", "evidence"):
        seen: set[str] = set()
        for index, item in enumerate(getattr(policy, section)):
            if item.id in seen:
                yield Finding(f"/{section}/{index}/id", "duplicate_id", f"{item.id} stands more than once.")
            seen.add(item.id)


def _unresolved_references(policy: Policy) -> Iterator[Finding]:
    known = {
        section: {item.id for item in getattr(policy, section)}
        for section in ("lanes", "backends", "classes", "evidence")
    }
    for pointer, section, identifier in _references(policy):
        if identifier not in known[section]:
            yield Finding(pointer, "unresolved", f"{identifier} is not among the {section}.")


def _references(policy: Policy) -> Iterator[tuple[str, str, str]]:
    """Every reference: (pointer, section that must hold it, id)."""
    yield "/default_class", "classes", policy.default_class
    for index, kind in enumerate(policy.classes):
        here = f"/classes/{index}"
        yield f"{here}/lane", "lanes", kind.lane
        for pointer, backend in _placed(kind, here):
            yield pointer, "backends", backend
    for index, expectation in enumerate(policy.expected):
        yield f"/expected/{index}/evidence", "evidence", expectation.evidence
    for here, _, why in _justified(policy):
        for place, ids in why.items():
            for identifier in ids:
                yield f"{here}/why/{place.replace('~', '~0').replace('/', '~1')}", "evidence", identifier


def _placed(kind: PolicyClass, here: str) -> Iterator[tuple[str, str]]:
    """Every backend that the class may reach, with its pointer."""
    for place, target in enumerate(kind.placement.targets):
        yield f"{here}/placement/targets/{place}/backend", target.backend
    for place, fallback in enumerate(kind.placement.fallback):
        yield f"{here}/placement/fallback/{place}/backend", fallback.backend


def _backends_outside_boundary(policy: Policy) -> Iterator[Finding]:
    backends = _backends(policy)
    for index, kind in enumerate(policy.classes):
        if kind.data_boundary is None or kind.data_boundary.enforcement != "required":
            continue
        for pointer, identifier in _placed(kind, f"/classes/{index}"):
            backend = backends.get(identifier)
            reason = None if backend is None else reason_outside(kind.data_boundary, backend)
            if reason is not None:
                message = f"{kind.id} must not reach {identifier}: {reason}."
                yield Finding(pointer, "outside_boundary", message)


def _kept_outside_boundary(policy: Policy) -> Iterator[Finding]:
    backends = _backends(policy)
    for index, kind in enumerate(policy.classes):
        for broken in broken_by(kind, backends):
            at = "" if broken.backend is None else f" at {broken.backend}"
            message = f"{kind.id} must not use its {broken.setting}{at}: {broken.reason}."
            yield Finding(f"/classes/{index}/{broken.setting}", "outside_boundary", message)


def _weights(policy: Policy) -> Iterator[Finding]:
    for index, kind in enumerate(policy.classes):
        pointer = f"/classes/{index}/placement"
        if sum(target.weight for target in kind.placement.targets) <= 0:
            yield Finding(f"{pointer}/targets", "no_weight", f"The targets of {kind.id} weigh nothing.")
        reached = [backend for _, backend in _placed(kind, "")]
        for backend in sorted({name for name in reached if reached.count(name) > 1}):
            yield Finding(pointer, "duplicate_id", f"{kind.id} names {backend} more than once.")


def _unreachable_classes(policy: Policy) -> Iterator[Finding]:
    for index, later in enumerate(policy.classes):
        shadow = next((kind for kind in policy.classes[:index] if covers(kind.match, later.match)), None)
        if shadow is not None:
            message = f"{later.id} is never reached: {shadow.id} takes all of its requests before."
            yield Finding(f"/classes/{index}/match", "unreachable", message)


def _durations(policy: Policy) -> Iterator[Finding]:
    """Window < longest wait < timeout, among those that are set."""
    backends = _backends(policy)
    for index, kind in enumerate(policy.classes):
        steps: list[tuple[str, str, int]] = []
        windows = [
            (target.backend, backends[target.backend].batch)
            for target in kind.placement.targets
            if target.backend in backends
        ]
        widest, backend = max(
            ((batch.window_us or 0, name) for name, batch in windows if batch is not None), default=(0, "")
        )
        if widest > 0:
            steps.append(("placement", f"the batch window of {backend} (batch.window_us)", widest))
        if kind.queue is not None and isinstance(kind.queue.max_wait_us, int):
            steps.append(
                ("queue/max_wait_us", "its longest wait (queue.max_wait_us)", kind.queue.max_wait_us)
            )
        if kind.timeout_us is not None:
            steps.append(("timeout_us", "its timeout (timeout_us)", kind.timeout_us))
        for (_, shorter, lower), (place, longer, upper) in itertools.pairwise(steps):
            if lower >= upper:
                message = f"{kind.id}: {longer}, {upper} µs, is not longer than {shorter}, {lower} µs."
                yield Finding(f"/classes/{index}/{place}", "durations", message)


def _settings_without_evidence(policy: Policy) -> Iterator[Finding]:
    for here, item, why in _justified(policy):
        content: dict[str, Any] = msgspec.to_builtins(item)
        for place in why:
            if not resolves(content, place):
                yield Finding(f"{here}/why", "unresolved", f"{place} is not in {item.id}.")
        for setting in sorted(_JUSTIFIED_SETTINGS & content.keys()):
            if not any(place == f"/{setting}" or place.startswith(f"/{setting}/") for place in why):
                message = f"{setting} of {item.id} has no entry in why; say what it rests on."
                yield Finding(f"{here}/{setting}", "no_evidence", message)


_JUSTIFIED_SETTINGS = frozenset(
    {
        "admission",
        "affinity",
        "backoff_us",
        "batch",
        "caps",
        "max_concurrency",
        "placement",
        "prompt_cache",
        "queue",
        "response_cache",
        "retries",
        "routing",
        "service_tier",
        "timeout_us",
    }
)


def _justified(policy: Policy) -> Iterator[tuple[str, Backend | PolicyClass, dict[str, tuple[str, ...]]]]:
    """What carries ``why``, with its pointer."""
    for index, backend in enumerate(policy.backends):
        yield f"/backends/{index}", backend, backend.why
    for index, kind in enumerate(policy.classes):
        yield f"/classes/{index}", kind, kind.why


def _validity(policy: Policy) -> Iterator[Finding]:
    # Both are RFC 3339 in UTC; to the second they compare as text.
    if policy.validity.not_before[:19] >= policy.validity.not_after[:19]:
        yield Finding("/validity/not_after", "validity", "The policy ends before it begins.")


def _backends(policy: Policy) -> dict[str, Backend]:
    return {backend.id: backend for backend in policy.backends}
