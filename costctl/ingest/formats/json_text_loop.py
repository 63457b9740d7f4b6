"""What do texts say that stand here and there in a block of JSON? The compiled loop that gathers them.

Shape in: where texts begin and how long they are, in bytes that are known to be JSON.  Shape out: the texts
one after another in UTF-8, escapes resolved, and where each begins. All compiled functions live in this file
because numba's cache watches it alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from costctl.compiled import compiled, part

if TYPE_CHECKING:
    import numpy.typing as npt

    from costctl.arrays import Bytes, Ints

_BACKSLASH, _U = ord("\\"), ord("u")
_UNESCAPED: Final = np.zeros(256, np.uint8)
_UNESCAPED[np.frombuffer(b'"\\/bfnrt', np.uint8)] = np.frombuffer(b'"\\/\b\f\n\r\t', np.uint8)
_HEX: Final = np.zeros(256, np.int64)
_HEX[np.frombuffer(b"0123456789abcdefABCDEF", np.uint8)] = [*range(16), *range(10, 16)]
_HIGH_SURROGATE, _LOW_SURROGATE, _AFTER_SURROGATES, _BEYOND = 0xD800, 0xDC00, 0xE000, 0x10000
_ESCAPE_BYTES: Final = 6
_ONE_BYTE, _TWO_BYTES, _LOW_BITS, _MORE = 0x80, 0x800, 0x3F, 0x80


@compiled
def gather(
    data: Bytes,
    more: Bytes,
    table: Ints,
    column: int,
    is_present: npt.NDArray[np.bool_],
    offsets: npt.NDArray[np.int32],
    texts: Bytes,
) -> int:
    """Writes the text of each row of the table, and its offset; how many bytes they are.

    column: where a text begins; in the next one is its length, ~length where it has escapes.  more: where
    texts stand that begin beyond the data.  is_present: others are empty.  texts: room for the texts as they
    are written, which is never less than what they say.
    """
    end = 0
    for row in range(table.shape[0]):
        offsets[row] = end
        if is_present[row]:
            begin, length = table[row, column], table[row, column + 1]
            if length < 0:
                end = _unescaped(data, begin, begin + ~length, texts, end)
            elif begin < data.size:
                end = _copied(data, begin, length, texts, end)
            else:
                end = _copied(more, begin - data.size, length, texts, end)
    offsets[table.shape[0]] = end
    return end


@part
def _copied(data: Bytes, begin: int, length: int, texts: Bytes, end: int) -> int:
    """Writes one text as it is; where it ends."""
    for place in range(length):
        texts[end + place] = data[begin + place]
    return end + length


@part
def _unescaped(data: Bytes, at: int, after: int, texts: Bytes, end: int) -> int:
    """Writes one text with escapes; where it ends."""
    while at < after:
        if data[at] != _BACKSLASH:
            texts[end] = data[at]
            at, end = at + 1, end + 1
        elif data[at + 1] != _U:
            texts[end] = _UNESCAPED[data[at + 1]]
            at, end = at + 2, end + 1
        else:
            character = _unit(data, at)
            at += _ESCAPE_BYTES
            if _HIGH_SURROGATE <= character < _AFTER_SURROGATES:
                character = _BEYOND + ((character - _HIGH_SURROGATE) << 10) + _unit(data, at) - _LOW_SURROGATE
                at += _ESCAPE_BYTES
            end = _encoded(character, texts, end)
    return end


@part
def _unit(data: Bytes, at: int) -> int:
    """The number in an escape such as \\u00e9."""
    unit = 0
    for place in range(at + 2, at + _ESCAPE_BYTES):
        unit = unit * 16 + _HEX[data[place]]
    return unit


@part
def _encoded(character: int, texts: Bytes, end: int) -> int:
    """Writes one character in UTF-8; where it ends."""
    if character < _ONE_BYTE:
        texts[end] = character
        return end + 1
    if character < _TWO_BYTES:
        texts[end] = 0xC0 | character >> 6
    else:
        if character < _BEYOND:
            texts[end] = 0xE0 | character >> 12
        else:
            texts[end] = 0xF0 | character >> 18
            end += 1
            texts[end] = _MORE | character >> 12 & _LOW_BITS
        end += 1
        texts[end] = _MORE | character >> 6 & _LOW_BITS
    texts[end + 1] = _MORE | character & _LOW_BITS
    return end + 2
