"""Replicas that fail, scale and remember beginnings of prompts, on examples short enough to count by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.simulate.network import replay_network
from costctl.simulate.workload import CallStatus, Outage, Pool, Scaling, ServiceModel, Workload
from tests.oracles.one_pool import replay
from tests.oracles.small_replays import plain_workload, pool_setup, random_case_of_all_rules
from tests.thoroughness import how_many

ONE_SECOND_A_TOKEN = ServiceModel("static", alpha_s=0.0, beta_s=0.0, gamma_s=1.0)
PREFILL = ServiceModel("continuous", alpha_s=0.0, beta_s=0.0, gamma_s=1.0)
SERVED, FAILED, REJECTED = CallStatus.SERVED, CallStatus.FAILED, CallStatus.REJECTED


def test_what_is_in_progress_fails_and_what_waits_goes_to_the_others() -> None:
    workload = plain_workload([0.0, 0.1, 0.2], tokens=[4, 4, 1])
    setup = pool_setup(replicas=2, max_num_seqs=1, outages=(Outage(0, 1.0, np.inf),))
    outcome = replay(workload, ONE_SECOND_A_TOKEN, setup)
    assert outcome.status.tolist() == [FAILED, SERVED, SERVED]
    assert outcome.replica.tolist() == [0, 1, 1]
    assert outcome.begin_s[2] == pytest.approx(4.1)
    assert outcome.busy_s.tolist() == pytest.approx([1.0, 5.0])
    assert np.isnan(outcome.begin_s[0])


def test_a_failed_call_is_tried_again_and_none_is_sent_to_a_replica_before_it_is_back_and_warm() -> None:
    workload = plain_workload([0.0, 2.0, 4.5], tokens=[3, 1, 1])
    outage = Outage(0, 1.0, 3.0, warm_up_s=1.0)
    setup = pool_setup(max_num_seqs=1, retries=1, backoff_s=3.5, outages=(outage,))
    outcome = replay(workload, ONE_SECOND_A_TOKEN, setup)
    assert outcome.begin_s.tolist() == [4.5, 8.5, 7.5]  # the first comes again at 4.5, the second at 5.5
    assert outcome.attempts.tolist() == [2, 2, 1]


def test_a_call_that_finds_no_replica_up_is_refused() -> None:
    setup = pool_setup(outages=(Outage(0, 1.0, 3.0),))
    outcome = replay(plain_workload([0.0, 1.0, 3.0], tokens=0), ONE_SECOND_A_TOKEN, setup)
    assert outcome.status.tolist() == [SERVED, REJECTED, SERVED]
    assert outcome.replica.tolist() == [0, -1, 0]


def test_replicas_are_ordered_at_intervals_are_ready_later_and_are_paid_from_the_order() -> None:
    scaling = Scaling(least=1, most=3, target_outstanding=2.0, interval_s=1.0, delay_s=2.0, idle_s=3.0)
    workload = plain_workload([0.0, 0.1, 0.2, 0.3, 3.5, 3.6], tokens=[8, 8, 1, 1, 1, 1])
    outcome = replay(workload, ONE_SECOND_A_TOKEN, pool_setup(max_num_seqs=1, scaling=scaling))
    # Four outstanding at 1 s: one more is ordered, ready at 3 s, and takes what comes from then on.
    assert outcome.replica.tolist() == [0, 0, 0, 0, 1, 1]
    assert outcome.begin_s[4:].tolist() == [3.5, 4.5]
    # Six at 4 s: a third is ordered. From 6 s on two are wanted, so it is dropped at 9 s, idle.
    assert outcome.paid_s.tolist() == pytest.approx([18.0, 17.0, 5.0])


def test_a_dropped_replica_serves_what_it_has_and_is_paid_until_then() -> None:
    scaling = Scaling(least=1, most=2, target_outstanding=10.0, interval_s=1.0, delay_s=0.0, idle_s=0.0)
    workload = plain_workload([0.0, 0.0, 2.0, 8.0], tokens=[1, 5, 1, 1])
    setup = pool_setup(replicas=2, max_num_seqs=1, scaling=scaling)
    outcome = replay(workload, ONE_SECOND_A_TOKEN, setup)
    assert outcome.replica.tolist() == [0, 1, 0, 0]
    assert outcome.paid_s.tolist() == [9.0, 5.0]


def test_a_replay_can_be_ended_before_its_last_event() -> None:
    workload = plain_workload([0.0, 1.0, 9.0], tokens=[4, 4, 1])
    outcome = replay_network(
        workload, np.zeros(3, np.int64), [Pool(ONE_SECOND_A_TOKEN, pool_setup(max_num_seqs=1))], until_s=6.0
    )
    assert outcome.status.tolist() == [SERVED, CallStatus.IN_FLIGHT, CallStatus.NEVER_ARRIVED]
    assert outcome.begin_s[:2].tolist() == [0.0, 4.0]
    assert outcome.horizon_s == outcome.busy_s[0] == outcome.paid_s[0] == 6.0


def with_prefixes(workload: Workload, prefix: list[int], prefix_tokens: list[int]) -> Workload:
    return dataclasses.replace(workload, prefix=np.array(prefix), prefix_tokens=np.array(prefix_tokens))


def test_a_prefix_is_read_once_and_the_least_recently_used_goes_first() -> None:
    workload = plain_workload(np.arange(6) * 100.0, tokens=10)
    workload = with_prefixes(workload, [0, 0, 1, 0, 2, 1], [4, 6, 4, 6, 4, 4])
    outcome = replay(workload, PREFILL, pool_setup(prefix_cache_tokens=10))
    #  4 of prefix 0, then 6 of it; 1 fits beside it; 2 pushes 1 out, which is used longer ago than 0
    takes_s = (outcome.first_token_s - outcome.begin_s).tolist()
    assert takes_s == pytest.approx([10.0, 6.0, 10.0, 4.0, 10.0, 10.0])


def test_a_prefix_larger_than_the_cache_pushes_nothing_out() -> None:
    workload = with_prefixes(plain_workload([0.0, 50.0, 99.0], tokens=10), [0, 1, 0], [4, 9, 4])
    outcome = replay(workload, PREFILL, pool_setup(prefix_cache_tokens=8))
    assert (outcome.first_token_s - outcome.begin_s).tolist() == pytest.approx([10.0, 10.0, 6.0])


def test_affinity_sends_a_call_to_the_replica_that_has_its_prefix_until_that_fails() -> None:
    workload = plain_workload([0.0, 1.0, 20.0, 21.0, 60.0, 80.0], tokens=10)
    workload = with_prefixes(workload, [0, 1, 1, 1, 1, 1], [5] * 6)
    setup = pool_setup(
        replicas=2,
        dispatch="prefix_affinity",
        prefix_cache_tokens=100,
        outages=(Outage(1, 50.0, 70.0),),
    )
    outcome = replay(workload, PREFILL, setup)
    assert outcome.replica.tolist() == [0, 1, 1, 1, 0, 0]


@given(st.integers(0, 1_000_000))
@settings(max_examples=how_many(20, thorough=100), deadline=None)
def test_one_by_one_a_cache_delays_nobody(seed: int) -> None:
    workload = random_case_of_all_rules(seed, on_grid=True).workload
    workload = dataclasses.replace(
        workload, after=np.full(workload.size, -1), lane=np.zeros_like(workload.lane), prompt_tokens=None
    )
    without = replay(workload, PREFILL, pool_setup(max_num_seqs=1))
    cached = replay(workload, PREFILL, pool_setup(max_num_seqs=1, prefix_cache_tokens=12))
    assert (cached.end_s <= without.end_s).all()


def test_capacity_that_contradicts_itself_is_refused() -> None:
    scaling = Scaling(least=1, most=2, target_outstanding=1.0, interval_s=1.0, delay_s=0.0, idle_s=0.0)
    for match, rules in {
        "overlap": {"outages": (Outage(0, 1.0, 5.0), Outage(0, 4.0, 9.0))},
        "does not exist": {"outages": (Outage(1, 1.0, 5.0),)},
        "ends before": {"outages": (Outage(0, 5.0, 5.0),)},
        "starts with": {"scaling": dataclasses.replace(scaling, least=0)},
        "interval": {"scaling": dataclasses.replace(scaling, interval_s=0.0)},
        "target": {"scaling": dataclasses.replace(scaling, target_outstanding=0.0)},
    }.items():
        with pytest.raises(ValueError, match=match):
            replay(plain_workload([0.0]), PREFILL, pool_setup(**rules))
    with pytest.raises(ValueError, match="longer than its prompt"):
        replay(with_prefixes(plain_workload([0.0], tokens=3), [0], [4]), PREFILL, pool_setup())
