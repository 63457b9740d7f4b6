"""Numbers as people read them: the only place where a number becomes text, and where it is rounded.

In: a number that is known, in the unit that the function is named for. ``cells`` says in words what is not known.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Final

from costctl.documents.estimate import Estimate
from costctl.units import MB, S_PER_DAY, S_PER_HOUR, S_PER_MINUTE

_SIGNIFICANT: Final = 3
_LEAST_USD: Final = 1e-12  # below it there is only what additions leave behind
_FEW_TOKENS: Final = 10_000  # from here on, in thousands
_LEAST_CENTS: Final = 2
# Of a period: the last requests of a day run into the next.
_TAIL_RATIO: Final = 0.01
_TAIL: Final = timedelta(hours=1)
_MOST_MORE_PLACES: Final = 1  # of a column, beyond those that its largest amount needs
_BARS: Final = "▁▂▃▄▅▆▇█"
_THOUSANDS: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
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


def usd_range(estimate: Estimate, places: int | None = None) -> str:
    """The same where there is little room: $0.157 (0.125–0.189); of one exact value, that."""
    low, mid, high = (
        usd(each) if places is None else fixed(each, places, is_usd=True)
        for each in (estimate.low, estimate.mid, estimate.high)
    )
    if estimate.is_exact:
        return mid
    return f"{mid} ({low.replace('$', '')}{' to ' if estimate.low < 0 else '–'}{high.replace('$', '')})"


def stage_name(stage: str) -> str:
    """A stage in words, such as "model call"."""
    return stage.replace("_", " ")


def seconds(value: float) -> str:
    """A duration, or a difference of two, in the unit that keeps it short."""
    if value < 0:
        return f"-{seconds(-value)}"
    if value >= 120:
        return f"{value / 60:,.1f} min"
    if value >= 1 or value == 0:
        return f"{value:.2f} s"
    return f"{significant(value * 1e3)} ms" if value >= 1e-3 else f"{significant(value * 1e6)} µs"


def duration(value: float) -> str:
    """A duration that somebody has set: in hours, minutes from two on, or seconds where it is whole ones, else as any
    other.
    """
    for size, unit, least in ((S_PER_HOUR, "h", 1), (S_PER_MINUTE, "min", 2), (1.0, "s", 1)):
        whole = round(value / size)
        if whole >= least and value == whole * size:
            return f"{whole} {unit}"
    return seconds(value)


def hours(value_s: float) -> str:
    """Seconds, in hours."""
    return f"{value_s / S_PER_HOUR:,.2f}"


def period(from_: str, to: str) -> str:
    """A time between RFC 3339 instants in UTC, the end exclusive: "Nov 3 2026 05:15–06:41 UTC", "Nov 23–24 2026".

    A last day of which next to nothing was seen is not named, and a minute is named once.
    """
    first, end = datetime.fromisoformat(from_), datetime.fromisoformat(to)
    last = max(first, end - timedelta(microseconds=1))
    if end - first > timedelta(days=1):
        last = end - min((end - first) * _TAIL_RATIO, _TAIL)
    if first.date() == last.date():
        is_whole = first.time() == time.min and end - first == timedelta(days=1)
        return f"{_day(first)} {first.year}{'' if is_whole else ' ' + _clock(first, last)}"
    if first.year != last.year:
        return f"{_day(first)} {first.year} – {_day(last)} {last.year}"
    until = str(last.day) if first.month == last.month else f" {_day(last)}"
    return f"{_day(first)}{' ' if first.month != last.month else ''}–{until} {last.year}"


def _clock(first: datetime, last: datetime) -> str:
    texts = dict.fromkeys(f"{moment:%H:%M}" for moment in (first, last))
    return f"{'–'.join(texts)} UTC"


def _day(moment: datetime) -> str:
    return f"{moment:%b} {moment.day}"


def minute(instant: str) -> str:
    """An RFC 3339 instant to the minute: 2026-11-24 09:30."""
    return instant[:16].replace("T", " ")


def length(seconds_long: float) -> str:
    """How long a period is: "2.0 days", "1.4 h", "12 min", "35 s"."""
    for size, unit, places in ((S_PER_DAY, " days", 1), (S_PER_HOUR, " h", 1), (60.0, " min", 0)):
        if seconds_long >= size:
            return f"{seconds_long / size:,.{places}f}{unit}"
    return f"{significant(seconds_long, 2)} s" if seconds_long >= 1 else seconds(seconds_long)


def ratio(value: float) -> str:
    """A part of the whole, in percent; what is nearly nothing or nearly all is not shown as that."""
    if value in {0, 1}:
        return f"{value:.0%}"
    shown = f"{value:.1%}"
    if shown in {"0.0%", "-0.0%"}:
        return "<0.1%" if value > 0 else ">-0.1%"
    if shown == "100.0%":
        return ">99.9%" if value < 1 else "100%"
    return shown


def ratio_size(value: float) -> str:
    """The size of a relative difference, in percent."""
    return f"{value:.1%}"


def count(value: float) -> str:
    """A whole number with separators."""
    return f"{value:,.0f}"


def tokens(value: float) -> str:
    """A number of tokens: whole, and with three significant digits from ten thousand upwards, 34.1 k, 1.46 M."""
    if value < _FEW_TOKENS:
        return f"{value:,.0f}"
    scaled, unit = next((value / size, unit) for size, unit in _THOUSANDS if value >= size * 0.9995)
    return f"{significant(scaled)} {unit}"


def plural(number: int, noun: str) -> str:
    """A number of things, such as "1 step", "1,234 steps", "2 classes" or "3 entries"."""
    if number == 1:
        return f"{number:,} {noun}"
    if noun.endswith("try"):
        return f"{number:,} {noun.removesuffix('y')}ies"
    return f"{number:,} {noun}" + ("es" if noun.endswith("s") else "s")


def ratio_interval(estimate: Estimate) -> str:
    """A part of the whole with its interval, 97.1% (96.0 to 98.2)."""
    return f"{estimate.mid:.1%} ({estimate.low * 100:.1f} to {estimate.high * 100:.1f})"


def exact(value: float) -> str:
    """The value with all its digits, as it is written by hand."""
    return f"{value:,g}" if isinstance(value, float) else f"{value:,}"


def typed(value: float) -> str:
    """The value as one types it after an option: 1200, 0.5."""
    return f"{value:.12g}"


def percentage_points(value: float) -> str:
    """The size of a difference between two parts of a whole."""
    return f"{value * 100:.1f} pp"


def megabytes(value: float) -> str:
    """Bytes as decimal megabytes."""
    return f"{value / MB:,.1f} MB"


def fixed(value: float, places: int, *, is_usd: bool = False, is_ratio: bool = False) -> str:
    """The value with so many decimal places; of a ratio, of its percents. An amount of money that is too small for
    them is not shown as none: <$0.01.
    """
    if is_ratio:
        return f"{value:.{places}%}"
    shown = f"{abs(value):,.{places}f}"
    if is_usd and abs(value) >= _LEAST_USD and not _has_digits(shown):
        return f"<${10**-places:.{places}f}"
    sign = "-" if value < 0 and _has_digits(shown) else ""
    return f"{sign}{'$' if is_usd else ''}{shown}"


def usd_places(column: Iterable[float]) -> int:
    """Decimal places of the amounts in one column: cents where the largest is a dollar or more; below, three
    significant digits of the largest, and a place more for a second digit of the smallest.
    """
    sizes = [abs(value) for value in column if abs(value) >= _LEAST_USD]
    if not sizes or max(sizes) >= 1:
        return _LEAST_CENTS
    places = _places_for(max(sizes), _SIGNIFICANT)
    return max(places, min(_places_for(min(sizes), 2), places + _MOST_MORE_PLACES))


def _places_for(value: float, digits: int) -> int:
    return max(0, digits - 1 - math.floor(math.log10(value)))


def signed(value: float, shown: str) -> str:
    """The size of a value as it is shown, with the sign of the value; what is shown as nothing has none."""
    if not _has_digits(shown):
        return shown
    if shown.startswith("<"):
        return f">-{shown[1:]}" if value < 0 else f"<+{shown[1:]}"
    return f"{'-' if value < 0 else '+'}{shown}"


def _has_digits(shown: str) -> bool:
    """Whether it is more than nothing as it is shown."""
    return any(digit in shown for digit in "123456789")


def shortened(said: str, most: int) -> str:
    """The text, its end left out where it is longer than ``most`` characters."""
    return said if len(said) <= most else f"{said[: most - 1]}…"


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


def sparkline(values: Sequence[float | None]) -> str:
    """A bar for each value, as high as its part of the largest; a dot where it is not known."""
    largest = max((value for value in values if value is not None), default=0.0) or 1.0
    return "".join("·" if value is None else _BARS[_bar(value / largest)] for value in values)


def _bar(part: float) -> int:
    return min(len(_BARS) - 1, int(part * len(_BARS)))


def short(value: float) -> str:
    """At most five characters: 923, 1.2k, 34k, 1.2M."""
    for size, unit in _THOUSANDS:
        if value >= size * 0.9995:
            scaled = value / size
            return f"{scaled:.1f}{unit}" if scaled < 9.95 else f"{scaled:.0f}{unit}"
    return f"{value:.0f}"


def day(date: str) -> str:
    """A date, such as 2026-11-19, without its year: Nov 19."""
    return _day(datetime.fromisoformat(date))


def month(date: str) -> str:
    """The month of a date: Nov 2026."""
    moment = datetime.fromisoformat(date)
    return f"{moment:%b} {moment.year}"


def ratio_grown(estimate: Estimate) -> str:
    """A ratio by which something grows, with its interval: +3.1% (1.2% to 5.0%)."""
    size = ratio_size(abs(estimate.mid))
    return f"{signed(estimate.mid, size)} ({ratio_span(estimate)})"


def ratio_span(estimate: Estimate) -> str:
    """The interval of a ratio alone: -2.2% to 13.2%."""
    return f"{ratio(estimate.low)} to {ratio(estimate.high)}"


def days(from_: str, to: str) -> str:
    """Whole UTC days between RFC 3339 instants, the end exclusive: "Nov 23", "Nov 23–25", "Nov 29–Dec 2"."""
    first, last = datetime.fromisoformat(from_), datetime.fromisoformat(to) - timedelta(days=1)
    until = "" if first.date() == last.date() else f"–{last.day}"
    if first.month != last.month:
        until = f"–{last:%b} {last.day}"
    return f"{first:%b} {first.day}{until}"
