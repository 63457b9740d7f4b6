"""Envoy AI Gateway: routes whose rules are the classes, whom they ask, and what each class may have under way.

In: a policy. Out: an ``Emission``. The gateway tells the model out of a body, renames it for whom it asks, splits by
weight, falls back in order, and counts calls and tokens by class. It serves who came first, whatever the lane.
https://aigateway.envoyproxy.io/docs/1.1/ · https://github.com/envoyproxy/ai-gateway/tree/v1.1.0
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from costctl.documents.coverage import Consumer, Validator
from costctl.documents.policy import Policy
from costctl.policy.ledger import Emission, Ledger
from costctl.policy.mislabelled import require_no_leak
from costctl.policy.targets.addresses import host_names
from costctl.policy.targets.aigw_backends import (
    Services,
    backend_objects,
    counted_at,
    host_of,
    is_known_interface,
    services_of,
)
from costctl.policy.targets.aigw_entries import say_all
from costctl.policy.targets.aigw_routes import CONSUMER, GATEWAY, PATH_HEADER, Rule, routes_of, rules_of
from costctl.policy.targets.aigw_traffic import traffic_objects
from costctl.policy.targets.http_match import label_headers
from costctl.policy.targets.kube_text import Object, documents_text, read_documents
from costctl.policy.targets.origin import commented, origin_lines
from costctl.policy.targets.reached_pools import ReachedPool, reached_pools
from costctl.policy.targets.target import Target
from costctl.policy.targets.told_order import with_order

FILE_NAME: Final = "envoy-ai-gateway.yaml"
_CONSUMER: Final = Consumer(CONSUMER, "1.1, with Envoy Gateway 1.8")
_VALIDATOR: Final = Validator(
    "JSON schemas written by hand; @kubernetes-models/gateway-api for BackendTLSPolicy",
    "1; 2.0.0",
    "hand-schema",
    "That every field exists, has the right type and lies in its range, and that names refer to what is there. No "
    "gateway is run.",
)


def emit_aigw(policy: Policy, _backend: str | None) -> Emission:
    """The file. Raises InfeasibleError where a request that lost its label would leave a required data boundary, and
    where a rule cannot hold what a class needs.
    """
    require_no_leak(policy, CONSUMER)
    pools = reached_pools(policy)
    hosts = host_names([pool.backends[0] for pool in pools])
    by_pool = {pool.name: hosts[pool.backends[0].id] for pool in pools}
    rules = rules_of(policy)
    services = services_of(rules, pools, by_pool)
    routes = routes_of(rules, policy, services)
    objects: list[Object] = [
        *routes,
        *backend_objects(rules, pools, by_pool, services),
        *traffic_objects(rules, pools),
    ]
    conditions = _conditions(policy, rules, pools, by_pool, services)
    head = (*origin_lines(policy, "envoy-ai-gateway", f"{_CONSUMER.name} {_CONSUMER.version}"), *conditions)
    text = commented(head) + documents_text(objects)
    ledger = Ledger(policy)
    say_all(ledger, policy, rules, pools)
    manifest = ledger.manifest(
        consumer=_CONSUMER, validator=_VALIDATOR, files={FILE_NAME: text}, conditions=conditions
    )
    contents = ((len(policy.classes), "class"), (len(routes), "route"), (len(objects), "object"))
    return Emission({FILE_NAME: text}, manifest, FILE_NAME, contents)


def _conditions(
    policy: Policy,
    rules: Sequence[Rule],
    pools: Sequence[ReachedPool],
    hosts: Mapping[str, str],
    services: Services,
) -> tuple[str, ...]:
    """What must be so where it runs."""
    kinds = {kind for kind, _ in services}
    own = [host_of(pool, hosts[pool.name]) for pool in pools if not pool.is_bought]
    bought = [pool for pool in pools if pool.is_bought]
    found = [
        f"The Gateway is called {GATEWAY}, and its other routes take none of these calls.",
        "A ClientTrafficPolicy of that Gateway sets connection.bufferLimit to the longest body: Envoy Gateway's own is "
        "32 KiB.",
    ]
    if own:
        found.append(
            f"Services without an address of their own (clusterIP: None) have the replicas of pools, at port 8000: "
            f"{', '.join(own)}; another namespace stands in place of default."
        )
    if bought:
        places = ", ".join(host_of(pool, hosts[pool.name]) for pool in bought)
        found.append(
            f"The hosts of providers stand in place of {places}; their keys are in Secrets, called as the Backends are."
        )
    strangers = [hosts[pool.name] for pool in bought if not is_known_interface(pool.backends[0])]
    if strangers:
        found.append(
            f"These are asked as OpenAI is, as the gateway has no words for their provider: {', '.join(strangers)}."
        )
    if label_headers(policy):
        found.append(
            f"The edge sets {', '.join(label_headers(policy))} and removes what clients send under that name."
        )
    if any(seen.ends is not None for rule in rules for seen in rule.matches):
        found.append(f"The gateway sets {PATH_HEADER}, as 1.1 does; its documentation does not promise it.")
    by_backend = {backend.id: pool for pool in pools for backend in pool.backends}
    if any(counted_at(kind, by_backend) for kind in policy.classes if kind.id in kinds):
        found.append("Envoy Gateway has a rate limit service with Redis, which quotas need.")
    if any(kind.timeout_us is None for kind in policy.classes):
        found.append(
            "Where the policy sets no time-out, a call has none: the gateway's own of 60 s would end long answers."
        )
    return tuple(found)


def read_aigw(text: str) -> Any:
    """Objects by kind and name; rules in another order are others. Raises ValueError."""
    return with_order(read_documents(text), ("rules",))


TARGET: Final = Target("envoy-ai-gateway", emit_aigw, read=read_aigw, form="yaml")
