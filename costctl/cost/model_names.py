"""Which model of the price book does a name in a trace mean, and which could it have meant?

In: provider and model as traces name them. Out: the model in the book, or None; and for a name that nothing prices the
nearest one that is priced. A suggestion is never a price: the user confirms it as an alias.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from genai_prices import data_snapshot
from genai_prices.types import ModelInfo, Provider

_SNAPSHOT: Final = re.compile(r"-20\d\d(-?\d\d){0,2}$")  # gpt-4.1-2025-04-14, claude-opus-4-20250514
_LIKENESS: Final = 0.75  # of difflib; gpt-4o-mnii and gpt-4o-mini have 0.91


def named(aliases: Mapping[str, str], provider: str | None, model: str) -> tuple[str | None, str]:
    """Provider and model after the user's aliases. An alias "provider/model" names both, where the book knows the
    provider; one that is looked up under "provider/model" goes before one under the model alone.
    """
    wanted = aliases.get(f"{provider}/{model}", aliases.get(model))
    if wanted is None:
        return provider, model
    first, slash, rest = wanted.partition("/")
    return (first, rest) if slash and first in _provider_ids() else (provider, wanted)


def in_book(provider: str | None, model: str) -> tuple[Provider, ModelInfo] | None:
    """The model in the book; a dated snapshot that is too new for the book is priced as the model it is one of."""
    for name in (model, _SNAPSHOT.sub("", model)):
        try:
            return data_snapshot.get_snapshot().find_provider_model(name, None, provider, None)
        except LookupError:
            continue
    return None


def did_you_mean(provider: str | None, model: str, own: Iterable[str]) -> str | None:
    """The nearest name that is priced: one of the user's, of the provider's models, or of any maker's; None where none
    is near. own: names of the user's own rates.
    """
    if provider is not None and in_book(None, model) is not None:
        found = in_book(None, model)
        return f"{found[0].id}/{found[1].id}" if found else None
    book = _models_of(provider) or _models_of(None)
    nearest = difflib.get_close_matches(model.lower(), [*own, *book], n=1, cutoff=_LIKENESS)
    return book.get(nearest[0], nearest[0]) if nearest else None


@cache
def _provider_ids() -> frozenset[str]:
    return frozenset(provider.id for provider in data_snapshot.get_snapshot().providers)


# Providers whose models are of their own making; the others resell these under the same names.
_MAKERS: Final = ("openai", "anthropic", "google", "mistral", "cohere", "deepseek", "x-ai", "voyageai")


@cache
def _models_of(provider: str | None) -> dict[str, str]:
    """Model → provider/model; of all makers where no provider is named, nothing where the book does not know it."""
    snapshot = data_snapshot.get_snapshot()
    wanted = _MAKERS if provider is None else (provider,)
    return {
        model.id: f"{each.id}/{model.id}"
        for each in sorted(snapshot.providers, key=lambda each: -_place(each.id))
        if each.id in wanted
        for model in each.models
    }


def _place(provider: str) -> int:
    return _MAKERS.index(provider) if provider in _MAKERS else len(_MAKERS)
