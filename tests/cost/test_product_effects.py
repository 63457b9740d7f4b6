"""The effect of a factor is its Shapley value: held against its definition, and against the laws that make it one."""

from __future__ import annotations

from itertools import permutations
from math import factorial, prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.cost.product_effects import effects_of_count, effects_of_factors
from tests.oracles.shapley import shapley_values

FACTOR = st.one_of(st.just(0.0), st.floats(1e-3, 1e3))
PAIRS = st.lists(st.tuples(FACTOR, FACTOR), min_size=1, max_size=6)


def effects(pairs: list[tuple[float, float]]) -> list[float]:
    before, after = (np.array([[pair[side]] for pair in pairs]) for side in (0, 1))
    found: list[float] = effects_of_factors(before, after)[:, 0].tolist()
    return found


def size(pairs: list[tuple[float, float]]) -> float:
    """Of what rounding may leave."""
    return 1e-9 * prod(max(pair) or 1.0 for pair in pairs) + 1e-12


@given(pairs=PAIRS)
def test_it_is_the_mean_over_all_orders_of_what_a_change_adds(pairs: list[tuple[float, float]]) -> None:
    def product(changed: frozenset[int]) -> float:
        return prod(pair[place in changed] for place, pair in enumerate(pairs))

    found = shapley_values(len(pairs), lambda changed: product(changed) - product(frozenset()))
    assert effects(pairs) == pytest.approx(found, abs=size(pairs))


@given(pairs=PAIRS)
def test_the_effects_add_up_to_the_change(pairs: list[tuple[float, float]]) -> None:
    change = prod(after for _, after in pairs) - prod(before for before, _ in pairs)
    assert sum(effects(pairs)) == pytest.approx(change, abs=size(pairs))


@given(pairs=PAIRS)
def test_swapping_the_sides_turns_every_sign(pairs: list[tuple[float, float]]) -> None:
    swapped = effects([(after, before) for before, after in pairs])
    assert [-each for each in swapped] == pytest.approx(effects(pairs), abs=size(pairs))


@given(pairs=PAIRS, same=FACTOR)
def test_a_factor_that_does_not_change_has_no_effect(pairs: list[tuple[float, float]], same: float) -> None:
    assert effects([*pairs, (same, same)])[-1] == 0.0


def test_two_factors_split_what_they_do_together_in_halves() -> None:
    # 2 · 10 → 3 · 14: 22 more, of which 1 · 10 and 2 · 4 alone, and 1 · 4 together
    assert effects([(2.0, 3.0), (10.0, 14.0)]) == pytest.approx([12.0, 10.0])


@given(
    count=st.tuples(st.integers(1, 50), st.integers(1, 50)),
    pairs=st.lists(st.tuples(FACTOR, FACTOR), min_size=1, max_size=4),
)
def test_count_and_unit_cost_are_split_first_and_the_unit_cost_within(
    count: tuple[int, int], pairs: list[tuple[float, float]]
) -> None:
    """Owen's value: the mean over the orders in which the factors of the unit cost change one after the other."""
    counts = (np.array([float(count[0])]), np.array([float(count[1])]))
    units = [prod(pair[side] for pair in pairs) for side in (0, 1)]
    amounts = (counts[0] * units[0], counts[1] * units[1])
    of_count, of_unit, _ = effects_of_count(counts, amounts)
    within = [each * (count[0] + count[1]) / 2 for each in effects(pairs)]
    expected = [0.0] * (len(pairs) + 1)
    orders = 2 * factorial(len(pairs))
    for inner in permutations(range(1, len(pairs) + 1)):
        for order in ((0, *inner), (*inner, 0)):
            state = [(float(count[0]), float(count[1])), *pairs]
            now = [pair[0] for pair in state]
            for player in order:
                was = prod(now)
                now[player] = state[player][1]
                expected[player] += (prod(now) - was) / orders
    bound = size([*pairs, (float(count[0]), float(count[1]))])
    assert [float(of_count[0]), *within] == pytest.approx(expected, abs=bound)
    assert float(of_unit[0]) == pytest.approx(sum(within), abs=bound)


def test_what_is_new_is_all_count() -> None:
    of_count, of_unit, _ = effects_of_count(
        (np.array([0.0]), np.array([4.0])), (np.array([0.0]), np.array([2.0]))
    )
    assert (of_count.tolist(), of_unit.tolist()) == ([2.0], [0.0])
