"""The mixed-integer program finds what trying every placement finds, and keeps the laws of a cheapest placement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.recommend.placement_program import (
    Placement,
    Problem,
    cheapest_placement,
    placement_usd,
    replica_worth,
    replicas_needed,
)
from tests.oracles.placements import cheapest_usd
from tests.recommend.placement_problems import problem, problems

ROUNDING = 1e-6


def cost(found: Placement | None) -> float:
    return np.inf if found is None else found.usd


@given(problems(is_limited=True))
def test_no_placement_is_cheaper(given_problem: Problem) -> None:
    found = cheapest_placement(given_problem)
    assert cost(found) == pytest.approx(cheapest_usd(given_problem), rel=1e-5)


@given(problems())
def test_every_class_is_served_whole_and_fits(given_problem: Problem) -> None:
    found = cheapest_placement(given_problem)
    assert found is not None
    assert found.shares.sum(axis=1) == pytest.approx(1.0)
    carried = np.einsum("kg,kgh->gh", found.shares, given_problem.load).max(axis=1)
    assert (carried <= given_problem.most_utilisation * found.replicas + ROUNDING).all()
    moved = (np.abs(found.shares - given_problem.today) > ROUNDING).any(axis=1)
    assert moved.sum() <= (len(moved) if given_problem.most_moves is None else given_problem.most_moves)
    assert not (found.shares[moved] > 0)[~given_problem.is_allowed[moved]].any()


@given(problems())
def test_the_proven_bound_is_no_more_than_any_placement_costs(given_problem: Problem) -> None:
    found = cheapest_placement(given_problem)
    assert found is not None
    assert found.bound_usd <= cheapest_usd(given_problem) + 1e-5
    assert found.gap <= 1e-5


@given(problems())
def test_it_never_costs_more_than_today(given_problem: Problem) -> None:
    today = given_problem.today
    usd = placement_usd(given_problem, today, replicas_needed(given_problem, today))
    assert cost(cheapest_placement(given_problem)) <= usd + 1e-5


@given(problems(is_limited=True), st.integers(0, 2), st.integers(0, 2))
def test_one_more_pair_one_more_move_one_more_replica_never_cost_more(
    given_problem: Problem, number: int, pool: int
) -> None:
    classes, pools = given_problem.is_allowed.shape
    is_allowed, limits = given_problem.is_allowed.copy(), given_problem.most_replicas.copy()
    is_allowed[number % classes, pool % pools] = True
    limits[pool % pools] += 1.0
    most_moves = None if given_problem.most_moves is None else given_problem.most_moves + 1
    usd = cost(cheapest_placement(given_problem))
    for freer in (
        replace(given_problem, is_allowed=is_allowed),
        replace(given_problem, most_moves=most_moves),
        replace(given_problem, most_replicas=limits),
        replace(given_problem, parts=2 * given_problem.parts),
    ):
        assert cost(cheapest_placement(freer)) <= usd * (1 + 1e-5) + 1e-5


@given(problems(), st.integers(2, 50))
def test_other_money_is_the_same_placement_at_another_price(given_problem: Problem, factor: int) -> None:
    dearer = replace(
        given_problem,
        usd=factor * given_problem.usd,
        usd_per_replica=factor * given_problem.usd_per_replica,
    )
    assert cost(cheapest_placement(dearer)) == pytest.approx(
        factor * cost(cheapest_placement(given_problem)), rel=1e-5
    )


@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_pools_changes_nothing(given_problem: Problem, random: np.random.Generator) -> None:
    order = list(range(given_problem.usd_per_replica.size))
    random.shuffle(order)
    turned = replace(
        given_problem,
        load=given_problem.load[:, order],
        fixed_load=given_problem.fixed_load[order],
        usd_per_replica=given_problem.usd_per_replica[order],
        usd=given_problem.usd[:, order],
        is_allowed=given_problem.is_allowed[:, order],
        today=given_problem.today[:, order],
        most_utilisation=given_problem.most_utilisation[order],
        most_replicas=given_problem.most_replicas[order],
    )
    assert cost(cheapest_placement(turned)) == pytest.approx(
        cost(cheapest_placement(given_problem)), rel=1e-5
    )


def test_a_class_joins_the_pool_that_has_room_for_it() -> None:
    # 0.3 busy replicas fit beside 0.5 on the dearer pool; a replica of the cheaper would be bought for them alone
    found = cheapest_placement(problem([[[0.5], [0.5]], [[0.3], [0.3]]], [2.0, 1.5], [0, 1]))
    assert found is not None
    assert found.replicas.tolist() in ([1, 0], [0, 1])
    assert found.usd == pytest.approx(1.5)


def test_loads_that_peak_at_other_hours_share_a_replica() -> None:
    # by day and by night: together never more than 0.9
    day_and_night = problem([[[0.8, 0.1]] * 2, [[0.1, 0.8]] * 2], [1.0, 1.0], [0, 1])
    at_once = problem([[[0.8, 0.1]] * 2, [[0.8, 0.1]] * 2], [1.0, 1.0], [0, 1])
    assert cost(cheapest_placement(day_and_night)) == pytest.approx(1.0)
    assert cost(cheapest_placement(at_once)) == pytest.approx(2.0)


def test_a_class_is_split_where_that_fills_replicas() -> None:
    # 1.5 busy replicas: a half fits beside another class on the first pool, one replica of the second is full
    load = [[[0.5], [0.5]], [[1.5], [1.5]]]
    whole, split = (
        cheapest_placement(
            problem(load, [1.0, 0.9], [0, 1], is_allowed=[[True, False], [True, True]], parts=parts)
        )
        for parts in (1, 3)
    )
    assert cost(whole) == pytest.approx(2.0)
    assert split is not None
    assert split.usd == pytest.approx(1.9)
    assert split.shares[1] == pytest.approx([1 / 3, 2 / 3])


def test_at_most_so_many_classes_move_and_those_that_save_most() -> None:
    load = [[[1.0], [1.0]], [[2.0], [2.0]], [[3.0], [3.0]]]
    costs = [
        cost(cheapest_placement(problem(load, [2.0, 1.0], [0, 0, 0], most_moves=moves))) for moves in range(4)
    ]
    assert costs == pytest.approx([12.0, 9.0, 7.0, 6.0])


def test_a_replica_more_is_worth_what_it_saves_and_one_less_what_it_costs() -> None:
    # three classes of one replica each on a pool at 3 USD; at 1 USD there is room for two of them
    limited = problem([[[1.0], [1.0]]] * 3, [3.0, 1.0], [0, 0, 0], most_replicas=[np.inf, 2.0])
    found = cheapest_placement(limited)
    assert found is not None
    assert found.replicas.tolist() == [1, 2]
    worth = replica_worth(limited, found, pool=1)
    assert (worth.one_more, worth.one_less) == pytest.approx((2.0, 2.0))
    assert replica_worth(limited, found, pool=0).one_more == 0.0


def test_a_class_that_may_not_stay_moves_whatever_it_costs() -> None:
    forced = problem([[[1.0], [1.0]]], [1.0, 5.0], [0], is_allowed=[[False, True]])
    found = cheapest_placement(forced)
    assert found is not None
    assert found.shares.tolist() == [[0.0, 1.0]]
    assert cheapest_placement(replace(forced, most_moves=0)) is None
