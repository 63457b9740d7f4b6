"""The mixed-integer program finds what trying every placement finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.recommend.placement_program import Option, cheapest_placement
from tests.oracles.placements import cheapest_usd, placement_usd

NOTHING = np.zeros(1)


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[Option], list[float], list[float]]:
    """Up to four classes on up to three pools, each class on some of them; loads and prices in round numbers."""
    pools = draw(st.integers(1, 3))
    options = [
        Option(request_class, pool, NOTHING)
        for request_class in range(draw(st.integers(1, 4)))
        for pool in sorted(draw(st.sets(st.integers(0, pools - 1), min_size=1)))
    ]
    loads = [draw(st.integers(0, 300)) / 100 for _ in options]
    return options, loads, [draw(st.integers(1, 100)) / 10 for _ in range(pools)]


@given(problems())
def test_no_placement_is_cheaper(problem: tuple[list[Option], list[float], list[float]]) -> None:
    options, loads, usd_per_s = problem
    chosen = cheapest_placement(options, np.array(loads), np.array(usd_per_s))
    assert sorted(options[place].request_class for place in chosen) == sorted(
        {option.request_class for option in options}
    )
    assert placement_usd(options, chosen, loads, usd_per_s) == pytest.approx(
        cheapest_usd(options, loads, usd_per_s), rel=1e-6
    )


def test_a_class_joins_the_pool_that_has_room_for_it() -> None:
    # 0.3 busy replicas fit beside 0.5 on the first pool; a second pool would be bought for them alone
    options = [Option(0, 0, NOTHING), Option(1, 0, NOTHING), Option(1, 1, NOTHING)]
    assert cheapest_placement(options, np.array([0.5, 0.3, 0.3]), np.array([2.0, 1.0])) == [0, 1]
