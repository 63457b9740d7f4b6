"""A twin of the Collector's transform processor, for the part of OTTL that rules of classes are written in.

In: a configuration, and the attributes of a span. Out: the attributes after it, or ``RefusedConfigError`` where a
collector would not start. ``and`` binds tighter than ``or``, both stop as soon as they can; a statement that fails does
nothing (``error_mode: ignore``). https://github.com/open-telemetry/opentelemetry-collector-contrib, pkg/ottl, v0.165.0
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml

Span = dict[str, Any]
Value = Callable[[Span], Any]
TOKEN = re.compile(
    r'\s*(?:(?P<text>"(?:\\.|[^\\"])*")|(?P<number>\d+)|(?P<sign>==|!=|[()\[\],.])|(?P<word>[A-Za-z_][A-Za-z0-9_]*))'
)


class RefusedConfigError(Exception):
    """A collector would not start with it."""


class StatementError(Exception):
    """A statement fails on this span."""


def processed(text: str, span: Span) -> Span:
    """The attributes of the span, after every transform processor of the configuration."""
    found = dict(span)
    for group in _groups(text):
        tests = [_Parser(each).whole_condition() for each in group.get("conditions", [])]
        statements = [_Parser(each).statement() for each in group["statements"]]
        if tests and not any(test(found) for test in tests):
            continue
        for attribute, value, test in statements:
            try:
                if test(found):
                    found[attribute] = value
            except StatementError:
                continue
    return found


def _groups(text: str) -> list[dict[str, Any]]:
    config = yaml.safe_load(text)
    _require_keys(config, {"processors"})
    groups = []
    for name, processor in config["processors"].items():
        if name.partition("/")[0] != "transform":
            raise RefusedConfigError(f"no processor {name}")
        _require_keys(processor, {"error_mode", "trace_statements"})
        if processor["error_mode"] not in ("ignore", "silent", "propagate"):
            raise RefusedConfigError("no such error_mode")
        for group in processor["trace_statements"]:
            _require_keys(group, {"conditions", "statements"})
            groups.append({key: [_expanded(each) for each in each_of] for key, each_of in group.items()})
    return groups


def _require_keys(found: object, known: set[str]) -> None:
    if not isinstance(found, Mapping) or not set(found) <= known:
        raise RefusedConfigError("a key that is not known")


def _expanded(text: str) -> str:
    """Dollar signs as a collector reads them: two are one, one begins a variable."""
    if "$" in text.replace("$$", ""):
        raise RefusedConfigError("a variable")
    return text.replace("$$", "$")


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        place = 0
        while place < len(text.rstrip()):
            found = TOKEN.match(text, place)
            if found is None:
                raise RefusedConfigError("a character that OTTL does not know")
            self.tokens.append((str(found.lastgroup), str(found[str(found.lastgroup)])))
            place = found.end()

    def statement(self) -> tuple[str, str, Value]:
        """An editor with its condition: attribute, value, condition."""
        for word in ("set", "("):
            self._expect(word)
        attribute = self._attribute_name()
        self._expect(",")
        value = self._literal()
        for word in (")", "where"):
            self._expect(word)
        return attribute, value, self.whole_condition()

    def whole_condition(self) -> Value:
        test = self._either()
        if self.tokens:
            raise RefusedConfigError("more than one statement")
        return test

    def _either(self) -> Value:
        terms = [self._both()]
        while self._accept("or"):
            terms.append(self._both())
        return lambda span: any(term(span) for term in terms)

    def _both(self) -> Value:
        terms = [self._test()]
        while self._accept("and"):
            terms.append(self._test())
        return lambda span: all(term(span) for term in terms)

    def _test(self) -> Value:
        if self._accept("("):
            inner = self._either()
            self._expect(")")
            return inner
        if self._accept("IsList"):
            self._expect("(")
            path = self._path()
            self._expect(")")
            return lambda span: isinstance(path(span), list)
        path = self._path()
        self._expect("==")
        value = None if self._accept("nil") else self._literal()
        return lambda span: path(span) == value

    def _path(self) -> Value:
        name = self._attribute_name()
        if not self._accept("["):
            return lambda span: span.get(name)
        kind, number = self._next()
        if kind != "number":
            raise RefusedConfigError("an index that is no number")
        self._expect("]")
        return lambda span: _item(span.get(name), int(number))

    def _attribute_name(self) -> str:
        for word in ("span", ".", "attributes", "["):
            self._expect(word)
        name = self._literal()
        self._expect("]")
        return name

    def _literal(self) -> str:
        kind, text = self._next()
        if kind != "text":
            raise RefusedConfigError("a value that is no text")
        return str(json.loads(text))

    def _next(self) -> tuple[str, str]:
        if not self.tokens:
            raise RefusedConfigError("a statement that ends too soon")
        return self.tokens.pop(0)

    def _accept(self, word: str) -> bool:
        if not self.tokens or self.tokens[0][0] == "text" or self.tokens[0][1] != word:
            return False
        self.tokens.pop(0)
        return True

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise RefusedConfigError(f"no {word} where one is due")


def _item(value: object, index: int) -> object:
    if value is None:
        return None
    if not isinstance(value, list) or index >= len(value):
        raise StatementError
    return value[index]
