"""Which attributes hold content, that is, what people and models said, and what is kept in place of it?

Shape in: attribute keys and values.  Shape out: what sort of value a key has, and hashes.  The words and keys that tell
are data, in ``content_keys.toml``.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import IntEnum
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

import msgspec
import pyarrow as pa

from costctl.ingest.key_pattern import key_pattern
from costctl.ingest.privacy import words_of

HASH_PREFIX: Final = "sha256:"
_HASH_HEX_DIGITS: Final = 16


class Sort(IntEnum):
    """What the value of a key is, as far as the key tells."""

    CONTENT = 0  # listed: never kept, whatever its type
    SAID = 1  # a word of the key says so: texts are not kept
    NUMBER = 2  # a text is kept where it is a number
    NAME = 3  # names something: a few words are kept
    ANY = 4  # a text is kept where it can be no sentence


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    said: tuple[str, ...]
    holds: tuple[str, ...]
    number: tuple[str, ...]
    name: tuple[str, ...]


class _ContentKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"except_": "except"}):
    keys: tuple[str, ...]
    except_: tuple[str, ...]
    words: _Words


@dataclass(frozen=True, slots=True)
class _Listed:
    content: re.Pattern[str]
    harmless: re.Pattern[str]
    said: frozenset[str]
    holds: re.Pattern[str]
    number: re.Pattern[str]
    name: re.Pattern[str]
    known: frozenset[str]


@cache
def _listed() -> _Listed:
    text = (files("costctl.ingest") / "content_keys.toml").read_text("utf-8")
    listed = msgspec.toml.decode(text, type=_ContentKeys)
    words = listed.words
    return _Listed(
        key_pattern(listed.keys),
        key_pattern(listed.except_),
        frozenset(words.said),
        _last_words(words.holds),
        _last_words(words.number),
        _last_words(words.name),
        frozenset(" ".join((*words.said, *words.holds, *words.number, *words.name)).split()),
    )


def _last_words(words: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern of keys, their words apart by blanks, that end in one of these."""
    return re.compile(f"(?:.* )?(?:{'|'.join(map(re.escape, words))})")


@lru_cache(maxsize=65_536)
def is_content_key(key: str) -> bool:
    """Whether the key is listed as content."""
    listed = _listed()
    return listed.content.fullmatch(key) is not None and listed.harmless.fullmatch(key) is None


@lru_cache(maxsize=65_536)
def sort_of(key: str) -> Sort:
    """What the value of this key is. The last words decide, then a word of speech anywhere."""
    if is_content_key(key):
        return Sort.CONTENT
    listed, words = _listed(), words_of(key)
    written = " ".join(words)
    if listed.holds.fullmatch(written):
        return Sort.SAID
    if listed.number.fullmatch(written):
        return Sort.NUMBER
    if listed.name.fullmatch(written):
        return Sort.NAME
    return Sort.ANY if listed.said.isdisjoint(words) else Sort.SAID


@lru_cache(maxsize=65_536)
def certain_part(key: str) -> str:
    """As much of a key as its writer must have meant: below a word of speech, objects may have keys that were said
    (``note.messages.0.<what someone said>``), and only words that are known here stay.
    """
    listed, parts = _listed(), key.split(".")
    if sort_of(key) != Sort.SAID:
        return key
    is_below = False
    for place, part in enumerate(parts):
        words = words_of(part)
        if is_below and not listed.known.issuperset(words):
            return ".".join(parts[:place])
        is_below |= not listed.said.isdisjoint(words)
    return key


def content_hash(value: bytes, salt: str = "") -> str:
    """What is kept of a content value: ``sha256:`` and the first 16 hex digits of its SHA-256, or, with a salt, of its
    HMAC with that (RFC 2104): without the salt nobody finds the value by hashing guesses.

    An empty value stays empty: there is nothing to hide, and that it is empty is worth knowing.
    """
    if not value:
        return ""
    digest = hmac.digest(salt.encode(), value, "sha256") if salt else hashlib.sha256(value).digest()
    return HASH_PREFIX + digest.hex()[:_HASH_HEX_DIGITS]


def content_hashes(values: pa.StringArray, salt: str = "") -> pa.StringArray:
    """The hash of each value; NULL stays NULL. Each distinct value is hashed once."""
    encoded = values.dictionary_encode()
    distinct = encoded.dictionary.cast(pa.binary())
    hashes = pa.array([content_hash(value.as_py(), salt) for value in distinct], pa.string())
    return hashes.take(encoded.indices)
