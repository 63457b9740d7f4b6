"""What shall a shape be called? By what it does, and by its sizes where others do the same.

In: the medians of each shape's features. Out: one name a shape, unique, the same for the same medians.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from costctl.segment.learn.features import COUNTS, SIZES

Medians = Mapping[str, float | None]

# Bounds of the words, in tokens: below the first number "tiny", and so on. They are conventions: a few words of
# an answer, a paragraph, a page; a question, a page of context, several documents.
_OUTPUT_WORDS: Final = ((20, "tiny"), (100, "short"), (500, "medium"), (1500, "long"))
_PROMPT_WORDS: Final = ((50, "tiny"), (300, "short"), (2000, "medium"), (10_000, "long"))
_SHORT: Final = {"prompt_tokens": "in", "output_tokens": "out", "generation_calls": "calls"}
_LARGEST: Final = "huge"


def names_of(medians: Sequence[Medians]) -> tuple[str, ...]:
    """The names, in the order of the shapes.

    A shape that alone does what it does is called by that; others add their sizes, and where these are the same
    words, the number that tells them apart.
    """
    plain = [_work(shape) for shape in medians]
    sized = [
        name if name not in _CALLS_ALONE and plain.count(name) == 1 else _sized(name, shape)
        for name, shape in zip(plain, medians, strict=True)
    ]
    return tuple(_unique(_numbered(sized, medians)))


def structure_words(levels: Sequence[int]) -> str:
    """What a structure does: "one generation_calls, several tools". levels: of COUNTS; 0 none, 1 one, 2 several."""
    done = [
        f"{('one', 'several')[level - 1]} {name}" for name, level in zip(COUNTS, levels, strict=True) if level
    ]
    return ", ".join(done) or "no calls, retrievals or tools"


def _work(shape: Medians) -> str:
    """What the shape does, in words joined by underscores."""
    calls, embeddings = shape["generation_calls"] or 0, shape["embedding_calls"] or 0
    has_retrieval = bool(shape["retrievals"] or shape["documents"])
    if not calls and embeddings:
        return "search" if has_retrieval else "embeddings"
    if not calls:
        return "retrieval" if has_retrieval else "no_model_call"
    first = "agent" if shape["agents"] else "many_calls" if calls >= 2 else "one_call"
    extras = [
        word for word, is_there in (("retrieval", has_retrieval), ("tools", bool(shape["tools"]))) if is_there
    ]
    if first == "one_call" and extras:
        return "_and_".join(extras)
    return first + (f"_with_{'_and_'.join(extras)}" if extras else "")


_CALLS_ALONE: Final = frozenset({"one_call"})


def _sized(name: str, shape: Medians) -> str:
    words = []
    if shape["prompt_tokens"] is not None:
        words.append(_word(shape["prompt_tokens"], _PROMPT_WORDS) + "_in")
    if shape["output_tokens"] is not None and shape["generation_calls"]:
        words.append(_word(shape["output_tokens"], _OUTPUT_WORDS) + "_out")
    if name in _CALLS_ALONE:
        return "_".join(words) or name
    return "_".join([name, *words])


def _word(value: float, words: tuple[tuple[int, str], ...]) -> str:
    return next((word for below, word in words if value < below), _LARGEST)


def _numbered(names: list[str], medians: Sequence[Medians]) -> list[str]:
    """The names; those that are shared get the median of the size in which the shapes differ most."""
    found = list(names)
    for name in sorted({name for name in names if names.count(name) > 1}):
        sharing = [number for number, each in enumerate(names) if each == name]
        feature = max(
            SIZES, key=lambda size: (_spread([medians[n][size] for n in sharing]), -SIZES.index(size))
        )
        for number in sharing:
            value = medians[number][feature]
            if value is not None:
                found[number] = f"{name}_{_two_digits(value)}_{_SHORT.get(feature, feature)}"
    return found


def _spread(values: list[float | None]) -> float:
    """e-folds between the largest and the smallest."""
    seen = [math.log1p(value) for value in values if value is not None]
    return max(seen) - min(seen) if seen else 0.0


def _two_digits(value: float) -> int:
    return int(round(value, 1 - math.floor(math.log10(value)))) if value >= 1 else 0


def _unique(names: list[str]) -> list[str]:
    """The names; of equal ones the second gets a 2, and so on."""
    return [
        name if names[:place].count(name) == 0 else f"{name}_{names[:place].count(name) + 1}"
        for place, name in enumerate(names)
    ]
