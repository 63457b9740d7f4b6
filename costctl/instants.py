"""Which instant does a text mean? The one place that says how an instant may be written.

Shape in: a text, and the zone of a clock that names none.  Shape out: nanoseconds since 1970 UTC, and whether the
zone's own clock left it in doubt.

Read: ISO 8601 and RFC 3339, the year first, with ``-`` or ``/``; ``T`` or a space; a fraction of any length after a
point or comma, of which nine digits count; no zone, ``Z``, ``UTC``, ``GMT``, ``+01``, ``+0100``, ``+01:00``, also with
a space before it, and with the zone's name after it, as Go and Java write it. So write PostgreSQL
(``2026-11-20 10:00:00.123+00``), BigQuery (``2026-11-20 10:00:00.123 UTC``), Snowflake
(``2026-11-20 10:00:00.123 +0000``), ClickHouse and MySQL (without a zone). Also ISO's basic form, the dates of HTTP
(``Fri, 20 Nov 2026 10:00:00 GMT``) and of web servers' logs (``20/Nov/2026:10:00:00 +0000``). A day and a month that
are both numbers, the year last, are never guessed at.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final, Literal
from zoneinfo import ZoneInfo

from costctl.units import NS_PER_S

_ZONE: Final = (
    r" ?(?P<zone>[Zz]|UTC|utc|GMT|gmt|[+-][0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2})?)?)"
    r"(?: [A-Z]{2,5}| ?\[[A-Za-z0-9/_+-]{1,40}\])?(?: m=[+-][0-9.]+)?"
)
# The spelling that columns of texts are read by at once; it means the same to Python's re and to Arrow's RE2.
COMMON_SPELLING: Final = (
    r"^\s*(?P<date>[0-9]{4}[-/][0-9]{2}[-/][0-9]{2})"
    r"(?:[Tt ](?P<clock>[0-9]{2}(?::[0-9]{2}(?::[0-9]{2})?)?)(?:[.,](?P<fraction>[0-9]{1,18}))?"
    rf"(?:{_ZONE})?)?\s*$"
)
_COMMON: Final = re.compile(COMMON_SPELLING, re.ASCII)
_BASIC: Final = re.compile(
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
    r"(?:T(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})?(?P<rest>.*))?"
)
_NAMED_MONTH: Final = re.compile(
    r"(?:[A-Z][a-z]{2}, )?(?P<day>[0-9]{1,2})[ /](?P<month>[A-Z][a-z]{2})[ /](?P<year>[0-9]{4})[ :](?P<rest>.*)"
)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EPOCH_NUMBER: Final = re.compile(r"\s*[0-9]{1,20}(?:\.[0-9]*)?(?:[eE][+]?[0-9]{1,2})?\s*", re.ASCII)
# The year 2001 in s is 1e9, in ms 1e12, in us 1e15, in ns 1e18: a time tells its unit by its size.
UNIT_FLOORS: Final = ((10**17, 1), (10**14, 10**3), (10**11, 10**6), (10**8, 10**9))
LATEST_NS: Final = 2**62  # the year 2116
_EPOCH: Final = datetime(1970, 1, 1)
_FRACTION_DIGITS: Final = 9

Doubt = Literal["clock_skipped", "clock_repeated"]


def ns_from_iso(text: str, zone: ZoneInfo | None = None) -> int:
    """Nanoseconds since 1970 UTC of an instant or a date. zone: of a text that names none, else UTC.

    Raises ValueError where the text is neither.
    """
    return instant_of(text, zone)[0]


def instant_of(text: str, zone: ZoneInfo | None = None) -> tuple[int, Doubt | None]:
    """The same, and what the zone's clock did at that time, if that leaves the instant in doubt: a time that it
    skipped is moved forward by as much as the clock was; of one that it showed twice, the first is meant.

    Raises ValueError where the text is no instant.
    """
    match = _COMMON.match(text) or _COMMON.match(_respelled(text))
    if match is None:
        raise ValueError(
            "it is not a date or time with the year first, such as 2026-11-24 or 2026-11-24T09:30:00Z"
        )
    day = date.fromisoformat(match["date"].replace("/", "-"))
    hours, minutes, seconds = (int(part) for part in f"{match['clock'] or '00'}:00:00".split(":")[:3])
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError("its time of day is invalid")
    local_s = (day - _EPOCH.date()).days * 86_400 + hours * 3600 + minutes * 60 + seconds
    fraction_ns = int((match["fraction"] or "0")[:_FRACTION_DIGITS].ljust(_FRACTION_DIGITS, "0"))
    doubt: Doubt | None = None
    if match["zone"] is not None:
        offset_s = written_offset_s(match["zone"])
    elif zone is not None:
        offset_s, doubt = zone_offset_s(local_s, zone)
    else:
        offset_s = 0
    return (local_s - offset_s) * NS_PER_S + fraction_ns, doubt


def written_offset_s(zone: str) -> int:
    """Seconds by which a clock of that zone is ahead of UTC: 7200 for +02, +0200 and +02:00. Raises ValueError."""
    if zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "").ljust(6, "0")
    hours, minutes, seconds = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError("its time zone is invalid")
    ahead_s = hours * 3600 + minutes * 60 + seconds
    return -ahead_s if zone[0] == "-" else ahead_s


def zone_offset_s(local_s: int, zone: ZoneInfo) -> tuple[int, Doubt | None]:
    """Seconds by which the zone's clock is ahead of UTC when it shows ``local_s`` (seconds since 1970 by that clock).

    Where it never shows that, the offset is that of before the gap; where it shows it twice, that of the first time.
    """
    shown = _EPOCH + timedelta(seconds=local_s)
    first, second = (shown.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    doubt: Doubt | None = None
    if first != second:
        doubt = "clock_repeated" if first > second else "clock_skipped"
    return round(first.total_seconds()), doubt


def ns_from_epoch(text: str) -> int | None:
    """Nanoseconds since 1970 of a number written as text, whose size tells whether it counts s, ms, us or ns.

    None for a text that is no number, and for one too small to tell.
    """
    if _EPOCH_NUMBER.fullmatch(text) is None:
        return None
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    factor = next((ns for floor, ns in UNIT_FLOORS if number >= floor), None)
    if factor is None or number * factor >= LATEST_NS:
        return None
    return int((number * factor).to_integral_value())


def iso_or_epoch_ns(text: str, zone: ZoneInfo | None = None) -> int | None:
    """The instant that a text means in whichever way, also in JSON's quotes; None for none, and beyond 64 bits."""
    bare = text.strip().strip('"')
    try:
        at_ns = ns_from_iso(bare, zone)
    except (ValueError, OverflowError):
        return ns_from_epoch(bare)
    return at_ns if abs(at_ns) < LATEST_NS else None


def _respelled(text: str) -> str:
    """A rarer spelling in the common one; any other text as it is."""
    basic = _BASIC.fullmatch(text.strip())
    if basic is not None:
        day = f"{basic['year']}-{basic['month']}-{basic['day']}"
        clock = f"T{basic['hour']}:{basic['minute']}" if basic["hour"] else ""
        return day + clock + (f":{basic['second']}" if basic["second"] else "") + (basic["rest"] or "")
    named = _NAMED_MONTH.fullmatch(text.strip())
    if named is not None and named["month"] in _MONTHS:
        month = _MONTHS.index(named["month"]) + 1
        return f"{named['year']}-{month:02d}-{int(named['day']):02d} {named['rest']}"
    return text
