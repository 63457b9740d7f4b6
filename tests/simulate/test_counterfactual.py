"""Workloads without some calls, or with some of them twice."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.simulate.counterfactual import added, shifted, with_followers_dropped, without
from costctl.simulate.workload import ServiceModel, Workload
from tests.oracles.one_pool import replay
from tests.oracles.replay_laws import broken_laws
from tests.oracles.small_replays import plain_workload, pool_setup, random_case
from tests.thoroughness import how_many

SEEDS = st.integers(0, 1_000_000)
CHAT = ServiceModel("continuous", alpha_s=0.02, beta_s=0.001, gamma_s=0.0001)


def chains() -> Workload:
    """Requests (a0, a1, a2) and (b0, b1), and c on its own; tokens name the call."""
    plain = plain_workload([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], tokens=[10, 20, 11, 21, 30, 12])
    return dataclasses.replace(plain, after=np.array([-1, -1, 0, 1, -1, 2]), replica=np.arange(6))


def test_calls_taken_away_leave_the_chains_of_the_others_whole() -> None:
    rest = without(chains(), np.array([True, False, True, False, True, True]))
    assert rest.uncached_tokens.tolist() == [10, 11, 30, 12]
    assert rest.after.tolist() == [-1, 0, -1, 1]
    assert rest.arrival_s.tolist() == [0.0, 2.0, 4.0, 5.0]
    assert rest.replica.tolist() == [0, 2, 4, 5]


def test_a_follower_cannot_stay_without_the_call_it_follows() -> None:
    with pytest.raises(ValueError, match="whole requests"):
        without(chains(), np.array([False, True, True, True, True, True]))


def test_a_choice_is_closed_by_dropping_followers_all_the_way_down() -> None:
    keep = np.array([False, True, True, True, True, True])
    assert with_followers_dropped(chains(), keep).tolist() == [False, True, False, True, True, False]


def test_a_copied_request_keeps_its_chain_and_comes_later() -> None:
    more, origin = added(chains(), np.array([True, False, True, False, False, True]), shift_s=0.5)
    assert origin.tolist() == [0, 0, 1, 2, 2, 3, 4, 5, 5]
    assert more.after.tolist() == [-1, -1, -1, 0, 1, 2, -1, 3, 4]
    assert more.arrival_s.tolist() == [0.0, 0.5, 1.0, 2.0, 2.5, 3.0, 4.0, 5.0, 5.5]


def test_a_call_cannot_be_copied_without_the_call_it_follows() -> None:
    with pytest.raises(ValueError, match="whole requests"):
        added(chains(), np.array([False, False, True, False, False, False]), shift_s=0.0)


@given(SEEDS)
@settings(max_examples=how_many(20, thorough=100), deadline=None)
def test_taking_nothing_away_changes_nothing_and_taking_all_leaves_nothing(seed: int) -> None:
    workload = random_case(seed, on_grid=True).workload
    same = without(workload, np.ones(workload.size, np.bool_))
    for field in dataclasses.fields(workload):
        np.testing.assert_array_equal(getattr(same, field.name), getattr(workload, field.name))
    assert without(workload, np.zeros(workload.size, np.bool_)).size == 0


@given(SEEDS)
@settings(max_examples=how_many(20, thorough=100), deadline=None)
def test_copies_taken_away_again_give_back_the_workload(seed: int) -> None:
    workload, draw = random_case(seed, on_grid=True).workload, np.random.default_rng(seed)
    clones = with_followers_dropped(workload, draw.random(workload.size) < 0.5)
    more, origin = added(
        workload, clones, shift_s=0.0625
    )  # off the grid, so that no copy ties with an original
    assert more.size == workload.size + clones.sum()
    assert np.bincount(origin, minlength=workload.size).tolist() == (1 + clones).tolist()
    is_original = np.isin(more.arrival_s * 8 % 1, 0.0)
    back = without(more, is_original)
    for field in dataclasses.fields(workload):
        np.testing.assert_array_equal(getattr(back, field.name), getattr(workload, field.name))


@given(SEEDS)
@settings(max_examples=how_many(10, thorough=50), deadline=None)
def test_one_by_one_fewer_calls_are_no_more_work_and_never_end_later(seed: int) -> None:
    draw = np.random.default_rng(seed)
    workload = plain_workload(
        np.sort(draw.uniform(0, 20, 60)), tokens=draw.integers(0, 5000, 60), steps=draw.integers(0, 40, 60)
    )
    keep = draw.random(60) < 0.8
    setup = pool_setup(max_num_seqs=1)
    with_all, with_fewer = replay(workload, CHAT, setup), replay(without(workload, keep), CHAT, setup)
    assert (with_fewer.end_s <= with_all.end_s[keep] + 1e-12).all()
    alone_s = CHAT.gamma_s * workload.uncached_tokens + (CHAT.alpha_s + CHAT.beta_s) * workload.decode_steps
    assert with_all.busy_s.sum() - with_fewer.busy_s.sum() == pytest.approx(alone_s[~keep].sum())


def test_a_shifted_workload_is_replayed_soundly() -> None:
    workload = shifted(chains(), 1e6)
    outcome = replay(workload, CHAT, pool_setup())
    assert broken_laws(workload, outcome) == ()
    assert outcome.horizon_s > 1e6
