"""What stands at a path of a JSON value?

Shape in: a row and a dotted path. Shape out: the value, None where there is none.
"""

from __future__ import annotations

from typing import Any

from costctl.ingest.attribute_text import parsed_json


def value_at(row: Any, path: str) -> Any:
    """The value at a path: a key of that very name, else step by step along the dots, through JSON in texts.

    A number leads into a list; name=value leads to the first object of a list whose name has that value. A last step #
    counts: the items of a list, or behind conditions (name=value, name!=value, several with &) those that meet them.
    """
    if isinstance(row, list):
        first, _, rest = path.partition(".")
        if not first.isdecimal() and (path == "#" or path.endswith(".#")):
            return _count(row, path.removesuffix("#").removesuffix("."))
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
