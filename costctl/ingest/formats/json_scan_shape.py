"""What does the compiled scan look for in lines of JSON, and where does it write what it finds?

Shape in: for each context, that is, each kind of object, the fields that are read there.  Shape out: the same
as arrays, and tables with room for all that a block of so many bytes may hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from costctl.arrays import Bytes, Codes, Ints
from costctl.ingest.formats.json_scan_loop import SKIP, SLOTS, slot

_MOST_KEYS: Final = 2**14
_KEY_SLOTS: Final = 2**16
_DEEPEST: Final = 16
_ROOM: Final = 16  # for rows of a table, whatever the size of the block


class Words(NamedTuple):
    """Texts one after another, where each begins, and the number that each stands for."""

    letters: Bytes
    begins: Ints
    numbers: Ints


class Shape(NamedTuple):
    """What is looked for.

    tables: how many contexts have rows of their own; they come first, outermost of all.  actions, targets:
    for each context and name, what is read, and into which cell of the row; of lists and parts, their
    context.  owners, widths: of each table the one that its rows belong to, and the cells in a row.  names:
    in the order of their numbers.  name_in_slot: the name to be found by `slot`, the number of names where
    there is none.  words: what may stand for a number.
    """

    tables: int
    actions: Ints
    targets: Ints
    owners: Ints
    widths: Ints
    names: Words
    name_in_slot: Ints
    words: Words


class Tables(NamedTuple):
    """What the scan fills in.

    cells: the rows of all tables.  begins, capacities, counts: of each table, in cells and in rows.
    opened: room for what is underway.  key_begins, key_lengths: of each distinct key as it is written.
    key_slots: codes by hash, -1 where free.  followers: the key that came last after each; before them
    the one that came first in a list of each table.
    """

    cells: Ints
    begins: Ints
    capacities: Ints
    counts: Ints
    opened: Ints
    key_begins: Ints
    key_lengths: Ints
    key_slots: Codes
    followers: Codes


def shape_of(
    fields: Sequence[Mapping[str, tuple[int, int]]],
    owners: Sequence[int],
    widths: Sequence[int],
    words: Mapping[str, int],
) -> tuple[Shape, dict[str, int]]:
    """The shape, and for each name the bit that tells its presence in a row.

    fields: of each context name → what is read, and its target.  Two names must not share a slot.
    """
    names = list(dict.fromkeys(name for each in fields for name in each))
    actions = np.full((len(fields), len(names) + 1), SKIP)
    targets = np.zeros(actions.shape, np.int64)
    name_in_slot = np.full(SLOTS, len(names))
    for context, each in enumerate(fields):
        for name, (action, target) in each.items():
            actions[context, names.index(name)] = action
            targets[context, names.index(name)] = target
    for number, name in enumerate(names):
        place = slot(ord(name[0]), ord(name[-1]), len(name))
        if name_in_slot[place] != len(names):
            raise ValueError(f"{name} shares its slot with {names[name_in_slot[place]]}")
        name_in_slot[place] = number
    shape = Shape(
        tables=len(widths),
        actions=actions,
        targets=targets,
        owners=np.array(owners),
        widths=np.array(widths),
        names=_words(dict(zip(names, range(len(names)), strict=True))),
        name_in_slot=name_in_slot,
        words=_words(words),
    )
    return shape, {name: 1 << number for number, name in enumerate(names)}


def _words(words: Mapping[str, int]) -> Words:
    letters = np.frombuffer("".join(words).encode(), np.uint8).copy()
    return Words(letters, np.cumsum([0, *map(len, words)]), np.array([*words.values()]))


def tables_for(shape: Shape, size: int, bytes_a_row: Sequence[int]) -> Tables:
    """Empty tables. size: of the block in bytes.  bytes_a_row: how few bytes a row of each table takes up.

    Memory that no row is written into is never taken from the system.
    """
    capacities: Ints = size // np.array(bytes_a_row) + _ROOM
    ends = np.cumsum(capacities * shape.widths)
    return Tables(
        cells=np.empty(ends[-1], np.int64),
        begins=(ends - capacities * shape.widths).astype(np.int64),
        capacities=capacities,
        counts=np.zeros(shape.tables, np.int64),
        opened=np.zeros((_DEEPEST, 4), np.int64),
        key_begins=np.empty(_MOST_KEYS, np.int64),
        key_lengths=np.empty(_MOST_KEYS, np.int64),
        key_slots=np.full(_KEY_SLOTS, -1, np.int32),
        followers=np.full(shape.tables + _MOST_KEYS, -1, np.int32),
    )
