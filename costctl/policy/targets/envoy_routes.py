"""What does Envoy do with a request? Its listener, the filters that read the model, and one route for each class.

In: a policy, the pools that it reaches. Out: a listener as plain dicts; routes stand in the order of the classes, and
the first that matches takes the request.
https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/config/route/v3/route_components.proto
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from costctl.documents.policy import Match, Policy, PolicyClass
from costctl.policy.targets.engine_order import order_told, place_told
from costctl.policy.targets.envoy_clusters import cluster_of, followers
from costctl.policy.targets.envoy_text import named, seconds
from costctl.policy.targets.http_match import label_headers, path_ends, reads_body
from costctl.policy.targets.reached_pools import ReachedPool
from costctl.policy.targets.vllm_arguments import PRIORITY_HEADER

Yaml = dict[str, Any]
LONGEST_BODY: Final = 2_097_152  # bytes, of a request that is read for its model
EDGE: Final = ("127.0.0.0", 8)  # whose class header is believed until somebody says another network
_PORT: Final = 10_000
_MODEL: Final = {"metadata_namespace": "costctl", "key": "model"}
_RETRIED: Final = "connect-failure,refused-stream,reset,5xx,retriable-status-codes"
_MINUTE: Final = "60s"


def listener_of(policy: Policy, pools: Sequence[ReachedPool]) -> Yaml:
    """The only listener. Where classes are told by headers it has a chain for the edge, and one that removes them."""
    headers = label_headers(policy)
    routes = _routes(policy, pools)
    chains = [_chain(policy, routes, strips=headers)]
    if headers:
        prefix, bits = EDGE
        trusted = {
            "filter_chain_match": {"source_prefix_ranges": [{"address_prefix": prefix, "prefix_len": bits}]}
        }
        chains.insert(0, {"name": "edge", **trusted, **_chain(policy, routes, strips=())})
    return {
        "name": "costctl",
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": _PORT}},
        **({"per_connection_buffer_limit_bytes": LONGEST_BODY} if reads_body(policy) else {}),
        "filter_chains": chains,
    }


def _chain(policy: Policy, routes: Yaml, *, strips: Sequence[str]) -> Yaml:
    manager = {
        **named("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "costctl",
        "use_remote_address": True,
        "internal_address_config": {"unix_sockets": False},
        **(_early(strips) if strips else {}),
        "route_config": routes,
        "http_filters": _filters(policy),
    }
    return {"filters": [_extension("envoy.filters.network.http_connection_manager", manager)]}


def _early(strips: Sequence[str]) -> Yaml:
    """Removes headers before a route is looked for."""
    mutation = named("envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation")
    mutation["mutations"] = [{"remove": name} for name in strips]
    return {
        "early_header_mutation_extensions": [
            _extension("envoy.http.early_header_mutation.header_mutation", mutation)
        ]
    }


def _filters(policy: Policy) -> list[Yaml]:
    found = []
    if reads_body(policy):
        reader = named("envoy.extensions.filters.http.json_to_metadata.v3.JsonToMetadata")
        rule = {
            "selectors": [{"key": "model"}],
            "on_present": {**_MODEL, "type": "STRING"},
            "on_missing": {**_MODEL, "value": ""},
            "on_error": {**_MODEL, "value": ""},
        }
        reader["request_rules"] = {"rules": [rule]}
        found.append(_extension("envoy.filters.http.json_to_metadata", reader))
    if any(_rate(kind) is not None for kind in policy.classes):
        limit = named("envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit")
        limit["stat_prefix"] = "costctl"
        found.append(_extension("envoy.filters.http.local_ratelimit", limit))
    router = {**named("envoy.extensions.filters.http.router.v3.Router"), "suppress_envoy_headers": True}
    return [*found, _extension("envoy.filters.http.router", router)]


def _routes(policy: Policy, pools: Sequence[ReachedPool]) -> Yaml:
    by_backend = {backend.id: pool.name for pool in pools for backend in pool.backends}
    default = next(kind for kind in policy.classes if kind.id == policy.default_class)
    routes = [_route(kind, kind.match, by_backend) for kind in policy.classes]
    if default.match != Match():
        routes.append(_route(default, Match(), by_backend))
    for route in routes:
        kind = next(each for each in policy.classes if each.id == route["name"])
        route.update(_told(policy, kind, pools))
    hosts = [{"name": "classes", "domains": ["*"], "routes": routes}]
    return {"name": "costctl", "virtual_hosts": hosts}


def _told(policy: Policy, kind: PolicyClass, pools: Sequence[ReachedPool]) -> Yaml:
    """What the engines that a class reaches are told of its lane, in place of what the caller says."""
    if not any(order_told(policy, pool.backends) for pool in pools):
        return {}
    place = place_told_to(policy, kind, pools)
    if place is None:
        return {"request_headers_to_remove": [PRIORITY_HEADER]}
    header = {"key": PRIORITY_HEADER, "value": str(place)}
    return {"request_headers_to_add": [{"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}]}


def place_told_to(policy: Policy, kind: PolicyClass, pools: Sequence[ReachedPool]) -> int | None:
    """The place of its lane, where a pool that the class reaches has engines that serve by it; else None."""
    reached = [pool for pool in pools if any(each is kind for _, each in pool.reached)]
    orders = [order_told(policy, pool.backends) for pool in reached]
    return place_told(kind, next((order for order in orders if order), {}))


def _route(kind: PolicyClass, match: Match, by_backend: Mapping[str, str]) -> Yaml:
    found: Yaml = {"name": kind.id, "match": _match(match), "route": _action(kind, by_backend)}
    rate = _rate(kind)
    if rate is not None:
        always = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
        found["typed_per_filter_config"] = {
            "envoy.filters.http.local_ratelimit": {
                **named("envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"),
                "stat_prefix": kind.id,
                "token_bucket": {"max_tokens": rate, "tokens_per_fill": rate, "fill_interval": _MINUTE},
                "filter_enabled": always,
                "filter_enforced": always,
            }
        }
    return found


def _match(match: Match) -> Yaml:
    ends = "|".join(re.escape(end) for end in path_ends(match))
    found: Yaml = {"safe_regex": {"regex": f".*({ends})"}} if ends else {"prefix": "/"}
    if match.headers:
        found["headers"] = [
            {"name": header.name, "string_match": {"exact": header.value}} for header in match.headers
        ]
    if match.model is not None:
        values = [{"string_match": {"exact": name}} for name in match.model]
        value = values[0] if len(values) == 1 else {"or_match": {"value_matchers": values}}
        found["dynamic_metadata"] = [{"filter": "costctl", "path": [{"key": "model"}], "value": value}]
    return found


def _action(kind: PolicyClass, by_backend: Mapping[str, str]) -> Yaml:
    targets = [target for target in kind.placement.targets if target.weight]
    names = [cluster_of(kind, target.backend, by_backend) for target in targets]
    if len(targets) == 1:
        action: Yaml = {"cluster": names[0]}
    else:
        parts = [{"name": name, "weight": target.weight} for name, target in zip(names, targets, strict=True)]
        action = {"weighted_clusters": {"clusters": parts}}
    action["timeout"] = "0s" if kind.timeout_us is None else seconds(kind.timeout_us)
    attempts = _attempts(kind, by_backend)
    if attempts:
        action["retry_policy"] = attempts
    return action


def _attempts(kind: PolicyClass, by_backend: Mapping[str, str]) -> Yaml:
    """Further tries: those of the class, and one at least for each pool to fall back to."""
    chain = max(
        (
            len(followers(kind, target.backend, by_backend))
            for target in kind.placement.targets
            if target.weight
        ),
        default=0,
    )
    count = max(kind.retries or 0, chain)
    if count == 0:
        return {}
    found: Yaml = {"retry_on": _RETRIED, "num_retries": count, "retriable_status_codes": [429]}
    if kind.backoff_us:
        found["retry_back_off"] = {
            "base_interval": seconds(kind.backoff_us),
            "max_interval": seconds(10 * kind.backoff_us),
        }
    if chain:
        config = named("envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig")
        config["update_frequency"] = 1
        found["retry_priority"] = _extension("envoy.retry_priorities.previous_priorities", config)
    return found


def _rate(kind: PolicyClass) -> int | None:
    return None if kind.admission is None else kind.admission.requests_per_minute


def _extension(name: str, config: Yaml) -> Yaml:
    return {"name": name, "typed_config": config}
