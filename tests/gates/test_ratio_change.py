"""The interval of a change: from both sides, the same in any unit, and mirrored when the sides change places."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.stats.ratio_change import Bounded, ratio_change

WIDTHS = st.floats(0.01, 0.9)


@st.composite
def bounded(draw: st.DrawFn) -> Bounded:
    value = draw(st.floats(0.1, 10.0))
    return Bounded(value, value * (1 - draw(WIDTHS)), value * (1 + draw(WIDTHS)))


def test_of_symmetric_logarithms_it_is_the_textbook_interval_of_a_ratio() -> None:
    def around(value: float, error: float) -> Bounded:
        return Bounded(value, value * math.exp(-1.96 * error), value * math.exp(1.96 * error))

    found = ratio_change(around(2.0, 0.03), around(2.2, 0.04))
    assert found.value == pytest.approx(0.1)
    assert found.low == pytest.approx(1.1 * math.exp(-1.96 * 0.05) - 1)
    assert found.high == pytest.approx(1.1 * math.exp(1.96 * 0.05) - 1)


@given(before=bounded(), after=bounded(), unit=st.floats(1e-3, 1e3))
def test_a_change_is_the_same_in_any_unit(before: Bounded, after: Bounded, unit: float) -> None:
    def scaled(side: Bounded) -> Bounded:
        assert side.low is not None
        assert side.high is not None
        return Bounded(side.value * unit, side.low * unit, side.high * unit)

    first, second = ratio_change(before, after), ratio_change(scaled(before), scaled(after))
    assert (second.value, second.low, second.high) == pytest.approx((first.value, first.low, first.high))


@given(before=bounded(), after=bounded())
def test_back_again_it_is_one_over_it(before: Bounded, after: Bounded) -> None:
    there, back = ratio_change(before, after), ratio_change(after, before)
    assert there.low is not None
    assert back.high is not None
    assert (1 + there.low) * (1 + back.high) == pytest.approx(1.0)
    assert there.low <= there.value


@given(before=bounded(), after=bounded())
def test_a_side_that_is_not_bounded_leaves_the_change_open_on_that_side(
    before: Bounded, after: Bounded
) -> None:
    assert ratio_change(before, Bounded(after.value, None, after.high)).low is None
    assert ratio_change(Bounded(before.value, before.low, None), after).low is None
    assert ratio_change(before, Bounded(after.value, after.low, None)).high is None
    assert ratio_change(before, Bounded(after.value, -1.0, after.high)).low is None
    assert ratio_change(before, Bounded(after.value, None, after.high)).high is not None


def test_nineteen_of_twenty_intervals_hold_the_true_change_of_skewed_costs() -> None:
    from costctl.stats.blocks import ratio_over_requests

    rng = np.random.default_rng(11)
    held = above = 0
    for _ in range(200):
        sides = []
        for scale in (1.0, 1.1):
            usd = scale * rng.lognormal(sigma=0.8, size=400)
            told = ratio_over_requests(usd, np.ones(400), "", rng)
            assert told is not None
            sides.append(Bounded(told.mid, told.low, told.high))
        found = ratio_change(*sides)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.1 <= found.high
        above += found.low > 0.1
    assert held >= 0.92 * 200
    assert above <= 0.05 * 200
