"""What does a rendering say, line by line? A reader of its own for each form, none of which is the writer's.

In: the bytes of a form. Out: lines of text as a person reads them, and for machines' files the values in them.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import unquote
from xml.etree import ElementTree

import polars as pl

from tests.forms.printed_numbers import SHORTEST_ID

_NOT_READ: Final = {"script", "style", "svg", "head"}
_ENDS_A_LINE: Final = {
    "p",
    "li",
    "tr",
    "h1",
    "h2",
    "h3",
    "h4",
    "summary",
    "figcaption",
    "caption",
    "div",
    "dt",
    "dd",
}
_FENCE: Final = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
_SAMPLE: Final = re.compile(r"(?P<name>\w+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")
_LABEL: Final = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class _Page(HTMLParser):
    """The text of a page, a line for each paragraph or row. Charts are drawn from the tables beside them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in _NOT_READ

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in _NOT_READ
        self.parts.append("\n" if tag in _ENDS_A_LINE else " | ")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(data.replace("\n", " "))


def _html(content: str) -> str:
    page = _Page()
    page.feed(content)
    return "".join(page.parts)


def _markdown(content: str) -> str:
    """Settings that are to be copied are no figures."""
    return _FENCE.sub("", content).replace("\\", "")


def _junit(content: str) -> str:
    root = ElementTree.fromstring(content)
    counts = [
        f"{each.get('tests')} {each.get('failures')} {each.get('errors')}" for each in root.iter("testsuite")
    ]
    said = [
        text for each in root.iter() for text in (each.get("message"), each.text, each.get("name")) if text
    ]
    return "\n".join([*counts, *said])


def _github(content: str) -> str:
    return unquote(content)


def _json(content: str) -> str:
    """Each text and each number on a line."""
    return "\n".join(map(str, _said(json.loads(content))))


def _said(value: object) -> Iterator[object]:
    match value:
        case dict():
            for key, each in value.items():
                if key not in {"$schema", "version", "fingerprint", "ruleIndex"}:
                    yield from _said(each)
        case list():
            for each in value:
                yield from _said(each)
        case bool() | None:
            return
        case str() | int() | float():
            yield value


def _text(content: str) -> str:
    return content


PRINTED: Final[Mapping[str, Callable[[str], str]]] = {
    "table": _text, "line": _text, "markdown": _markdown, "html": _html, "junit": _junit, "github": _github,
    "gitlab": _json, "sarif": _json,
}  # fmt: skip


def said_in(form: str, content: bytes) -> str:
    """The text of a form that people read."""
    return PRINTED[form](content.decode())


def rows_of(form: str, content: bytes) -> list[dict[str, Any]]:
    """The rows of a table for machines; of CSV every number is one."""
    if form == "parquet":
        return pl.read_parquet(io.BytesIO(content)).to_dicts()
    return [
        {key: _number(cell) for key, cell in row.items()}
        for row in csv.DictReader(io.StringIO(content.decode()))
    ]


def _number(cell: str) -> str | float:
    """The number of a cell that is one; ids of digits alone are texts."""
    is_number = _NUMBER.fullmatch(cell) and not (cell.isdecimal() and len(cell) >= SHORTEST_ID)
    return float(cell) if is_number else cell


def numbers_of(rows: list[dict[str, Any]]) -> Iterator[tuple[str, float]]:
    """Every number of some rows, under the name of its column."""
    for row in rows:
        yield from (
            (key, each)
            for key, each in row.items()
            if isinstance(each, int | float) and not isinstance(each, bool)
        )


def samples_of(content: bytes) -> Iterator[tuple[str, dict[str, str], float]]:
    """Name, labels and value of every sample of a text of OpenMetrics."""
    for line in (each for each in content.decode().splitlines() if not each.startswith("#")):
        found = _SAMPLE.fullmatch(line)
        assert found is not None, line
        yield found["name"], dict(_LABEL.findall(found["labels"] or "")), float(found["value"])
