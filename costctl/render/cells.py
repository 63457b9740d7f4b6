"""What may stand in a cell? A text, or a number with its unit, which says why where there is none.

A renderer makes cells and never text of numbers: ``str(cell)`` is the one way from a number to what people read, in a
table as in a sentence, and ``plain`` the one way to what machines read. Both are given the same cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from costctl.documents.estimate import Estimate
from costctl.render import numbers

Unit = Literal[
    "s", "USD", "ratio", "ratio_change", "tokens", "bytes", "count", "number", "exact", "hours", "set_s"
]
Bound = Literal["exact", "at least", "at most"]
Trust = Literal["trusted", "untrusted", "unknown"]
Plain = str | int | float | bool | None

NOT_OBSERVED: Final = "not observed"
NOT_PRICED: Final = "not priced"
TOO_FEW: Final = "not enough data"
_MARKS: Final[dict[Bound | None, str]] = {None: "", "exact": "", "at least": "≥ ", "at most": "≤ "}
_TRUST_MARKS: Final[dict[Trust | None, str]] = {
    None: "",
    "trusted": "",
    "untrusted": " *",
    "unknown": " ?",
}
_TEXTS: Final[dict[Unit, Callable[[float], str]]] = {
    "s": numbers.seconds,
    "USD": numbers.usd,
    "ratio": numbers.ratio,
    "ratio_change": numbers.percentage_points,
    "tokens": numbers.tokens,
    "bytes": numbers.megabytes,
    "count": numbers.count,
    "number": numbers.significant,
    "exact": numbers.exact,
    "hours": numbers.hours,
    "set_s": numbers.duration,
}
_SUFFIXES: Final[dict[Unit, str]] = {
    "s": "_s",
    "USD": "_usd",
    "ratio": "_ratio",
    "ratio_change": "_ratio",
    "tokens": "_tokens",
    "bytes": "_bytes",
    "count": "",
    "number": "",
    "exact": "",
    "hours": "_s",
    "set_s": "_s",
}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit. value: None where there is none, and then ``why`` says so in words, "not observed".

    bound: None where the number cannot be a bound; "at least" of a sum of which some part is unknown.  places: decimal
    places, where they are not those of the unit.  is_signed: a difference, or an offset: with a plus too.  note: words
    that follow in brackets.  trust: whether it may be acted on; None where that is no question.
    """

    value: float | int | None
    unit: Unit
    why: str
    bound: Bound | None = None
    places: int | None = None
    is_signed: bool = False
    note: str = ""
    trust: Trust | None = None

    def at_least(self, missing: int) -> Quantity:
        """A sum: a lower bound where some parts of it are unknown."""
        return replace(self, bound="at least" if missing else "exact")

    def at_most(self, missing: int) -> Quantity:
        """A difference from which at least so much was taken: an upper bound where some parts are unknown."""
        return replace(self, bound="at most" if missing else "exact")

    def __str__(self) -> str:
        mark = _TRUST_MARKS[self.trust]
        if self.value is None:
            return f"{self.why}{mark}"
        note = f" ({self.note})" if self.note else ""
        return f"{_bounded(_number(self, self.value), self.bound)}{note}{mark}"


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its unit; ``why``, ``bound`` and ``places`` as those of a quantity. is_short: where there is
    little room.
    """

    estimate: Estimate | None
    unit: Literal["USD", "ratio"]
    why: str
    bound: Bound | None = None
    is_short: bool = False
    places: int | None = None

    def at_least(self, missing: int) -> Interval:
        """A sum: a lower bound where some parts of it are unknown."""
        return replace(self, bound="at least" if missing else "exact")

    def __str__(self) -> str:
        if self.estimate is None:
            return self.why
        if self.unit == "ratio":
            return numbers.ratio_interval(self.estimate)
        if self.is_short:
            return f"{_MARKS[self.bound]}{numbers.usd_range(self.estimate, self.places)}"
        if self.bound == "at least" and self.estimate.is_exact:
            return f"≥ {numbers.usd(self.estimate.mid)}"
        return f"{_MARKS[self.bound]}{numbers.usd_interval(self.estimate)}"


@dataclass(frozen=True, slots=True)
class Phrase:
    """Several cells in one: ``{requests} of {of_requests}`` with a cell for each name."""

    template: str
    parts: tuple[tuple[str, Cell], ...]

    def __str__(self) -> str:
        return self.template.format(**{name: str(part) for name, part in self.parts})


@dataclass(frozen=True, slots=True)
class Label:
    """The name of figures that may, or may not, be acted on."""

    text: str
    trust: Trust

    def __str__(self) -> str:
        return f"{self.text}{_TRUST_MARKS[self.trust]}"


Cell = str | Quantity | Interval | Phrase | Label
Row = tuple[Cell, ...]


def _bounded(shown: str, bound: Bound | None) -> str:
    """What is at least nearly nothing is only known to be more than nothing."""
    if bound == "at least" and shown.startswith("<$"):
        return "> $0"
    return f"{_MARKS[bound]}{shown}"


def _number(cell: Quantity, value: float) -> str:
    size = abs(value) if cell.is_signed else value
    if cell.is_signed and cell.unit == "ratio" and cell.places is None:
        shown = numbers.ratio_size(size)
    elif cell.places is None:
        shown = _TEXTS[cell.unit](size)
    else:
        shown = numbers.fixed(size, cell.places, is_usd=cell.unit == "USD", is_ratio=cell.unit == "ratio")
    return numbers.signed(value, shown) if cell.is_signed else shown


def trust_of(is_trusted: bool | None) -> Trust:
    """The verdict; unknown where nobody can say."""
    return "unknown" if is_trusted is None else "trusted" if is_trusted else "untrusted"


def usd(value: float | None, why: str = NOT_PRICED) -> Quantity:
    """An amount in USD."""
    return Quantity(value, "USD", why)


def usd_column(values: Iterable[float | None], why: str = NOT_PRICED) -> tuple[Quantity, ...]:
    """The amounts of one column, all with the same decimal places."""
    amounts = tuple(values)
    places = numbers.usd_places(amount for amount in amounts if amount is not None)
    return tuple(Quantity(amount, "USD", why, places=places) for amount in amounts)


def seconds(value: float | None, why: str = NOT_OBSERVED) -> Quantity:
    """A duration in seconds."""
    return Quantity(value, "s", why)


def duration(value: float | None, why: str = NOT_OBSERVED) -> Quantity:
    """A duration in seconds that somebody has set: whole hours are told in hours."""
    return Quantity(value, "set_s", why)


def ratio(value: float | None, why: str = NOT_OBSERVED) -> Quantity:
    """A part of the whole, 0 to 1."""
    return Quantity(value, "ratio", why)


def count(value: float | None, why: str = NOT_OBSERVED) -> Quantity:
    """How many."""
    return Quantity(value, "count", why)


def tokens(value: float | None, why: str = NOT_OBSERVED) -> Quantity:
    """How many tokens."""
    return Quantity(value, "tokens", why)


def number(value: float | None, why: str = NOT_OBSERVED, places: int | None = None) -> Quantity:
    """A plain number; three significant digits where ``places`` does not say how many decimal ones."""
    return Quantity(value, "number", why, places=places)


def exact(value: float | None, why: str = NOT_OBSERVED) -> Quantity:
    """A number with all its digits, such as a price or a setting."""
    return Quantity(value, "exact", why)


def hours(value_s: float | None, why: str = NOT_OBSERVED) -> Quantity:
    """A duration in seconds that is read in hours."""
    return Quantity(value_s, "hours", why)


def measured(value: float, unit: str) -> Cell:
    """A value in a unit of the catalogue of metrics; a unit that is a noun is said with it."""
    match unit:
        case "s" | "USD" | "ratio":
            return Quantity(value, unit, NOT_OBSERVED)
    return phrase("{of} {unit}", of=number(value), unit=unit)


def usd_interval(estimate: Estimate | None, why: str = TOO_FEW) -> Interval:
    """An uncertain amount in USD."""
    return Interval(estimate, "USD", why)


def usd_range(estimate: Estimate | None, why: str = TOO_FEW) -> Interval:
    """The same for a first screen."""
    return Interval(estimate, "USD", why, is_short=True)


def usd_range_column(estimates: Iterable[Estimate | None], why: str = TOO_FEW) -> tuple[Interval, ...]:
    """The same for a column, all with the same decimal places."""
    column = tuple(estimates)
    places = numbers.usd_places(each.mid for each in column if each is not None)
    return tuple(Interval(each, "USD", why, is_short=True, places=places) for each in column)


def ratio_interval(estimate: Estimate | None, why: str = TOO_FEW) -> Interval:
    """An uncertain part of the whole."""
    return Interval(estimate, "ratio", why)


def phrase(template: str, **parts: Cell) -> Phrase:
    """Several cells in one."""
    return Phrase(template, tuple(parts.items()))


def plain(cell: Cell) -> Mapping[str, Plain]:
    """What machines read: values without words, by what their column is called after its title: {"_usd": 0.5}."""
    match cell:
        case str():
            return {"": cell}
        case Label(text, trust):
            return {"": text, "_trust": trust}
        case Quantity(value, unit, _, bound):
            told: dict[str, Plain] = {_SUFFIXES[unit]: value}
            if bound is not None:
                told["_bound"] = None if value is None else bound
            if cell.trust is not None:
                told["_trust"] = cell.trust
            return told
        case Interval(estimate, unit, _, bound):
            return {**_three(estimate, _SUFFIXES[unit]), **({} if bound is None else {"_bound": bound})}
        case Phrase(_, parts):
            return {f"_{name}{end}": value for name, part in parts for end, value in plain(part).items()}


def low_mid_high(estimate: Estimate | None) -> tuple[float | None, float | None, float | None]:
    """The three values of an estimate, for three columns."""
    return (None, None, None) if estimate is None else (estimate.low, estimate.mid, estimate.high)


def _three(estimate: Estimate | None, suffix: str) -> dict[str, Plain]:
    names = (f"{suffix}_low", suffix, f"{suffix}_high")
    return dict(zip(names, low_mid_high(estimate), strict=True))
