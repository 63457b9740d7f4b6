"""What instant a text means: every way in which databases and languages write one, against datetime and zoneinfo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.ingest.instant_columns import instants_of_texts, instants_of_timestamps
from costctl.instants import instant_of, iso_or_epoch_ns, ns_from_epoch, ns_from_iso
from tests.thoroughness import how_many

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AT = datetime(2026, 11, 20, 10, 0, 0, 123_000, tzinfo=UTC)
ZONES = (
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/St_Johns",
    "UTC",
)
moments = st.datetimes(datetime(1971, 1, 1), datetime(2110, 1, 1))


def ns(moment: datetime) -> int:
    since = moment.astimezone(UTC) - EPOCH
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000


SPELLINGS = {
    # https://www.postgresql.org/docs/current/datatype-datetime.html (style ISO, as COPY writes it)
    "postgresql": "2026-11-20 10:00:00.123+00",
    "postgresql, half hours": "2026-11-20 15:30:00.123+05:30",
    # https://cloud.google.com/bigquery/docs/exporting-data: CSV writes the zone as a word
    "bigquery": "2026-11-20 10:00:00.123000 UTC",
    # https://docs.snowflake.com/en/sql-reference/date-time-input-output
    "snowflake": "2026-11-20 02:00:00.123 -0800",
    "snowflake, rfc": "Fri, 20 Nov 2026 10:00:00.123 +0000",
    "rfc 3339": "2026-11-20T10:00:00.123Z",
    "nine digits": "2026-11-20T10:00:00.123000000",
    "java": "2026-11-20T11:00:00.123+01:00[Europe/Paris]",
    "go": "2026-11-20 10:00:00.123 +0000 UTC m=+0.001",
    "slashes": "2026/11/20 10:00:00.123",
    "comma": "2026-11-20 10:00:00,123",
    "gmt": "2026-11-20 10:00:00.123 GMT",
    "basic": "20261120T100000.123Z",
    "web server": "20/Nov/2026:10:00:00.123 +0000",
    "epoch s": "1795168800.123",
    "epoch ms": "1795168800123",
    "epoch us": "1795168800123000",
    "epoch ns": "1795168800123000000",
    "epoch with an exponent": "1.795168800123E9",
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS)
def test_each_spelling_of_one_instant_means_it_alone_and_in_a_column(text: str) -> None:
    assert iso_or_epoch_ns(text) == ns(AT)
    column = instants_of_texts(pa.array([text, None, f" {text} "]))
    assert column.ns.to_pylist() == [ns(AT), None, ns(AT)]
    assert not column.is_bad.any()


@pytest.mark.parametrize(
    "text",
    [
        "11/20/2026 10:00:00",  # the day or the month first? nobody says
        "20/11/2026",
        "01-02-2026",
        "2026-02-30 10:00:00",
        "2026-11-20 24:30:00",
        "2026-11-20 10:00:00 PST",
        "2026-11-20 10:00:00+99:00",
        "0001-01-01T00:00:00Z",  # what Go writes for no time at all
        "9999-12-31 23:59:59",
        "20",
        "2026",
        "yesterday",
        "",
    ],
)
def test_what_is_no_certain_instant_is_none(text: str) -> None:
    assert iso_or_epoch_ns(text) is None
    column = instants_of_texts(pa.array([text]))
    assert column.ns.to_pylist() == [None]
    assert column.is_bad.all()


@settings(max_examples=how_many(60, thorough=300), deadline=None)
@given(
    moments,
    st.integers(0, 999),
    st.integers(0, 9),
    st.sampled_from(("T", " ")),
    st.sampled_from(("-", "/")),
    st.one_of(st.none(), st.integers(-14 * 60, 14 * 60)),
    st.integers(0, 4),
)
def test_any_way_to_write_an_instant_is_read_as_datetime_reads_it(
    local: datetime, below_us: int, digits: int, between: str, dash: str, offset: int | None, style: int
) -> None:
    at = local.replace(tzinfo=UTC if offset is None else timezone(timedelta(minutes=offset)))
    fraction = f"{local.microsecond:06d}{below_us:03d}"[:digits]
    sign, minutes = "-" if (offset or 0) < 0 else "+", abs(offset or 0)
    hours_minutes = f"{minutes // 60:02d}", f"{minutes % 60:02d}"
    zones = (
        f"{sign}{':'.join(hours_minutes)}",
        f"{sign}{''.join(hours_minutes)}",
        f" {sign}{':'.join(hours_minutes)}",
    )
    zone = ("", "Z", " UTC", "GMT", " gmt")[style] if offset is None else zones[style % 3]
    day = f"{local:%Y}{dash}{local:%m}{dash}{local:%d}"
    text = f"{day}{between}{local:%H:%M:%S}{'.' + fraction if fraction else ''}{zone}"
    wanted = ns(at.replace(microsecond=0)) + int((fraction or "0").ljust(9, "0"))
    assert ns_from_iso(text) == wanted
    assert instants_of_texts(pa.array([text])).ns.to_pylist() == [wanted]


@settings(max_examples=how_many(60, thorough=300), deadline=None)
@given(st.integers(10**8, 4 * 10**9), st.integers(0, 999_999_999), st.sampled_from((1, 10**3, 10**6, 10**9)))
def test_a_number_tells_its_unit_by_its_size(seconds: int, rest: int, per_s: int) -> None:
    at_ns = seconds * 10**9 + rest // (10**9 // per_s) * (10**9 // per_s)
    assert ns_from_epoch(str(at_ns * per_s // 10**9)) == at_ns


@settings(max_examples=how_many(80, thorough=400), deadline=None)
@given(st.data())
def test_a_clock_in_a_zone_is_read_as_zoneinfo_reads_it(data: st.DataObject) -> None:
    """Times drawn thickly around the changes of summer time; UTC to local and back is the same instant, or said."""
    zone = ZoneInfo(data.draw(st.sampled_from(ZONES)))
    year = data.draw(st.integers(1980, 2036))
    centre = data.draw(
        st.sampled_from([datetime(year, month, day) for month in (3, 4, 10, 11) for day in range(1, 29)])
    )
    shown = [
        centre + timedelta(minutes=minutes, microseconds=part)
        for minutes, part in data.draw(
            st.lists(st.tuples(st.integers(-4000, 4000), st.integers(0, 999_999)), min_size=1, max_size=30)
        )
    ]
    column = instants_of_texts(pa.array([str(each) for each in shown]), zone)
    typed = instants_of_timestamps(pa.array(shown, pa.timestamp("us")), zone)
    assert typed.ns.to_pylist() == column.ns.to_pylist()
    for row, each in enumerate(shown):
        at_ns, doubt = instant_of(str(each), zone)
        assert column.ns[row].as_py() == at_ns
        assert at_ns == ns(each.replace(tzinfo=zone, fold=0))
        back = datetime.fromtimestamp(at_ns // 10**9, tz=zone).replace(tzinfo=None, fold=0)
        was_shown = back == each.replace(microsecond=0)
        is_shown_twice = (
            each.replace(tzinfo=zone, fold=0).utcoffset() > each.replace(tzinfo=zone, fold=1).utcoffset()
        )
        assert was_shown == (doubt != "clock_skipped")
        assert is_shown_twice == (doubt == "clock_repeated")
        for name in ("clock_skipped", "clock_repeated"):
            assert column.doubts[name][row] == typed.doubts[name][row] == (doubt == name)
        assert was_shown or back > each.replace(microsecond=0), "a time that was skipped is moved forward"


@settings(max_examples=how_many(20, thorough=100), deadline=None)
@given(st.lists(st.integers(-2_000_000_000, 4_000_000_000), min_size=2, max_size=50), st.sampled_from(ZONES))
def test_the_order_of_instants_is_kept(seconds: list[int], name: str) -> None:
    """Written with their offsets, later is later, through every change of the clock."""
    zone = ZoneInfo(name)
    texts = [(EPOCH + timedelta(seconds=each)).astimezone(zone).isoformat(" ") for each in sorted(seconds)]
    found = np.array(instants_of_texts(pa.array(texts), zone).ns.to_pylist())
    assert found.tolist() == [each * 10**9 for each in sorted(seconds)]


def test_without_a_zone_a_clock_keeps_the_order_but_where_it_is_said() -> None:
    """A quarter of an hour apart through a night in which the clock is put back: what goes backwards is in doubt."""
    zone = ZoneInfo("Europe/London")
    begin = datetime(2026, 10, 24, 22, tzinfo=UTC)
    texts = [
        str((begin + timedelta(minutes=15 * n)).astimezone(zone).replace(tzinfo=None)) for n in range(24)
    ]
    column = instants_of_texts(pa.array(texts), zone)
    wrong = [row for row in range(24) if column.ns[row].as_py() != ns(begin + timedelta(minutes=15 * row))]
    assert len(wrong) == 4
    assert column.doubts["clock_repeated"].sum() == 8
    assert all(column.doubts["clock_repeated"][row] for row in wrong)
