"""Where does Envoy AI Gateway send a class's calls? Routes whose rules are the classes.

In: a policy, what its pools are called. Out: AIGatewayRoutes as plain dicts. A route holds 15 rules; a policy of more
classes has several, whose rules match apart from one another, and each of which ends in the default class.
https://github.com/envoyproxy/ai-gateway/blob/v1.1.0/api/v1beta1/ai_gateway_route.go
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from costctl.documents.policy import Backend, Fallback, Match, Policy, PolicyClass
from costctl.errors import InfeasibleError
from costctl.policy.targets.kube_names import labels_of
from costctl.policy.targets.kube_text import Object, gateway_duration, object_of
from costctl.policy.targets.route_order import Seen, ordered_anyhow, seen_by_end
from costctl.pricing.provider_names import provider_id

CONSUMER: Final = "Envoy AI Gateway"
API: Final = "aigateway.envoyproxy.io/v1beta1"
GATEWAY: Final = "inference-gateway"
ROUTE: Final = "costctl"
MODEL_HEADER: Final = "x-ai-eg-model"
PATH_HEADER: Final = "x-ai-eg-original-path"  # which the gateway sets with the model, whatever a client says
MOST_RULES: Final = 15  # of an AIGatewayRoute: the sixteenth of its HTTPRoute is the gateway's own
_MOST_MATCHES: Final = 64  # of a rule of an HTTPRoute
_MOST_MATCHES_OF_ALL: Final = 128
_MOST_HEADERS: Final = 16
_MOST_BACKENDS: Final = 16
_OWN_MATCHES: Final = 2  # of each route: what is the default class's, and the gateway's own
_RESERVED: Final = frozenset({"route-not-found"})
_FAILED: Final = ("error", "timeout", "overload")  # causes that Envoy can tell from another
_SELLS_TIERS: Final = "openai"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a route. label: its name."""

    route: str
    label: str
    kind: PolicyClass
    matches: tuple[Seen, ...]


def rules_of(policy: Policy) -> tuple[Rule, ...]:
    """The rules of all routes, in the order of the policy. Raises InfeasibleError where a class needs more matches than
    a route holds.
    """
    labels = labels_of([kind.id for kind in policy.classes], _RESERVED)
    last, kinds = _last(policy), policy.classes
    if last.match == Match():  # what is behind it gets nothing, and each route ends in it anyway
        kinds = kinds[: kinds.index(last)]
    told = [seen_by_end(kind.match, MODEL_HEADER) for kind in (*kinds, replace(last, match=Match()))]
    *apart, rest = ordered_anyhow(told, _require_room)
    found: list[Rule] = []
    for number, part in enumerate(_parts(kinds, apart, last)):
        route = ROUTE if number == 0 else f"{ROUTE}-{number + 1}"
        rules = [Rule(route, labels[kind.id], kind, matches) for kind, matches in part]
        own = next((rule for rule in rules if rule.kind is last), None)
        if own is None:
            rules.append(Rule(route, labels[last.id], last, rest))
        found += [
            Rule(route, rule.label, rule.kind, (*rule.matches, *rest)) if rule is own else rule
            for rule in rules
        ]
    return tuple(found)


def _last(policy: Policy) -> PolicyClass:
    """The class that takes what is left: the first that takes everything, else the default class."""
    default = next(kind for kind in policy.classes if kind.id == policy.default_class)
    return next((kind for kind in policy.classes if kind.match == Match()), default)


def routes_of(rules: Sequence[Rule], policy: Policy, services: Mapping[tuple[str, str], str]) -> list[Object]:
    """The routes. services: by class and backend, the AIServiceBackend that is asked."""
    backends = {backend.id: backend for backend in policy.backends}
    names = dict.fromkeys(rule.route for rule in rules)
    parent = {"name": GATEWAY, "kind": "Gateway", "group": "gateway.networking.k8s.io"}
    return [
        object_of(
            API,
            "AIGatewayRoute",
            name,
            spec={
                "parentRefs": [parent],
                "rules": [_rule(rule, backends, services) for rule in rules if rule.route == name],
            },
        )
        for name in names
    ]


def followers(kind: PolicyClass) -> tuple[Fallback, ...]:
    """Backends to try after its targets, where Envoy can tell that they failed, each once."""
    targets = {target.backend for target in kind.placement.targets if target.weight}
    only = next(iter(targets)) if len(targets) == 1 else None
    told = [each for each in kind.placement.fallback if set(_FAILED) & set(each.on) and each.backend != only]
    return tuple({each.backend: each for each in reversed(told)}.values())[::-1]


def sells_tier(kind: PolicyClass, backend: Backend) -> bool:
    """Whether a call to the backend can say the tier of the class."""
    return (
        kind.service_tier not in (None, "batch")
        and backend.pool is None
        and provider_id(backend.provider or "") == _SELLS_TIERS
        and not set(kind.match.operation or ()) & {"embedding", "rerank"}
    )


def _parts(
    kinds: Sequence[PolicyClass], apart: Sequence[tuple[Seen, ...]], last: PolicyClass
) -> Iterator[list[tuple[PolicyClass, tuple[Seen, ...]]]]:
    """The classes and their matches by route, each with room for the last. A class without a match of its own
    has no rule.
    """
    part: list[tuple[PolicyClass, tuple[Seen, ...]]] = []
    for kind, matches in zip(kinds, apart, strict=True):
        if not matches:
            continue
        others = sum(1 for each, _ in part if each is not last)
        used = sum(len(each) for _, each in part) + len(matches) + _OWN_MATCHES
        if part and (others + (kind is not last) > MOST_RULES - 1 or used > _MOST_MATCHES_OF_ALL):
            yield part
            part = []
        part.append((kind, matches))
    yield part


def _require_room(rules: Sequence[tuple[Seen, ...]]) -> None:
    headers = max((each.header_count for rule in rules for each in rule), default=0)
    for count, most, what in (
        (max(map(len, rules), default=0), _MOST_MATCHES - 1, "matches in a rule"),
        (headers, _MOST_HEADERS, "headers in a match"),
    ):
        if count > most:
            raise InfeasibleError(
                f"{CONSUMER} cannot keep the order of the classes.",
                why=f"They need {count} {what} or more; a rule holds {most}.",
                next_step="Tell classes by a header alone, or emit a policy with fewer classes.",
            )


def _rule(rule: Rule, backends: Mapping[str, Backend], services: Mapping[tuple[str, str], str]) -> Object:
    kind = rule.kind
    targets = [target for target in kind.placement.targets if target.weight]
    after = [each.backend for each in followers(kind)]
    if len(targets) + len(after) > _MOST_BACKENDS:
        raise InfeasibleError(
            f"{CONSUMER} cannot send {kind.id} to all its backends.",
            why=f"They are {len(targets) + len(after)}; a rule holds {_MOST_BACKENDS}.",
            next_step="Take backends or fallbacks out of the class.",
        )
    references = [
        *((target.backend, {"weight": target.weight} if len(targets) > 1 else {}) for target in targets),
        *((name, {"priority": place}) for place, name in enumerate(after, start=1)),
    ]
    return {
        "name": rule.label,
        "matches": [_match(each) for each in rule.matches],
        "backendRefs": [
            {"name": services[kind.id, name], **part, **_changes(kind, backends[name])}
            for name, part in references
        ],
        "timeouts": {"request": "0s" if kind.timeout_us is None else gateway_duration(kind.timeout_us)},
    }


def _changes(kind: PolicyClass, backend: Backend) -> Object:
    """What of the body is another for this backend."""
    found: Object = {} if backend.model is None else {"modelNameOverride": backend.model}
    if sells_tier(kind, backend):
        found["bodyMutation"] = {"set": [{"path": "service_tier", "value": json.dumps(kind.service_tier)}]}
    return found


def _match(seen: Seen) -> Object:
    headers = [{"type": "Exact", "name": name, "value": value} for name, value in sorted(seen.headers)]
    if seen.ends is not None:
        ends = "|".join(re.escape(end) for end in sorted(seen.ends))
        pattern = rf".*({ends})(\?.*)?"
        headers.append({"type": "RegularExpression", "name": PATH_HEADER, "value": pattern})
    return {"headers": headers} if headers else {}
