"""What does Bifrost make of each value of a policy? One entry for every leaf.

In: a ledger, the policy and its providers. Out: nothing; the ledger holds the entries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from costctl.documents.policy import Backend, Policy, PolicyClass, RejectWhenBusy, Unlimited
from costctl.policy.ledger import Ledger
from costctl.policy.mislabelled import reached_by
from costctl.policy.targets.bifrost_governance import CACHE_KEY, answer_ttl_s, counted_at
from costctl.policy.targets.bifrost_providers import (
    Upstream,
    backoff_ms,
    concurrency,
    drops_excess,
    queue_length,
    retries,
    timeout_s,
)
from costctl.policy.targets.bifrost_rules import weights
from costctl.policy.targets.gateway_entries import say_passed_on
from costctl.policy.targets.reached_pools import limited_depth
from costctl.units import US_PER_S

_CONSUMER: Final = "Bifrost"
_NOT_ASKED: Final = "No class reaches it; it is not in the file."
_EACH: Final = "Each Bifrost counts by itself, over all replicas."
_CAUSES: Final = ("error", "timeout", "overload")


@dataclass(frozen=True, slots=True)
class Written:
    """What stands in the file. by_backend: the provider of each."""

    policy: Policy
    upstreams: Sequence[Upstream]
    by_backend: Mapping[str, Upstream]


def say_all(ledger: Ledger, policy: Policy, upstreams: Sequence[Upstream]) -> None:
    """An entry for every leaf of the policy."""
    written = Written(policy, upstreams, {b.id: each for each in upstreams for b in each.backends})
    ledger.provenance()
    for index in range(len(policy.lanes)):
        ledger.unsupported(f"/lanes/{index}", "Bifrost serves who came first; its priorities are of rules.")
    for number, backend in enumerate(policy.backends):
        _say_backend(ledger, f"/backends/{number}", backend, written)
    for number, kind in enumerate(policy.classes):
        _say_class(ledger, f"/classes/{number}", kind, written)
    ledger.exact("/default_class", "the last routing rule")


def _say_backend(ledger: Ledger, here: str, backend: Backend, written: Written) -> None:
    upstream = written.by_backend.get(backend.id)
    if upstream is None:
        ledger.not_applicable(here, _NOT_ASKED)
        return
    ledger.exact(f"{here}/id", f"providers.{upstream.name}")
    if ledger.has(f"{here}/model"):
        ledger.exact(f"{here}/model", "keys.models; targets.model")
    if ledger.has(f"{here}/max_concurrency"):
        at = f"{here}/max_concurrency"
        if isinstance(backend.max_concurrency, Unlimited):
            ledger.unsupported(
                at, "Bifrost has a worker for each call in progress, and must be told how many."
            )
        elif len(upstream.pools) > 1:
            ledger.unsupported(at, "Bifrost counts by provider, and other models are bought there too.")
        elif concurrency(upstream) is None:
            ledger.unsupported(at, "Bifrost counts over a pool of known replicas.")
        else:
            ledger.approximated(at, _EACH, "concurrency_and_buffer_size.concurrency")
    for part in ("replicas", "schedule", "start_up_us"):
        if ledger.has(f"{here}/{part}"):
            ledger.unsupported(f"{here}/{part}", "Bifrost starts no replicas; it asks a pool by one address.")
    if ledger.has(f"{here}/routing"):
        ledger.unsupported(f"{here}/routing", "Bifrost sees a pool as one server.")
    for part in ("batching", "batch"):
        if ledger.has(f"{here}/{part}"):
            ledger.not_applicable(f"{here}/{part}", "For the server behind it.")
    ledger.not_applicable(here, "Says where the server stands; nothing is routed by it.")


def _say_class(ledger: Ledger, here: str, kind: PolicyClass, written: Written) -> None:
    asked = [written.by_backend[name] for name in reached_by(kind)]
    ledger.exact(f"{here}/id", "routing_rules.id")
    ledger.exact(f"{here}/match", "routing_rules.cel_expression")
    ledger.unsupported(f"{here}/lane", "Bifrost serves who came first.")
    _say_targets(ledger, f"{here}/placement/targets", kind)
    _say_fallbacks(ledger, f"{here}/placement/fallback", kind)
    if kind.queue is not None:
        _say_queue(ledger, f"{here}/queue", kind, written)
    if kind.admission is not None:
        _say_admission(ledger, f"{here}/admission", kind, written)
    if kind.timeout_us is not None:
        _say_timeout(ledger, f"{here}/timeout_us", kind.timeout_us, asked)
    if kind.retries is not None:
        if {retries(each) for each in asked} == {kind.retries}:
            ledger.exact(f"{here}/retries", "network_config.max_retries")
        else:
            reason = "A provider has one number: the fewest that its classes allow."
            ledger.approximated(f"{here}/retries", reason, "network_config.max_retries")
    if kind.backoff_us is not None:
        if any(backoff_ms(each) is not None for each in asked):
            reason = "A provider has one wait, 100 ms at least, random by a fifth, longer with each try."
            ledger.approximated(f"{here}/backoff_us", reason, "network_config.retry_backoff_initial")
        else:
            ledger.unsupported(f"{here}/backoff_us", "Bifrost's own wait of 500 ms holds.")
    _say_answers(ledger, f"{here}/response_cache", kind, written.policy)
    say_passed_on(ledger, here, _CONSUMER, "targets and fallbacks; the file has no other place")


def _say_targets(ledger: Ledger, here: str, kind: PolicyClass) -> None:
    targets = [target for target in kind.placement.targets if target.weight]
    total = sum(target.weight for target in targets)
    shares = iter(weights([target.weight for target in targets]))
    for place, target in enumerate(kind.placement.targets):
        share = next(shares) if target.weight else 0.0
        if target.weight and share * total != target.weight and abs(share - target.weight / total) > 1e-6:
            reason = "A weight is a part of 1, and none is less than a billionth."
            ledger.approximated(f"{here}/{place}/weight", reason, "targets.weight")
    ledger.exact(here, "targets, by weight, as parts of 1")


def _say_fallbacks(ledger: Ledger, here: str, kind: PolicyClass) -> None:
    targets = [target.backend for target in kind.placement.targets if target.weight]
    for place, fallback in enumerate(kind.placement.fallback):
        at = f"{here}/{place}"
        if targets == [fallback.backend]:
            ledger.unsupported(at, "It is where the class is sent first.")
            continue
        ledger.exact(f"{at}/backend", "routing_rules.fallbacks, next in order")
        for nth, cause in enumerate(fallback.on):
            reason = "Any call that failed is sent there, whatever the cause."
            if cause in _CAUSES:
                ledger.approximated(f"{at}/on/{nth}", reason, "routing_rules.fallbacks")
            else:
                ledger.approximated(
                    f"{at}/on/{nth}",
                    f"{reason} An answer that was cut short has not failed.",
                    "routing_rules.fallbacks",
                )


def _say_queue(ledger: Ledger, here: str, kind: PolicyClass, written: Written) -> None:
    depth = limited_depth(kind)
    asked = {each.backend: written.by_backend[each.backend] for each in kind.placement.targets if each.weight}
    if depth is not None:
        at = "concurrency_and_buffer_size.buffer_size"
        lengths = [queue_length(each) for each in asked.values()]
        if isinstance(depth, Unlimited) and not drops_excess(written.upstreams):
            ledger.exact(
                f"{here}/depth", "client.drop_excess_requests false: who finds a full queue waits for a place"
            )
        elif any(concurrency(each) is None for each in asked.values()):
            ledger.unsupported(
                f"{here}/depth", "Nothing waits for a provider without a limit of calls in progress."
            )
        elif None in lengths:
            reason = "A class of the same pool says nothing, or may have any number waiting; Bifrost's own 5,000 holds."
            ledger.unsupported(f"{here}/depth", reason)
        elif isinstance(depth, RejectWhenBusy):
            ledger.approximated(f"{here}/depth", "One may wait at least.", at)
        else:
            reason = "A provider has one queue, as long as those of its classes together; each Bifrost has its own."
            ledger.approximated(f"{here}/depth", reason, at)
    for part in ("max_wait_us", "on_timeout"):
        if ledger.has(f"{here}/{part}"):
            ledger.unsupported(f"{here}/{part}", "Bifrost has no time-out of its queue.")


def _say_admission(ledger: Ledger, here: str, kind: PolicyClass, written: Written) -> None:
    if ledger.has(f"{here}/concurrency"):
        reason = "Bifrost counts calls in progress by provider, not by class."
        ledger.unsupported(f"{here}/concurrency", reason)
    is_counted = counted_at(kind, written.policy, written.upstreams) is not None
    for part, written_as in (
        ("requests_per_minute", "rate_limits.request_max_limit"),
        ("tokens_per_minute", "rate_limits.token_max_limit"),
    ):
        if not ledger.has(f"{here}/{part}"):
            continue
        if is_counted:
            reason = (
                "A count that begins again each minute; each Bifrost has its own unless they share a store."
            )
            ledger.approximated(f"{here}/{part}", reason, written_as)
        else:
            reason = "Bifrost counts by model and provider: the class has several, or shares one."
            ledger.unsupported(f"{here}/{part}", reason)


def _say_timeout(ledger: Ledger, here: str, timeout_us: int, asked: Sequence[Upstream]) -> None:
    written_as = "network_config.default_request_timeout_in_seconds"
    mine = -(-timeout_us // US_PER_S)
    if {timeout_s(each) for each in asked} != {mine}:
        reason = "A provider has one time-out: the longest of its classes, or Bifrost's own."
        ledger.approximated(here, reason, written_as)
    elif mine * US_PER_S != timeout_us:
        ledger.rounded(here, timeout_us, mine * US_PER_S, written_as)
    else:
        ledger.exact(here, written_as)


def _say_answers(ledger: Ledger, here: str, kind: PolicyClass, policy: Policy) -> None:
    if ledger.has(f"{here}/most_bytes"):
        ledger.unsupported(f"{here}/most_bytes", "The size of the cache is for Redis.")
    if kind.response_cache is None or not ledger.has(f"{here}/ttl_us"):
        return
    if not kind.response_cache.ttl_us:
        ledger.exact(f"{here}/ttl_us", f"none are kept where {CACHE_KEY} is not set")
    else:
        reason = (
            f"Answers are kept for calls that carry {CACHE_KEY}, each for {answer_ttl_s(policy)} s, the shortest of "
            "the classes."
        )
        ledger.approximated(f"{here}/ttl_us", reason, "plugins.semantic_cache")
