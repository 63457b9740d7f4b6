"""Does a document hold the numbers that a text prints?

In: a text that people read, and the JSON document that it was made from. Out: the numbers of the text that no number of
the document rounds to, at the precision and in the unit printed. The parser is of its own: it knows nothing of
``costctl.render.numbers``.

A line that names a class, a pool, a model or a tenant may print what the document says of it and of the whole: the
number of another class is not found there.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

NAMING: Final = ("request_class", "pool", "model", "tenant")
_SIZES: Final[Mapping[str, tuple[str, float]]] = {
    "%": ("ratio", 0.01), "pp": ("ratio", 0.01), "µs": ("s", 1e-6), "ms": ("s", 1e-3), "s": ("s", 1.0),
    "min": ("s", 60.0), "h": ("s", 3600.0), "days": ("s", 86_400.0), "MB": ("", 1e6), "k": ("", 1e3),
    "M": ("", 1e6), "G": ("", 1e9),
}  # fmt: skip
_BY: Final = {"hour": 3600.0, "M tokens": 1e6, "1k reads": 1e3, "1k calls": 1e3, "GB": 1e9}
_NUMBER: Final = re.compile(
    r"(?<![\w.$])(?P<than>[<>])?[+-]?(?P<usd>\$)?(?P<digits>\d[\d,]*(?:\.\d+)?)(?:e(?P<exponent>[+-]?\d+))?"
    r"(?P<unit>%|\s?(?:pp|µs|ms|min|days|MB|[shkMG])(?!\w))?(?!\w)"
    r"(?: per (?P<per>hour|M tokens|1k reads|1k calls|GB))?"
)
# "4.2% (3.1 to 5.3)" and "$0.157 (0.125–0.189)" say the unit once
_SPAN: Final = re.compile(r"((\$)?[\d.,]+(%)? \()(-?)([\d.,]+)( to |–)(-?)([\d.,]+)\)")
_MONTHS: Final = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_TIMES: Final = re.compile(
    r"\d{4}-\d\d(?:-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?)?)?"
    rf"|(?:{_MONTHS}) \d+(?:[ –]+(?:(?:{_MONTHS}) )?\d+(?!\d|:\d))*|\bQ\d \d{{4}}|\b\d\d:\d\d(?::\d\d)?\b|\b\d\dh\b"
)
# What a text says in figures of no document: how wide intervals are, of how many points, per how many.
_WORDS: Final = re.compile(
    r"(?:80|9\d) ?%(?= (?:interval|low|high)|\)|:)|(?:(?<=all, )|(?<=in the )|(?<=USD, ))(?:80|9\d)%|28 whole days"
    r"|of 100|0 to 100|per 1[kM]|1M tokens|#\d+|p\d\d|[░▒▓█] (?:from )?\d+ %"
)
_SETTING: Final = re.compile(r'^\s*["\w.]+ = ')  # a line to be put into a file of settings
_DIGIT: Final = re.compile(r"\d")
_NOISE: Final = 1e-9  # of additions in another order
SHORTEST_ID: Final = 12  # digits alone, which are no number

Whose = tuple[tuple[str, frozenset[str]], ...]


@dataclass(frozen=True, slots=True)
class Printed:
    """A number of a text. kind: USD, ratio or s, nothing where no unit says it.  low, high: what it may stand for, half
    of its last digit to both sides.
    """

    text: str
    kind: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Leaf:
    """A number of a document. kind: as above, by its name.  of: what it is told of, such as {"pool": "embedder"}."""

    value: float
    kind: str
    of: Mapping[str, str]


def printed_in(line: str) -> Iterator[Printed]:
    """The numbers of a line."""
    spelled = _SPAN.sub(_with_units, _WORDS.sub(" ", line))
    for found in _NUMBER.finditer(spelled):
        kind, size = _SIZES.get((found["unit"] or "").strip(), ("", 1.0))
        size *= 10.0 ** int(found["exponent"] or 0) / _BY.get(found["per"] or "", 1.0)
        digits = found["digits"].replace(",", "")
        value, half = float(digits) * size, 0.500001 * 10.0 ** -len(digits.partition(".")[2]) * size
        low, high = value - half, value + half
        match found["than"]:
            case "<":
                low, high = 0.0, value
            case ">":
                low, high = value, 1.0 if kind == "ratio" else float("inf")
        yield Printed(found[0].strip(), "USD" if found["usd"] else kind, low, high)


def _with_units(found: re.Match[str]) -> str:
    before, usd, ratio, sign, low, _, other_sign, high = (each or "" for each in found.groups())
    return f"{before}{sign}{usd}{low}{ratio} to {other_sign}{usd}{high}{ratio})"


class Held:
    """The numbers of documents, and the texts in them that have digits, such as names, which are not parsed."""

    def __init__(self, *documents: object, also: Sequence[Leaf] = ()) -> None:
        self.leaves = (*(leaf for each in documents for leaf in _leaves(each, "", {})), *also)
        texts = {_timeless(text) for each in documents for text in _texts(each)} - {""}
        names = (
            each
            for each in texts
            if _DIGIT.search(each) and not (each.isdecimal() and len(each) < SHORTEST_ID)
        )
        self._texts = sorted(names, key=len, reverse=True)
        self._names = {
            kind: {name: re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])") for name in sorted(found)}
            for kind in NAMING
            if (found := {leaf.of[kind] for leaf in self.leaves if leaf.of.get(kind)})
        }
        self._sorted = cache(self._sorted_of)

    def unfound(self, text: str) -> tuple[list[str], int]:
        """Numbers of the text that no number of the documents rounds to, each with its line; how many there are."""
        wrong, seen = [], 0
        for line in map(_timeless, text.splitlines()):
            if _SETTING.match(line):
                continue
            whose, rest = self._named(line), line
            for each in self._texts:
                rest = rest.replace(each, " ")
            for number in printed_in(rest):
                seen += 1
                if not self.holds(number, whose):
                    wrong.append(f"{number.text} of {line[:200]}")
        return wrong, seen

    def holds(self, number: Printed, whose: Whose = ()) -> bool:
        """Whether a number told of these, or of nothing in particular, rounds to it."""
        values = self._sorted(number.kind, whose)
        place = bisect_left(values, number.low)
        return place < len(values) and values[place] <= number.high

    def unknown(self, row: Mapping[str, Any]) -> list[tuple[str, float]]:
        """Numbers of a row for machines that no number of the documents is, to the last digit; by their columns."""
        whose = self._named(" ".join(each for each in row.values() if isinstance(each, str)))
        numbers = [
            (key, each)
            for key, each in row.items()
            if isinstance(each, int | float) and not isinstance(each, bool)
        ]
        return [(key, each) for key, each in numbers if not self.holds(_exactly(abs(each)), whose)]

    def _named(self, line: str) -> Whose:
        """What the line names, by kind."""
        return tuple(
            (kind, found)
            for kind, names in self._names.items()
            if (
                found := frozenset(name for name, word in names.items() if name in line and word.search(line))
            )
        )

    def _sorted_of(self, kind: str, whose: Whose) -> list[float]:
        return sorted(
            abs(leaf.value)
            for leaf in self.leaves
            if (not kind or leaf.kind in (kind, ""))
            and all(of not in leaf.of or leaf.of[of] in names for of, names in whose)
        )


def _exactly(size: float) -> Printed:
    return Printed("", "", size * (1.0 - _NOISE), size * (1.0 + _NOISE))


def _timeless(text: str) -> str:
    """The text in one line, without days and hours of the clock."""
    return " ".join(_TIMES.sub(" ", text).split())


def _texts(value: object) -> Iterator[str]:
    match value:
        case dict():
            yield from value
            for each in value.values():
                yield from _texts(each)
        case list():
            for each in value:
                yield from _texts(each)
        case str():
            yield value


def _leaves(value: object, kind: str, of: Mapping[str, str]) -> Iterator[Leaf]:
    """Every number; and what is counted and added up: see ``_sums``. Of a period, how long it is."""
    match value:
        case dict():
            of = {**of, **{key: value[key] for key in NAMING if isinstance(value.get(key), str)}}
            yield from _lengths(value, of)
            for key, each in value.items():
                yield from _leaves(each, _kind(key) or kind, of)
        case list():
            yield from _sums(value, kind, of)
            for each in value:
                yield from _leaves(each, kind, of)
        case bool() | None:
            return
        case int() | float():
            yield Leaf(value, kind, of)
            if kind == "s":
                yield Leaf(value / 3600.0, "", of)  # in a column of hours


def _lengths(period: Mapping[str, Any], of: Mapping[str, str]) -> Iterator[Leaf]:
    for first, last in (("from", "to"), ("window_from", "window_to")):
        if isinstance(period.get(first), str) and isinstance(period.get(last), str):
            begin, end = (datetime.fromisoformat(period[each]) for each in (first, last))
            yield Leaf((end - begin).total_seconds(), "s", of)


def _sums(rows: Sequence[object], kind: str, of: Mapping[str, str]) -> Iterator[Leaf]:
    """How many rows there are, and how many of each kind; the sum of each column, of all and of each kind."""
    yield Leaf(len(rows), "", of)
    columns: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        for key, value in row.items() if isinstance(row, dict) else ():
            columns[key].append(value)
    for key, values in columns.items():
        numbers = [each for each in values if isinstance(each, int | float) and not isinstance(each, bool)]
        if numbers:
            yield Leaf(sum(numbers), _kind(key) or kind, of)
        counted = Counter(each for each in values if isinstance(each, str | bool))
        yield from (Leaf(each, "", of) for each in (*counted.values(), len(counted)))


def _kind(key: str) -> str:
    words = key.split("_")
    return "USD" if "usd" in words else "ratio" if "ratio" in words else "s" if words[-1] == "s" else ""
