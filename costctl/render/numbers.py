"""Numbers as people read them. Every function takes None for "unknown" and says so in words."""

from __future__ import annotations

import math
from typing import Final

from costctl.documents.estimate import Estimate

NOT_OBSERVED: Final = "not observed"
NOT_PRICED: Final = "not priced"

_SIGNIFICANT: Final = 3
_LEAST_USD: Final = 1e-12  # below it there is only what additions leave behind
_NUMERIC: Final = frozenset("$-0123456789")  # how a figure begins, and words do not
_MANY: Final = 1_000_000


def significant(value: float, digits: int = _SIGNIFICANT) -> str:
    """The value with so many significant digits, without an exponent down to a billionth."""
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(places, 12)}f}"


def usd(value: float | None) -> str:
    """Dollars: cents from one dollar upwards, three significant digits below."""
    if value is None:
        return NOT_PRICED
    sign = "-" if value < 0 else ""
    size = abs(value)
    if size < _LEAST_USD:
        return "$0.00"
    if size >= 1:
        return f"{sign}${size:,.2f}"
    return f"{sign}${significant(size)}"


def usd_interval(estimate: Estimate | None) -> str:
    """Mid value with its interval, $0.00123 ($0.00110 to $0.00140); what is no interval says so."""
    if estimate is None:
        return "not enough data"
    if estimate.is_exact:
        return f"{usd(estimate.mid)} (exact)"
    between = "" if estimate.level is not None else "bounds: "
    return f"{usd(estimate.mid)} ({between}{usd(estimate.low)} to {usd(estimate.high)})"


def at_least(text: str, missing: int) -> str:
    """A sum, marked as a lower bound where so many of its parts are unknown; words stay as they are."""
    return f"≥ {text}" if missing and text[:1] in _NUMERIC else text


def at_most(text: str, missing: int) -> str:
    """A difference from which at least so much was taken, marked as an upper bound."""
    return f"≤ {text}" if missing and text[:1] in _NUMERIC else text


def stage_name(stage: str) -> str:
    """A stage in words, such as "model call"."""
    return stage.replace("_", " ")


def seconds(value: float | None) -> str:
    """A duration in the unit that keeps it short."""
    if value is None:
        return NOT_OBSERVED
    if value >= 120:
        return f"{value / 60:,.1f} min"
    if value >= 1 or value == 0:
        return f"{value:.2f} s"
    return f"{significant(value * 1e3)} ms" if value >= 1e-3 else f"{significant(value * 1e6)} µs"


def ratio(value: float | None) -> str:
    """A part of the whole, in percent."""
    return NOT_OBSERVED if value is None else f"{value:.1%}"


def count(value: int | float | None) -> str:
    """A whole number with separators."""
    return NOT_OBSERVED if value is None else f"{value:,.0f}"


def tokens(value: float | None) -> str:
    """A number of tokens: whole, and in millions from one million upwards."""
    if value is None:
        return NOT_OBSERVED
    return f"{value / _MANY:,.2f} M" if value >= _MANY else f"{value:,.0f}"


def plural(number: int, noun: str) -> str:
    """A number of things, such as "1 step" or "1,234 steps"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def text(value: object) -> str:
    """A name or a setting, as it is."""
    if value is None:
        return NOT_OBSERVED
    return significant(value) if isinstance(value, float) else str(value)


def short(value: float) -> str:
    """At most five characters: 923, 1.2k, 34k, 1.2M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size * 0.9995:
            scaled = value / size
            return f"{scaled:.1f}{unit}" if scaled < 9.95 else f"{scaled:.0f}{unit}"
    return f"{value:.0f}"
