"""What does HAProxy's file make of each value of a policy? One entry for every leaf.

In: a ledger, the policy and its pools. Out: nothing; the ledger holds the entries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from costctl.documents.policy import AtMost, Backend, Policy, PolicyClass, RejectWhenBusy, Unlimited
from costctl.policy.ledger import Ledger
from costctl.policy.targets.gateway_entries import say_passed_on, say_targets
from costctl.policy.targets.haproxy_rules import handles
from costctl.policy.targets.haproxy_text import milliseconds
from costctl.policy.targets.reached_pools import ReachedPool, limited_depth
from costctl.policy.targets.server_limit import COUNTED, ServerWords, say_server_limit

_MAXCONN: Final = ServerWords("HAProxy", "maxconn of each server", "no maxconn")
_NOT_ASKED: Final = "No class reaches it; it is not in the file."
_ONE_QUEUE: Final = (
    "HAProxy counts all who wait for the pool: a class is turned away from the sum on of what it and those behind it "
    "may have waiting."
)


def say_all(ledger: Ledger, policy: Policy, pools: Sequence[ReachedPool]) -> None:
    """An entry for every leaf of the policy."""
    ledger.provenance()
    for index in range(len(policy.lanes)):
        ledger.exact(f"/lanes/{index}", f"http-request set-priority-class int({index}), the lowest first")
    by_backend = {each.id: pool for pool in pools for each in pool.backends}
    for number, backend in enumerate(policy.backends):
        _say_backend(ledger, f"/backends/{number}", backend, by_backend.get(backend.id))
    for number, kind in enumerate(policy.classes):
        _say_class(ledger, f"/classes/{number}", kind, by_backend)
    ledger.exact("/default_class", "the class of a request that none takes")


def _targets(kind: PolicyClass, by_backend: Mapping[str, ReachedPool]) -> tuple[ReachedPool, ...]:
    found = (by_backend[each.backend] for each in kind.placement.targets)
    return tuple({pool.name: pool for pool in found}.values())


def _say_backend(ledger: Ledger, here: str, backend: Backend, pool: ReachedPool | None) -> None:
    if pool is None:
        ledger.not_applicable(here, _NOT_ASKED)
        return
    ledger.exact(f"{here}/id", f"backend {pool.name}")
    if backend.max_concurrency is not None:
        say_server_limit(ledger, f"{here}/max_concurrency", backend.max_concurrency, pool, _MAXCONN)
    if ledger.has(f"{here}/replicas"):
        ledger.exact(f"{here}/replicas", "lines server")
    for part in ("schedule", "start_up_us"):
        if ledger.has(f"{here}/{part}"):
            ledger.unsupported(f"{here}/{part}", "HAProxy starts no replicas.")
    if ledger.has(f"{here}/routing"):
        _say_routing(ledger, f"{here}/routing", backend)
    for part in ("batching", "batch"):
        if ledger.has(f"{here}/{part}"):
            ledger.not_applicable(f"{here}/{part}", "For the server behind it.")
    ledger.not_applicable(here, "Says where the server stands, and what it serves; nothing is routed by it.")


def _say_routing(ledger: Ledger, here: str, backend: Backend) -> None:
    if backend.routing is not None and backend.routing.rule == "prefix_affinity":
        reason = "By the first message of a conversation alone, wherever its server is in the order of load."
        ledger.approximated(f"{here}/rule", reason, "balance hash")
    elif ledger.has(f"{here}/rule"):
        ledger.exact(f"{here}/rule", "balance")
    if ledger.has(f"{here}/most_ahead"):
        ledger.unsupported(
            f"{here}/most_ahead", "HAProxy does not compare the loads of servers under a hash."
        )


def _say_class(ledger: Ledger, here: str, kind: PolicyClass, by_backend: Mapping[str, ReachedPool]) -> None:
    targets = _targets(kind, by_backend)
    ledger.exact(f"{here}/id", "txn.class")
    ledger.exact(f"{here}/match", "conditions of set-var(txn.class)")
    ledger.exact(f"{here}/lane", "http-request set-priority-class")
    say_targets(ledger, here, kind, by_backend, "set-var(txn.to), use_backend")
    for place, fallback in enumerate(kind.placement.fallback):
        at = f"{here}/placement/fallback/{place}"
        for nth, cause in enumerate(fallback.on):
            if handles(cause, kind):
                reason = "Before a request is sent: a call that fails there is not sent on."
                ledger.approximated(f"{at}/on/{nth}", reason, "set-var(txn.to)")
            else:
                ledger.unsupported(
                    f"{at}/on/{nth}", "HAProxy sends a request to one pool, and not on from there."
                )
        if any(handles(cause, kind) for cause in fallback.on):
            ledger.exact(f"{at}/backend", "set-var(txn.to)")
        else:
            ledger.unsupported(at, "HAProxy sends a request to one pool, and not on from there.")
    if kind.queue is not None:
        _say_queue(ledger, f"{here}/queue", kind, targets)
    if kind.admission is not None:
        _say_admission(ledger, f"{here}/admission", kind)
    _say_calls(ledger, here, kind, targets)
    say_passed_on(ledger, here, "HAProxy", "targets and fallbacks")


def _say_queue(ledger: Ledger, here: str, kind: PolicyClass, targets: Sequence[ReachedPool]) -> None:
    never_waits = all(pool.per_server is None for pool in targets)
    depth = limited_depth(kind)
    if depth is not None:
        if never_waits and not isinstance(depth, Unlimited):
            ledger.unsupported(f"{here}/depth", "Nothing waits for a server without maxconn.")
        elif isinstance(depth, Unlimited):
            ledger.exact(f"{here}/depth", "no condition on queue()")
        elif isinstance(depth, RejectWhenBusy):
            ledger.exact(f"{here}/depth", "deny if be_conn_free() is 0")
        elif depth.scope not in COUNTED or any(pool.replicas is None for pool in targets):
            ledger.unsupported(f"{here}/depth", "HAProxy counts the queue of a pool of known replicas.")
        elif _is_alone(targets) and depth.scope == "per_backend":
            ledger.exact(f"{here}/depth", "deny if queue() is so long")
        else:
            ledger.approximated(f"{here}/depth", _ONE_QUEUE, "deny if queue() is so long")
    queue = kind.queue
    if queue is not None and queue.max_wait_us is not None:
        _say_wait(ledger, f"{here}/max_wait_us", queue.max_wait_us, targets)
    if ledger.has(f"{here}/on_timeout"):
        if queue is not None and queue.on_timeout == "demote":
            ledger.unsupported(f"{here}/on_timeout", "HAProxy refuses who waited too long, with 503.")
        else:
            ledger.exact(f"{here}/on_timeout", "503")


def _is_alone(targets: Sequence[ReachedPool]) -> bool:
    return len(targets) == 1 and len(targets[0].targets) == 1


def _say_wait(ledger: Ledger, here: str, wait_us: int | Unlimited, targets: Sequence[ReachedPool]) -> None:
    written = "timeout queue"
    waits = {pool.longest_wait_us() or 0 for pool in targets}
    if isinstance(wait_us, int):
        to = milliseconds(wait_us)
        if {milliseconds(each) for each in waits} == {to}:
            if to * 1000 == wait_us:
                ledger.exact(here, written)
            else:
                ledger.rounded(here, wait_us, to * 1000, written)
            return
    elif waits == {0}:
        ledger.exact(here, "timeout queue 0ms, which is no time-out")
        return
    ledger.approximated(here, "A pool has one time-out: the shortest of its classes holds for all.", written)


def _say_admission(ledger: Ledger, here: str, kind: PolicyClass) -> None:
    found = kind.admission
    if found is None:
        return
    if isinstance(found.concurrency, AtMost) and found.concurrency.scope == "per_caller":
        ledger.approximated(
            f"{here}/concurrency", "Counted over all callers.", "deny if sc0_conn_cur is above it"
        )
    elif isinstance(found.concurrency, AtMost):
        ledger.exact(f"{here}/concurrency", "deny if sc0_conn_cur is above it")
    elif isinstance(found.concurrency, Unlimited):
        ledger.exact(f"{here}/concurrency", "no condition on sc0_conn_cur")
    elif found.concurrency is not None:
        ledger.unsupported(f"{here}/concurrency", "It is no number.")
    if found.requests_per_minute is not None:
        reason = "HAProxy estimates the rate of the last 60 s from two periods."
        ledger.approximated(f"{here}/requests_per_minute", reason, "deny if sc0_gpc0_rate reaches it")
    if found.tokens_per_minute is not None:
        ledger.unsupported(f"{here}/tokens_per_minute", "HAProxy counts no tokens.")


def _say_calls(ledger: Ledger, here: str, kind: PolicyClass, targets: Sequence[ReachedPool]) -> None:
    if kind.timeout_us is not None:
        reason = "Of silence: an answer that goes on arriving is not ended."
        ledger.approximated(f"{here}/timeout_us", reason, "http-request set-timeout server")
    if kind.retries is not None:
        most = {other.retries for pool in targets for _, other in pool.reached}
        if most == {kind.retries}:
            ledger.exact(f"{here}/retries", "retries, retry-on")
        else:
            reason = "A pool has one number: the most that a class allows; none for those that allow none."
            ledger.approximated(f"{here}/retries", reason, "retries, retry-on, disable-l7-retry")
    if kind.backoff_us is not None:
        ledger.unsupported(f"{here}/backoff_us", "HAProxy asks again at once.")
