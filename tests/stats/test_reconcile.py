"""Rounded rows add up to the rounded total, and no row is a whole unit off."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.stats.reconcile import CENT, reconciled_usd, whole_units

AMOUNTS = st.lists(st.decimals("-1000", "1000", places=6, allow_nan=False), min_size=1, max_size=30)


@given(AMOUNTS)
def test_rows_add_up_to_the_total_and_are_less_than_a_unit_off(amounts: list[Decimal]) -> None:
    units = whole_units(amounts, CENT)
    assert sum(units) == int((sum(amounts) / CENT).to_integral_value(ROUND_HALF_EVEN))
    assert all(abs(unit - amount / CENT) < 1 for unit, amount in zip(units, amounts, strict=True))


@given(AMOUNTS)
def test_a_larger_amount_never_gets_fewer_units(amounts: list[Decimal]) -> None:
    ranked = sorted(zip(amounts, whole_units(amounts, CENT), strict=True))
    assert all(before[1] <= after[1] for before, after in pairwise(ranked) if before[0] < after[0])


def test_three_thirds_of_a_dollar_are_a_dollar() -> None:
    assert reconciled_usd([1 / 3, 1 / 3, 1 / 3]) == [Decimal("0.34"), Decimal("0.33"), Decimal("0.33")]


def test_what_is_not_priced_stays_so() -> None:
    assert reconciled_usd([0.005, None, 0.006]) == [Decimal("0.00"), None, Decimal("0.01")]


def test_a_total_that_the_amounts_cannot_reach_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be made"):
        whole_units([Decimal("0.1")], CENT, total=99)
