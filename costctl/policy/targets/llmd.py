"""llm-d, behind a Gateway: who is served first in each pool, how many wait, and where each class goes.

In: a policy. Out: an ``Emission``: an HTTPRoute, and for each pool an InferencePool, its objectives and the
configuration of its endpoint picker.
https://github.com/llm-d/llm-d-router/tree/v0.10.0 · https://gateway-api-inference-extension.sigs.k8s.io
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from costctl.documents.coverage import Consumer, Validator
from costctl.documents.policy import Policy
from costctl.policy.ledger import Emission, Ledger
from costctl.policy.mislabelled import require_no_leak
from costctl.policy.targets.addresses import host_names
from costctl.policy.targets.http_match import label_headers, reads_body
from costctl.policy.targets.kube_text import documents_text, read_documents
from costctl.policy.targets.llmd_entries import say_all
from costctl.policy.targets.llmd_pools import (
    CONFIG_NAME,
    PICKER_PORT,
    SERVER_PORT,
    config_name,
    objects_of,
    picker_name,
    rewritten,
    serves,
)
from costctl.policy.targets.llmd_routes import GATEWAY, MODEL_HEADER, route_of
from costctl.policy.targets.origin import commented, origin_lines
from costctl.policy.targets.reached_pools import ReachedPool, reached_pools
from costctl.policy.targets.target import Target

FILE_NAME: Final = "llm-d.yaml"
_CONSUMER: Final = Consumer("llm-d Router", "0.10, with Gateway API Inference Extension 1.6")
_VALIDATOR: Final = Validator(
    "JSON schemas written by hand; @kubernetes-models/gateway-api for the HTTPRoute",
    "1; 2.0.0",
    "hand-schema",
    "That every field exists and has the right type, and that names refer to what is there. No endpoint picker is run.",
)


def emit_llmd(policy: Policy, _backend: str | None) -> Emission:
    """The file. Raises InfeasibleError where a request that lost its label, or has an unusual path, would leave a
    required data boundary, and where one route cannot keep the order of the classes.
    """
    require_no_leak(policy, "llm-d", may_miss_operation=True)
    pools = reached_pools(policy)
    hosts = _hosts(pools)
    served = [pool for pool in pools if serves(pool)]
    objects = [route_of(policy, pools, hosts)]
    for pool in served:
        objects.extend(objects_of(pool, hosts[pool.name], policy.lanes))
    conditions = _conditions(policy, pools, hosts)
    head = (*origin_lines(policy, "llm-d", f"{_CONSUMER.name} {_CONSUMER.version}"), *conditions)
    text = commented(head) + documents_text(objects)
    ledger = Ledger(policy)
    say_all(ledger, policy, pools)
    manifest = ledger.manifest(
        consumer=_CONSUMER, validator=_VALIDATOR, files={FILE_NAME: text}, conditions=conditions
    )
    contents = ((len(policy.classes), "class"), (len(served), "pool"), (len(objects), "object"))
    return Emission({FILE_NAME: text}, manifest, FILE_NAME, contents)


def _hosts(pools: Sequence[ReachedPool]) -> dict[str, str]:
    """By pool, what it is called in the cluster."""
    return host_names([pool.backends[0] for pool in pools])


def _conditions(policy: Policy, pools: Sequence[ReachedPool], hosts: Mapping[str, str]) -> tuple[str, ...]:
    """What must be so where it runs."""
    served = [pool for pool in pools if serves(pool)]
    bought = [hosts[pool.name] for pool in pools if pool.is_bought and pool.targets]
    found = [f"The Gateway is called {GATEWAY}, and its other routes take none of these calls."]
    for host in (hosts[pool.name] for pool in served):
        found.append(
            f"{host}: its pods carry the label app={host} and listen at port {SERVER_PORT}; an endpoint picker at "
            f"{picker_name(host)}:{PICKER_PORT} is started with {CONFIG_NAME} of the ConfigMap {config_name(host)}."
        )
    if bought:
        found.append(f"The Services of providers are there, at port 443, each over TLS: {', '.join(bought)}.")
    if label_headers(policy):
        found.append(
            f"The edge sets {', '.join(label_headers(policy))} and removes what clients send under that name."
        )
    if reads_body(policy):
        found.append(
            f"What reads bodies (body-based routing) sets {MODEL_HEADER} to the model that a body names, in place of "
            "what clients send."
        )
    if any(pool.is_bought or len(served) > 1 for pool in pools) and _splits(policy):
        found.append("The Gateway applies filters of single backendRefs.")
    for pool in served:
        if pool.ended_by_others():
            found.append(
                f"{hosts[pool.name]}: the wait of its other classes ends that of {', '.join(pool.ended_by_others())} "
                "too, of which the policy says none."
            )
    found.extend(
        f"{hosts[pool.name]} answers to {', '.join(pool.names_asked())} too."
        for pool in pools
        if pool.targets and pool.names_asked() and not (serves(pool) and rewritten(pool))
    )
    return tuple(found)


def _splits(policy: Policy) -> bool:
    """Whether some class is sent to several backends."""
    return any(sum(1 for each in kind.placement.targets if each.weight) > 1 for kind in policy.classes)


TARGET: Final = Target("llm-d", emit_llmd, read=read_documents, form="yaml")
