"""Numbers as people read them: the only place where a number becomes text, and where it is rounded.

In: a number that is known, in the unit that the function is named for. ``cells`` says in words what is not known.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from costctl.documents.estimate import Estimate
from costctl.units import MB, S_PER_HOUR

_SIGNIFICANT: Final = 3
_LEAST_USD: Final = 1e-12  # below it there is only what additions leave behind
_MANY: Final = 1_000_000
_PRICED_BY: Final[dict[str, tuple[float, str]]] = {
    "tokens": (1e6, "M tokens"),
    "s": (3600.0, "hour"),
    "reads": (1e3, "1k reads"),
    "calls": (1e3, "1k calls"),
    "bytes": (1e9, "GB"),
}


def significant(value: float, digits: int = _SIGNIFICANT) -> str:
    """The value with so many significant digits, without an exponent down to a billionth."""
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(places, 12)}f}"


def usd(value: float) -> str:
    """Dollars: cents from one dollar upwards, three significant digits below."""
    sign = "-" if value < 0 else ""
    size = abs(value)
    if size < _LEAST_USD:
        return "$0.00"
    if size >= 1:
        return f"{sign}${size:,.2f}"
    return f"{sign}${significant(size)}"


def usd_interval(estimate: Estimate) -> str:
    """Mid value with its interval, $0.00123 ($0.00110 to $0.00140); what is no interval says so."""
    if estimate.is_exact:
        return f"{usd(estimate.mid)} (exact)"
    between = "" if estimate.level is not None else "bounds: "
    return f"{usd(estimate.mid)} ({between}{usd(estimate.low)} to {usd(estimate.high)})"


def usd_range(estimate: Estimate) -> str:
    """The same where there is little room: $0.157 (0.125–0.189); of one exact value, that."""
    if estimate.is_exact:
        return usd(estimate.mid)
    low, high = (usd(bound).replace("$", "") for bound in (estimate.low, estimate.high))
    return f"{usd(estimate.mid)} ({low}{' to ' if estimate.low < 0 else '–'}{high})"


def stage_name(stage: str) -> str:
    """A stage in words, such as "model call"."""
    return stage.replace("_", " ")


def seconds(value: float) -> str:
    """A duration in the unit that keeps it short."""
    if value >= 120:
        return f"{value / 60:,.1f} min"
    if value >= 1 or value == 0:
        return f"{value:.2f} s"
    return f"{significant(value * 1e3)} ms" if value >= 1e-3 else f"{significant(value * 1e6)} µs"


def hours(value_s: float) -> str:
    """Seconds, in hours."""
    return f"{value_s / S_PER_HOUR:,.2f}"


def ratio(value: float) -> str:
    """A part of the whole, in percent."""
    return f"{value:.1%}"


def count(value: float) -> str:
    """A whole number with separators."""
    return f"{value:,.0f}"


def tokens(value: float) -> str:
    """A number of tokens: whole, and in millions from one million upwards."""
    return f"{value / _MANY:,.2f} M" if value >= _MANY else f"{value:,.0f}"


def plural(number: int, noun: str) -> str:
    """A number of things, such as "1 step", "1,234 steps" or "2 classes"."""
    ending = "es" if noun.endswith("s") else "s"
    return f"{number:,} {noun}" + ("" if number == 1 else ending)


def ratio_interval(estimate: Estimate) -> str:
    """A part of the whole with its interval, 97.1% (96.0 to 98.2)."""
    return f"{estimate.mid:.1%} ({estimate.low * 100:.1f} to {estimate.high * 100:.1f})"


def exact(value: float) -> str:
    """The value with all its digits, as it is written by hand."""
    return f"{value:,g}" if isinstance(value, float) else f"{value:,}"


def percentage_points(value: float) -> str:
    """The size of a difference between two parts of a whole."""
    return f"{value * 100:.1f} pp"


def megabytes(value: float) -> str:
    """Bytes as decimal megabytes."""
    return f"{value / MB:,.1f} MB"


def fixed(value: float, places: int, *, is_usd: bool = False, is_ratio: bool = False) -> str:
    """The value with so many decimal places; of a ratio, of its percents."""
    if is_ratio:
        return f"{value:.{places}%}"
    return f"{'-' if value < 0 else ''}{'$' if is_usd else ''}{abs(value):,.{places}f}"


def signed(value: float, shown: str) -> str:
    """The size of a value as it is shown, with the sign of the value; what is shown as nothing has none."""
    if not any(digit in shown for digit in "123456789"):
        return shown
    return f"{'-' if value < 0 else '+'}{shown}"


def more_or_less(difference_usd: float) -> str:
    """A difference in words: $0.10 more."""
    return f"{usd(abs(difference_usd))} {'more' if difference_usd > 0 else 'less'}"


def decimal_places(unit: float) -> int:
    """Of what is written in whole units: 2 for 0.01."""
    return max(0, -int(Decimal(repr(unit)).as_tuple().exponent))


def price(usd_per_unit: float, unit: str) -> str:
    """The price of a unit, by as many of them as it is usually given for: $2.50 per M tokens."""
    units, name = _PRICED_BY[unit]
    return f"{usd(usd_per_unit * units)} per {name}"


def short(value: float) -> str:
    """At most five characters: 923, 1.2k, 34k, 1.2M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size * 0.9995:
            scaled = value / size
            return f"{scaled:.1f}{unit}" if scaled < 9.95 else f"{scaled:.0f}{unit}"
    return f"{value:.0f}"


def days(from_: str, to: str) -> str:
    """Whole UTC days between RFC 3339 instants, the end exclusive: "Nov 23", "Nov 23–25", "Nov 29–Dec 2"."""
    first, last = datetime.fromisoformat(from_), datetime.fromisoformat(to) - timedelta(days=1)
    until = "" if first.date() == last.date() else f"–{last.day}"
    if first.month != last.month:
        until = f"–{last:%b} {last.day}"
    return f"{first:%b} {first.day}{until}"


def minute(moment: str) -> str:
    """An RFC 3339 instant in UTC, to the minute: "2026-11-23 14:05"."""
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M}"
