"""Conversions between the units that traces, prices and settings use, each named for what it returns.

Time is kept as integer nanoseconds and becomes seconds only after a subtraction; money is USD as float64.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

NS_PER_S: Final = 1_000_000_000
US_PER_S: Final = 1_000_000
S_PER_MINUTE: Final = 60.0
S_PER_HOUR: Final = 3600.0
S_PER_DAY: Final = 24 * 3600.0
S_PER_WEEK: Final = 7 * 24 * 3600.0
MB: Final = 1_000_000  # bytes
BYTES_PER_GB: Final = 1e9  # decimal gigabytes, as clouds bill storage and egress

_NS_PER_UNIT: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": NS_PER_S,
    "m": 60 * NS_PER_S,
    "min": 60 * NS_PER_S,
    "h": 3600 * NS_PER_S,
    "d": 86_400 * NS_PER_S,
}
_DURATION: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ns|us|µs|ms|s|min|m|h|d)\s*")


def is_duration(text: str) -> bool:
    """Whether the text is a number and a unit of time, such as "7d"."""
    return _DURATION.fullmatch(text) is not None


def duration_s(text: str) -> float:
    """Seconds in a duration such as "800ms", "6s", "1.5h".

    Raises ValueError where the text is no number followed by one of ns, us, ms, s, m (or min), h, d.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write a number and a unit, such as 800ms, 6s or 2h")
    return float(match[1]) * _NS_PER_UNIT[match[2]] / NS_PER_S


def seconds_between(start_ns: int, end_ns: int) -> float:
    """Seconds from start to end, both in ns: subtract first, then divide, so that no digit is lost."""
    return (end_ns - start_ns) / NS_PER_S


def iso_utc(at_ns: int) -> str:
    """The instant as RFC 3339 text in UTC with microseconds, e.g. 2026-11-24T09:30:00.000000Z."""
    seconds, rest_ns = divmod(at_ns, NS_PER_S)
    whole = datetime.fromtimestamp(seconds, tz=UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{rest_ns // 1000:06d}Z"


def usd_per_s(usd_per_hour: float) -> float:
    """Price of a second, from the price of an hour."""
    return usd_per_hour / S_PER_HOUR


def us_from_s(seconds: float) -> int:
    """Whole microseconds, rounded to the nearest: what policy documents carry."""
    return round(seconds * US_PER_S)
