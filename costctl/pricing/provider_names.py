"""Which provider of the price book does a trace mean by this name?

Shape in: a provider as a trace spells it. Shape out: the provider's id in the price book, or None where the book has no
such provider. The spellings are data, in provider_names.toml; nothing is guessed from a part of a name.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Final

import msgspec

_NOT_OF_A_NAME: Final = re.compile(r"[^a-z0-9]")
# What some libraries write behind a provider: the interface that was called, and for what.
_INTERFACES: Final = re.compile(
    r"[./_-](chat|messages|responses|completions?|embeddings?|images?|transcriptions?|speech|text|language)$"
)


def provider_id(written: str) -> str | None:
    """The id in the price book of the provider that is written so; None where the book does not have it."""
    plain = written.strip().lower()
    while True:
        found = _ids().get(squashed(plain))
        if found is not None:
            return found
        shorter = _INTERFACES.sub("", plain)
        if shorter == plain:
            return None
        plain = shorter


def same_provider(one: str, other: str) -> bool:
    """Whether two names are of one provider; of those that the book does not have, whether they are one name."""
    if one == other:
        return True
    found = provider_id(one)
    return found is not None and found == provider_id(other)


def spellings(provider: str) -> tuple[str, ...]:
    """Every way in which the table writes the provider of this id, the id first; the id alone where it has no row."""
    return tuple(dict.fromkeys((provider, *_table().get(provider, ()))))


@cache
def _ids() -> dict[str, str]:
    """Squashed spelling → id. Every id of the book is a spelling of itself; the book takes a while to load."""
    from genai_prices import data_snapshot

    known = {squashed(each.id): each.id for each in data_snapshot.get_snapshot().providers}
    listed = {squashed(name): provider for provider, names in _table().items() for name in names}
    return known | listed


@cache
def _table() -> dict[str, tuple[str, ...]]:
    text = (resources.files("costctl.pricing") / "provider_names.toml").read_text(encoding="utf-8")
    return msgspec.toml.decode(text, type=dict[str, tuple[str, ...]])


def squashed(name: str) -> str:
    """Letters and digits of the name in lower case, by which spellings are compared."""
    return _NOT_OF_A_NAME.sub("", name.lower())
