"""Which instants does a column of texts, or of times without a zone, mean?

Shape in: an Arrow array, and the zone of clocks that name none.  Shape out: int64 nanoseconds since 1970 UTC, NULL
where there is none, and masks of the cells that are no instant and of those that the zone's clock leaves in doubt.
The spelling that most writers use is read by numpy for all rows at once, any other one by ``costctl.instants``, once a
distinct text; both mean the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costctl.arrays import Bools, Ints
from costctl.ingest.span_identity import fixed_width
from costctl.instants import (
    COMMON_SPELLING,
    LATEST_NS,
    Doubt,
    instant_of,
    ns_from_epoch,
    written_offset_s,
    zone_offset_s,
)
from costctl.units import NS_PER_S

_DAYS_BEFORE_MONTH: Final = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365])
_DAYS_TO_1970: Final = 719_162  # from 0001-01-01
_LATEST_S: Final = LATEST_NS // NS_PER_S
_QUARTER_S: Final = 900
_MIDNIGHT: Final = "00:00:00"


@dataclass(frozen=True, slots=True)
class Instants:
    """Instants of a column. ns: int64, NULL where unknown.  is_bad: cells that hold something else.

    doubts: by ``clock_skipped`` and ``clock_repeated``, the cells whose time the zone's clock skipped or showed twice.
    """

    ns: pa.Int64Array
    is_bad: Bools
    doubts: dict[Doubt, Bools]


def instants_of_texts(texts: pa.StringArray, zone: ZoneInfo | None = None) -> Instants:
    """Instants as ``costctl.instants`` reads them, numbers since 1970 too; NULL stays NULL."""
    parts = pc.extract_regex(texts, COMMON_SPELLING)
    is_common = _flags(pc.is_valid(parts))
    rows = np.flatnonzero(is_common)
    common = parts.take(pa.array(rows))
    date, clock, fraction, written = (
        pc.struct_field(common, name) for name in ("date", "clock", "fraction", "zone")
    )
    local_s, is_real = _local_s(date, clock)
    offset_s, has_zone, is_offset = _written_offsets(written)
    doubts = _no_doubts(len(rows))
    if zone is not None:
        bare = np.flatnonzero(~has_zone & is_real)
        offset_s[bare] = _zone_offsets(local_s[bare], zone, bare, doubts)
    utc_s = local_s - offset_s
    is_real &= is_offset & (np.abs(utc_s) < _LATEST_S)
    ns = np.zeros(len(texts), np.int64)
    ns[rows] = np.where(is_real, utc_s, 0) * NS_PER_S + _fraction_ns(fraction)
    is_known = np.zeros(len(texts), np.bool_)
    is_known[rows] = is_real
    placed = {name: _placed(mask & is_real, rows, len(texts)) for name, mask in doubts.items()}
    _read_the_rest(texts, is_common, zone, ns, is_known, placed)
    is_bad = ~is_known & _flags(pc.is_valid(texts))
    return Instants(pa.array(ns, mask=~is_known), is_bad, placed)


def instants_of_timestamps(cells: pa.TimestampArray, zone: ZoneInfo | None = None) -> Instants:
    """Instants of Arrow's timestamps; those without a zone are read as the zone's clock, else as UTC."""
    ns = pc.cast(pc.cast(cells, pa.timestamp("ns", cells.type.tz)), pa.int64())
    doubts = _no_doubts(len(cells))
    if zone is not None and cells.type.tz is None:
        known = np.flatnonzero(_flags(pc.is_valid(ns)))
        local_ns = ns.fill_null(0).to_numpy(zero_copy_only=False).copy()
        offsets = _zone_offsets(local_ns[known] // NS_PER_S, zone, known, doubts)
        local_ns[known] -= offsets * NS_PER_S
        ns = pa.array(local_ns, mask=_flags(pc.is_null(ns)))
    return Instants(ns, np.zeros(len(cells), np.bool_), doubts)


def _no_doubts(rows: int) -> dict[Doubt, Bools]:
    return {"clock_skipped": np.zeros(rows, np.bool_), "clock_repeated": np.zeros(rows, np.bool_)}


def _flags(mask: pa.Array) -> Bools:
    flags: Bools = mask.to_numpy(zero_copy_only=False)
    return flags


def _placed(mask: Bools, rows: Ints, size: int) -> Bools:
    placed = np.zeros(size, np.bool_)
    placed[rows] = mask
    return placed


def _digits(texts: pa.StringArray, width: int) -> Ints:
    """Characters of texts of one width, a row each, as the digits that they are."""
    return fixed_width(texts, width).astype(np.int64) - ord("0")


def _local_s(date: pa.StringArray, clock: pa.StringArray) -> tuple[Ints, Bools]:
    """Seconds since 1970 by the clock that wrote the texts, and which of them stand in a calendar. Each day, and each
    time of day, is worked out once.
    """
    days, times = date.dictionary_encode(), clock.dictionary_encode()
    day_s, is_day = _seconds_of_days(days.dictionary)
    time_s, is_time = _seconds_of_times(_to_the_second(times.dictionary))
    at_day, at_time = (each.indices.to_numpy(zero_copy_only=False) for each in (days, times))
    return day_s[at_day] + time_s[at_time], is_day[at_day] & is_time[at_time]


def _seconds_of_days(date: pa.StringArray) -> tuple[Ints, Bools]:
    """Seconds from 1970 to each day, and which of them are days."""
    day = _digits(date, 10)
    year = day[:, 0] * 1000 + day[:, 1] * 100 + day[:, 2] * 10 + day[:, 3]
    month, number = day[:, 5] * 10 + day[:, 6], day[:, 8] * 10 + day[:, 9]
    is_leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    at_month = np.clip(month, 1, 12)
    length = np.diff(_DAYS_BEFORE_MONTH)[at_month - 1] + (is_leap & (at_month == 2))
    is_real = (year >= 1) & (month == at_month) & (number >= 1) & (number <= length)
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400 - _DAYS_TO_1970
    days += _DAYS_BEFORE_MONTH[at_month - 1] + (is_leap & (at_month > 2)) + number - 1
    return days * 86_400, is_real


def _seconds_of_times(clock: pa.StringArray) -> tuple[Ints, Bools]:
    """Seconds from midnight to each time of day, and which of them are times."""
    time = _digits(clock, len(_MIDNIGHT))
    hours, minutes, seconds = (time[:, at] * 10 + time[:, at + 1] for at in (0, 3, 6))
    is_real = (hours <= 23) & (minutes <= 59) & (seconds <= 59)
    return hours * 3600 + minutes * 60 + seconds, is_real


def _to_the_second(clock: pa.StringArray) -> pa.StringArray:
    """Times of day with all their parts: none is midnight, 10 is 10:00:00."""
    if pc.all(pc.equal(pc.utf8_length(clock), len(_MIDNIGHT))).as_py() is not False:
        return clock
    return pa.array([text + _MIDNIGHT[len(text) :] for text in clock.to_pylist()], pa.string())


def _fraction_ns(fraction: pa.StringArray) -> Ints:
    """Nanoseconds of the digits after the point, of which nine count; none are 0."""
    nine = pc.utf8_slice_codeunits(pc.utf8_rpad(fraction, 9, "0"), 0, 9)
    ns: Ints = pc.cast(nine, pa.int64()).to_numpy(zero_copy_only=False)
    return ns


def _written_offsets(zones: pa.StringArray) -> tuple[Ints, Bools, Bools]:
    """Seconds ahead of UTC of each written zone, 0 where none is; which are written, and which are none at all."""
    encoded = zones.dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    seconds, is_sound = np.zeros(len(distinct), np.int64), np.ones(len(distinct), np.bool_)
    for at, text in enumerate(distinct):
        try:
            seconds[at] = written_offset_s(text) if text else 0
        except ValueError:
            is_sound[at] = False
    if not distinct:
        return np.zeros(0, np.int64), np.zeros(0, np.bool_), np.zeros(0, np.bool_)
    at = encoded.indices.to_numpy(zero_copy_only=False)
    is_written = np.array([bool(text) for text in distinct])
    return seconds[at], is_written[at], is_sound[at]


def _zone_offsets(local_s: Ints, zone: ZoneInfo, rows: Ints, doubts: dict[Doubt, Bools]) -> Ints:
    """Seconds ahead of UTC of the zone's clock at each time that it shows; the doubtful rows are marked.

    A quarter of an hour that begins and ends alike is looked up once.
    """
    offsets = np.zeros(len(local_s), np.int64)
    quarters, inverse = np.unique(local_s // _QUARTER_S, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    bounds = np.searchsorted(inverse[order], np.arange(len(quarters) + 1))
    for at, quarter in enumerate(quarters.tolist()):
        chosen = order[bounds[at] : bounds[at + 1]]
        first, last = (_offset(quarter * _QUARTER_S + second, zone) for second in (0, _QUARTER_S - 1))
        if first == last:
            offsets[chosen] = first[0]
            if first[1] is not None:
                doubts[first[1]][rows[chosen]] = True
            continue
        for each in chosen.tolist():
            offsets[each], doubt = _offset(int(local_s[each]), zone)
            if doubt is not None:
                doubts[doubt][rows[each]] = True
    return offsets


def _offset(local_s: int, zone: ZoneInfo) -> tuple[int, Doubt | None]:
    try:
        return zone_offset_s(local_s, zone)
    except OverflowError:
        return 0, None  # beyond the calendar, which no instant of ours is


def _read_the_rest(
    texts: pa.StringArray,
    is_common: Bools,
    zone: ZoneInfo | None,
    ns: Ints,
    is_known: Bools,
    doubts: dict[Doubt, Bools],
) -> None:
    """Fills in the cells that are written in a rarer way."""
    rest = np.flatnonzero(~is_common & _flags(pc.is_valid(texts)))
    if len(rest) == 0:
        return
    encoded = texts.take(pa.array(rest)).dictionary_encode()
    read = list(map(partial(_read, zone=zone), encoded.dictionary.to_pylist()))
    for row, at in zip(rest.tolist(), encoded.indices.to_pylist(), strict=True):
        found, doubt = read[at]
        if found is not None:
            ns[row], is_known[row] = found, True
            if doubt is not None:
                doubts[doubt][row] = True


def _read(text: str, zone: ZoneInfo | None) -> tuple[int | None, Doubt | None]:
    bare = text.strip().strip('"')
    try:
        at_ns, doubt = instant_of(bare, zone)
    except (ValueError, OverflowError):
        return ns_from_epoch(bare), None
    return (at_ns, doubt) if abs(at_ns) < LATEST_NS else (None, None)
