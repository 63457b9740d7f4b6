"""What does the file of vLLM Semantic Router make of each value of a policy? One entry for every leaf.

In: a ledger, the policy and the places that its classes are sent to. Out: nothing; the ledger holds the entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from costctl.documents.policy import Backend, Policy, PolicyClass
from costctl.policy.ledger import Ledger
from costctl.policy.targets.gateway_entries import say_passed_on
from costctl.policy.targets.vllm_arguments import PRIORITY_HEADER
from costctl.policy.targets.vllm_sr_models import MOST_RETRIES, Place, asks_chats, is_split
from costctl.policy.targets.vllm_sr_routes import is_known_by_value

NAME: Final = "vLLM Semantic Router"
_NO_CHATS: Final = "The router takes chats alone; calls of other kinds are refused there."
_COUNTED: Final = "In a window of a minute; each router counts by itself, and for each of its models apart."
_REFUSED: Final = "Of those who ask by a name in the file; a model of another name is refused with 400."


def say_all(ledger: Ledger, policy: Policy, places: Sequence[Place], timeout_us: int | None) -> None:
    """An entry for every leaf of the policy. timeout_us: of all requests; None for the router's own."""
    ledger.provenance()
    for index, lane in enumerate(policy.lanes):
        sent = [place for place in places if any(kind.lane == lane.id for kind in place.kinds)]
        _say_lane(ledger, f"/lanes/{index}", policy, index, sent)
    reached = {backend.id: place for place in places for backend, _ in place.parts}
    for number, backend in enumerate(policy.backends):
        _say_backend(ledger, f"/backends/{number}", backend, reached.get(backend.id))
    for number, kind in enumerate(policy.classes):
        if not asks_chats(kind):
            if ledger.has(f"/classes/{number}/data_boundary"):
                ledger.exact(f"/classes/{number}/data_boundary", "no call of it goes through the router")
            ledger.unsupported(f"/classes/{number}", _NO_CHATS)
        else:
            place = next(each for each in places if any(kind is mine for mine in each.kinds))
            _say_class(ledger, f"/classes/{number}", policy, kind, place, timeout_us)
    ledger.approximated(
        "/default_class", _REFUSED, "the decision of the lowest priority, providers.defaults.model"
    )


def _say_lane(ledger: Ledger, here: str, policy: Policy, index: int, sent: Sequence[Place]) -> None:
    if not sent:
        ledger.not_applicable(here, "No class of this lane asks chats.")
    elif len(policy.lanes) == 1:
        ledger.exact(here, "the only lane: who came first is served first")
    elif all(place.is_bought for place in sent):
        ledger.unsupported(here, "The router keeps no order, and a provider has its own.")
    else:
        reason = "The router keeps no order; it tells an engine of vLLM, which does where it schedules by priority."
        ledger.approximated(here, reason, f"header_mutation: {PRIORITY_HEADER}: {index}, the lowest first")


def _say_backend(ledger: Ledger, here: str, backend: Backend, place: Place | None) -> None:
    if place is None:
        ledger.not_applicable(here, "No class is sent to it; it is not in the file.")
        return
    ledger.exact(f"{here}/id", "the name of a backend_ref")
    if backend.model is not None:
        ledger.exact(f"{here}/model", "provider_model_id, and a name that clients may ask by")
    rule = None if backend.routing is None else backend.routing.rule
    is_first = place.parts[0][0] is backend
    if rule is not None and not is_first:
        ledger.unsupported(f"{here}/routing/rule", "A model has one rule for all of its endpoints.")
    elif rule == "prefix_affinity":
        reason = "The router knows no prefixes of prompts."
        ledger.approximated(f"{here}/routing/rule", reason, "reliability.lb_policy: least_request")
    elif rule is not None:
        reason = "Among the addresses of the endpoint, of which a name in DNS may have several."
        ledger.approximated(f"{here}/routing/rule", reason, "reliability.lb_policy")
    if ledger.has(f"{here}/routing/most_ahead"):
        ledger.unsupported(f"{here}/routing/most_ahead", "The router knows no prefixes of prompts.")
    if ledger.has(f"{here}/max_concurrency"):
        ledger.unsupported(f"{here}/max_concurrency", "The router bounds no calls in progress.")
    for part in ("replicas", "schedule", "start_up_us"):
        if ledger.has(f"{here}/{part}"):
            ledger.unsupported(f"{here}/{part}", "The router starts no replicas.")
    for part in ("batching", "batch"):
        if ledger.has(f"{here}/{part}"):
            ledger.not_applicable(f"{here}/{part}", "For the server behind it.")
    ledger.not_applicable(here, "Says where the server stands; nothing is routed by it.")


def _say_class(
    ledger: Ledger, here: str, policy: Policy, kind: PolicyClass, place: Place, timeout_us: int | None
) -> None:
    ledger.exact(f"{here}/id", "the name of a decision")
    if kind.match.operation == ("chat",):
        ledger.exact(f"{here}/match/operation", "the router takes nothing else")
    elif kind.match.operation is not None:
        ledger.approximated(f"{here}/match/operation", _NO_CHATS, "chats alone")
    if ledger.has(f"{here}/match/model"):
        ledger.exact(f"{here}/match/model", "entrypoints.model_names")
    if ledger.has(f"{here}/match"):
        ledger.exact(f"{here}/match", "signals.role_bindings, of the header that is the identity")
    places = [lane.id for lane in policy.lanes]
    _say_lane(ledger, f"{here}/lane", policy, places.index(kind.lane), [place])
    if is_split(kind, place):
        ledger.exact(f"{here}/placement/targets", "modelRefs; by weight among its backend_refs")
    else:
        reason = (
            "The backends serve several models, and a decision takes one: all goes to the one that has most."
        )
        ledger.approximated(f"{here}/placement/targets", reason, "modelRefs")
    if ledger.has(f"{here}/placement/fallback"):
        reason = "What the router's fallback from one model to another does is not documented."
        ledger.unsupported(f"{here}/placement/fallback", reason)
    if ledger.has(f"{here}/queue"):
        ledger.unsupported(f"{here}/queue", "The router lets nothing wait.")
    _say_admission(ledger, f"{here}/admission", policy, kind)
    _say_calls(ledger, here, kind, place, timeout_us)
    if kind.caps is not None and kind.caps.output_tokens is not None:
        reason = "Of max_tokens in chat completions; another field for the length is not held to it."
        written = "request_params: default_max_tokens, max_tokens_limit"
        ledger.approximated(f"{here}/caps/output_tokens", reason, written)
    if ledger.has(f"{here}/data_boundary"):
        ledger.exact(f"{here}/data_boundary", "every model of the file lies within it")
    if ledger.has(f"{here}/response_cache"):
        reason = (
            "The router's cache answers what is like a request before, not what is the same word for word."
        )
        ledger.unsupported(f"{here}/response_cache", reason)
    if ledger.has(f"{here}/prompt_cache"):
        reason = "What the router's plugin for it asks of a provider is not documented."
        ledger.unsupported(f"{here}/prompt_cache", reason)
    say_passed_on(ledger, here, NAME, "models")


def _say_admission(ledger: Ledger, here: str, policy: Policy, kind: PolicyClass) -> None:
    for part, written in (
        ("requests_per_minute", "requests_per_unit"),
        ("tokens_per_minute", "tokens_per_unit"),
    ):
        if not ledger.has(f"{here}/{part}"):
            continue
        if is_known_by_value(policy, kind):
            ledger.approximated(f"{here}/{part}", _COUNTED, f"ratelimit: local-limiter, {written}")
        else:
            ledger.unsupported(
                f"{here}/{part}", "The router counts by the header of a class, and it has no own."
            )
    if ledger.has(f"{here}/concurrency"):
        ledger.unsupported(f"{here}/concurrency", "The router bounds no calls in progress.")


def _say_calls(ledger: Ledger, here: str, kind: PolicyClass, place: Place, timeout_us: int | None) -> None:
    if kind.timeout_us is not None and kind.timeout_us == timeout_us:
        ledger.exact(f"{here}/timeout_us", "listeners.timeout")
    elif kind.timeout_us is not None:
        reason = "One time for all: that of the class with the longest, or the router's own of 300 s."
        ledger.approximated(f"{here}/timeout_us", reason, "listeners.timeout")
    if kind.retries is not None:
        reason = (
            "Tried again only where no connection was made; one number for a model: the fewest of its classes, "
            f"{MOST_RETRIES} at most."
        )
        ledger.approximated(f"{here}/retries", reason, f"reliability.retry_count: {place.retries}")
    if ledger.has(f"{here}/backoff_us"):
        ledger.unsupported(f"{here}/backoff_us", "The router does not say how long it waits to try again.")
