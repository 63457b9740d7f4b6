"""Where in costctl.toml is a value wrong, and how, in the words of the file?

In: the error of the decoder, whose places read ``classes[...].priority``, and the table that it was about. Out: a
sentence that names the table as the file does: ``[classes.chat] priority: expected a whole number, got text``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from costctl.documents.setting_names import toml_key

_PLACED: Final = re.compile(r"(?P<said>.*) - at (?P<of_key>`key` in )?`\$\.?(?P<path>.*)`", re.DOTALL)
_STEP: Final = re.compile(r"\[\.\.\.\]|\[(?P<index>\d+)\]|(?P<name>[^.\[]+)")
_ANY: Final = "[...]"
_EXPECTED: Final = re.compile(r"Expected `(?P<kind>[^`]+)`(?P<bound>[^,]*)(?:, got `(?P<got>[^`]+)`)?")
_MISSING: Final = re.compile(r"Object missing required field `(?P<name>[^`]+)`")
_CHOICE: Final = re.compile(r"Invalid enum value (?P<value>.*)", re.DOTALL)
_WORDS: Final = {
    "int": "a whole number", "float": "a number", "str": "text", "bool": "true or false", "array": "a list",
    "object": "a table", "date": "a day such as 2026-11-24", "datetime": "a time",
}  # fmt: skip


def fault(error: msgspec.ValidationError, table: Mapping[str, Any], kind: type[msgspec.Struct]) -> str:
    """The error in words. table: what was decoded.  kind: as what."""
    placed = _PLACED.fullmatch(str(error))
    if placed is None:
        return f"{error}."
    steps = _steps(placed["path"], str(error), table, kind)
    is_of_key = placed["of_key"] is not None
    said = _said(placed["said"], msgspec.inspect.type_info(kind), steps, is_of_key=is_of_key)
    return f"{_place(steps, table)}: {said}." if steps else f"{said}."


def _steps(path: str, text: str, table: Mapping[str, Any], kind: type[msgspec.Struct]) -> list[str | int]:
    """The path, with the names for which the decoder writes ``[...]``: those under which the error is the same one."""
    steps: list[str | int] = []
    for found in _STEP.finditer(path):
        if found[0] == _ANY:
            names = list(_at(table, steps))
            steps.append(next(name for name in names if _error_with(_only(table, steps, name), kind) == text))
        else:
            steps.append(int(found["index"]) if found["index"] is not None else found["name"])
    return steps


def _at(value: Any, steps: Sequence[str | int]) -> Any:
    for step in steps:
        value = value[step]
    return value


def _only(value: Any, steps: Sequence[str | int], name: str) -> Any:
    """The value, in which the table at the steps has this name alone; all else is as it was."""
    if not steps:
        return {name: value[name]}
    first, *rest = steps
    inner = _only(value[first], rest, name)
    if isinstance(value, list):
        return [inner if place == first else each for place, each in enumerate(value)]
    return {**value, first: inner}


def _error_with(table: Any, kind: type[msgspec.Struct]) -> str | None:
    try:
        msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        return str(error)
    return None


def _place(steps: Sequence[str | int], table: Mapping[str, Any]) -> str:
    """The table in brackets, as it is headed, and the key in it."""
    value: Any = table
    names: list[str] = []
    head = ""
    for step in steps:
        value = value[step]
        if isinstance(step, int):
            is_table = isinstance(value, dict)
            head = (
                f"[[{'.'.join(names)}]] number {step + 1}"
                if is_table
                else f"{_key(head, names)}, value {step + 1}"
            )
            names = []
        else:
            names.append(toml_key(step))
    if isinstance(value, dict) and names and not head:
        return f"[{'.'.join(names)}]"
    return _key(head, names) if names else head


def _key(head: str, names: Sequence[str]) -> str:
    *table, key = names
    if head:
        return f"{head}: {'.'.join(names)}"
    return f"[{'.'.join(table)}] {key}" if table else key


def _said(text: str, kind: msgspec.inspect.Type, steps: Sequence[str | int], *, is_of_key: bool) -> str:
    if wrong := _EXPECTED.fullmatch(text):
        got = f", got {_word(wrong['got'])}" if wrong["got"] else ""
        return f"expected {_word(wrong['kind'])}{wrong['bound']}{got}"
    if missing := _MISSING.fullmatch(text):
        return f"{missing['name']} is missing"
    if choice := _CHOICE.fullmatch(text):
        return f"{choice['value']} is not one of {', '.join(_choices(kind, steps, is_of_key=is_of_key))}"
    return text


def _word(kinds: str) -> str:
    """Types as the decoder names them, in words."""
    named = [kind for kind in kinds.split(" | ") if kind != "null"]
    return " or ".join(_WORDS.get(kind, kind) for kind in named) or "nothing"


def _choices(kind: msgspec.inspect.Type, steps: Iterable[str | int], *, is_of_key: bool) -> list[str]:
    """The words that may stand at the steps, or, of a key, before the value there."""
    for step in steps:
        kind = _inner(kind, step)
    if is_of_key and isinstance(kind, msgspec.inspect.DictType):
        kind = kind.key_type
    options = kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)
    return [
        str(value)
        for each in options
        if isinstance(each, msgspec.inspect.LiteralType)
        for value in each.values
    ]


def _inner(kind: msgspec.inspect.Type, step: str | int) -> msgspec.inspect.Type:
    if isinstance(kind, msgspec.inspect.UnionType):
        kind = next(each for each in kind.types if not isinstance(each, msgspec.inspect.NoneType))
    match kind:
        case msgspec.inspect.StructType():
            return next(field.type for field in kind.fields if field.encode_name == step)
        case msgspec.inspect.DictType():
            return kind.value_type
        case msgspec.inspect.VarTupleType():
            return kind.item_type
        case _:
            return kind
