"""Which columns hold instants, and which of them are the start, the end and the first token of a request?

In: a sample. Out: for each column that could be a time, its unit and the instants in ns; then which one is what, by
its name and by the order that holds on every row: start ≤ first token ≤ end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any, Final

from costctl.ingest.attribute_text import ns_from_instant
from costctl.ingest.propose.names import all_words, last_words
from costctl.ingest.propose.sample import Sample, is_name

NS_PER_UNIT: Final = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
# Since 1970: 2001 to 2100, by which an instant tells its unit. Ticks of .NET (since the year 1) fall between.
_EARLIEST_S: Final = 978_307_200
_LATEST_S: Final = 4_102_444_800
_LARGE_GAP: Final = 100  # from one request to the next, in the numbers of a trace's own clock: ms
_STARTS: Final = (
    {"start"}, {"request", "created"}, {"requested"}, {"request", "received"}, {"arrival"}, {"received"}, {"sent"},
    {"request", "time"}, {"submitted"}, {"issued"}, {"created"}, {"timestamp"}, {"time"}, {"ts"}, {"t"}, {"datetime"},
    {"date"}, {"when"}, {"at"}, {"logged"}, {"logging"}, {"record"},
)  # fmt: skip
_ENDS: Final = (
    {"end"}, {"response", "created"}, {"responded"}, {"answered"}, {"last", "token"}, {"response", "time"},
    {"record", "time"}, {"closed"},
)  # fmt: skip
_FIRSTS: Final = ({"first", "token"}, {"first", "chunk"}, {"output", "start"}, {"ttft"}, {"first", "byte"})
_NO_TIMES: Final = frozenset(
    {"id", "user", "account", "hash", "port", "seed", "key", "token", "size", "bytes", "cost"}
)
# A time that counts from a trace's own start has no other words in its name: api_time is a length.
_OF_A_CLOCK: Final = frozenset(
    (
        "start", "request", "received", "requested", "arrival", "sent", "submitted", "issued", "created", "timestamp",
        "time", "ts", "t", "at", "when", "relative", "offset", "event", "ms", "s", "us", "ns",
    )
)  # fmt: skip
_LATER: Final = frozenset(
    {"updated", "modified", "ingested", "inserted", "expires", "exported", "deleted", "ttl"}
)


@dataclass(frozen=True, slots=True)
class Instants:
    """A column of times. at_ns: by row, None where the row says nothing.  unit: as a mapping names it.  why: how the
    unit is known, in words.  is_relative: counted from the start of the trace.
    """

    path: str
    at_ns: tuple[int | None, ...]
    unit: str
    why: str
    is_relative: bool = False

    @property
    def resolution_ns(self) -> int:
        """What all of them are multiples of, at most a second."""
        return math.gcd(*(at for at in self.at_ns if at is not None), 10**9)


def number(value: Any) -> int | float | None:
    """The finite number that a cell holds, a whole one exactly."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return value if math.isfinite(value) else None
    try:
        return int(value)
    except (TypeError, ValueError):
        pass
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def numbers(values: Sequence[Any]) -> list[int | float | None] | None:
    """The numbers of a column; None where a cell holds something else, or all are empty."""
    found = [number(value) for value in values]
    is_number = all((value is None) == (each is None) for value, each in zip(values, found, strict=True))
    return found if is_number and any(each is not None for each in found) else None


def columns_of_instants(sample: Sample) -> dict[str, Instants]:
    """Every column whose values are instants since 1970, in text or numbers."""
    found = {}
    for path, values in sample.cells.items():
        if is_name(path) and any(value is not None for value in values):
            instants = _texts(path, values) or _epochs(path, values)
            if instants is not None:
                found[path] = instants
    return found


def _texts(path: str, values: list[Any]) -> Instants | None:
    at = [_instant(value) for value in values]
    if any((value is None) != (each is None) for value, each in zip(values, at, strict=True)):
        return None
    return Instants(path, tuple(at), "iso", "times as text")


def _instant(value: Any) -> int | None:
    if isinstance(value, datetime):
        moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 10**6) * 10**3
    if isinstance(value, date):
        return (value - date(1970, 1, 1)).days * 86_400 * 10**9
    if not isinstance(value, str) or number(value) is not None:
        return None
    return ns_from_instant(value)


def _epochs(path: str, values: list[Any]) -> Instants | None:
    found = numbers(values)
    said = [each for each in found or () if each is not None]
    if not said or last_words(path) & _NO_TIMES:
        return None
    for unit, size in NS_PER_UNIT.items():
        per_s = 10**9 // size
        if all(_EARLIEST_S * per_s <= each < _LATEST_S * per_s for each in said):
            at = tuple(None if each is None else _scaled(each, size) for each in found or ())
            return Instants(path, at, unit, f"since 1970 in {unit}, by their size")
    return None


def _scaled(value: int | float, size: int) -> int:
    return value * size if isinstance(value, int) else round(value * size)


def relative_start(sample: Sample) -> Instants | None:
    """The column that counts from the start of the trace, by its name; none other than one of numbers from 0 up."""
    best: tuple[int, Instants] | None = None
    for path, values in sample.cells.items():
        rank = _rank(path, _STARTS)
        found = numbers(values) if rank is not None and is_name(path) else None
        if rank is None or found is None or not last_words(path) <= _OF_A_CLOCK:
            continue
        said = [each for each in found if each is not None]
        if min(said) < 0 or max(said) >= _EARLIEST_S * 10**3 or (best is not None and best[0] <= rank):
            continue
        unit, why = _relative_unit(path, said)
        at = tuple(None if each is None else _scaled(each, NS_PER_UNIT[unit]) for each in found)
        best = rank, Instants(path, at, unit, why, is_relative=True)
    return None if best is None else best[1]


def _relative_unit(path: str, said: Sequence[int | float]) -> tuple[str, str]:
    named = named_unit(path)
    if named is not None:
        return named, f"{named} by its name"
    ordered = sorted(said)
    gaps = sorted(later - earlier for earlier, later in pairwise(ordered) if later > earlier)
    is_whole = all(each == int(each) for each in said)
    if is_whole and gaps and gaps[len(gaps) // 2] >= _LARGE_GAP:
        return (
            "ms",
            f"ms is a guess: whole numbers, {gaps[len(gaps) // 2]:g} between requests; check it",
        )
    return "s", "s is a guess: nothing indicates the unit; check it"


def named_unit(path: str) -> str | None:
    """The unit that a name ends in, or has in its words."""
    units = [unit for unit in ("ns", "us", "ms", "s") if unit in last_words(path)]
    return units[0] if units else None


def _rank(path: str, likeliest: Sequence[set[str]]) -> int | None:
    words = last_words(path)
    if words & _LATER:
        return None
    return next((number for number, needed in enumerate(likeliest) if needed <= words), None)


@dataclass(frozen=True, slots=True)
class Moments:
    """What of a request is known by instants. notes: what a person should know of the choice."""

    start: Instants | None = None
    end: Instants | None = None
    first_token: Instants | None = None
    notes: tuple[str, ...] = ()


def moments(sample: Sample) -> Moments:
    """The start, end and first token."""
    times = columns_of_instants(sample)
    firsts = _ranked(times, _FIRSTS)
    ends = [path for path in _ranked(times, _ENDS) if path not in firsts]
    starts = [path for path in _ranked(times, _STARTS) if path not in {*firsts, *ends}]
    notes: list[str] = []
    named = bool(starts or ends)
    if not named:
        starts = [path for path in times if path not in firsts and not last_words(path) & _LATER]
        starts.sort(key=lambda path: _median(times[path]))
        if starts:
            notes.append("No name says which time is the start; the earliest is used.")
    if not starts and not ends:
        relative = relative_start(sample)
        if relative is None:
            return Moments()
        note = f"Times count from the start of the trace, which is set to 1970: {relative.why}."
        return Moments(start=relative, notes=(note,))
    start = times[starts[0]] if starts else None
    later = [times[path] for path in (*ends, *(starts[:0:-1] if not named else ()))]
    end = None
    for each in later:
        if start is None or _is_ordered(start, each):
            end = each
            break
        if _is_ordered(each, start):
            start, end = each, start
            notes.append("Start and end are identified by value: one is before the other on every row.")
            break
        notes.append(f"{each.path} is before the start on some rows, so it is not used as the end.")
    if start is not None and end is None and not ends and _rank(start.path, _STARTS[:9]) is None:
        notes.append(
            f"{start.path} is used as the start; if it is written when the response is complete, map it to "
            "end_ns."
        )
    return Moments(start, end, _first_token(times, firsts, start, end), tuple(notes))


def _ranked(times: dict[str, Instants], likeliest: Sequence[set[str]]) -> list[str]:
    ranked = [(rank, path.count("."), number, path) for number, path in enumerate(times)
              if (rank := _rank(path, likeliest)) is not None]  # fmt: skip
    return [path for *_, path in sorted(ranked)]


def _median(times: Instants) -> int:
    said = sorted(at for at in times.at_ns if at is not None)
    return said[len(said) // 2]


def _is_ordered(before: Instants, after: Instants) -> bool:
    pairs = [
        (first, second)
        for first, second in zip(before.at_ns, after.at_ns, strict=True)
        if first is not None and second is not None
    ]
    return bool(pairs) and all(first <= second for first, second in pairs)


def _first_token(
    times: dict[str, Instants],
    firsts: list[str],
    start: Instants | None,
    end: Instants | None,
) -> Instants | None:
    """By its name, or else the one other time that lies between start and end on every row."""
    if start is None:
        return None
    if not firsts and end is not None:
        others = [path for path in times if path not in {start.path, end.path}]
        firsts = [path for path in others if "first" in all_words(path)]
    for path in firsts:
        if _is_ordered(start, times[path]) and (end is None or _is_ordered(times[path], end)):
            return times[path]
    return None
