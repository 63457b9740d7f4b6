"""The laws at the door of the replay: sound outcomes pass, and one that was tampered with does not get through."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.errors import BrokenLawError, ExitCode
from costctl.simulate.laws import Counted, KeptMemory, require_lawful
from costctl.simulate.network import replay_network
from costctl.simulate.workload import Outcome, Pool, ServiceModel
from tests.oracles.small_replays import plain_workload, pool_setup, random_case, random_case_of_all_rules
from tests.thoroughness import how_many

ONE_SECOND_A_TOKEN = ServiceModel("continuous", alpha_s=0.0, beta_s=0.0, gamma_s=1.0)
POOLS = (Pool(ONE_SECOND_A_TOKEN, pool_setup(max_num_seqs=1)),)
# a waits for nobody and is served in [1, 3); b comes at 2, waits until 3 and is served until 6
COUNTED = Counted(in_system_s=6.0, most_in_progress=np.array([1]))


def two_calls() -> Outcome:
    return replay_network(plain_workload([1.0, 2.0], tokens=[2, 3]), np.zeros(2, np.int64), POOLS)


def tampered(**arrays: object) -> Outcome:
    return dataclasses.replace(two_calls(), **arrays)


def test_two_calls_are_counted_as_by_hand() -> None:
    require_lawful(two_calls(), POOLS, COUNTED)


@pytest.mark.parametrize(
    ("outcome", "counted", "law", "evidence"),
    [
        (
            tampered(status=np.array([0, 7], np.int8)),
            COUNTED,
            "calls offered to a replay are served, rejected",
            "2 were offered and are 1 served + 0 rejected",
        ),
        (
            tampered(attempts=np.array([1, 0], np.int8)),
            COUNTED,
            "calls offered to a replay are served, rejected",
            "the first of them call 1 with status 0 after 0 attempts",
        ),
        (
            tampered(end_s=np.array([3.0, 2.5])),
            COUNTED,
            "arrives, begins, has its first token and ends, in this order",
            "1 of 2 calls do not, the first of them call 1 on replica 0: arrival 2 s, begin 3 s, first token 6 s, "
            "end 2.5 s",
        ),
        (
            tampered(begin_s=np.array([1.0, np.nan])),
            COUNTED,
            "arrives, begins, has its first token and ends, in this order",
            "begin nan s",
        ),
        (
            tampered(replica=np.array([0, 4], np.int32)),
            COUNTED,
            "in this order, on a replica",
            "call 1 on replica 4",
        ),
        (
            tampered(begin_s=np.array([1.0, 2.0])),
            COUNTED,
            "no replica of a replay serves more calls at once than its size",
            "call-seconds of 6 in 5 busy seconds",
        ),
        (
            two_calls(),
            Counted(6.0, np.array([2])),
            "no replica of a replay serves more calls at once than its size",
            "of size 1, it has up to 2 in progress",
        ),
        (
            tampered(paid_s=np.array([4.0])),
            COUNTED,
            "busy only while it is paid for",
            "busy 5 s, paid 4 s",
        ),
        (
            tampered(busy_s=np.array([5.5])),
            COUNTED,
            "busy only while it is paid for and has calls in progress",
            "call-seconds in progress 5",
        ),
        (
            two_calls(),
            Counted(6.1, np.array([1])),
            "Little's law",
            "sums to 6.1 call-seconds, the times of 2 calls to 6 at least",
        ),
        (
            tampered(arrival_s=np.array([1.0, 2.5])),
            COUNTED,
            "Little's law",
            "the times of 2 calls to 5.5",
        ),
    ],
)  # fmt: skip
def test_a_law_that_an_outcome_breaks_is_an_error_with_its_evidence(
    outcome: Outcome, counted: Counted, law: str, evidence: str
) -> None:
    with pytest.raises(BrokenLawError) as raised:
        require_lawful(outcome, POOLS, counted)
    assert raised.value.exit_code == ExitCode.BUG == 70
    assert law in raised.value.what
    assert evidence in raised.value.why


@pytest.mark.parametrize(
    ("memory", "evidence"),
    [
        (KeptMemory(np.array([-1]), np.array([0]), np.array([0])), "-1 blocks were free at the least"),
        (KeptMemory(np.array([3]), np.array([2]), np.array([0])), "0 sequences in progress hold 2"),
        (KeptMemory(np.array([3]), np.array([-2]), np.array([1])), "1 sequences in progress hold -2"),
    ],
)
def test_memory_that_is_lost_or_held_twice_does_not_get_through(memory: KeptMemory, evidence: str) -> None:
    with pytest.raises(BrokenLawError) as raised:
        require_lawful(two_calls(), POOLS, dataclasses.replace(COUNTED, memory=memory))
    assert evidence in raised.value.why


@given(st.integers(0, 1_000_000), st.booleans())
@settings(max_examples=how_many(30, thorough=150), deadline=None)
def test_no_random_system_is_refused_at_the_door(seed: int, on_grid: bool) -> None:
    for case in (random_case(seed, on_grid=on_grid), random_case_of_all_rules(seed, on_grid=on_grid)):
        outcome = replay_network(case.workload, case.pool_of, case.pools, case.until_s)
        assert outcome.status.size == case.workload.size


@given(st.integers(0, 1_000_000), st.floats(1.001, 2.0))
@settings(max_examples=how_many(20, thorough=100), deadline=None)
def test_a_longer_stay_of_one_call_never_goes_unnoticed(seed: int, factor: float) -> None:
    """Of plain calls, every one of which is served: the loop's count and the calls' times then differ."""
    draw = np.random.default_rng(seed)
    n = int(draw.integers(2, 40))
    workload = plain_workload(np.sort(draw.uniform(0, 60, n)), tokens=draw.integers(1, 9, n))
    pools = (Pool(ONE_SECOND_A_TOKEN, pool_setup(replicas=2, max_num_seqs=3)),)
    outcome = replay_network(workload, np.zeros(n, np.int64), pools)
    stay_s = outcome.end_s - outcome.arrival_s
    counted = Counted(float(stay_s.sum()), np.array([3, 3]))
    require_lawful(outcome, pools, counted)
    end_s = outcome.end_s.copy()
    end_s[n // 2] += factor * stay_s[n // 2]
    with pytest.raises(BrokenLawError):
        require_lawful(dataclasses.replace(outcome, end_s=end_s), pools, counted)
