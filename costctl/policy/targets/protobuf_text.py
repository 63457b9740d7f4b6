"""Protobuf text, as Triton's config.pbtxt is written: what stands in it?

In: text. Out: dicts, lists and scalars, all of them text; a field that is given several times is a list.
"""

from __future__ import annotations

import re
from typing import Any, Final

_TOKEN: Final = re.compile(r'#[^\n]*|"(?:[^"\\\n]|\\.)*"|[{}\[\]:,;<>]|[^\s{}\[\]:,;<>#"]+')
_CLOSING: Final = {"{": "}", "<": ">"}


def read_protobuf_text(text: str) -> Any:
    """The message. Raises ValueError where it is none."""
    tokens = [token for token in _TOKEN.findall(text) if not token.startswith("#")]
    message, end = _message(tokens, 0, None)
    if end != len(tokens):
        raise ValueError("it closes a bracket that it does not open")
    return message


def _message(tokens: list[str], at: int, closing: str | None) -> tuple[dict[str, Any], int]:
    """The fields from a token on, and the place after the bracket that closes them."""
    found: dict[str, list[Any]] = {}
    while at < len(tokens) and tokens[at] != closing:
        if tokens[at] in (",", ";"):
            at += 1
            continue
        name, at = tokens[at], at + 1
        if at < len(tokens) and tokens[at] == ":":
            at += 1
        if at >= len(tokens) or name in "{}[]<>:":
            raise ValueError("a field has no name or no value")
        value, at = _value(tokens, at)
        found.setdefault(name, []).append(value)
    if closing is not None and at >= len(tokens):
        raise ValueError("a bracket is not closed")
    message = {name: values[0] if len(values) == 1 else values for name, values in found.items()}
    return message, at + (closing is not None)


def _value(tokens: list[str], at: int) -> tuple[Any, int]:
    if tokens[at] in _CLOSING:
        return _message(tokens, at + 1, _CLOSING[tokens[at]])
    if tokens[at] != "[":
        return tokens[at], at + 1
    values, at = [], at + 1
    while at < len(tokens) and tokens[at] != "]":
        if tokens[at] == ",":
            at += 1
            continue
        value, at = _value(tokens, at)
        values.append(value)
    if at >= len(tokens):
        raise ValueError("a bracket is not closed")
    return values, at + 1
