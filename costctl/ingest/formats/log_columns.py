"""Where in the rows of a log do the values of our columns stand?

Shape in: rows as JSON objects, or as an Arrow table, and a mapping.  Shape out: a table with a column for each of
ours that the log has, as text unless the log types it, and for each column of the log that a condition asks about;
of counts of tokens the cells of every name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from costctl.ingest.attribute_text import parsed_json
from costctl.ingest.mapping import Mapping, NamedCount, PromptPaths
from costctl.ingest.message_parts import UNKNOWN
from costctl.ingest.prompt_parts import Prompt, prompt_of
from costctl.ingest.token_algebra import CLAIMED
from costctl.ingest.unread_usage import looks_like_usage, unread_of_rows
from costctl.ingest.value_path import value_at
from costctl.store.spans import SPANS

_LIST_COLUMNS: Final = ("prefix_keys", "prefix_tokens", "prefix_blocks")
_AMOUNTS: Final = tuple(field.name for field in SPANS if pa.types.is_floating(field.type))
_COUNT: Final = r"^\d{1,18}$"
_AMOUNT: Final = r"^[+-]?\d{1,18}(\.\d*)?([eE][+-]?\d{1,2})?$"


@dataclass(frozen=True, slots=True)
class CountCells:
    """What the rows say of a count under one name, and how that name counts."""

    name: NamedCount
    cells: pa.Array


@dataclass(frozen=True, slots=True)
class LogColumns:
    """Rows by our names. table: a column for each of ours but counts of tokens, and those that conditions ask about.

    counts: of each count of tokens the cells of every name that the log has.  unread: of each row the paths that look
    like usage and that the mapping does not read.
    """

    table: pa.Table
    counts: dict[str, list[CountCells]]
    unread: list[list[str] | None]
    prompts: dict[int, Prompt]


def columns_of_objects(objects: list[dict[str, Any]], mapping: Mapping) -> LogColumns:
    """Our columns out of JSON objects."""

    def values(path: str) -> list[Any]:
        return [value_at(row, path) for row in objects]

    unread = unread_of_rows(objects, mapping.read_paths)
    return _table(mapping, lambda path, as_list: _array(values(path), as_list=as_list), unread)


def columns_of_table(table: pa.Table, mapping: Mapping) -> LogColumns:
    """Our columns out of a table; a dotted name that is no column leads into a column of JSON texts."""

    def array(path: str, as_list: bool) -> pa.Array | None:
        if path in table.column_names:
            cells = table[path].combine_chunks()
            if as_list and not pa.types.is_list(cells.type):
                return _array([_listed(cell) for cell in cells.to_pylist()], as_list=True)
            return cells
        first, _, rest = path.partition(".")
        if not rest or first not in table.column_names:
            return None
        cells = table[first].combine_chunks()
        documents = [parsed_json(cell) if isinstance(cell, str) else cell for cell in cells.to_pylist()]
        return _array([value_at(document, rest) for document in documents], as_list=as_list)

    suspects = [name for name in table.column_names if _may_hold_usage(name, table[name])]
    unread = unread_of_rows(
        table.select(suspects).to_pylist() if suspects else [{}] * table.num_rows, mapping.read_paths
    )
    return _table(mapping, array, unread)


def _may_hold_usage(name: str, column: pa.ChunkedArray) -> bool:
    """Whether a column looks like usage, or holds objects, some of whose names may."""
    if looks_like_usage(name) or pa.types.is_nested(column.type):
        return True
    return pa.types.is_string(column.type) and bool(pc.any(pc.starts_with(column, "{")).as_py())


def _table(
    mapping: Mapping, array: Callable[[str, bool], pa.Array | None], unread: list[list[str] | None]
) -> LogColumns:
    columns: dict[str, pa.Array] = {}
    counts: dict[str, list[CountCells]] = {}
    for target, source in mapping.columns.items():
        said = [
            CountCells(name, found)
            for name in source.names
            if (found := _cells_of(name, target, mapping, array)) is not None
        ]
        added = [found for path in source.plus if (found := array(path, False)) is not None]
        more = [_present(each, mapping.absent) for each in added]
        if said and more:
            said = _with_parts(said, more, is_amount=target in _AMOUNTS)
        if said and target in CLAIMED:
            counts[target] = said
        elif said:
            columns[target] = _first([each.cells for each in said])
    for name in mapping.conditions:
        cells = None if name in columns else array(name, False)
        if cells is not None:
            columns[name] = cells
    table = pa.table(columns) if columns else pa.table({"": pa.nulls(len(unread))})
    return LogColumns(table, counts, unread, _prompts(mapping.prompt, array, len(unread)))


def _prompts(
    paths: PromptPaths, array: Callable[[str, bool], pa.Array | None], rows: int
) -> dict[int, Prompt]:
    """The prompts of the rows that have one."""

    def values(several: tuple[str, ...]) -> list[Any]:
        """For each row what the first path leads to that is there."""
        found = [each for path in several if (each := array(path, False)) is not None]
        if not found:
            return [None] * rows
        return [None if text is None else _decoded(text) for text in _first(found).to_pylist()]

    messages = values(paths.messages)
    if not any(messages):
        return {}
    before = zip(values(paths.tools), values(paths.system), strict=True)
    decides = zip(*(values((path,)) for path in paths.decides), strict=True) if paths.decides else [()] * rows
    prompts = map(prompt_of, messages, before, decides)
    return {row: prompt for row, prompt in enumerate(prompts) if prompt is not None}


def _decoded(cell: Any) -> Any:
    """The list or object that a text is, ``UNKNOWN`` where it was cut off; any other text as it is; of a table that
    nests, what the cell holds.
    """
    if not isinstance(cell, str) or not cell.lstrip().startswith(("[", "{")):
        return cell
    document = parsed_json(cell)
    return UNKNOWN if document is None else document


def _with_parts(said: list[CountCells], parts: list[pa.Array], *, is_amount: bool) -> list[CountCells]:
    """Each name with the parts that are counted apart; a name that a row does not have says nothing there, unless the
    row has the parts alone.
    """
    has_name = [pc.is_valid(each.cells) for each in said]
    has_none = pc.invert(has_name[0])
    for each in has_name[1:]:
        has_none = pc.and_(has_none, pc.invert(each))
    whole = []
    for each, is_there in zip(said, has_name, strict=True):
        total = _sum([each.cells, *parts], is_amount=is_amount)
        counts = pc.if_else(pc.or_(is_there, has_none), total, pa.scalar(None, total.type))
        whole.append(CountCells(each.name, counts))
    return whole


def _cells_of(
    name: NamedCount, target: str, mapping: Mapping, array: Callable[[str, bool], pa.Array | None]
) -> pa.Array | None:
    """What the rows say under a name, where they have what it requires and nothing that it must lack."""
    found = array(name.path, target in _LIST_COLUMNS)
    if found is None:
        return None
    cells = _present(found, mapping.absent)
    asked = [(name.requires, True)] if name.requires is not None else []
    for path, is_wanted in (*asked, *((path, False) for path in name.lacks)):
        other = array(path, False)
        if other is None and is_wanted:
            return None
        if other is not None:
            is_there = pc.is_valid(_present(other, mapping.absent))
            counts = is_there if is_wanted else pc.invert(is_there)
            cells = pc.if_else(counts, cells, pa.scalar(None, cells.type))
    return cells


def _first(arrays: list[pa.Array]) -> pa.Array:
    """Of several columns the first that says something, row by row."""
    if len(arrays) == 1:
        return arrays[0]
    kinds = {array.type for array in arrays}
    same = arrays if len(kinds) == 1 else [array.cast(pa.string()) for array in arrays]
    return pc.coalesce(*same)


def _sum(counts: list[pa.Array], *, is_amount: bool) -> pa.Array:
    """The counts, or amounts, added row by row, those that are not there left out; a row without any, or with a cell
    that is no count, keeps what the first says.
    """
    texts = [array.cast(pa.string()) for array in counts]
    pattern, kind = (_AMOUNT, pa.float64()) if is_amount else (_COUNT, pa.int64())
    whole = [pc.fill_null(pc.match_substring_regex(text, pattern), False) for text in texts]
    numbers = [
        pc.cast(pc.if_else(is_whole, text, pa.scalar(None, pa.string())), kind)
        for text, is_whole in zip(texts, whole, strict=True)
    ]
    total = numbers[0]
    for more in numbers[1:]:
        either = pc.coalesce(total, more)
        total = pc.if_else(pc.and_(pc.is_valid(total), pc.is_valid(more)), pc.add(total, more), either)
    is_written = pc.or_(whole[0], pc.is_null(texts[0]))
    return pc.if_else(is_written, total.cast(pa.string()), texts[0])


def _present(cells: pa.Array, absent: Iterable[str]) -> pa.Array:
    if not absent or not pa.types.is_string(cells.type):
        return cells
    says_nothing = pc.is_in(cells, pa.array([*absent, ""], pa.string()))
    return pc.if_else(says_nothing, pa.scalar(None, pa.string()), cells)


def _array(values: list[Any], *, as_list: bool) -> pa.Array:
    if as_list:
        return pa.array([_texts(value) for value in values], pa.list_(pa.string()))
    return pa.array([_text(value) for value in values], pa.string())


def _listed(cell: Any) -> Any:
    """The list that a cell holds as JSON text; any other cell as it is."""
    document = parsed_json(cell) if isinstance(cell, str) else cell
    return document if isinstance(document, list) else cell or None


def _texts(value: Any) -> list[str] | None:
    """A list as texts; anything else that is there is a list of one."""
    if value is None:
        return None
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(type(item) in (int, float) for item in value):
        value = sum(value) if value else None  # a request of several inputs counts each
    if value is None:
        return None
    return repr(value) if isinstance(value, int | float) else msgspec.json.encode(value).decode()
