"""What must hold for every replay, whatever the numbers."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.simulate.counterfactual import shifted
from costctl.simulate.network import replay_network
from costctl.simulate.outcome_measures import latency_s, status_counts, wait_s
from costctl.simulate.replicas import busy_s_of_pool
from costctl.simulate.workload import CallStatus, Outcome, Pool, ServiceModel
from tests.oracles.one_pool import replay
from tests.oracles.replay_laws import broken_laws, busy_s_from_calls
from tests.oracles.small_replays import Case, plain_workload, pool_setup, random_case
from tests.thoroughness import how_many

SEEDS = st.integers(0, 1_000_000)
CHAT = ServiceModel("continuous", alpha_s=0.02, beta_s=0.001, gamma_s=0.0001)
EMBEDDING = ServiceModel("static", alpha_s=0.01, beta_s=0.001, gamma_s=1e-6)


def outcome_of(case: Case) -> Outcome:
    return replay_network(case.workload, case.pool_of, case.pools)


def assert_identical(left: Outcome, right: Outcome) -> None:
    for field in dataclasses.fields(Outcome):
        np.testing.assert_array_equal(
            getattr(left, field.name), getattr(right, field.name), err_msg=field.name
        )


@given(SEEDS, st.booleans())
@settings(max_examples=how_many(40, thorough=200), deadline=None)
def test_no_law_is_broken(seed: int, on_grid: bool) -> None:
    case = random_case(seed, on_grid=on_grid)
    assert broken_laws(case.workload, outcome_of(case)) == ()


@given(SEEDS)
@settings(max_examples=how_many(10, thorough=50), deadline=None)
def test_every_call_ends_in_exactly_one_status(seed: int) -> None:
    case = random_case(seed, on_grid=True)
    assert sum(status_counts(outcome_of(case)).values()) == case.workload.size


@given(SEEDS)
@settings(max_examples=how_many(10, thorough=50), deadline=None)
def test_the_same_arguments_give_the_same_bits(seed: int) -> None:
    case = random_case(seed, on_grid=False)
    assert_identical(outcome_of(case), outcome_of(case))


@given(SEEDS, st.integers(1, 1000))
@settings(max_examples=how_many(10, thorough=50), deadline=None)
def test_calls_that_all_come_later_end_as_much_later(seed: int, by_s: int) -> None:
    case = random_case(seed, on_grid=True)  # sums on the grid are exact
    now, later = (
        outcome_of(case),
        outcome_of(dataclasses.replace(case, workload=shifted(case.workload, float(by_s)))),
    )
    np.testing.assert_array_equal(later.status, now.status)
    np.testing.assert_array_equal(later.end_s, now.end_s + by_s)
    np.testing.assert_array_equal(later.busy_s, now.busy_s)


def test_a_replica_is_paid_for_from_a_first_arrival_before_the_clock_starts() -> None:
    outcome = replay(
        plain_workload([-2.0, 1.0], tokens=[1, 1]), ServiceModel("continuous", 0.0, 0.0, 4.0), pool_setup()
    )
    assert outcome.end_s.tolist() == [2.0, 6.0]
    assert outcome.busy_s.tolist() == outcome.paid_s.tolist() == [8.0]


@given(SEEDS)
@settings(max_examples=how_many(10, thorough=50), deadline=None)
def test_lanes_may_be_numbered_in_any_order(seed: int) -> None:
    case, draw = random_case(seed, on_grid=True), np.random.default_rng(seed)
    lanes = case.pools[0].setup.lanes.count
    new_number = draw.permutation(lanes)
    old_number = np.argsort(new_number)

    def renumbered(pool: Pool) -> Pool:
        old = pool.setup.lanes
        renamed = dataclasses.replace(
            old,
            rank=old.rank[old_number],
            queue_limit=old.queue_limit[old_number],
            time_to_live_s=old.time_to_live_s[old_number],
        )
        return Pool(pool.model, dataclasses.replace(pool.setup, lanes=renamed))

    workload = dataclasses.replace(case.workload, lane=new_number[case.workload.lane])
    other = Case(workload, case.pool_of, [renumbered(pool) for pool in case.pools])
    assert_identical(outcome_of(case), outcome_of(other))


@given(SEEDS)
@settings(max_examples=how_many(10, thorough=50), deadline=None)
def test_inputs_are_left_as_they_were(seed: int) -> None:
    case, same = random_case(seed, on_grid=True), random_case(seed, on_grid=True)
    outcome_of(case)
    for field in dataclasses.fields(case.workload):
        np.testing.assert_array_equal(getattr(case.workload, field.name), getattr(same.workload, field.name))


@given(SEEDS, st.floats(0.2, 1.0), st.sampled_from([CHAT, EMBEDDING]))
@settings(max_examples=how_many(20, thorough=100), deadline=None)
def test_one_by_one_a_faster_model_delays_nobody(seed: int, speed: float, model: ServiceModel) -> None:
    draw = np.random.default_rng(seed)
    arrivals_s = np.sort(draw.uniform(0, 5, 40))
    workload = plain_workload(arrivals_s, tokens=draw.integers(0, 500, 40), steps=draw.integers(0, 20, 40))
    faster = dataclasses.replace(
        model, alpha_s=speed * model.alpha_s, beta_s=speed * model.beta_s, gamma_s=speed * model.gamma_s
    )
    setup = pool_setup(max_num_seqs=1)
    slow, fast = replay(workload, model, setup), replay(workload, faster, setup)
    assert (fast.end_s <= slow.end_s + 1e-12).all()


@given(SEEDS)
@settings(max_examples=how_many(20, thorough=100), deadline=None)
def test_a_replica_never_idles_while_a_call_waits(seed: int) -> None:
    # One replica, no window, nobody dropped: whoever waits does so only while the replica works.
    draw = np.random.default_rng(seed)
    workload = plain_workload(
        np.sort(draw.uniform(0, 20, 50)), tokens=draw.integers(0, 2000, 50), steps=draw.integers(0, 30, 50)
    )
    outcome = replay(workload, CHAT, pool_setup(max_num_seqs=int(draw.integers(1, 8))))
    changes = np.sort(np.concatenate([outcome.begin_s, outcome.end_s]))
    middles = (changes[:-1] + changes[1:])[np.diff(changes) > 1e-9] / 2
    for now in middles:
        waits = ((outcome.arrival_s < now) & (now < outcome.begin_s)).any()
        works = ((outcome.begin_s <= now) & (now < outcome.end_s)).any()
        assert works or not waits


@pytest.mark.parametrize("max_num_seqs", [1, 3, 16])
def test_never_more_sequences_in_progress_than_slots(max_num_seqs: int) -> None:
    draw = np.random.default_rng(9)
    workload = plain_workload(
        np.sort(draw.uniform(0, 60, 2000)),
        tokens=draw.integers(1, 900, 2000),
        steps=draw.integers(0, 90, 2000),
    )
    for is_stalling in (True, False):
        model = dataclasses.replace(CHAT, is_prefill_stalling=is_stalling)
        outcome = replay(workload, model, pool_setup(max_num_seqs=max_num_seqs))
        begun = np.searchsorted(np.sort(outcome.begin_s), outcome.begin_s, side="right")
        ended = np.searchsorted(np.sort(outcome.end_s), outcome.begin_s, side="right")
        assert (begun - ended).max() == max_num_seqs


def test_a_lone_call_takes_what_the_model_says() -> None:
    workload = plain_workload([1.0], tokens=[1000], steps=[50])
    outcome = replay(workload, CHAT, pool_setup())
    assert outcome.first_token_s[0] == pytest.approx(1.0 + 0.1)
    assert outcome.end_s[0] == pytest.approx(1.0 + 0.1 + 50 * 0.021)
    assert outcome.busy_s.tolist() == pytest.approx([0.1 + 50 * 0.021])


def test_a_chunked_prompt_rides_along_in_steps_of_the_token_budget() -> None:
    # a decodes alone; b's 250 tokens ride in three steps of 99, 99 and 52, since a takes one token of each.
    model = ServiceModel("continuous", alpha_s=1.0, beta_s=0.1, gamma_s=0.01, is_prefill_stalling=False)
    workload = plain_workload([0.0, 1.5], tokens=[0, 250], steps=[20, 0])
    outcome = replay(workload, model, pool_setup(max_batched_tokens=100))
    first_of_a = 1.0  # a step that carries no token of a prompt and decodes nothing
    assert outcome.first_token_s[0] == pytest.approx(first_of_a)
    assert outcome.begin_s[1] == pytest.approx(first_of_a + 1.1)
    assert outcome.end_s[1] == pytest.approx(first_of_a + 1.1 + 3 * 1.1 + 2.5)
    assert outcome.end_s[0] == pytest.approx(first_of_a + 20 * 1.1 + 2.5)


def test_a_batch_starts_when_its_window_closes_or_when_it_is_full() -> None:
    workload = plain_workload([0.0, 0.3, 2.0, 2.1, 2.2])
    outcome = replay(workload, EMBEDDING, pool_setup(max_num_seqs=3, batch_window_s=0.5))
    assert outcome.begin_s.tolist() == pytest.approx([0.5, 0.5, 2.2, 2.2, 2.2])
    assert outcome.busy_s.sum() == pytest.approx(0.012 + 0.013)


def test_a_call_that_would_be_served_too_late_is_dropped_and_its_follower_never_comes() -> None:
    workload = dataclasses.replace(
        plain_workload([0.0, 0.1, 5.0, 5.0], tokens=[10_000, 10, 10, 10]), after=np.array([-1, -1, 0, 1])
    )
    outcome = replay(workload, CHAT, pool_setup(max_num_seqs=1, time_to_live_s=0.5))
    assert outcome.status.tolist() == [
        CallStatus.SERVED,
        CallStatus.EXPIRED,
        CallStatus.SERVED,
        CallStatus.NEVER_ARRIVED,
    ]
    assert outcome.arrival_s[2] == outcome.end_s[0]
    assert np.isnan(outcome.arrival_s[3])


def test_generation_waits_for_the_embedding_it_follows_in_another_pool() -> None:
    workload = dataclasses.replace(
        plain_workload([0.0, 0.5], tokens=[1000, 2000], steps=[0, 10]),
        after=np.array([-1, 0]),
        think_s=np.array([0.0, 0.25]),
    )
    pools = [Pool(EMBEDDING, pool_setup()), Pool(CHAT, pool_setup(replicas=2))]
    outcome = replay_network(workload, np.array([0, 1]), pools)
    assert outcome.end_s[0] == pytest.approx(0.012)
    assert outcome.arrival_s[1] == pytest.approx(0.012 + 0.25)
    assert outcome.replica.tolist() == [0, 1]
    assert busy_s_of_pool(outcome, pools, 0) == pytest.approx(0.012)
    assert busy_s_of_pool(outcome, pools, 1) == pytest.approx(0.2 + 10 * 0.021)


def test_least_outstanding_spreads_a_burst_evenly() -> None:
    outcome = replay(plain_workload(np.zeros(12), tokens=100, steps=5), CHAT, pool_setup(replicas=4))
    assert np.bincount(outcome.replica).tolist() == [3, 3, 3, 3]


def test_many_replicas_give_every_event_its_turn() -> None:
    draw = np.random.default_rng(3)
    workload = plain_workload(
        np.sort(draw.uniform(0, 100, 20_000)), tokens=500, steps=draw.integers(0, 300, 20_000)
    )
    outcome = replay(workload, CHAT, pool_setup(replicas=37, dispatch="round_robin"))
    assert broken_laws(workload, outcome) == ()
    np.testing.assert_allclose(busy_s_from_calls(outcome), outcome.busy_s)


def test_draws_in_threads_equal_draws_one_by_one() -> None:
    cases = [random_case(seed, on_grid=False) for seed in range(40)]
    with ThreadPoolExecutor(2) as threads:
        for case, outcome in zip(cases, threads.map(outcome_of, cases), strict=True):
            assert_identical(outcome, outcome_of(case))


def test_nothing_to_replay_is_an_empty_outcome() -> None:
    outcome = replay(plain_workload([]), CHAT, pool_setup(replicas=2))
    assert outcome.status.size == 0
    assert outcome.busy_s.tolist() == [0.0, 0.0]
    assert latency_s(outcome).size == wait_s(outcome).size == 0


def test_arguments_that_contradict_each_other_are_refused() -> None:
    workload = plain_workload([0.0, 1.0], lane=[0, 1])
    with pytest.raises(ValueError, match="lane"):
        replay(workload, CHAT, pool_setup(lane_rank=(0,)))
    with pytest.raises(ValueError, match="ordered"):
        replay(plain_workload([1.0, 0.0]), CHAT, pool_setup())
    with pytest.raises(ValueError, match="comes later"):
        replay(dataclasses.replace(plain_workload([0.0, 1.0]), after=np.array([1, -1])), CHAT, pool_setup())
