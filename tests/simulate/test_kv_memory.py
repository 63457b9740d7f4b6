"""KV memory and attention over it: by hand, by laws, and against a twin that passes every step of every sequence."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costctl.simulate.network import replay_network
from costctl.simulate.workload import CallStatus, Outcome, ServiceModel
from tests.oracles.heap_replay import stepwise_replay
from tests.oracles.one_pool import replay
from tests.oracles.replay_laws import broken_laws
from tests.oracles.small_replays import (
    plain_workload,
    pool_setup,
    random_case_of_all_rules,
    random_case_of_memory,
)
from tests.thoroughness import how_many

SEEDS = st.integers(0, 1_000_000)
STEPS_OF_A_SECOND = ServiceModel("continuous", alpha_s=1.0, beta_s=0.0, gamma_s=0.125)
BLOCK = 16
TIMES = ("arrival_s", "begin_s", "first_token_s", "end_s", "busy_s", "horizon_s", "paid_s")
COUNTS = ("status", "replica", "attempts", "pool", "preemptions")


@given(SEEDS)
@settings(max_examples=how_many(100, thorough=600), deadline=None)
def test_on_a_grid_of_times_memory_equals_its_steps_passed_one_by_one_exactly(seed: int) -> None:
    case = random_case_of_memory(seed, on_grid=True)
    outcome = replay_network(case.workload, case.pool_of, case.pools, case.until_s)
    twin = stepwise_replay(case.workload, case.pool_of.tolist(), case.pools, case.until_s)
    for field in dataclasses.fields(Outcome):
        np.testing.assert_array_equal(getattr(outcome, field.name), getattr(twin, field.name))
    assert broken_laws(case.workload, outcome) == ()


@given(SEEDS)
@settings(max_examples=how_many(100, thorough=600), deadline=None)
def test_at_any_times_memory_equals_its_steps_passed_one_by_one(seed: int) -> None:
    case = random_case_of_memory(seed, on_grid=False)
    outcome = replay_network(case.workload, case.pool_of, case.pools, case.until_s)
    twin = stepwise_replay(case.workload, case.pool_of.tolist(), case.pools, case.until_s)
    for name in COUNTS:
        np.testing.assert_array_equal(getattr(outcome, name), getattr(twin, name), err_msg=name)
    for name in TIMES:
        np.testing.assert_allclose(
            getattr(outcome, name), getattr(twin, name), rtol=1e-12, atol=1e-9, err_msg=name
        )


def test_the_random_systems_preempt_share_and_run_short() -> None:
    preempted, differ = 0, 0
    for seed in range(40):
        case = random_case_of_memory(seed, on_grid=True)
        outcome = replay_network(case.workload, case.pool_of, case.pools)
        preempted += 0 if outcome.preemptions is None else int(outcome.preemptions.sum())
        pools = [
            dataclasses.replace(
                pool,
                setup=dataclasses.replace(pool.setup, enable_prefix_caching=False, prefix_cache_tokens=0),
            )
            for pool in case.pools
        ]
        without = replay_network(case.workload, case.pool_of, pools)
        differ += int((without.end_s != outcome.end_s).any())
    assert preempted > 20
    assert differ > 10


@given(SEEDS, st.booleans())
@settings(max_examples=how_many(40, thorough=200), deadline=None)
def test_memory_for_all_contexts_at_once_is_no_limit_to_the_bit(seed: int, on_grid: bool) -> None:
    case = random_case_of_all_rules(seed, on_grid=on_grid)
    pools = [
        dataclasses.replace(
            pool,
            model=dataclasses.replace(pool.model, discipline="continuous"),
            setup=dataclasses.replace(pool.setup, prefix_cache_tokens=0),
        )
        for pool in case.pools
    ]
    contexts = case.workload.uncached_tokens + case.workload.decode_steps + 1
    kv_tokens = BLOCK * int(np.ceil(contexts / BLOCK).sum() + 1)
    limited = [
        dataclasses.replace(pool, setup=dataclasses.replace(pool.setup, kv_tokens=kv_tokens))
        for pool in pools
    ]
    free = replay_network(case.workload, case.pool_of, pools, case.until_s)
    held = replay_network(case.workload, case.pool_of, limited, case.until_s)
    assert free.preemptions is None
    assert held.preemptions is not None
    assert held.preemptions.sum() == 0
    for field in dataclasses.fields(Outcome):
        if field.name != "preemptions":
            np.testing.assert_array_equal(getattr(held, field.name), getattr(free, field.name))


def test_whoever_began_last_gives_way_and_is_read_again() -> None:
    # Prompts of 16 tokens take 2 s and 2 blocks each, with the token to come. At 4 s both decode, of 17 tokens; 16
    # steps later both need a third block, and one is free: b goes. a ends at 24 s; b's 16 + 17 tokens are read by
    # 28.125 s, which gives its 18th token of 21; three steps are left.
    workload = plain_workload([0.0, 0.0], tokens=16, steps=20)
    outcome = replay(workload, STEPS_OF_A_SECOND, pool_setup(kv_tokens=5 * BLOCK))
    assert outcome.first_token_s.tolist() == [2.0, 4.0]
    assert outcome.end_s.tolist() == [24.0, 28.125 + 3.0]
    assert outcome.preemptions is not None
    assert outcome.preemptions.tolist() == [1]
    assert outcome.busy_s.tolist() == [31.125]


def test_a_call_whose_prompt_does_not_fit_waits_and_nobody_passes_it() -> None:
    workload = plain_workload([0.0, 0.5, 1.0], tokens=[47, 47, 1], steps=[4, 0, 0])
    outcome = replay(workload, STEPS_OF_A_SECOND, pool_setup(kv_tokens=5 * BLOCK))
    assert outcome.begin_s[1] == outcome.end_s[0]
    assert outcome.begin_s[2] >= outcome.begin_s[1]


def test_a_watermark_is_left_free_unless_nothing_runs() -> None:
    workload = plain_workload([0.0, 0.0], tokens=15, steps=10)
    narrow = replay(workload, STEPS_OF_A_SECOND, pool_setup(kv_tokens=4 * BLOCK, kv_watermark=0.75))
    wide = replay(workload, STEPS_OF_A_SECOND, pool_setup(kv_tokens=4 * BLOCK, kv_watermark=0.5))
    assert narrow.begin_s.tolist() == [0.0, narrow.end_s[0]]
    assert wide.begin_s.tolist() == [0.0, 15 * 0.125]


def test_a_call_that_no_memory_holds_is_refused() -> None:
    workload = plain_workload([0.0, 0.0], tokens=[30, 30], steps=[1, 2])
    outcome = replay(workload, STEPS_OF_A_SECOND, pool_setup(kv_tokens=2 * BLOCK))
    assert outcome.status.tolist() == [CallStatus.SERVED, CallStatus.REJECTED]


def test_a_beginning_that_two_calls_share_is_held_and_read_once() -> None:
    # 64 shared tokens of 80: 4 blocks in common, and 2 each with the token to come.
    workload = dataclasses.replace(
        plain_workload([0.0, 0.0], tokens=80, steps=8),
        prefix=np.zeros(2, np.int64),
        prefix_tokens=np.full(2, 64),
    )
    shared = replay(workload, STEPS_OF_A_SECOND, pool_setup(kv_tokens=8 * BLOCK, enable_prefix_caching=True))
    apart = replay(workload, STEPS_OF_A_SECOND, pool_setup(kv_tokens=8 * BLOCK))
    assert shared.begin_s.tolist() == [0.0, 10.0]
    assert shared.first_token_s.tolist() == [10.0, 10.0 + 16 * 0.125]
    assert apart.begin_s[1] == apart.end_s[0]


def test_an_unused_beginning_goes_before_anybody_is_preempted() -> None:
    # a leaves 4 blocks behind; b grows over them; c, of the same beginning as a, finds nothing of it.
    workload = dataclasses.replace(
        plain_workload([0.0, 20.0, 80.0], tokens=[64, 16, 64], steps=[0, 40, 0]),
        prefix=np.array([0, -1, 0]),
        prefix_tokens=np.array([64, 0, 64]),
    )
    tight = replay(workload, STEPS_OF_A_SECOND, pool_setup(kv_tokens=5 * BLOCK, enable_prefix_caching=True))
    roomy = replay(workload, STEPS_OF_A_SECOND, pool_setup(kv_tokens=9 * BLOCK, enable_prefix_caching=True))
    assert tight.preemptions is not None
    assert tight.preemptions.tolist() == [0]
    assert (tight.first_token_s - tight.begin_s)[2] == 64 * 0.125
    assert (roomy.first_token_s - roomy.begin_s)[2] == 0.0


def test_more_memory_can_delay_a_call() -> None:
    # With 5 blocks b waits until a has ended. With 6 it is read beside a, gives way at once, and is read twice.
    workload = plain_workload([0.0, 0.0], tokens=[63, 31], steps=2)
    less = replay(workload, STEPS_OF_A_SECOND, pool_setup(kv_tokens=5 * BLOCK))
    more = replay(workload, STEPS_OF_A_SECOND, pool_setup(kv_tokens=6 * BLOCK))
    assert less.end_s.tolist() == [9.875, 15.75]
    assert more.end_s.tolist() == [13.75, 17.875]


@pytest.mark.parametrize("sequences", [1, 3])
def test_steps_take_longer_as_contexts_grow_by_the_closed_form(sequences: int) -> None:
    # n sequences of C tokens in all: m·(α + β·n + κ·C) + κ·n·m·(m − 1)/2
    alpha_s, beta_s, kappa_s, prompt, steps = 0.02, 0.001, 1e-5, 500, 300
    model = ServiceModel("continuous", alpha_s, beta_s, 0.0, kappa_s=kappa_s)
    workload = plain_workload(np.zeros(sequences), tokens=prompt, steps=steps)
    contexts = sequences * (prompt + 1)
    first_step_s = alpha_s + beta_s * sequences + kappa_s * contexts
    growing_s = kappa_s * sequences * steps * (steps - 1) / 2
    outcome = replay(workload, model, pool_setup())
    np.testing.assert_allclose(outcome.end_s, steps * first_step_s + growing_s, rtol=1e-12)


def test_what_the_engine_had_of_a_prompt_takes_memory_and_no_time() -> None:
    workload = dataclasses.replace(
        plain_workload([0.0, 0.0], tokens=16, steps=20), cached_tokens=np.full(2, 32)
    )
    outcome = replay(workload, STEPS_OF_A_SECOND, pool_setup(kv_tokens=6 * BLOCK))
    assert outcome.first_token_s[0] == 2.0
    assert outcome.begin_s[1] == outcome.end_s[0]


def test_memory_that_contradicts_itself_is_refused() -> None:
    workload = plain_workload([0.0])
    static = ServiceModel("static", 0.1, 0.1, 0.1)
    with pytest.raises(ValueError, match="block"):
        replay(workload, STEPS_OF_A_SECOND, pool_setup(kv_tokens=15))
    with pytest.raises(ValueError, match="static"):
        replay(workload, static, pool_setup(kv_tokens=160))
    with pytest.raises(ValueError, match="cache of their own"):
        replay(workload, STEPS_OF_A_SECOND, pool_setup(kv_tokens=160, prefix_cache_tokens=16))
