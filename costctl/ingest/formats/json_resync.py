"""Which JSON values can be read out of a text that is damaged somewhere, and which parts of it cannot?

Shape in: a line or document, in bytes.  Shape out: its values in order, and a ``Fault`` for each part that is none.
NULs, which a file system leaves where a write was lost, part records from each other; a record that was cut off with
another one written right after it ends where that one begins, if its beginning is known.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from costctl.ingest.privacy import json_fault

_BRACKET: Final = re.compile(r"[{\[]")
_NULS: Final = re.compile(rb"\0+")
_BETWEEN: Final = " \t\r\n,"
_MOST_FAULTS: Final = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """A part that is no JSON. text: of it.  message: what is wrong, without what it says.

    is_fragment: it begins outside any value, as the end of a record does.  is_last: the text ends with it.
    """

    text: str
    message: str
    is_fragment: bool
    is_last: bool


@dataclass(frozen=True, slots=True)
class Readable:
    """One value."""

    value: Any


def values_and_faults(line: bytes, opener: re.Pattern[str] | None = None) -> Iterator[Readable | Fault]:
    """The values and faults of a line. opener: how a record begins, to go on from after a fault.

    Raises RecursionError where it is nested deeper than can be read.
    """
    parts = [part for part in _NULS.split(line) if part.strip()] if b"\0" in line else [line]
    for number, part in enumerate(parts, 1):
        yield from _of_part(part.decode("utf-8", "replace"), opener, is_last=number == len(parts))


def nuls_in(line: bytes) -> int:
    """How many NULs stand in the line."""
    return line.count(b"\0")


def _of_part(text: str, opener: re.Pattern[str] | None, *, is_last: bool) -> Iterator[Readable | Fault]:
    """The values and faults of a text without NULs. What is followed by the brackets or keys of something that it
    stood in is no value but a part of a record that lost its beginning.
    """
    values: list[Readable] = []
    for each in _in_order(text, opener, is_last=is_last):
        if isinstance(each, Readable):
            values.append(each)
            continue
        if not (each.is_fragment and each.text.lstrip(_BETWEEN).startswith(_OF_SOMETHING_OPEN)):
            yield from values
        values.clear()
        yield each
    yield from values


_OF_SOMETHING_OPEN: Final = ("]", "}", '"', ":")


def _in_order(text: str, opener: re.Pattern[str] | None, *, is_last: bool) -> Iterator[Readable | Fault]:
    try:
        yield Readable(msgspec.json.decode(text))
        return
    except msgspec.DecodeError:
        pass
    # Accepts lone surrogates, further values after the first, and numbers that are none, which say nothing.
    decoder = json.JSONDecoder(parse_constant=_nothing, parse_float=_finite)
    at, faults = 0, 0
    while at < len(text):
        bracket = _BRACKET.search(text, at)
        begin = bracket.start() if bracket else len(text)
        message, is_fragment = "", bool(text[at:begin].strip(_BETWEEN))
        if is_fragment:
            message = "it begins with neither an object nor a list"
        elif bracket is None:
            return
        else:
            try:
                value, at = decoder.raw_decode(text, begin)
            except ValueError as error:
                message = json_fault(error)
        if not message:
            yield Readable(_plain(value))
            continue
        faults += 1
        after = opener.search(text, begin + (not is_fragment)) if opener and faults < _MOST_FAULTS else None
        end = after.start() if after else len(text)
        yield Fault(text[at:end], message, is_fragment, is_last and after is None)
        at = end


def _nothing(_written: str) -> None:
    """What NaN and Infinity say."""
    return


def _finite(written: str) -> float | None:
    number = float(written)
    return number if math.isfinite(number) else None


def _plain(value: Any) -> Any:
    return msgspec.json.decode(json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace"))
