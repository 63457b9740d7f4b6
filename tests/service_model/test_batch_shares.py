"""The closed form of a static batch's Shapley value: its laws, its axioms, and the definition to n = 8."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles.batch_shares import batch_shares_s
from tests.oracles.shapley import shapley_values

SECONDS = st.floats(0, 10)
LENGTHS = st.lists(st.integers(0, 4000).map(float), min_size=1, max_size=8)


@st.composite
def batches(draw: st.DrawFn) -> tuple[float, list[float], float, list[float]]:
    """α, β of each request, γ, lengths of 1 to 8 requests, ties among them."""
    lengths = draw(LENGTHS)
    betas = draw(st.lists(SECONDS, min_size=len(lengths), max_size=len(lengths)))
    return draw(SECONDS), betas, draw(st.floats(0, 0.01)), lengths


@given(batches())
def test_the_closed_form_is_the_value_by_enumeration(
    batch: tuple[float, list[float], float, list[float]],
) -> None:
    alpha_s, betas, gamma_s, lengths = batch

    def time_s(coalition: frozenset[int]) -> float:
        if not coalition:
            return 0.0
        longest = max(lengths[each] for each in coalition)
        return alpha_s + sum(betas[each] for each in coalition) + gamma_s * longest

    assert batch_shares_s(*batch) == pytest.approx(shapley_values(len(lengths), time_s), rel=1e-9, abs=1e-9)


@given(batches())
def test_the_shares_sum_to_the_time_of_the_batch(
    batch: tuple[float, list[float], float, list[float]],
) -> None:
    alpha_s, betas, gamma_s, lengths = batch
    assert batch_shares_s(*batch).sum() == pytest.approx(alpha_s + sum(betas) + gamma_s * max(lengths))


@given(batches(), st.data())
def test_the_order_of_the_requests_changes_nothing(
    batch: tuple[float, list[float], float, list[float]], data: st.DataObject
) -> None:
    alpha_s, betas, gamma_s, lengths = batch
    order = data.draw(st.permutations(range(len(lengths))))
    mixed = batch_shares_s(
        alpha_s, [betas[each] for each in order], gamma_s, [lengths[each] for each in order]
    )
    assert mixed == pytest.approx(batch_shares_s(*batch)[order])


def test_two_short_requests_do_not_pay_for_the_padding_of_a_long_one() -> None:
    # α 0.3, β 0.1, γ 0.001: 100 tokens shared by three, the next 200 by two, the last 600 by one.
    shares = batch_shares_s(0.3, 0.1, 0.001, [100, 300, 900])
    assert shares == pytest.approx([0.2 + 0.1 / 3, 0.2 + 0.1 / 3 + 0.1, 0.2 + 0.1 / 3 + 0.1 + 0.6])


def test_an_empty_batch_has_no_shares() -> None:
    assert batch_shares_s(0.3, 0.1, 0.001, []).tolist() == []
    assert np.isfinite(batch_shares_s(0.3, 0.1, 0.001, [0.0])).all()
