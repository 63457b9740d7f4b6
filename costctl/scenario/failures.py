"""Which replicas fail, and when? ``gpu-premium:2@14:00-14:30`` as a ``Failure``.

In: the text, the pools with their replicas, the window. Out: seconds from the window's start. A time of day is the
first one within the window; a date with a time is that instant; both in UTC.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from typing import Final

from costctl.errors import UsageError
from costctl.instants import ns_from_iso
from costctl.levers.platform import Failure
from costctl.units import NS_PER_S, iso_utc, seconds_between

_TIME_OF_DAY: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
# A dash behind a time begins the end, so that an offset behind UTC cannot be written.
_DATE_AND_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|\+\d\d:\d\d)?", re.ASCII
)
_DAY_NS: Final = 86_400 * NS_PER_S


def failure_of(text: str, replicas: Mapping[str, int], window_ns: tuple[int, int]) -> Failure:
    """``POOL:REPLICAS@FROM`` or ``POOL:REPLICAS@FROM-UNTIL``. replicas: of each pool. Raises UsageError."""
    try:
        return _failure(text, replicas, window_ns)
    except ValueError as error:
        raise UsageError(
            f"Cannot use --fail {text}.",
            why=f"{error}.",
            next_step="Write it as POOL:REPLICAS@TIME or POOL:REPLICAS@TIME-TIME, such as gpu:1@14:00-14:30 or "
            "gpu:1@2026-11-24T14:00:00Z.",
        ) from error


def _failure(text: str, replicas: Mapping[str, int], window_ns: tuple[int, int]) -> Failure:
    what, at, when = text.partition("@")
    pool, colon, number = what.rpartition(":")
    if not (at and colon):
        raise ValueError("it lacks a pool, a number of replicas or a time")
    if pool not in replicas:
        nearest = difflib.get_close_matches(pool, replicas, n=1)
        raise ValueError(
            f"there is no pool {pool} that can be replayed"
            + (f"; did you mean {nearest[0]}" if nearest else f"; there are {', '.join(replicas)}")
        )
    if not (number.isascii() and number.isdecimal() and 1 <= int(number) <= replicas[pool]):
        raise ValueError(f"from 1 to {replicas[pool]} replicas of {pool} can fail, not {number!r}")
    from_ns, until_ns = _span_ns(when, window_ns)
    if not window_ns[0] <= from_ns < window_ns[1]:
        raise ValueError(
            f"{iso_utc(from_ns)} is outside of the window, {iso_utc(window_ns[0])} to {iso_utc(window_ns[1])}"
        )
    if until_ns is not None and until_ns <= from_ns:
        raise ValueError("it ends before it begins")
    until_s = math.inf if until_ns is None else seconds_between(window_ns[0], until_ns)
    return Failure(pool, int(number), seconds_between(window_ns[0], from_ns), until_s)


def _span_ns(text: str, window_ns: tuple[int, int]) -> tuple[int, int | None]:
    """From and until; the dash between them may stand among those of dates."""
    whole = _instant_ns(text, window_ns[0])
    if whole is not None:
        return whole, None
    for dash in re.finditer("-", text):
        begin = _instant_ns(text[: dash.start()], window_ns[0])
        if begin is not None:
            end = _instant_ns(text[dash.end() :], begin)
            if end is not None:
                return begin, end
    raise ValueError(f"{text!r} is neither a time nor two with a dash between them")


def _instant_ns(text: str, after_ns: int) -> int | None:
    """The instant; a time of day is the first at or after ``after_ns``. None where it is neither."""
    match = _TIME_OF_DAY.fullmatch(text)
    if match:
        second = int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0)
        at_ns = after_ns - after_ns % _DAY_NS + second * NS_PER_S
        return at_ns if at_ns >= after_ns else at_ns + _DAY_NS
    if not _DATE_AND_TIME.fullmatch(text):
        return None
    try:
        return ns_from_iso(text)
    except ValueError:
        return None
