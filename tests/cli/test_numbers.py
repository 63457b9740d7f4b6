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
