"""How does LiteLLM ask a backend? The prefix of its model, and the variables that hold its key and its address.

In: a backend of a policy. Out: an ``Upstream``, or why LiteLLM cannot ask it. The names are data, in
litellm_providers.toml; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import msgspec

from costctl.documents.policy import Backend
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


def upstream_of(backend: Backend) -> Upstream | NoUpstream:
    """How LiteLLM asks the backend."""
    if backend.model is None:
        return NoUpstream("The model was not observed, and LiteLLM needs its name.")
    if backend.pool is not None:
        return _asked(_OF_A_POOL, backend.model, backend.pool)
    if backend.provider is None:
        prefix, _, rest = backend.model.partition("/")
        if rest and prefix in providers():
            return Upstream(backend.model, _params(prefix, rest), is_named_by_model=True)
        return NoUpstream("The provider was not observed, and LiteLLM needs it.")
    found = prefix_of(backend.provider)
    if found is None:
        return NoUpstream("LiteLLM has no provider of this name that costctl knows of.")
    return _asked(found, backend.model, backend.model)


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


def variable(name: str) -> str:
    """A name as part of that of an environment variable."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name).upper()


def _asked(prefix: str, model: str, at: str) -> Upstream:
    if model.startswith("arn:"):  # without this word LiteLLM tells the request's form by the model's name
        return Upstream(f"{prefix}/converse/{model}", _params(prefix, at))
    named = model if model.startswith(f"{prefix}/") else f"{prefix}/{model}"
    return Upstream(named, _params(prefix, at))


def _params(prefix: str, at: str) -> dict[str, str]:
    """at: what an address of its own is named for."""
    provider = providers()[prefix]
    named = {"api_base": f"{variable(at)}_API_BASE"} if provider.has_address else {}
    return {key: f"{_READ}{value}" for key, value in sorted({**named, **provider.env}.items())}


@cache
def _prefixes() -> tuple[dict[str, str], dict[str, str]]:
    """Prefix by squashed spelling, and by id of the price book."""
    by_spelling = {squashed(each): name for name, it in providers().items() for each in it.spellings}
    by_id = {each: name for name, it in providers().items() for each in it.ids}
    return by_spelling, by_id
