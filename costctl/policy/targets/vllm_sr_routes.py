"""By what does vLLM Semantic Router send a request somewhere? Its decisions, and the names that lead to them.

In: a policy, the places that its classes are sent to. Out: the router's signals, decisions, recipes and entrypoints as
plain dicts. Of the decisions that match the one with the highest priority is taken. A name that clients ask by is an
alias of the default routing, or an entrypoint to a recipe of its own where classes are told by it; the header of a
class is taken for the identity of who asks, whose roles decisions may ask for. A name that is none of these is refused.
https://github.com/vllm-project/semantic-router: website/docs/tutorials/global/entrypoints.md,
pkg/classification/authz_classifier.go, pkg/extproc/processor_req_body.go (2026-12-01).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from costctl.documents.policy import Policy, PolicyClass
from costctl.errors import InfeasibleError
from costctl.policy.targets.http_match import label_headers
from costctl.policy.targets.vllm_arguments import PRIORITY_HEADER
from costctl.policy.targets.vllm_sr_models import Place, asks_chats, names_asked

Yaml = dict[str, Any]
_OTHERS: Final = "others"
_LIMITER: Final = "local-limiter"


def class_header(policy: Policy) -> str | None:
    """The header that classes are told by; None where they are told by none. Raises InfeasibleError where there are
    several: the router knows one identity.
    """
    headers = label_headers(policy)
    if len(headers) > 1:
        raise InfeasibleError(
            "vLLM Semantic Router cannot tell the classes apart.",
            why=f"They are told by {len(headers)} headers, {', '.join(headers)}; the router takes one of them for the "
            "identity of who asks, and reads no other.",
            next_step="Tell classes by one header, which the edge sets.",
        )
    return headers[0] if headers else None


def routing_of(policy: Policy, places: Sequence[Place]) -> Yaml:
    """``routing``, ``entrypoints`` and ``recipes`` of the file."""
    found: Yaml = {
        "routing": {
            "strategy": "priority",
            "modelCards": [{"name": place.name} for place in places],
            **_profile(policy, places, _taking(policy, None)),
        }
    }
    recipes = _recipes(policy)
    if recipes:
        found["entrypoints"] = [
            {"model_names": names, "recipe": recipe} for recipe, (names, _) in recipes.items()
        ]
        found["recipes"] = [
            {"name": recipe, "routing": {"strategy": "priority", **_profile(policy, places, kinds)}}
            for recipe, (_, kinds) in recipes.items()
        ]
    return found


def global_of(policy: Policy) -> Yaml:
    """``global`` of the file: names of the default routing, the header of classes, and how much a class may ask."""
    found: Yaml = {}
    recipes = _recipes(policy)
    elsewhere = {name for names, _ in recipes.values() for name in names}
    plain = [name for name in names_asked(policy) if name not in elsewhere]
    if plain:
        found["router"] = {"auto_model_names": plain}
    header = class_header(policy)
    services: Yaml = {
        "authz": {"fail_open": True, **({} if header is None else {"identity": {"user_id_header": header}})}
    }
    rules = _rate_rules(policy)
    if rules:
        limiter = {"type": _LIMITER, "rules": rules}
        services["ratelimit"] = {"fail_open": False, "providers": [limiter]}
    return {**found, "services": services}


def is_known_by_value(policy: Policy, kind: PolicyClass) -> bool:
    """Whether nobody else has the header of a class, so that what it asks for can be counted by it."""
    if len(kind.match.headers) != 1:
        return False
    value = kind.match.headers[0].value
    return sum(value in [header.value for header in each.match.headers] for each in policy.classes) == 1


def _taking(policy: Policy, name: str | None) -> list[PolicyClass]:
    """Classes that may take a chat that asks for a model of this name; None for one that no class is told by."""
    return [
        kind
        for kind in policy.classes
        if asks_chats(kind) and (kind.match.model is None or name in kind.match.model)
    ]


def _recipes(policy: Policy) -> dict[str, tuple[list[str], list[PolicyClass]]]:
    """By recipe, the names that lead to it and its classes: names that the same classes are told by share one."""
    told = sorted({name for kind in policy.classes if asks_chats(kind) for name in kind.match.model or ()})
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in told:
        groups.setdefault(tuple(kind.id for kind in _taking(policy, name)), []).append(name)
    return {
        f"models-{number}": (names, _taking(policy, names[0]))
        for number, names in enumerate(groups.values(), start=1)
    }


def _profile(policy: Policy, places: Sequence[Place], kinds: Sequence[PolicyClass]) -> Yaml:
    """Signals and decisions of a recipe, the first class with the highest priority and the default last."""
    decisions = [
        _decision(policy, kind, places, name=kind.id, priority=len(kinds) - number)
        for number, kind in enumerate(kinds)
    ]
    default = next(kind for kind in policy.classes if kind.id == policy.default_class)
    if not any(not kind.match.headers for kind in kinds):
        plain = _decision(policy, default, places, name=_others(kinds), priority=0)
        plain["rules"]["conditions"] = []
        decisions.append(plain)
    bindings = [
        {
            "name": kind.id,
            "role": kind.id,
            "subjects": [{"kind": "User", "name": kind.match.headers[0].value}],
        }
        for kind in kinds
        if kind.match.headers
    ]
    return {**({"signals": {"role_bindings": bindings}} if bindings else {}), "decisions": decisions}


def _others(kinds: Sequence[PolicyClass]) -> str:
    """A name that no class has."""
    name = _OTHERS
    while name in {kind.id for kind in kinds}:
        name += "-"
    return name


def _decision(
    policy: Policy, kind: PolicyClass, places: Sequence[Place], *, name: str, priority: int
) -> Yaml:
    place = next(each for each in places if any(kind is mine for mine in each.kinds))
    conditions = [{"type": "authz", "name": kind.id}] if kind.match.headers else []
    plugins = [*_caps(kind), *([] if place.is_bought else _order(policy, kind))]
    return {
        "name": name,
        "priority": priority,
        "rules": {"operator": "AND", "conditions": conditions},
        "modelRefs": [{"model": place.name}],
        **({"plugins": plugins} if plugins else {}),
    }


def _caps(kind: PolicyClass) -> list[Yaml]:
    """The longest answer: what a request asks for at most, and what one gets that asks for nothing."""
    most = None if kind.caps is None else kind.caps.output_tokens
    if most is None:
        return []
    return [
        {"type": "request_params", "configuration": {"default_max_tokens": most, "max_tokens_limit": most}}
    ]


def _order(policy: Policy, kind: PolicyClass) -> list[Yaml]:
    """The lane, as an engine of vLLM reads it: the lowest first."""
    if len(policy.lanes) == 1:
        return []
    place = [lane.id for lane in policy.lanes].index(kind.lane)
    update = [{"name": PRIORITY_HEADER.lower(), "value": str(place)}]
    return [{"type": "header_mutation", "configuration": {"update": update}}]


def _rate_rules(policy: Policy) -> list[Yaml]:
    rules = []
    for kind in policy.classes:
        if kind.admission is None or not asks_chats(kind) or not is_known_by_value(policy, kind):
            continue
        limits = {
            "requests_per_unit": kind.admission.requests_per_minute,
            "tokens_per_unit": kind.admission.tokens_per_minute,
        }
        said = {name: value for name, value in limits.items() if value is not None}
        if said:
            user = kind.match.headers[0].value
            rules.append({"name": kind.id, "match": {"user": user}, **said, "unit": "minute"})
    return rules
