"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.documents.estimate import Estimate
from costctl.render import numbers


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "$0.00"),
        (1234.5, "$1,234.50"),
        (1.0, "$1.00"),
        (0.012345, "$0.0123"),
        (0.00000123456, "$0.00000123"),
        (-0.5, "-$0.500"),
    ],
)
def test_dollars_show_cents_above_one_and_three_digits_below(value: float, shown: str) -> None:
    assert numbers.usd(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0000421, "42.1 µs"),
        (0.0421, "42.1 ms"),
        (1.5, "1.50 s"),
        (600.0, "10.0 min"),
        (0.0, "0.00 s"),
    ],
)
def test_durations_choose_their_unit(value: float, shown: str) -> None:
    assert numbers.seconds(value) == shown


def test_an_interval_shows_its_bounds() -> None:
    assert numbers.usd_interval(Estimate(0.01, 0.02, 0.03, 0.95, "x")) == "$0.0200 ($0.0100 to $0.0300)"


@given(st.floats(min_value=1e-9, max_value=1e12))
def test_rounding_for_reading_keeps_three_digits(value: float) -> None:
    read_back = float(numbers.significant(value).replace(",", ""))
    assert read_back == pytest.approx(value, rel=0.0051, abs=5e-13)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0%"),
        (1.0, "100%"),
        (0.00001, "<0.1%"),
        (0.99999, ">99.9%"),
        (0.053, "5.3%"),
        (-0.00001, ">-0.1%"),
        (1.2, "120.0%"),
    ],
)
def test_only_all_and_nothing_are_100_and_0_percent(value: float, shown: str) -> None:
    assert numbers.ratio(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(417, "417"), (9_999, "9,999"), (834_507, "835 k"), (1_460_000, "1.46 M"), (5.2e9, "5.20 G")],
)
def test_tokens_are_whole_or_have_three_digits(value: float, shown: str) -> None:
    assert numbers.tokens(value) == shown


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        ([51.234, 0.05, 0.001], ["$51.23", "$0.05", "<$0.01"]),
        ([0.0103, 0.0172, 0.003], ["$0.0103", "$0.0172", "$0.0030"]),
        ([0.0305, 0.000165], ["$0.03050", "$0.00016"]),
        ([0.0, 0.0], ["$0.00", "$0.00"]),
    ],
)
def test_amounts_of_a_column_have_the_same_decimals_and_none_is_shown_as_nothing(
    column: list[float], shown: list[str]
) -> None:
    places = numbers.usd_places(column)
    assert [numbers.fixed(value, places, is_usd=True) for value in column] == shown


@pytest.mark.parametrize(
    ("from_", "to", "shown"),
    [
        ("2026-11-03T05:15:00.586322Z", "2026-11-03T06:41:04.5Z", "Nov 3 2026 05:15–06:41 UTC"),
        ("2026-11-03T05:15:00Z", "2026-11-03T05:15:20Z", "Nov 3 2026 05:15 UTC"),
        ("2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z", "Nov 23 2026"),
        ("2026-11-23T00:00:17Z", "2026-11-25T00:03:00Z", "Nov 23–24 2026"),
        ("2026-11-23T00:00:00Z", "2026-12-02T12:00:00Z", "Nov 23 – Dec 2 2026"),
        ("2025-12-31T00:00:00Z", "2026-01-02T12:00:00Z", "Dec 31 2025 – Jan 2 2026"),
    ],
)
def test_a_period_is_told_in_days_or_in_the_hours_of_one(from_: str, to: str, shown: str) -> None:
    assert numbers.period(from_, to) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(172_800, "2.0 days"), (5_049, "1.4 h"), (1_800, "30 min"), (24, "24 s"), (0.0046, "4.60 ms")],
)
def test_a_length_of_time_is_told_in_one_unit(seconds: float, shown: str) -> None:
    assert numbers.length(seconds) == shown


def test_a_sparkline_shows_parts_of_the_largest_and_what_is_not_known() -> None:
    assert numbers.sparkline([0.0, 1.0, 4.0, None, 8.0]) == "▁▂▅·█"


def test_nouns_that_end_in_s_have_their_plural() -> None:
    assert (numbers.plural(1, "class"), numbers.plural(2, "class"), numbers.plural(2, "step")) == (
        "1 class",
        "2 classes",
        "2 steps",
    )
