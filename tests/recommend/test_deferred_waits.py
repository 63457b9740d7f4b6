"""How long a class may wait is said as people would write it, and never longer than it may."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.recommend.kinds.deferral import rounded_wait_s
from costctl.render.numbers import duration


@pytest.mark.parametrize(
    ("may_wait_s", "said"),
    [(71_824.3, "19 h"), (43_200.0, "12 h"), (43_199.9, "719 min"), (745.0, "12 min"), (61.4, "61 s")],
)
def test_a_wait_is_said_in_the_unit_of_its_size(may_wait_s: float, said: str) -> None:
    assert duration(rounded_wait_s(may_wait_s)) == said


@given(st.floats(0.0, 1e6))
def test_it_is_never_longer_and_shorter_by_a_tenth_at_most_or_a_second(may_wait_s: float) -> None:
    said_s = rounded_wait_s(may_wait_s)
    assert said_s <= may_wait_s
    assert may_wait_s - said_s <= max(1.0, may_wait_s / 10)
