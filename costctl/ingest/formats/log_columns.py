"""Where in the rows of a log do the values of our columns stand?

Shape in: rows as JSON objects, or as an Arrow table, and a mapping.  Shape out: a table with a column for each of
ours that the log has, as text unless the log types it, and for each column of the log that a condition asks about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from costctl.ingest.attribute_text import parsed_json
from costctl.ingest.mapping import Mapping

_LIST_COLUMNS: Final = ("prefix_keys",)
_COUNT: Final = r"^\d{1,18}$"


def columns_of_objects(objects: list[dict[str, Any]], mapping: Mapping) -> pa.Table:
    """Our columns out of JSON objects."""

    def values(path: str) -> list[Any]:
        return [value_at(row, path) for row in objects]

    return _table(mapping, lambda path, as_list: _array(values(path), as_list=as_list), len(objects))


def columns_of_table(table: pa.Table, mapping: Mapping) -> pa.Table:
    """Our columns out of a table; a dotted name that is no column leads into a column of JSON texts."""

    def array(path: str, as_list: bool) -> pa.Array | None:
        if path in table.column_names:
            return table[path].combine_chunks()
        first, _, rest = path.partition(".")
        if not rest or first not in table.column_names:
            return None
        cells = table[first].combine_chunks()
        documents = [parsed_json(cell) if isinstance(cell, str) else cell for cell in cells.to_pylist()]
        return _array([value_at(document, rest) for document in documents], as_list=as_list)

    return _table(mapping, array, table.num_rows)


def value_at(row: Any, path: str) -> Any:
    """The value at a path: a key of that very name, else step by step along the dots, through JSON in texts.

    A number leads into a list; name=value leads to the first object of a list whose name has that value. A last step #
    counts: the items of a list, or behind conditions (name=value, name!=value, several with &) those that meet them.
    """
    if isinstance(row, list) and (path == "#" or path.endswith(".#")):
        return _count(row, path.removesuffix("#").removesuffix("."))
    if isinstance(row, list):
        first, _, rest = path.partition(".")
        inside = _item(row, first)
        return value_at(inside, rest) if rest else inside
    if not isinstance(row, dict):
        return None
    if path in row:
        return row[path]
    for at, character in enumerate(path):
        if character == "." and path[:at] in row:
            inner = row[path[:at]]
            return value_at(parsed_json(inner) if isinstance(inner, str) else inner, path[at + 1 :])
    return None


def _item(items: list[Any], wanted: str) -> Any:
    """The item of that number, or the first object with name=value; None where there is none."""
    name, is_named, value = wanted.partition("=")
    if is_named:
        return next((item for item in items if isinstance(item, dict) and str(item.get(name)) == value), None)
    return items[int(wanted)] if wanted.isdecimal() and int(wanted) < len(items) else None


def _count(items: list[Any], conditions: str) -> int:
    """How many of the items meet every condition; a name that an item does not have is no value."""
    wanted = [condition.rpartition("=") for condition in conditions.split("&")] if conditions else []

    def meets(item: Any) -> bool:
        return all(
            (str(value_at(item, name.removesuffix("!"))) == value) is not name.endswith("!")
            for name, _, value in wanted
        )

    return sum(1 for item in items if meets(item))


def _table(mapping: Mapping, array: Callable[[str, bool], pa.Array | None], rows: int) -> pa.Table:
    columns: dict[str, pa.Array] = {}
    for target, source in mapping.columns.items():
        found = [array(path, target in _LIST_COLUMNS) for path in source.paths]
        said = [_present(each, mapping.absent) for each in found if each is not None]
        if said:
            columns[target] = _first(said)
        parts = [array(path, False) for path in source.plus]
        added = [_present(each, mapping.absent) for each in parts if each is not None]
        if added and target in columns:
            columns[target] = _sum([columns[target], *added])
    for name in mapping.conditions:
        cells = None if name in columns else array(name, False)
        if cells is not None:
            columns[name] = cells
    return pa.table(columns) if columns else pa.table({"": pa.nulls(rows)})


def _first(arrays: list[pa.Array]) -> pa.Array:
    """Of several columns the first that says something, row by row."""
    if len(arrays) == 1:
        return arrays[0]
    kinds = {array.type for array in arrays}
    same = arrays if len(kinds) == 1 else [array.cast(pa.string()) for array in arrays]
    return pc.coalesce(*same)


def _sum(counts: list[pa.Array]) -> pa.Array:
    """The counts added row by row, those that are not there left out; a row without any, or with a cell that is no
    count, keeps what the first says.
    """
    texts = [array.cast(pa.string()) for array in counts]
    whole = [pc.fill_null(pc.match_substring_regex(text, _COUNT), False) for text in texts]
    numbers = [
        pc.cast(pc.if_else(is_whole, text, pa.scalar(None, pa.string())), pa.int64())
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
    return repr(value) if isinstance(value, int | float) else msgspec.json.encode(value).decode()
