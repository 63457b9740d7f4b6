"""Which provider and which model do a bill and a trace both mean, though they write them otherwise?

In: names as each writes them. Out: one label for both. Names are resolved by the price book first, as prices are; a
display name such as "Claude Sonnet 4.5", or a meter's "gpt 4o 0806", is that of the one traced model whose letters
and digits begin with it, but for a version or a date. Nothing else is matched by likeness.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from costctl.pricing.model_names import Found, find_model, without_snapshot
from costctl.pricing.provider_names import provider_id, squashed

UNNAMED: Final = "provider not observed"
NO_MODEL: Final = "model not observed"
_CLOUDS: Final = {
    "amazonwebservices": "aws",
    "amazonwebservicesinc": "aws",
    "microsoft": "azure",
    "microsoftazure": "azure",
    "microsoftcorporation": "azure",
    "googlecloud": "google",
    "googlecloudplatform": "google",
    "anthropicpbc": "anthropic",
    "openaillc": "openai",
}
_VERSION: Final = re.compile(r"(?:20\d{6})?(?:v\d+)?(?:0)?")
_SHORT_DATE: Final = re.compile(r"(?<=[a-z0-9])[ -]?[01]\d[0-3]\d$")  # Azure's meters: gpt 4o 0806


@cache
def provider_label(written: str | None) -> str:
    """The provider's id in the price book; else its name in lower case."""
    if written is None or not written.strip():
        return UNNAMED
    return provider_id(written) or _CLOUDS.get(squashed(written)) or written.strip().lower()


def seller_of(written: str | None, models: Iterable[str]) -> str:
    """The provider; where none is named, who sells the first of the models that the price book knows without one."""
    label = provider_label(written)
    if label != UNNAMED:
        return label
    return next((found for model in models if (found := _seller(model)) is not None), UNNAMED)


@cache
def _seller(model: str) -> str | None:
    found = find_model(None, model)
    return str(found.provider.id) if isinstance(found, Found) else None


@cache
def model_label(provider: str, model: str | None) -> str:
    """The model's id in the price book; else its name without the date of a version, in lower case."""
    if model is None:
        return NO_MODEL
    found = find_model(None if provider == UNNAMED else provider, model)
    return str(found.model.id) if isinstance(found, Found) else without_snapshot(model.strip().lower())


def billed_label(provider: str, candidates: Iterable[str], traced: dict[str, str]) -> str | None:
    """What the first of the candidates names that names something; None where there is no candidate.

    traced: label of each model that the traces name so.
    """
    given = [each for each in candidates if each.strip()]
    if not given:
        return None
    labels = set(traced.values())
    for each in given:
        if model_label(provider, each) in labels:
            return model_label(provider, each)
    for each in given:
        alike = _alike(each, traced)
        if alike is not None:
            return alike
    known = (model_label(provider, each) for each in given if isinstance(find_model(provider, each), Found))
    return next(known, given[0].strip())


def _alike(said: str, traced: dict[str, str]) -> str | None:
    """The one traced model that the words are the beginning of."""
    for words in dict.fromkeys((said, _SHORT_DATE.sub("", said))):
        short = squashed(words)
        if len(short) < 2:  # o1, o3 are the shortest names
            continue
        found = {
            label
            for name, label in traced.items()
            if _names(short, squashed(name)) or short == squashed(label)
        }
        if len(found) == 1:
            return found.pop()
    return None


def _names(short: str, full: str) -> bool:
    """Whether the full name is the short one, with a maker before it and a version after it at most."""
    at = full.find(short)
    return (
        at >= 0
        and full[:at].isalpha() | (at == 0)
        and _VERSION.fullmatch(full[at + len(short) :]) is not None
    )
