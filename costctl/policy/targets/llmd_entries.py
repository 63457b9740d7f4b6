"""What does llm-d make of each value of a policy? One entry for every leaf.

In: a ledger, the policy and the pools that it reaches. Out: nothing; the ledger holds the entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from costctl.documents.policy import Backend, Policy, PolicyClass, RejectWhenBusy, Unlimited
from costctl.policy.ledger import Ledger
from costctl.policy.targets.gateway_entries import say_passed_on, say_targets
from costctl.policy.targets.kube_text import gateway_ms
from costctl.policy.targets.llmd_pools import band_length, rewritten, serves
from costctl.policy.targets.llmd_routes import parts_of
from costctl.policy.targets.reached_pools import ReachedPool, limited_depth
from costctl.policy.targets.server_limit import ServerWords, say_server_limit

_NO_FALLBACK: Final = "An HTTPRoute sends a call to one pool, and not on from there."
_NOT_SENT: Final = "No class is sent there first, and an HTTPRoute has no fallbacks."
_ELSEWHERE: Final = "llm-d queues nothing for a provider."
_LIMIT: Final = ServerWords(
    "llm-d", "concurrency-detector.maxConcurrency", "concurrency-detector.maxConcurrency, as large as can be"
)
_BAND: Final = "priorityBands.maxRequests"
_BYTES: Final = "and 1 GB of waiting requests at most, which is llm-d's own limit"


def say_all(ledger: Ledger, policy: Policy, pools: Sequence[ReachedPool]) -> None:
    """An entry for every leaf of the policy."""
    ledger.provenance()
    used = {kind.lane for pool in pools if serves(pool) for _, kind in pool.targets}
    for place, lane in enumerate(policy.lanes):
        if lane.id in used:
            ledger.exact(f"/lanes/{place}", "InferenceObjective.priority, the highest first")
        else:
            ledger.not_applicable(f"/lanes/{place}", "No class of it is sent to a pool.")
    by_backend = {each.id: pool for pool in pools for each in pool.backends}
    for number, backend in enumerate(policy.backends):
        _say_backend(ledger, f"/backends/{number}", backend, by_backend.get(backend.id))
    for number, kind in enumerate(policy.classes):
        _say_class(ledger, f"/classes/{number}", kind, pools)
    ledger.exact("/default_class", "the rule that matches every call")


def _say_backend(ledger: Ledger, here: str, backend: Backend, pool: ReachedPool | None) -> None:
    if pool is None or not pool.targets:
        ledger.not_applicable(here, _NOT_SENT)
        return
    ledger.exact(f"{here}/id", "InferencePool" if serves(pool) else "Service, in place of the provider")
    limit = backend.max_concurrency
    if limit is not None and serves(pool):
        say_server_limit(ledger, f"{here}/max_concurrency", limit, pool, _LIMIT)
    elif limit is not None:
        ledger.unsupported(f"{here}/max_concurrency", "llm-d does not count calls to a provider.")
    for part in ("replicas", "schedule", "start_up_us"):
        if ledger.has(f"{here}/{part}"):
            ledger.unsupported(
                f"{here}/{part}", "llm-d starts no replicas: it takes the pods that carry its label."
            )
    if ledger.has(f"{here}/routing"):
        _say_routing(ledger, f"{here}/routing", backend, pool)
    for part in ("batching", "batch"):
        if ledger.has(f"{here}/{part}"):
            ledger.not_applicable(f"{here}/{part}", "For the server behind it.")
    if ledger.has(f"{here}/model") and rewritten(pool) and serves(pool):
        ledger.exact(f"{here}/model", "InferenceModelRewrite.modelRewrite")
    ledger.not_applicable(here, "Says where the server stands, and what it serves; nothing is routed by it.")


def _say_routing(ledger: Ledger, here: str, backend: Backend, pool: ReachedPool) -> None:
    rule = None if backend.routing is None else backend.routing.rule
    if ledger.has(f"{here}/rule") and not serves(pool):
        ledger.unsupported(f"{here}/rule", "For a provider.")
    elif ledger.has(f"{here}/rule") and rule != pool.rule:
        ledger.approximated(
            f"{here}/rule", "A pool has one rule: that of its first model.", "schedulingProfiles"
        )
    elif rule == "round_robin":
        reason = "Each replica is as likely as another, in no turn."
        ledger.approximated(f"{here}/rule", reason, "random-picker")
    elif rule == "prefix_affinity":
        reason = "Where the beginning of a prompt was seen is weighed against load, 3 to 1."
        ledger.approximated(f"{here}/rule", reason, "prefix-cache-scorer, active-request-scorer")
    elif rule == "least_outstanding":
        ledger.exact(f"{here}/rule", "active-request-scorer, by calls that the endpoint picker sent")
    if ledger.has(f"{here}/most_ahead"):
        ledger.unsupported(
            f"{here}/most_ahead", "llm-d weighs load against a prefix; it has no bound on the difference."
        )


def _say_class(ledger: Ledger, here: str, kind: PolicyClass, pools: Sequence[ReachedPool]) -> None:
    parts = [pool for pool, _ in parts_of(kind, pools)]
    own = [pool for pool in parts if serves(pool)]
    ledger.exact(f"{here}/id", "a rule of the HTTPRoute")
    if ledger.has(f"{here}/match/operation"):
        reason = "Paths must be exactly those under /v1; a call under another is of no operation."
        ledger.approximated(f"{here}/match/operation", reason, "matches.path")
    if ledger.has(f"{here}/match"):
        ledger.exact(f"{here}/match", "matches.headers")
    if not own:
        ledger.unsupported(f"{here}/lane", _ELSEWHERE)
    elif len(own) < len(parts):
        ledger.approximated(f"{here}/lane", _ELSEWHERE, "x-llm-d-inference-objective")
    else:
        ledger.exact(f"{here}/lane", "x-llm-d-inference-objective")
    by_backend = {backend.id: pool for pool in pools for backend in pool.backends}
    say_targets(ledger, here, kind, by_backend, "backendRefs, by weight")
    if ledger.has(f"{here}/placement/fallback"):
        ledger.unsupported(f"{here}/placement/fallback", _NO_FALLBACK)
    if kind.queue is not None:
        _say_queue(ledger, f"{here}/queue", kind, parts)
    if ledger.has(f"{here}/admission"):
        ledger.unsupported(f"{here}/admission", "llm-d bounds what waits, not what a class asks for.")
    _say_calls(ledger, here, kind)
    say_passed_on(ledger, here, "llm-d", "targets")


def _say_queue(ledger: Ledger, here: str, kind: PolicyClass, parts: Sequence[ReachedPool]) -> None:
    if not all(serves(pool) for pool in parts):
        ledger.unsupported(here, _ELSEWHERE)
        return
    depth = limited_depth(kind)
    lengths = {band_length(pool, kind.lane) for pool in parts}
    if depth is not None:
        if None in lengths:
            reason = (
                "A class of the same lane says nothing, or replicas are not counted; llm-d's own 5,000 holds."
            )
            ledger.unsupported(f"{here}/depth", reason)
        elif isinstance(depth, Unlimited):
            ledger.exact(f"{here}/depth", f"{_BAND} and maxBytes, as large as can be")
        elif any(isinstance(each, Unlimited) for each in lengths):
            ledger.unsupported(f"{here}/depth", "A class of the same lane may have any number waiting.")
        elif isinstance(depth, RejectWhenBusy):
            reason = "One may wait at least, as 0 would mean 5,000; the classes of a lane share one band."
            ledger.approximated(f"{here}/depth", reason, _BAND)
        else:
            reason = f"The classes of a lane share a band, as long as theirs together; {_BYTES}."
            ledger.approximated(f"{here}/depth", reason, _BAND)
    if kind.queue is not None and kind.queue.max_wait_us is not None:
        _say_wait(ledger, f"{here}/max_wait_us", kind.queue.max_wait_us, parts)
    if kind.queue is not None and kind.queue.on_timeout == "demote":
        ledger.unsupported(f"{here}/on_timeout", "llm-d refuses a call that waited too long.")
    elif ledger.has(f"{here}/on_timeout"):
        ledger.exact(f"{here}/on_timeout", "429, or 503 where the pool has no pods")


def _say_wait(ledger: Ledger, here: str, wait_us: int | Unlimited, parts: Sequence[ReachedPool]) -> None:
    written = "flowControl.defaultRequestTTL"
    mine = 0 if isinstance(wait_us, Unlimited) else wait_us
    if {pool.longest_wait_us() for pool in parts} == {mine}:
        ledger.exact(here, f"{written} 0s, which is no time-out" if mine == 0 else written)
    else:
        ledger.approximated(here, "A pool has one time: the shortest of its classes holds for all.", written)


def _say_calls(ledger: Ledger, here: str, kind: PolicyClass) -> None:
    if kind.timeout_us is not None:
        after_us = 1000 * gateway_ms(kind.timeout_us)
        if after_us == kind.timeout_us:
            ledger.exact(f"{here}/timeout_us", "timeouts.request")
        else:
            ledger.rounded(f"{here}/timeout_us", kind.timeout_us, after_us, "timeouts.request")
    for part in ("retries", "backoff_us"):
        if ledger.has(f"{here}/{part}"):
            ledger.unsupported(f"{here}/{part}", "An HTTPRoute of the standard channel tries nothing again.")
