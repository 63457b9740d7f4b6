"""Copies of what classes read, chosen with their pools: as enumeration finds them, kept once for all who read them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from costctl.recommend.placement_copies import Copies
from costctl.recommend.placement_program import Placement, Problem, cheapest_placement
from tests.oracles.placements import cheapest_usd
from tests.recommend.placement_problems import problem, problems_with_copies

EU, US = 0, 1


def cost(found: Placement | None) -> float:
    return np.inf if found is None else found.usd


@given(problems_with_copies())
def test_no_placement_with_copies_is_cheaper(given_problem: Problem) -> None:
    found = cheapest_placement(given_problem)
    assert cost(found) == pytest.approx(cheapest_usd(given_problem), rel=1e-5, abs=1e-5)


@given(problems_with_copies())
def test_that_a_copy_may_be_kept_never_costs_more(given_problem: Problem) -> None:
    copies = given_problem.of_copies
    free = replace(given_problem, copies=replace(copies, is_required=np.zeros_like(copies.is_required)))
    without = replace(given_problem, copies=None)
    assert cost(cheapest_placement(free)) <= cost(cheapest_placement(without)) * (1 + 1e-5) + 1e-5
    assert cost(cheapest_placement(free)) <= cost(cheapest_placement(given_problem)) * (1 + 1e-5) + 1e-5


@given(problems_with_copies())
def test_what_is_not_worth_keeping_makes_nothing_cheaper(given_problem: Problem) -> None:
    fewer = replace(given_problem, copies=given_problem.of_copies.worth_keeping())
    assert cost(cheapest_placement(fewer)) == pytest.approx(
        cost(cheapest_placement(given_problem)), rel=1e-5, abs=1e-5
    )


def moved_abroad(readers: int, keep_usd: float, saved_usd: float = 3.0) -> Problem:
    """Classes at 5 USD an hour in the EU, at 1 in the US, where reading costs each 3 USD an hour more, or nothing from
    a copy of what they all read.
    """
    made = problem([[[1.0], [1.0]]] * readers, [5.0, 1.0], [EU] * readers, usd=[[0.0, 3.0]] * readers)
    copies = Copies(
        request_class=np.arange(readers),
        tier=np.full(readers, US),
        is_near=np.array([[False, True]] * readers),
        saved_usd=np.full(readers, saved_usd),
        needs=np.ones((readers, 1), np.bool_),
        keep_usd=np.array([keep_usd]),
        is_required=np.zeros(readers, np.bool_),
    )
    return replace(made, copies=copies)


@pytest.mark.parametrize(
    ("readers", "keep_usd", "usd", "is_copied"),
    [
        (1, 2.0, 1.0 + 2.0, True),
        (1, 3.5, 1.0 + 3.0, False),
        (2, 3.5, 2 * 1.0 + 3.5, True),  # of two that read the same it is kept once
        (2, 6.5, 2 * (1.0 + 3.0), False),
    ],
)
def test_a_copy_is_kept_where_all_its_readers_save_more_than_it_costs(
    readers: int, keep_usd: float, usd: float, is_copied: bool
) -> None:
    found = cheapest_placement(moved_abroad(readers, keep_usd))
    assert found is not None
    assert found.usd == pytest.approx(usd)
    assert found.shares[:, US].tolist() == [1.0] * readers
    assert found.copied.tolist() == [is_copied] * readers


def test_bytes_between_regions_keep_a_class_where_it_is() -> None:
    # 4 USD an hour are saved on replicas; reading from afar costs 4.5
    dear = replace(moved_abroad(1, keep_usd=9.0), usd=np.array([[0.0, 4.5]]))
    found = cheapest_placement(dear)
    assert found is not None
    assert found.shares.tolist() == [[1.0, 0.0]]
    near = cheapest_placement(replace(dear, usd=np.array([[0.0, 3.5]])))
    assert near is not None
    assert near.shares.tolist() == [[0.0, 1.0]]


def test_a_class_that_may_not_read_from_where_it_lies_goes_where_a_copy_may_be() -> None:
    made = moved_abroad(1, keep_usd=20.0)
    required = replace(made, copies=replace(made.of_copies, is_required=np.array([True])))
    found = cheapest_placement(required)
    assert found is not None
    assert (found.shares.tolist(), found.copied.tolist()) == ([[0.0, 1.0]], [True])
    assert found.usd == pytest.approx(1.0 + 3.0 - 3.0 + 20.0)
    assert cheapest_placement(replace(required, most_moves=0)) is None
