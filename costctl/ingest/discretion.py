"""What is kept of the text of an attribute?

Shape in: texts and the sorts of their keys (``content``).  Shape out: the same texts, those that could be something
that was said as their hash.  By default a text stays only where it can be no sentence: an identifier, a URL without its
query, a number, or a few words under a key that names something. Why: docs/explanation/decisions/0022-kept-by-need.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costctl.arrays import Bools, Ints
from costctl.documents.settings import Settings
from costctl.ingest.content import Sort, certain_part, content_hash, content_hashes, is_content_key, sort_of
from costctl.ingest.formats.otlp_values import Attributes
from costctl.ingest.key_pattern import key_pattern

LONGEST_NAME: Final = 256  # bytes of what a column of texts may hold, on one line
_LONGEST_WORDS: Final = 64
# Of RE2, which Arrow matches with.
_NUMBER: Final = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_IDENTIFIER: Final = r"^[A-Za-z0-9_.:/$#*~-]{1,128}$"
_SECRET: Final = r"^(sk-|eyJ)"  # keys of OpenAI and Anthropic; signed tokens (RFC 7519)
_PLACE: Final = r"^([A-Za-z][A-Za-z0-9+.-]*://[^/?#\s]|/)"
_PLACE_KEPT: Final = r"^[A-Za-z0-9_.:/$*~{}%+-]{1,256}$"
_USER_OF_PLACE: Final = r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@"
_QUERY_OF_PLACE: Final = r"(?s)[?#].*$"
_WORDS: Final = r'^[^\s{}\[\]<>"]+( [^\s{}\[\]<>"]+){0,4}$'
_KEY: Final = re.compile(r"[A-Za-z0-9_.:/@$*~\[\]-]{1,128}")


@dataclass(frozen=True, slots=True)
class Discretion:
    """What the user wants kept. keep_content: everything.  salt: goes into the hashes of what is not.  keys: attributes
    that are kept as they are, ``*`` for any run of characters.
    """

    keep_content: bool = False
    salt: str = ""
    keys: tuple[str, ...] = ()

    def shown_keys(self, keys: Sequence[str]) -> list[str]:
        """The keys, those that could be something that was said as their hash."""
        if self.keep_content:
            return list(keys)
        return [self._shown_key(key) for key in keys]

    def _shown_key(self, key: str) -> str:
        if not _KEY.fullmatch(key):
            return content_hash(key.encode(), self.salt)
        certain = certain_part(key)
        rest = key[len(certain) + 1 :]
        return f"{certain}.{content_hash(rest.encode(), self.salt)}" if rest else key

    def texts(self, attributes: Attributes, rows: Ints) -> pa.StringArray:
        """What is kept of the values in the rows, as text."""
        texts = attributes.as_text(rows)
        if self.keep_content or not len(rows):
            return texts
        sorts = self._sorts(attributes.keys)[attributes.codes[rows]]
        is_text = np.asarray(attributes.text.take(pa.array(rows)).is_valid())
        judged = np.flatnonzero(is_text & (sorts > Sort.SAID) & (sorts <= Sort.ANY))
        withheld = (sorts == Sort.CONTENT) | (is_text & (sorts == Sort.SAID))
        if len(judged):
            shown, is_kept = _kept(texts.take(pa.array(judged)), sorts[judged])
            texts = pc.replace_with_mask(texts, _mask(judged, len(rows)), shown)
            withheld[judged[~is_kept]] = True
        if not withheld.any():
            return texts
        mask = pa.array(withheld)
        # Hashed is what was written, not what is left of a URL.
        hashes = content_hashes(attributes.as_text(rows[withheld]), self.salt)
        return pc.replace_with_mask(texts, mask, hashes)

    def column(self, texts: pa.StringArray) -> pa.StringArray:
        """The texts of a column, those that are too long for a name, or several lines, as their hash."""
        if self.keep_content or not pa.types.is_string(texts.type) or texts.null_count == len(texts):
            return texts
        is_long = pc.or_(
            pc.greater(pc.binary_length(texts), LONGEST_NAME), pc.match_substring_regex(texts, r"[\r\n]")
        ).fill_null(False)
        if not pc.any(is_long).as_py():
            return texts
        return pc.replace_with_mask(texts, is_long, content_hashes(texts.filter(is_long), self.salt))

    def _sorts(self, keys: Sequence[str]) -> np.ndarray:
        asked = key_pattern(self.keys) if self.keys else None
        kept = Sort.ANY + 1
        return np.array(
            [kept if asked is not None and asked.fullmatch(key) else sort_of(key) for key in keys], np.int8
        )


def discretion_for(settings: Settings, *, keep_content: bool = False) -> Discretion:
    """What a user wants kept: what is asked for, and the attributes that the settings read, content apart."""
    read = (key for key in settings.read_attributes if not is_content_key(key))
    privacy = settings.privacy
    return Discretion(keep_content, privacy.prompt_salt, (*privacy.keep_attributes, *read))


def _mask(rows: Ints, size: int) -> pa.BooleanArray:
    mask = np.zeros(size, dtype=np.bool_)
    mask[rows] = True
    return pa.array(mask)


def _kept(texts: pa.StringArray, sorts: np.ndarray) -> tuple[pa.StringArray, Bools]:
    """The texts, URLs without user and query, and which of them may be kept. Each distinct text is looked at once."""
    encoded = texts.dictionary_encode()
    written, index = encoded.dictionary, np.asarray(encoded.indices)
    is_place = _matches(written, _PLACE)
    places = pc.replace_substring_regex(written, _USER_OF_PLACE, r"\1")
    places = pc.replace_substring_regex(places, _QUERY_OF_PLACE, "")
    shown = pc.if_else(pa.array(is_place), places, written)
    is_number, is_empty = _matches(written, _NUMBER), np.asarray(pc.equal(pc.binary_length(written), 0))
    is_plain = (_matches(written, _IDENTIFIER) & ~_matches(written, _SECRET)) | is_number | is_empty
    is_plain |= is_place & _matches(shown, _PLACE_KEPT)
    is_words = _matches(written, _WORDS) & np.asarray(pc.less_equal(pc.utf8_length(written), _LONGEST_WORDS))
    is_words &= ~_matches(written, _SECRET) & ~_matches(written, "@") & ~is_place
    is_kept = np.where(sorts == Sort.NUMBER, (is_number | is_empty)[index], is_plain[index])
    return shown.take(encoded.indices), is_kept | ((sorts == Sort.NAME) & is_words[index])


def _matches(texts: pa.StringArray, pattern: str) -> Bools:
    found: Bools = pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)
    return found
