"""NVIDIA Dynamo: a DynamoGraphDeployment that serves the model of one backend, and the policy of its router.

In: a policy and the backend to serve. Out: an ``Emission``: replicas and the arguments of their engines of vLLM, how
calls are given to them, and how many of each class wait, and in which order.
https://docs.nvidia.com/dynamo/v1.6.1/
"""

from __future__ import annotations

from typing import Final

from costctl.documents.coverage import Consumer, Validator
from costctl.documents.policy import Policy
from costctl.policy.ledger import Emission, Ledger
from costctl.policy.targets.addresses import host_names
from costctl.policy.targets.dynamo_entries import (
    CLASS_HEADER,
    PRIORITY_HEADER,
    SPELLING,
    say_what_is_dynamos,
)
from costctl.policy.targets.dynamo_objects import VERSION, objects_of
from costctl.policy.targets.dynamo_router import (
    class_of_others,
    has_queues,
    lanes_here,
    router_mode,
    router_policy,
)
from costctl.policy.targets.kube_text import documents_text, priority_of, read_documents
from costctl.policy.targets.one_backend import chosen_backend
from costctl.policy.targets.origin import commented, origin_lines
from costctl.policy.targets.target import Target
from costctl.policy.targets.vllm import is_an_engine, require_pool
from costctl.policy.targets.vllm_arguments import Engine, engine_conditions, engine_of
from costctl.policy.targets.vllm_entries import say_all

FILE_NAME: Final = "dynamo.yaml"
_CONSUMER: Final = Consumer("NVIDIA Dynamo", VERSION)
_VALIDATOR: Final = Validator(
    "KvRouterConfig, dynamo.frontend and the selection service for the router; JSON schemas written by hand for the "
    "deployment",
    "1.6.1; 1",
    "real-code",
    "That Dynamo reads the policy of its router, knows every field of it and turns away what is over its limits; "
    "fields of the deployment and arguments of the engine by lists written by hand. Not that an engine starts.",
)


def emit_dynamo(policy: Policy, named: str | None) -> Emission:
    """The file for one backend; where none is named the only pool that batches continuously. Raises UsageError where
    that leaves none or several, or where a provider's model is named.
    """
    number, backend = chosen_backend(
        policy, named, FILE_NAME, is_an_engine, "of a pool that batches continuously"
    )
    require_pool(policy, backend)
    engine = engine_of(policy, number)
    model = backend.model or next(iter(engine.names), backend.id)
    told = router_policy(engine, policy.default_class)
    host = host_names([backend])[backend.id]
    objects = list(objects_of(engine, host, model, router_mode(engine), told))
    conditions = _conditions(policy, engine)
    head = (*origin_lines(policy, "dynamo", f"{_CONSUMER.name} {_CONSUMER.version}"), *conditions)
    text = commented(head) + documents_text(objects)
    ledger = Ledger(policy)
    say_what_is_dynamos(ledger, policy, engine)
    say_all(ledger, policy, engine, SPELLING)
    manifest = ledger.manifest(
        consumer=_CONSUMER, validator=_VALIDATOR, files={FILE_NAME: text}, conditions=conditions
    )
    classes = len(engine.reached) if has_queues(engine) else 0
    contents = ((classes, "class"), (len(objects), "object"))
    return Emission({FILE_NAME: text}, manifest, FILE_NAME, tuple(each for each in contents if each[0]))


def _conditions(policy: Policy, engine: Engine) -> tuple[str, ...]:
    """What must be so where it runs."""
    return (
        f"It is deployed with: kubectl apply -f {FILE_NAME}, where Dynamo's operator knows nvidia.com/v1beta1. A "
        "router of another version than that of its image may read other fields.",
        "--model of the worker has the path or the name of the weights in place of what clients call it, and its "
        "resources, such as nvidia.com/gpu, are added.",
        *_labels(policy, engine),
        *engine_conditions(engine),
    )


def _labels(policy: Policy, engine: Engine) -> tuple[str, ...]:
    """What tells a request's class and lane to Dynamo."""
    found = []
    if has_queues(engine):
        names = ", ".join(kind.id for _, kind in engine.reached)
        others = class_of_others(engine, policy.default_class)
        found.append(
            f"What sends requests sets {CLASS_HEADER} of each to its class ({names}) and takes out a caller's own: a "
            f"request without it waits as one of {others}."
        )
    if engine.has_order:
        places = {lane.id: place for place, lane in enumerate(policy.lanes)}
        values = ", ".join(f"{lane} {priority_of(places[lane], policy.lanes)}" for lane in lanes_here(engine))
        found.append(
            f"What sends requests sets {PRIORITY_HEADER} of each, by lane ({values}), and takes out a caller's own, "
            "also x-dynamo-request-strict-priority and nvext.agent_hints in the body: a request without it is of 0."
        )
    return tuple(found)


TARGET: Final = Target(
    "dynamo", emit_dynamo, takes_backend=True, suits=is_an_engine, read=read_documents, form="yaml"
)
