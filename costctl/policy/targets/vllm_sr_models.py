"""Which models does vLLM Semantic Router know? One for each way that classes are split over backends.

In: a policy. Out: the places that its classes are sent to, and the models as the router's file has them. A model of the
router has one name upstream and one or several endpoints, by weight; a class that is split over backends which serve
one model is sent to such a model, any other to the backend that has most of it.
Read in the package vllm-sr 0.4.0: cli/models.py, cli/templates/envoy.template.yaml (2026-12-01).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from costctl.documents.policy import Backend, Policy, PolicyClass
from costctl.policy.targets.addresses import address_variables, host_names
from costctl.policy.targets.target import is_own

Yaml = dict[str, Any]
MOST_RETRIES: Final = 5  # that the router takes
_PORT: Final = 8000  # of vLLM and of what is like it
_KEY: Final = "API_KEY"
_LB: Final = {
    "round_robin": "round_robin",
    "least_outstanding": "least_request",
    "prefix_affinity": "least_request",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where classes are sent. name: of the router's model.  parts: backends with their weights.  kinds: the classes."""

    name: str
    parts: tuple[tuple[Backend, int], ...]
    kinds: tuple[PolicyClass, ...]

    @property
    def is_bought(self) -> bool:
        """Whether it is a provider's."""
        return not is_own(self.parts[0][0])

    @property
    def retries(self) -> int | None:
        """How often a call is tried again: the fewest that a class says; None where none says anything."""
        said = [kind.retries for kind in self.kinds if kind.retries is not None]
        return min(*said, MOST_RETRIES) if said else None


def asks_chats(kind: PolicyClass) -> bool:
    """Whether requests of a class may be chats, which is all that the router takes."""
    return kind.match.operation is None or "chat" in kind.match.operation


def places_of(policy: Policy) -> tuple[Place, ...]:
    """Where the classes that ask chats are sent, and the default, in the order of the policy."""
    backends = {backend.id: backend for backend in policy.backends}
    found: dict[tuple[tuple[str, int], ...], list[PolicyClass]] = {}
    for kind in policy.classes:
        if asks_chats(kind) or kind.id == policy.default_class:
            found.setdefault(_parts(kind, backends), []).append(kind)
    taken = set(names_asked(policy))
    return tuple(
        Place(
            name=_name(parts, taken),
            parts=tuple((backends[backend], weight) for backend, weight in parts),
            kinds=tuple(kinds),
        )
        for parts, kinds in found.items()
    )


def names_asked(policy: Policy) -> tuple[str, ...]:
    """Names that clients ask for a model by, sorted: those that classes are told by, and the backends' own."""
    told = {name for kind in policy.classes if asks_chats(kind) for name in kind.match.model or ()}
    return tuple(sorted(told | {each.model for each in policy.backends if each.model is not None}))


def is_split(kind: PolicyClass, place: Place) -> bool:
    """Whether a class goes to all of its targets, by their weights."""
    return len(place.parts) == sum(1 for each in kind.placement.targets if each.weight)


def reached_by_chats(places: Iterable[Place]) -> tuple[Backend, ...]:
    """The backends that stand in the file."""
    return tuple({backend.id: backend for place in places for backend, _ in place.parts}.values())


def models_of(places: Sequence[Place]) -> list[Yaml]:
    """The models, each with its endpoints."""
    reached = reached_by_chats(places)
    hosts, keys = host_names(reached), address_variables(reached, _KEY)
    return [_model(place, hosts, keys) for place in places]


def _parts(kind: PolicyClass, backends: Mapping[str, Backend]) -> tuple[tuple[str, int], ...]:
    """Backends with their weights; one alone where they cannot be endpoints of one model."""
    parts = [(each.backend, each.weight) for each in kind.placement.targets if each.weight]
    if not parts:
        return ((kind.placement.targets[0].backend, 1),)
    together = [backends[name] for name, _ in parts]
    if len({each.model for each in together}) == 1 and all(map(is_own, together)) and len(parts) > 1:
        return tuple(parts)
    return ((max(parts, key=lambda part: part[1])[0], 1),)


def _name(parts: tuple[tuple[str, int], ...], taken: set[str]) -> str:
    """A name that no client asks by: one that names a model of the router goes there past every rule."""
    plain = "+".join(name if len(parts) == 1 else f"{name}*{weight}" for name, weight in parts)
    while plain in taken:
        plain = f"at-{plain}"
    taken.add(plain)
    return plain


def _model(place: Place, hosts: Mapping[str, str], keys: Mapping[str, str]) -> Yaml:
    first = place.parts[0][0]
    reliability: Yaml = {}
    rule = None if first.routing is None else first.routing.rule
    if rule is not None:
        reliability["lb_policy"] = _LB[rule]
    if place.retries is not None:
        reliability["retry_count"] = place.retries
    references = [
        {"name": backend.id, **_address(backend, hosts, keys), "weight": weight}
        for backend, weight in place.parts
    ]
    return {
        "name": place.name,
        "provider_model_id": first.model or first.id,
        "api_format": _spoken_by(first),
        **({"reliability": reliability} if reliability else {}),
        "backend_refs": references,
    }


def _address(backend: Backend, hosts: Mapping[str, str], keys: Mapping[str, str]) -> Yaml:
    host = hosts[backend.id]
    if is_own(backend):
        return {"endpoint": f"{host}:{_PORT}", "protocol": "http"}
    return {
        "base_url": f"https://{host}/v1",
        "provider": _spoken_by(backend),
        "api_key_env": keys[backend.id],
    }


def _spoken_by(backend: Backend) -> str:
    """The interface of a server: that of OpenAI, which most have, but at Anthropic's own."""
    return "anthropic" if backend.provider == "anthropic" else "openai"
