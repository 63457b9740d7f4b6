"""What does a deployment of Dynamo make of each value of a policy? Entries of what Dynamo does itself.

In: a ledger, an engine. Out: nothing; the ledger holds the entries. What the engine of vLLM does is said by
``vllm_entries``, after these.
"""

from __future__ import annotations

from typing import Final

from costctl.documents.policy import AtMost, Limit, Policy, PolicyClass, Unlimited
from costctl.policy.ledger import Ledger
from costctl.policy.targets.dynamo_objects import is_one_name
from costctl.policy.targets.dynamo_router import has_queues, lanes_here, router_mode, share_over_next
from costctl.policy.targets.kube_text import priority_of
from costctl.policy.targets.reached_pools import limited_depth
from costctl.policy.targets.vllm_arguments import Engine, output_cap
from costctl.policy.targets.vllm_entries import Spelling

PRIORITY_HEADER: Final = "x-dynamo-request-priority"
CLASS_HEADER: Final = "x-dynamo-meta-policy-class"
SPELLING: Final = Spelling(argument=lambda name: f"worker: --{name}", priority=PRIORITY_HEADER)
_CLASSES: Final = "policy_classes"
_LIMIT: Final = f"{_CLASSES}.request_queue_limit_per_worker"
_MODE: Final = "frontend: --router-mode"
_COUNTED: Final = (
    "Counted in the router, per replica, once every replica has more than one step of prefill pending; requests that "
    "wait inside an engine are not counted."
)


def say_what_is_dynamos(ledger: Ledger, policy: Policy, engine: Engine) -> None:
    """Entries of the deployment and of its router."""
    here = f"/backends/{engine.number}"
    ledger.exact(f"{here}/id", "the name of the deployment")
    if ledger.has(f"{here}/replicas"):
        ledger.exact(f"{here}/replicas", "worker: replicas")
    for part in ("schedule", "start_up_us"):
        if ledger.has(f"{here}/{part}"):
            ledger.unsupported(
                f"{here}/{part}", "Dynamo's planner scales by load, and by no hours of the day."
            )
    _say_routing(ledger, f"{here}/routing", engine)
    reached = {kind.lane for _, kind in engine.reached}
    for place, lane in enumerate(policy.lanes):
        if lane.id in reached:
            _say_lane(ledger, f"/lanes/{place}", policy, place, engine)
    for number, kind in engine.reached:
        _say_class(ledger, f"/classes/{number}", policy, kind, engine)


def _say_lane(ledger: Ledger, here: str, policy: Policy, place: int, engine: Engine) -> None:
    lanes = len(lanes_here(engine))
    ratio = share_over_next(lanes)
    if lanes == 1:
        ledger.exact(here, "the only lane that comes here: classes that wait are served in turn")
    elif ratio == 1:
        ledger.unsupported(here, "There are more lanes than Dynamo's weights can tell apart.")
    else:
        reason = (
            f"The router weights a lane {ratio:,} to 1 against the next, by prompt tokens, while both wait, so that "
            "none starves; the engine goes by priority."
        )
        priority = priority_of(place, policy.lanes)
        ledger.approximated(
            here, reason, f"{_CLASSES}.quantum; {PRIORITY_HEADER}: {priority}, the highest first"
        )


def _say_class(ledger: Ledger, here: str, policy: Policy, kind: PolicyClass, engine: Engine) -> None:
    if has_queues(engine):
        ledger.exact(f"{here}/id", f"{_CLASSES}.name")
    places = [lane.id for lane in policy.lanes]
    _say_lane(ledger, f"{here}/lane", policy, places.index(kind.lane), engine)
    for nth, name in enumerate(kind.match.model or ()):
        if not is_one_name(name):
            ledger.unsupported(f"{here}/match/model/{nth}", "Dynamo reads a comma in a name as two names.")
    if kind.affinity == "prefix":
        reason = "Weighed against the pending prefill and the KV cache of each replica."
        ledger.approximated(f"{here}/affinity", reason, f"{_MODE} kv")
    depth = limited_depth(kind)
    if depth is not None and any(each is kind for _, each in engine.targets):
        _say_depth(ledger, f"{here}/queue/depth", depth, engine)
    for part in ("queue/max_wait_us", "queue/on_timeout"):
        if ledger.has(f"{here}/{part}"):
            ledger.unsupported(
                f"{here}/{part}", "Dynamo 1.6 lets requests wait for as long as their callers do."
            )
    cap = output_cap(kind)
    if cap is not None and cap == engine.longest_answer:
        reason = "Dynamo gives it to who asks for no length; who asks for more gets more."
        written = f"{SPELLING.argument('override-generation-config')}.max_new_tokens"
        ledger.approximated(f"{here}/caps/output_tokens", reason, written)


def _say_depth(ledger: Ledger, here: str, depth: Limit, engine: Engine) -> None:
    each = engine.most_waiting(depth)
    if isinstance(depth, Unlimited):
        ledger.exact(here, f"no {_LIMIT}")
    elif each is None:
        ledger.unsupported(here, "Dynamo counts for each worker, of known replicas.")
    else:
        if isinstance(depth, AtMost) and depth.value != each:
            ledger.rounded(f"{here}/value", depth.value, each, f"{_LIMIT}, for each replica")
        ledger.approximated(here, _COUNTED, _LIMIT)


def _say_routing(ledger: Ledger, here: str, engine: Engine) -> None:
    rule = None if engine.backend.routing is None else engine.backend.routing.rule
    mode = router_mode(engine)
    if rule is not None and mode != "kv":
        ledger.exact(f"{here}/rule", f"{_MODE} {mode}")
    elif rule == "prefix_affinity":
        reason = "Weighed against the pending prefill and the KV cache of each replica."
        ledger.approximated(f"{here}/rule", reason, f"{_MODE} kv")
    elif rule is not None:
        reason = (
            "A class wants its prefixes found again, and Dynamo gives all calls of a model to replicas in one way."
            if engine.keeps_prefixes
            else "Only Dynamo's KV router keeps classes apart; it goes by the load of each replica, in tokens."
        )
        ledger.approximated(f"{here}/rule", reason, f"{_MODE} kv")
    if ledger.has(f"{here}/most_ahead"):
        reason = "Dynamo weighs a prefix against load in tokens; it counts no calls that a replica is ahead."
        ledger.unsupported(f"{here}/most_ahead", reason)
