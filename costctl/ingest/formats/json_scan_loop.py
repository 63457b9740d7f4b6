"""Where in lines of JSON does each field of a known shape stand? The compiled loop.

Shape in: bytes that end with a line end, what to look for, and empty tables.  Shape out: the tables filled, a
row for each
object of each list that is looked for: texts as place and length, integers as they are. `scan` stops at the
first byte that it is not certain of; what it wrote until then means nothing.

The last byte is the fence that keeps every loop within the block: a line end may stand between documents
only. Functions that read forward return the next place, or UNCERTAIN, which they pass on, and which is the
place of the fence. Numba's cache
watches this file alone: all compiled functions live in it, and what is looked for comes as arguments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from costctl.compiled import compiled, part

if TYPE_CHECKING:
    from costctl.arrays import Bytes, Ints
    from costctl.ingest.formats.json_scan_shape import Shape, Tables, Words

UNCERTAIN: Final = -1
# What is read of a value: a text; an integer, also as text; an integer as number; a number, or one of the
# words; where a number stands; true or false; where an object stands; a key, by its code; the rows of a list;
# an object whose fields belong to the same row.
SKIP, TEXT, INTEGER, COUNT, ENUM, NUMBER, TRUTH, OBJECT, KEY, LIST, PART = range(11)
# Every row begins with the number of the row that it belongs to, and the bits of the fields that it has.
OWNER, PRESENT, FIRST = range(3)

SLOTS: Final = 128
_DEEPEST: Final = 60
_SAFE_DIGITS: Final = 18
_LARGEST: Final = np.iinfo(np.int64).max
_QUOTE, _BACKSLASH, _COMMA, _COLON, _MINUS, _PLUS, _POINT, _ZERO = (ord(each) for each in '"\\,:-+.0')
_OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST = (ord(each) for each in "{}[]")
_LINE_END, _RETURN, _SPACE, _TAB, _E, _SMALL_E, _F, _N, _T, _U = (ord(each) for each in "\n\r \tEefntu")
_LITERALS: Final = np.frombuffer(b"nulltruefalse", np.uint8).copy()
_NULL, _TRUE, _FALSE, _END = 0, 4, 8, 13
_IS_PLAIN: Final = np.array([byte >= _SPACE and byte not in b'"\\' for byte in range(256)])
_IS_ESCAPE: Final = np.array([byte in b'"\\/bfnrt' for byte in range(256)])
_HEX: Final = np.full(256, -1)
_HEX[np.frombuffer(b"0123456789abcdefABCDEF", np.uint8)] = [*range(16), *range(10, 16)]
_HIGH_SURROGATE, _LOW_SURROGATE, _AFTER_SURROGATES = 0xD800, 0xDC00, 0xE000


@compiled
def scan(data: Bytes, shape: Shape, tables: Tables) -> int:
    """Fills the tables from lines of at most one document each; the number of keys, or UNCERTAIN."""
    at, keys = 0, 0
    while at < data.size:
        at = _past_blanks(data, at)
        if data[at] == _OPEN:
            at, keys = _document(data, at, keys, shape, tables)
            if at < 0:
                return UNCERTAIN
            at = _past_blanks(data, at)
        while data[at] == _RETURN:
            at += 1
        if data[at] != _LINE_END:
            return UNCERTAIN
        at += 1
    return keys


@part
def _document(data: Bytes, at: int, keys: int, shape: Shape, tables: Tables) -> tuple[int, int]:
    """Reads one document; the place after it, and the number of keys."""
    cells, opened = tables.cells, tables.opened
    depth, context, seen, present, before = 0, 0, 0, 0, 0
    cell = _new_row(0, shape, tables)
    at = _first_member(data, at)
    while at >= 0 and cell >= 0:
        if data[at] == _CLOSE:
            if context >= shape.tables:
                depth -= 1
                context = opened[depth, 0]
                at = _next_member(data, at + 1)
                continue
            cells[cell + PRESENT] = present
            if depth == 0:
                return at + 1, keys
            at = _past_blanks(data, at + 1)
            if data[at] == _COMMA:
                cell, seen, present = _new_row(context, shape, tables), 0, 0
                at = _first_member(data, _past_blanks(data, at + 1))
            elif data[at] == _CLOSE_LIST:
                depth -= 1
                context, cell = opened[depth, 0], opened[depth, 1]
                seen, present = opened[depth, 2], opened[depth, 3]
                at = _next_member(data, at + 1)
            else:
                at = UNCERTAIN
            continue
        name, at = _member(data, at, shape)
        action, target = shape.actions[context, name], shape.targets[context, name]
        if action == SKIP:
            at = _next_member(data, _skipped(data, at))
            continue
        if seen >> name & 1:
            return UNCERTAIN, keys
        seen |= 1 << name
        if data[at] == _N:
            at = _next_member(data, _past_literal(data, at, _NULL, _TRUE))
            continue
        if action != PART:
            present |= 1 << name
        if action == KEY:
            code, at = _key(data, at, before, keys, tables)
            keys, before = max(keys, code + 1), shape.tables + code
            cells[cell + target] = code
            at = _next_member(data, at)
        elif action < LIST:
            at = _next_member(data, _field(data, at, action, cell + target, cells, shape.words))
        else:
            if action == LIST:
                at = _past_blanks(data, at + 1) if data[at] == _OPEN_LIST else UNCERTAIN
                if data[at] == _CLOSE_LIST:
                    at = _next_member(data, at + 1)
                    continue
            opened[depth, 0], opened[depth, 1] = context, cell
            opened[depth, 2], opened[depth, 3] = seen, present
            depth += 1
            context = target
            if action == LIST:
                cell, seen, present, before = _new_row(context, shape, tables), 0, 0, context
            at = _first_member(data, at)
    return UNCERTAIN, keys


@part
def _new_row(table: int, shape: Shape, tables: Tables) -> int:
    """The first cell of a new row, or UNCERTAIN where there is no room."""
    row = tables.counts[table]
    if row == tables.capacities[table]:
        return UNCERTAIN
    tables.counts[table] = row + 1
    cell = tables.begins[table] + row * shape.widths[table]
    tables.cells[cell + OWNER] = tables.counts[shape.owners[table]] - 1
    return cell


@part
def _field(data: Bytes, at: int, action: int, cell: int, cells: Ints, words: Words) -> int:
    if action == TEXT:
        cells[cell], cells[cell + 1], end = _text(data, at)
    elif action == INTEGER:
        is_text = data[at] == _QUOTE
        cells[cell], end = _integer(data, at + is_text)
        if is_text and end >= 0:
            end = end + 1 if data[end] == _QUOTE else UNCERTAIN
    elif action == COUNT:
        cells[cell], end = _integer(data, at)
    elif action == ENUM:
        cells[cell], end = _enum(data, at, words)
    elif action == TRUTH:
        cells[cell] = data[at] == _T
        end = _past_scalar(data, at) if cells[cell] or data[at] == _F else UNCERTAIN
    else:
        end = _past_number(data, at) if action == NUMBER else _skipped(data, at)
        cells[cell], cells[cell + 1] = at, end - at
        if action == OBJECT and data[at] != _OPEN:
            end = UNCERTAIN
    return end


@part
def _key(data: Bytes, at: int, before: int, keys: int, tables: Tables) -> tuple[int, int]:
    """The code of a key, and the place after it. before: where among the followers it is looked for first."""
    begin, guess = at + 1, tables.followers[before]
    if data[at] == _QUOTE and guess >= 0:
        length = tables.key_lengths[guess]
        if _is_same(data, begin, data, tables.key_begins[guess], length) and data[begin + length] == _QUOTE:
            return guess, begin + length + 1
    _, _, end = _text(data, at)
    if end < 0:
        return 0, UNCERTAIN
    code = _code(data, begin, end - 1 - begin, keys, tables)
    tables.followers[before] = code
    return code, end if code >= 0 else UNCERTAIN


@part
def _code(data: Bytes, begin: int, length: int, keys: int, tables: Tables) -> int:
    """The code of the key that stands there, a new one where it was not met before; UNCERTAIN where full."""
    hashed, last = length, tables.key_slots.size - 1
    for place in range(begin, begin + length):
        hashed = (hashed * 31 + data[place]) & 0xFFFFFFFF
    place = (hashed ^ hashed >> 15) & last
    while tables.key_slots[place] >= 0:
        code = tables.key_slots[place]
        if tables.key_lengths[code] == length and _is_same(
            data, begin, data, tables.key_begins[code], length
        ):
            return code
        place = (place + 1) & last
    if keys == tables.key_begins.size:
        return UNCERTAIN
    tables.key_slots[place] = keys
    tables.key_begins[keys], tables.key_lengths[keys] = begin, length
    return keys


@part
def _is_same(data: Bytes, begin: int, other: Bytes, other_begin: int, length: int) -> bool:
    place = 0
    while place < length and data[begin + place] == other[other_begin + place]:
        place += 1
    return place == length


@part
def _past_blanks(data: Bytes, at: int) -> int:
    while data[at] == _SPACE or data[at] == _TAB:
        at += 1
    return at


@part
def _first_member(data: Bytes, at: int) -> int:
    """The quote before the first name of the object that begins there, or the bracket that ends it."""
    at = _past_blanks(data, at + 1) if at >= 0 and data[at] == _OPEN else UNCERTAIN
    return at if data[at] == _QUOTE or data[at] == _CLOSE else UNCERTAIN


@part
def _next_member(data: Bytes, at: int) -> int:
    """The quote before the next name after a value, or the bracket that ends the object."""
    at = _past_blanks(data, at)
    if data[at] == _COMMA:
        at = _past_blanks(data, at + 1)
        return at if data[at] == _QUOTE else UNCERTAIN
    return at if data[at] == _CLOSE else UNCERTAIN


@part
def _member(data: Bytes, at: int, shape: Shape) -> tuple[int, int]:
    """The name whose quote stands there, and the place of its value."""
    other, begin = shape.names.numbers.size, at + 1
    end = begin
    while _IS_PLAIN[data[end]]:
        end += 1
    if data[end] != _QUOTE:
        return other, UNCERTAIN
    name, length = other, end - begin
    if length > 0:
        name = shape.name_in_slot[slot(data[begin], data[end - 1], length)]
        if name != other:
            first, after = shape.names.begins[name], shape.names.begins[name + 1]
            if length != after - first or not _is_same(data, begin, shape.names.letters, first, length):
                name = other
    return name, _past_colon(data, end + 1)


@part
def _past_colon(data: Bytes, at: int) -> int:
    at = _past_blanks(data, at)
    return _past_blanks(data, at + 1) if data[at] == _COLON else UNCERTAIN


@part
def slot(first: int, last: int, length: int) -> int:
    """Where a name of that length is looked for, by its first and its last letter."""
    return (first + last + 19 * length) % SLOTS


@part
def _past_literal(data: Bytes, at: int, begin: int, end: int) -> int:
    return at + end - begin if at >= 0 and _is_same(data, at, _LITERALS, begin, end - begin) else UNCERTAIN


@part
def _enum(data: Bytes, at: int, words: Words) -> tuple[int, int]:
    """A number, or what one of the words stands for, and the place after it."""
    if data[at] != _QUOTE:
        return _integer(data, at)
    for word in range(words.numbers.size):
        begin, length = words.begins[word], words.begins[word + 1] - words.begins[word]
        if _is_same(data, at + 1, words.letters, begin, length) and data[at + 1 + length] == _QUOTE:
            return words.numbers[word], at + 2 + length
    return 0, UNCERTAIN


@part
def _integer(data: Bytes, at: int) -> tuple[int, int]:
    """An integer of 64 bits, and the place after it."""
    is_negative = data[at] == _MINUS
    begin = at + is_negative
    at, value = begin, 0
    while _ZERO <= data[at] < _COLON:
        digit = np.int64(data[at]) - _ZERO
        if at - begin >= _SAFE_DIGITS and value > (_LARGEST - digit) // 10:
            return 0, UNCERTAIN
        value = 10 * value + digit
        at += 1
    if at == begin or (data[begin] == _ZERO and (is_negative or at > begin + 1)):
        return 0, UNCERTAIN
    return -value if is_negative else value, at


@part
def _past_digits(data: Bytes, at: int) -> int:
    begin = at
    while _ZERO <= data[at] < _COLON:
        at += 1
    return at if at > begin else UNCERTAIN


@part
def _past_number(data: Bytes, at: int) -> int:
    at += data[at] == _MINUS
    at = at + 1 if data[at] == _ZERO else _past_digits(data, at)
    if at >= 0 and data[at] == _POINT:
        at = _past_digits(data, at + 1)
    if at >= 0 and (data[at] == _E or data[at] == _SMALL_E):
        at += 1
        at = _past_digits(data, at + (data[at] == _PLUS or data[at] == _MINUS))
    return at


@part
def _text(data: Bytes, at: int) -> tuple[int, int, int]:
    """Where a text begins, its length (~length where it has escapes), and the place after it."""
    if at < 0 or data[at] != _QUOTE:
        return 0, 0, UNCERTAIN
    begin, has_escapes = at + 1, False
    at = begin
    while True:
        while _IS_PLAIN[data[at]]:
            at += 1
        if data[at] == _QUOTE:
            length = at - begin
            return begin, ~length if has_escapes else length, at + 1
        if data[at] != _BACKSLASH:
            return 0, 0, UNCERTAIN
        has_escapes, at = True, _past_escape(data, at)
        if at < 0:
            return 0, 0, UNCERTAIN


@part
def _past_escape(data: Bytes, at: int) -> int:
    if data[at + 1] != _U:
        return at + 2 if _IS_ESCAPE[data[at + 1]] else UNCERTAIN
    unit, at = _unit(data, at)
    if at >= 0 and _HIGH_SURROGATE <= unit < _AFTER_SURROGATES:
        is_pair = unit < _LOW_SURROGATE and data[at] == _BACKSLASH and data[at + 1] == _U
        unit, at = _unit(data, at) if is_pair else (0, UNCERTAIN)
        return at if _LOW_SURROGATE <= unit < _AFTER_SURROGATES else UNCERTAIN
    return at


@part
def _unit(data: Bytes, at: int) -> tuple[int, int]:
    unit = 0
    for place in range(at + 2, at + 6):
        if _HEX[data[place]] < 0:
            return 0, UNCERTAIN
        unit = unit * 16 + _HEX[data[place]]
    return unit, at + 6


@part
def _skipped(data: Bytes, at: int) -> int:
    depth, objects = 0, 0  # objects: a bit for each level, the lowest for the innermost
    while at >= 0:
        is_opened = data[at] == _OPEN or data[at] == _OPEN_LIST
        if is_opened:
            if depth == _DEEPEST:
                return UNCERTAIN
            depth, objects = depth + 1, objects << 1 | (data[at] == _OPEN)
            at = _past_blanks(data, at + 1)
        else:
            at = _past_scalar(data, at)
        while depth > 0 and at >= 0:
            at = _past_blanks(data, at)
            if data[at] != (_CLOSE if objects & 1 else _CLOSE_LIST):
                break
            depth, objects, at, is_opened = depth - 1, objects >> 1, at + 1, False
        if depth == 0 or at < 0:
            return at
        if not is_opened:
            at = _past_blanks(data, at + 1) if data[at] == _COMMA else UNCERTAIN
        if objects & 1:
            at = _past_colon(data, _text(data, at)[2])
    return UNCERTAIN


@part
def _past_scalar(data: Bytes, at: int) -> int:
    byte = data[at]
    if byte == _QUOTE:
        return _text(data, at)[2]
    if byte == _MINUS or _ZERO <= byte < _COLON:
        return _past_number(data, at)
    begin, end = (_NULL, _TRUE) if byte == _N else (_TRUE, _FALSE) if byte == _T else (_FALSE, _END)
    return _past_literal(data, at, begin, end)
