"""Where does a JSON text open and close its objects and lists?

Shape in: bytes, and whether they begin inside a string.  Shape out: the places of the brackets that stand
outside strings, with the depth after each. Done with numpy on the whole text at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from costctl.arrays import Bools, Ints

_QUOTE: Final = ord('"')
_NEWLINE: Final = ord("\n")
_BACKSLASH: Final = ord("\\")
_STEP: Final = np.zeros(256, dtype=np.int8)
_STEP[[ord("{"), ord("[")]] = 1
_STEP[[ord("}"), ord("]")]] = -1


@dataclass(frozen=True, slots=True)
class Brackets:
    """Brackets outside strings. places: offsets.  depths: depth after each.  is_in_string: at the end."""

    places: Ints
    depths: Ints
    is_in_string: bool

    def next_at(self, depth: int, index: int) -> int:
        """The first bracket from ``index`` on after which the depth is at most this; len(places) if none."""
        lower = self.depths[index:] <= depth
        found = int(lower.argmax()) if lower.size else 0
        return index + found if lower.size and lower[found] else len(self.places)


def brackets_of(text: bytes, depth: int, *, is_in_string: bool) -> Brackets:
    """The brackets of a text that begins at this depth and does not end in a backslash.

    A bracket that closes what was never opened is left out. No string goes on over a line end: where one seems to, a
    quote was lost, and what follows is read as if it had not been.
    """
    data = np.frombuffer(text, dtype=np.uint8)
    quotes = _unescaped(data, np.flatnonzero(data == _QUOTE))
    line_ends = np.flatnonzero(data == _NEWLINE)
    steps = _STEP[data]
    places = np.flatnonzero(steps)
    inside = _quotes_before(places, quotes, line_ends, is_in_string=is_in_string) & 1
    places = places[inside == 0]
    depths = depth + np.cumsum(steps[places], dtype=np.int64)
    while len(depths) and depths.min() < 0:
        stray = int(np.flatnonzero(depths < 0)[0])
        places = np.delete(places, stray)
        depths = depth + np.cumsum(steps[places], dtype=np.int64)
    at_end = _quotes_before(np.array([len(data)]), quotes, line_ends, is_in_string=is_in_string)
    return Brackets(places, depths, bool(at_end[0] & 1))


def _quotes_before(places: Ints, quotes: Ints, line_ends: Ints, *, is_in_string: bool) -> Ints:
    """How many quotes stand before each place on its own line."""
    before: Ints = np.searchsorted(quotes, places)
    if len(line_ends) == 0:
        return before + is_in_string
    line = np.searchsorted(line_ends, places)
    of_earlier_lines = np.concatenate([[-int(is_in_string)], np.searchsorted(quotes, line_ends)])
    on_line: Ints = before - of_earlier_lines[line]
    return on_line


def _unescaped(data: npt.NDArray[np.uint8], quotes: Ints) -> Ints:
    """The quotes before which stands an even number of backslashes."""
    slashes = np.flatnonzero(data == _BACKSLASH)
    if len(slashes) == 0 or len(quotes) == 0:
        return quotes
    begins: Bools = np.append(True, np.diff(slashes) != 1)
    run_start = slashes[begins][np.cumsum(begins) - 1]
    before = np.searchsorted(slashes, quotes - 1)
    follows = (before < len(slashes)) & (slashes[np.minimum(before, len(slashes) - 1)] == quotes - 1)
    run = np.where(follows, quotes - run_start[np.minimum(before, len(slashes) - 1)], 0)
    free: Ints = quotes[run % 2 == 0]
    return free
