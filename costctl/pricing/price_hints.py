"""Which name of the price book may be meant by one that it does not have? A suggestion, never a price.

Shape in: the provider and the model as a trace writes them. Shape out: "provider/model", or None. A hint that names
another model costs more than none, so one is given only where the two names say the same: the same numbers (version
and size, in order), and the same words, but for those that tell no models apart and for one that is misspelt. A word
that the price book uses somewhere is never taken for a misspelling of another: mini is not nano, nor is large ocr.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from genai_prices import data_snapshot

from costctl.pricing.model_names import find_model
from costctl.pricing.provider_names import provider_id

_PARTS: Final = re.compile(r"[a-z]+|\d+(?:\.\d+)*")
_DATE: Final = re.compile(r"(?<!\d)20\d\d[-.]?(0[1-9]|1[0-2])[-.]?(0[1-9]|[12]\d|3[01])(?!\d)")
_NO_DIGIT: Final = re.compile(r"\D")
# Words that tell no two models of a maker apart, or that say who made them or where they run.
_SAYS_NOTHING: Final = frozenset(
    {"latest", "hf", "anthropic", "openai", "google", "meta", "mistralai", "amazon", "models", "model"}
)
# Who trains the models of a family. What another sells of them is sold at its own price.
_MAKERS: Final = ("anthropic", "cohere", "deepseek", "google", "mistral", "openai", "x-ai")
_FEWEST_LETTERS: Final = 4  # a word of fewer letters is another word as soon as one differs


class _Said(NamedTuple):
    """What a name says. numbers: in order, versions written 4-5 and 4.5 alike.  words: in alphabetical order.  dates:
    of snapshots, digits alone.
    """

    numbers: tuple[str, ...]
    words: tuple[str, ...]
    dates: tuple[str, ...]


@cache
def nearest_model(provider: str | None, model: str) -> str | None:
    """The one name of the book that says the same as this one, as "provider/model"; None where none does, or several
    do. Of the snapshots of one model the one of the same date is meant, else the model itself.

    Of the call's own provider, else, where it names none, of a model's maker.
    """
    sellers = _MAKERS if provider is None else (provider_id(provider),)
    wanted = _said(model.rpartition("/")[2])
    if not wanted.words:
        return None
    near = [
        (letters, known.dates != wanted.dates, bool(known.dates), name)
        for seller in sellers
        for name, known in _names(seller)
        if (letters := _misspelt(wanted, known)) is not None
    ]
    best = [each for each in near if each[:3] == min(near)[:3]]
    return best[0][3] if len(best) == 1 and _is_known(best[0][3]) else None


@cache
def _names(seller: str | None) -> tuple[tuple[str, _Said], ...]:
    """Each name that the book has of the provider, as "provider/model", and what it says."""
    return tuple(
        (f"{each.id}/{known.id}", _said(known.id.rpartition("/")[2]))
        for each in data_snapshot.get_snapshot().providers
        if each.id == seller
        for known in each.models
    )


def _is_known(name: str) -> bool:
    """Whether the name finds its own entry of the book, so that an alias to it gives that price."""
    provider, _, model = name.partition("/")
    found = find_model(provider, model)
    return getattr(getattr(found, "model", None), "id", None) == model


def _said(name: str) -> _Said:
    parts = _PARTS.findall(_DATE.sub(" ", name.lower()))
    numbers = tuple(number for part in parts if part[0].isdigit() for number in part.split("."))
    words = sorted(part for part in parts if part.isalpha() and part not in _SAYS_NOTHING)
    dates = tuple(_NO_DIGIT.sub("", found[0]) for found in _DATE.finditer(name))
    return _Said(numbers, tuple(words), dates)


def _misspelt(wanted: _Said, known: _Said) -> int | None:
    """How many letters are wrong in the one word in which the names differ; 0 where they say the same; None where
    they are names of different models.
    """
    if wanted.numbers != known.numbers:
        return None
    if wanted.words == known.words:
        return 0
    only_wanted, only_known = _without(wanted.words, known.words), _without(known.words, wanted.words)
    if len(only_wanted) != 1 or len(only_known) != 1 or only_wanted[0] in _vocabulary():
        return None
    letters = _edits(only_wanted[0], only_known[0])
    most = 1 if min(len(only_wanted[0]), len(only_known[0])) < 2 * _FEWEST_LETTERS else 2
    is_long = min(len(only_wanted[0]), len(only_known[0])) >= _FEWEST_LETTERS
    return letters if is_long and letters <= most else None


def _without(words: tuple[str, ...], others: tuple[str, ...]) -> list[str]:
    left = list(words)
    for word in others:
        if word in left:
            left.remove(word)
    return left


@cache
def _vocabulary() -> frozenset[str]:
    """Every word in the names of the price book."""
    models = (known.id for each in data_snapshot.get_snapshot().providers for known in each.models)
    return frozenset(part for name in models for part in _PARTS.findall(name.lower()) if part.isalpha())


def _edits(one: str, other: str) -> int:
    """Letters to insert, leave out, change or swap with their neighbour (optimal string alignment)."""
    before, last = list(range(len(other) + 1)), list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, sought in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != sought))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == sought:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]
