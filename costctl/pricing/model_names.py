"""Which model of the price book does a call mean by this name?

Shape in: the provider and the model as a trace writes them. Shape out: the book's entry, or why there is none. A name
is resolved where it is certain: the wrappings that platforms write around a model's id are taken off, and what is
left must be a name of the book at the provider that sold the call. Nothing is matched by likeness; that is a hint, in
price_hints.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from genai_prices import data_snapshot
from genai_prices.types import ModelInfo, Provider

from costctl.pricing.provider_names import provider_id

_SNAPSHOT: Final = re.compile(r"[-@]20\d\d(-?\d\d){0,2}$")  # gpt-4.1-2025-04-14, claude-opus-4@20250514
_MOVING: Final = re.compile(r"@(latest|default)$")  # Vertex AI's names of the newest version
_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:(?:bedrock|sagemaker)[a-z-]*:[^:]*:[^:]*:(?P<kind>[^/]+)/(?P<id>.+)"
)
_ARN_OF_MODEL: Final = ("foundation-model", "inference-profile")  # what of ARNs names the model itself
_PUBLISHED: Final = re.compile(
    r"(?:projects/[^/]+/locations/[^/]+/)?publishers/(?P<maker>[^/]+)/models/(?P<id>[^/]+)"
)
_RESOURCE: Final = re.compile(r"models/(?P<id>[^/]+)")  # as the Gemini API names its models
_REGION: Final = re.compile(
    r"(?:[a-z]{2}(?:-gov)?-[a-z]+-\d|converse|invoke|global)/(?P<id>.+)"
)  # LiteLLM's Bedrock routes
_AS_ITS_BASE: Final = (":thinking",)  # a switch of OpenRouter's that costs nothing by itself
_GATEWAYS: Final = ("litellm", "litellm_proxy")  # sell nothing; the model's name says who does
_ROUTED: Final = (
    ":nitro",
    ":floor",
    ":exacto",
    ":online",
)  # the price is that of whoever is chosen, or of a plugin


class Found(NamedTuple):
    """An entry of the book. is_named: the call names its provider, and the model's name alone did not decide."""

    provider: Provider
    model: ModelInfo
    is_named: bool


class NotFound(NamedTuple):
    """No entry. provider: the id of the call's provider, where the book has it. why: in words."""

    provider: str | None
    why: str


def without_snapshot(model: str) -> str:
    """The name without the date of a version: gpt-4.1 of gpt-4.1-2025-04-14."""
    return _SNAPSHOT.sub("", model)


@cache
def find_model(provider: str | None, model: str) -> Found | NotFound:
    """The book's entry for what the trace calls so; provider None where the trace names none."""
    named = provider if provider is not None and provider.strip().lower() not in ("", *_GATEWAYS) else None
    seller = None if named is None else provider_id(named)
    if named is not None and seller is None:
        return NotFound(None, f"the provider {named} is not in the price book")
    arn = _ARN.fullmatch(model.strip())
    if arn is not None and arn["kind"] not in _ARN_OF_MODEL:
        return NotFound(seller or "aws", _what_an_arn_hides(model.strip(), arn["kind"]))
    for seller_id, name in _readings(seller, model.strip().lower()):
        found = _exact(seller_id, name)
        if found is not None:
            return Found(*found, is_named=named is not None)
    if model.strip().lower().endswith(_ROUTED):
        return NotFound(seller, "its price depends on the provider it was routed to")
    return NotFound(seller, "")


def _what_an_arn_hides(arn: str, kind: str) -> str:
    return (
        f"{kind.replace('-', ' ')} names no model; say which it stands for: "
        f'[prices.aliases] "{arn}" = "aws/…"'
    )


def _readings(seller: str | None, model: str) -> Iterator[tuple[str | None, str]]:
    """What the name may mean, the most literal first: (the provider that sells it, the model's name)."""
    for base_seller, base in _unwrapped(seller, model):
        for name in dict.fromkeys((base, _MOVING.sub("", base), without_snapshot(base))):
            yield base_seller, name
        for suffix in _AS_ITS_BASE:
            if base.endswith(suffix):
                yield base_seller, base.removesuffix(suffix)


def _unwrapped(seller: str | None, model: str) -> Iterator[tuple[str | None, str]]:
    """The name as it stands, and without each wrapping that is of the seller, or that says who the seller is."""
    yield seller, model
    arn, published, resource = (form.fullmatch(model) for form in (_ARN, _PUBLISHED, _RESOURCE))
    if arn is not None and seller in (None, "aws"):
        yield "aws", arn["id"]
    if published is not None and seller in (None, "google"):
        yield "google", published["id"]
    if resource is not None and seller in (None, "google"):
        yield "google", resource["id"]
    first, slash, rest = model.partition("/")
    prefix = provider_id(first) if slash else None
    if prefix is not None and seller in (None, prefix):
        yield from _unwrapped(prefix, rest)
    region = _REGION.fullmatch(model)
    if region is not None and seller == "aws":
        yield from _unwrapped(seller, region["id"])


def _exact(seller: str | None, name: str) -> tuple[Provider, ModelInfo] | None:
    try:
        found: tuple[Provider, ModelInfo] = data_snapshot.get_snapshot().find_provider_model(
            name, None, seller, None
        )
    except LookupError:
        return None
    return found
