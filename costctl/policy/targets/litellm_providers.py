"""How does LiteLLM ask a backend? The prefix of its model, and the variables that hold its key and its address.

In: a backend of a policy. Out: an ``Upstream``, or why LiteLLM cannot ask it. The names are data, in
litellm_providers.toml; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import msgspec

from costctl.documents.policy import Backend
from costctl.policy.targets.addresses import address_variables
from costctl.pricing.provider_names import provider_id, squashed

_OF_A_POOL: Final = "hosted_vllm"
_READ: Final = "os.environ/"


class Provider(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of litellm_providers.toml."""

    ids: tuple[str, ...] = ()
    spellings: tuple[str, ...] = ()
    env: dict[str, str] = {}
    has_address: bool = False
    asked_to_cache: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Upstream:
    """What stands in litellm_params for a backend. model: prefix/name.  params: the others, each read from a variable.

    is_named_by_model: the provider was not observed, and the model's own name begins with LiteLLM's word for one.
    """

    model: str
    params: Mapping[str, str]
    is_named_by_model: bool = False


@dataclass(frozen=True, slots=True)
class NoUpstream:
    """Why LiteLLM cannot ask a backend: a sentence."""

    reason: str


def upstreams_of(backends: Sequence[Backend]) -> dict[str, Upstream | NoUpstream]:
    """By id of a backend, how LiteLLM asks it."""
    of_providers = frozenset(name for each in providers().values() for name in each.env.values())
    addresses = address_variables(backends, "API_BASE", of_providers)
    return {backend.id: _upstream(backend, addresses[backend.id]) for backend in backends}


def _upstream(backend: Backend, address: str) -> Upstream | NoUpstream:
    if backend.model is None:
        return NoUpstream("The model was not observed, and LiteLLM needs its name.")
    if backend.pool is not None:
        return _asked(_OF_A_POOL, backend.model, address)
    if backend.provider is None:
        prefix, _, rest = backend.model.partition("/")
        if rest and prefix in providers():
            return Upstream(backend.model, _params(prefix, address), is_named_by_model=True)
        return NoUpstream("The provider was not observed, and LiteLLM needs it.")
    found = prefix_of(backend.provider)
    if found is None:
        return NoUpstream("LiteLLM has no provider of this name that costctl knows of.")
    return _asked(found, backend.model, address)


def prefix_of(provider: str) -> str | None:
    """LiteLLM's word for a provider as traces spell it; None where there is none."""
    by_spelling, by_id = _prefixes()
    found = by_spelling.get(squashed(provider))
    return found if found is not None else by_id.get(provider_id(provider) or "")


@cache
def providers() -> dict[str, Provider]:
    """By prefix, what is known of LiteLLM's providers."""
    text = (resources.files("costctl.policy.targets") / "litellm_providers.toml").read_text(encoding="utf-8")
    return msgspec.toml.decode(text, type=dict[str, Provider])


def variables_read(values: Iterable[object]) -> tuple[str, ...]:
    """The environment variables that values of litellm_params are read from, sorted."""
    texts = {value for value in values if isinstance(value, str)}
    return tuple(sorted(text.removeprefix(_READ) for text in texts if text.startswith(_READ)))


def _asked(prefix: str, model: str, address: str) -> Upstream:
    if model.startswith("arn:"):  # without this word LiteLLM tells the request's form by the model's name
        return Upstream(f"{prefix}/converse/{model}", _params(prefix, address))
    named = model if model.startswith(f"{prefix}/") else f"{prefix}/{model}"
    return Upstream(named, _params(prefix, address))


def _params(prefix: str, address: str) -> dict[str, str]:
    """address: the variable of an address of its own, for a provider that has none."""
    provider = providers()[prefix]
    named = {"api_base": address} if provider.has_address else {}
    return {key: f"{_READ}{value}" for key, value in sorted({**named, **provider.env}.items())}


@cache
def _prefixes() -> tuple[dict[str, str], dict[str, str]]:
    """Prefix by squashed spelling, and by id of the price book."""
    by_spelling = {squashed(each): name for name, it in providers().items() for each in it.spellings}
    by_id = {each: name for name, it in providers().items() for each in it.ids}
    return by_spelling, by_id
