"""Which kind of token or unit does a bill mean by its words: "cached input", "Inp glbl Tokens", "OutputTokenCount"?

In: the words of a line. Out: the kind, in the names of the price book (``pricing/price_kinds``), and how many of it
one of the bill's units holds. None where the words name none: nothing is guessed.
"""

from __future__ import annotations

import re
from typing import Final

from costctl.billed.row import Kind

_WORDS: Final = re.compile(r"[a-z]+|\d+[a-z]*")
_BETWEEN: Final = re.compile(r"[\s,_|:/()-]+")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_IN: Final = {"input", "inputs", "inp", "inpt", "prompt"}
_OUT: Final = {"output", "outputs", "outp", "outpt", "out", "opt", "completion", "generated"}
_CACHE: Final = {"cache", "cached", "cachd", "cchd", "ccchd", "cd", "caching"}
_WRITE: Final = {"write", "writes", "creation", "written", "wr"}
_TEXT: Final = "text"
_MODALITIES: Final = {
    "text": _TEXT,
    "txt": _TEXT,
    "audio": "audio",
    "aud": "audio",
    "speech": "audio",
    "image": "image",
    "img": "image",
    "video": "video",
    "vid": "video",
}
_TEXTS: Final = _IN | _OUT | _CACHE | _WRITE | {
    "token", "tokens", "tkn", "read", "reads", "hit", "count", "units", "unit", "reasoning", "usage",
    "uncached", "glbl", "global", "gl", "regnl", "regional", "rg", "dzone", "dz", "datazone", "dzn", "data", "zone",
    "batch", "flex", "priority", "standard", "std", "short", "co", "cross", "region", "latency", "optimized", "mantle",
    "mp",
    "5m", "1h", "1hr", "per", "1k", "1m", "1000", "million", "1000000", "of", "thousand",
}  # fmt: skip
_EMBEDDINGS: Final = {"embedding", "embeddings", "embed"}
_TIERS: Final = ("batch", "flex", "priority")
_OTHER: Final[tuple[tuple[frozenset[str], Kind], ...]] = (
    (frozenset({"web", "search"}), "web_searches"),
    (frozenset({"web", "searches"}), "web_searches"),
    (frozenset({"file", "search"}), "file_searches"),
    (frozenset({"file", "searches"}), "file_searches"),
    (frozenset({"code", "interpreter"}), "code_runs"),
    (frozenset({"code", "runs"}), "code_runs"),
)
_SIZES: Final = {
    "1k": 1_000, "1000": 1_000, "thousand": 1_000, "k": 1_000, "ktokens": 1_000,
    "1m": 1_000_000, "million": 1_000_000, "1000000": 1_000_000, "m": 1_000_000, "mtokens": 1_000_000,
}  # fmt: skip


def _words(said: str) -> list[str]:
    return _WORDS.findall(_CAMEL.sub(" ", said).lower())


def kind_of(said: str | None) -> Kind | None:
    """The kind that the words name; None where they name none."""
    if said is None:
        return None
    words = set(_words(said))
    for needed, unit in _OTHER:
        if needed <= words:
            return unit
    # A model may be called after one kind of content and be billed for another: "gpt 4o aud 0603 txt Inp". The last
    # word is that of the meter.
    modality = next((_MODALITIES[word] for word in reversed(_words(said)) if word in _MODALITIES), _TEXT)
    if words & {"characters"} and words & _IN:
        return "input_characters"
    if "reasoning" in words and "tokens" in words:
        return "reasoning"
    if words & _CACHE and words & _WRITE:
        return "cache_write_1h" if words & {"1h", "1hr"} else "cache_write"
    if words & _CACHE:
        return _of("cached", modality)
    if words & _OUT:
        return _of("output", modality)
    is_embedded = bool(words & _EMBEDDINGS and words & {"token", "tokens"})  # what is embedded is input
    return _of("input", modality) if words & _IN or is_embedded else None


def tier_of(said: str | None) -> str | None:
    """The service tier that the words name, as the price book calls it; None where they name none."""
    words = set() if said is None else set(_words(said))
    return next((tier for tier in _TIERS if tier in words), None)


def _of(base: str, modality: str) -> Kind:
    kinds: dict[tuple[str, str], Kind] = {
        ("input", _TEXT): "input", ("input", "audio"): "input_audio", ("input", "image"): "input_image",
        ("input", "video"): "input_video", ("cached", _TEXT): "cached_input", ("cached", "audio"): "cached_audio",
        ("cached", "image"): "cached_image", ("cached", "video"): "cached_video", ("output", _TEXT): "output",
        ("output", "audio"): "output_audio", ("output", "image"): "output_image", ("output", "video"): "output_video",
    }  # fmt: skip
    return kinds[base, modality]


def without_kind(said: str) -> str:
    """The words that are left where those of kinds, units and reach are taken off: what may name the model.

    Of words of content the last is taken off, the meter's; one before it is the model's: "gpt image 1 inp img".
    """
    parts = [part for part in _BETWEEN.split(_CAMEL.sub(" ", said)) if part]
    of_content = [place for place, part in enumerate(parts) if part.lower() in _MODALITIES]
    is_embedded = any(part.lower() in _EMBEDDINGS for part in parts)  # "text embedding 3 large" is a name
    if of_content and not is_embedded:
        del parts[of_content[-1]]
    return " ".join(part for part in parts if part.lower() not in _TEXTS)


def unit_size(unit: str | None) -> int:
    """How many one of the unit is: 1,000 of "1K tokens"; 1 where it says none."""
    words = [] if unit is None else _words(unit)
    return next((_SIZES[word] for word in words if word in _SIZES), 1)


def is_of_tokens(unit: str | None) -> bool:
    """Whether the unit counts tokens."""
    return unit is not None and any("token" in word for word in _words(unit))
