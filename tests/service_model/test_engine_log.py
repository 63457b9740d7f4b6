"""Step times and limits are found again from what an engine says of itself, and from latencies by replay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from costctl.arrays import Floats
from costctl.service_model.engine_log import EngineFit, EngineLog, fit_engine_logs, steps_clock
from costctl.service_model.kv_log import context_of_calls, kv_tokens_seen
from costctl.service_model.replay_fit import Run, fit_by_replay, replay_run
from costctl.simulate.lanes import Lanes
from costctl.simulate.network import replay_network
from costctl.simulate.workload import Pool, PoolSetup, ServiceModel, Workload
from tests.oracles.logging_engine import EngineLaw, serve_step_by_step

LAW = EngineLaw(0.006, 0.0004, 4e-5, max_num_seqs=96, max_batched_tokens=256)


def workload_of(seed: int, calls: int, per_s: float) -> Workload:
    rng = np.random.default_rng(seed)
    return Workload(
        arrival_s=np.sort(rng.uniform(0.0, calls / per_s, calls)),
        after=np.full(calls, -1),
        think_s=np.zeros(calls),
        uncached_tokens=rng.integers(20, 900, calls),
        decode_steps=rng.integers(0, 500, calls),
        lane=np.zeros(calls, np.int64),
        replica=np.zeros(calls, np.int64),
    )


def pool_of(law: EngineLaw) -> Pool:
    setup = PoolSetup(
        replicas=1,
        max_num_seqs=law.max_num_seqs,
        dispatch="round_robin",
        batch_window_s=0.0,
        lanes=Lanes.plain(1),
        max_batched_tokens=law.max_batched_tokens,
    )
    model = ServiceModel("continuous", law.alpha_s, law.beta_s, law.gamma_s, is_prefill_stalling=False)
    return Pool(model, setup)


def served(workload: Workload, law: EngineLaw = LAW) -> tuple[EngineLog, Floats, Floats]:
    return serve_step_by_step(law, workload.arrival_s, workload.uncached_tokens, workload.decode_steps)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_step_times_and_limits_are_those_of_the_engine_that_wrote_the_log(seed: int) -> None:
    calm, _, _ = served(workload_of(seed, 400, per_s=3.0))
    rush, _, _ = served(workload_of(seed + 10, 600, per_s=20.0))
    fit = fit_engine_logs([calm, rush])
    assert isinstance(fit, EngineFit)
    assert (fit.max_num_seqs, fit.max_batched_tokens) == (LAW.max_num_seqs, LAW.max_batched_tokens)
    assert fit.alpha_s == pytest.approx(LAW.alpha_s, rel=0.05)
    assert fit.beta_s == pytest.approx(LAW.beta_s, rel=0.05)
    # Prompts come in bursts that reports cut through: their share of a step is only roughly known.
    assert fit.gamma_s == pytest.approx(LAW.gamma_s, rel=0.25)


def test_a_limit_that_was_never_at_work_stays_unknown() -> None:
    calm, _, _ = served(workload_of(4, 800, per_s=2.0))
    fit = fit_engine_logs([calm])
    assert isinstance(fit, EngineFit)
    assert (fit.max_num_seqs, fit.max_batched_tokens) == (None, None)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_time_of_a_token_in_the_cache_is_told_where_contexts_differ(seed: int) -> None:
    law = replace(LAW, kappa_s=2e-7)
    calm, _, _ = served(workload_of(seed, 600, per_s=5.0), law)
    shorter = workload_of(seed + 10, 500, per_s=3.0)
    longer, _, _ = served(replace(shorter, uncached_tokens=shorter.uncached_tokens + 3000), law)
    fit = fit_engine_logs([calm, longer])
    assert isinstance(fit, EngineFit)
    assert fit.kappa_s == pytest.approx(law.kappa_s, rel=0.10)
    assert fit.alpha_s == pytest.approx(law.alpha_s, rel=0.10)
    assert fit.beta_s == pytest.approx(law.beta_s, rel=0.10)


def test_the_time_of_a_token_in_the_cache_is_unknown_where_it_is_none() -> None:
    calm, _, _ = served(workload_of(1, 400, per_s=3.0))
    rush, _, _ = served(workload_of(11, 600, per_s=20.0))
    fit = fit_engine_logs([calm, rush])
    assert isinstance(fit, EngineFit)
    assert fit.kappa_s is None


def test_the_time_of_a_token_in_the_cache_is_unknown_without_contexts() -> None:
    rush, _, _ = served(workload_of(11, 600, per_s=20.0), replace(LAW, kappa_s=2e-7))
    fit = fit_engine_logs([replace(rush, context_tokens=None)])
    assert isinstance(fit, EngineFit)
    assert fit.kappa_s is None


def test_contexts_and_the_size_of_the_memory_are_those_of_the_engine() -> None:
    workload = workload_of(12, 600, per_s=12.0)
    log, first_s, end_s = served(workload)
    at_s, clock = steps_clock(log, first_s, end_s)
    first, end = np.interp(first_s, at_s, clock), np.interp(end_s, at_s, clock)
    found = context_of_calls(clock, first, end, workload.uncached_tokens)
    assert log.context_tokens is not None
    busy = log.running > 20
    np.testing.assert_allclose(found[busy], log.context_tokens[busy], rtol=0.03)
    held = log.context_tokens + 7.5 * log.running
    kv_tokens = 2 * int(held.max())
    assert kv_tokens_seen(held / kv_tokens, log.running, found) == pytest.approx(kv_tokens, rel=0.03)
    assert kv_tokens_seen(np.zeros(log.at_s.size), log.running, found) is None


def test_an_engine_that_was_hardly_seen_has_no_step_times() -> None:
    log, _, _ = served(workload_of(5, 3, per_s=1.0))
    reason = fit_engine_logs([log])
    assert isinstance(reason, str)
    assert "windows" in reason


def test_a_call_decoded_as_many_tokens_as_the_clock_of_steps_advanced() -> None:
    workload = workload_of(6, 500, per_s=8.0)
    log, first_s, end_s = served(workload)
    at_s, clock = steps_clock(log, first_s, end_s)
    steps = np.interp(end_s, at_s, clock) - np.interp(first_s, at_s, clock)
    long = workload.decode_steps >= 100
    assert np.median(np.abs(steps / np.maximum(workload.decode_steps, 1) - 1.0)[long]) < 0.02


def test_the_replay_and_the_engine_that_takes_every_step_agree() -> None:
    workload = workload_of(7, 300, per_s=12.0)
    _, first_s, end_s = served(workload)
    outcome = replay_network(workload, np.zeros(workload.size, np.int64), [pool_of(LAW)])
    np.testing.assert_allclose(outcome.first_token_s, first_s, rtol=0, atol=1e-6)
    np.testing.assert_allclose(outcome.end_s, end_s, rtol=0, atol=1e-6)


def test_a_fit_through_the_replay_corrects_step_times_that_are_off_and_finds_the_overhead() -> None:
    workload = workload_of(8, 400, per_s=5.0)
    late = replace(workload, arrival_s=workload.arrival_s + 0.02)
    _, first_s, end_s = served(late)
    run = Run(workload, first_s - workload.arrival_s, end_s - workload.arrival_s)
    start = pool_of(replace(LAW, alpha_s=LAW.alpha_s * 1.2, beta_s=LAW.beta_s * 0.85))
    fit = fit_by_replay([run], start)
    assert fit.error_ratio < 0.02
    assert fit.overhead_s == pytest.approx(0.02, abs=0.005)
    for batch in (8, 40):
        assert fit.model.alpha_s + fit.model.beta_s * batch == pytest.approx(
            LAW.alpha_s + LAW.beta_s * batch, rel=0.03
        )


def test_overhead_counts_as_latency_and_not_as_work() -> None:
    workload = workload_of(9, 200, per_s=5.0)
    run = Run(workload, np.ones(workload.size), np.ones(workload.size))
    without, with_it = (replay_run(run, pool_of(LAW), overhead_s) for overhead_s in (0.0, 0.25))
    np.testing.assert_allclose(with_it.arrival_s, workload.arrival_s, atol=1e-9)
    np.testing.assert_allclose(
        with_it.end_s - with_it.arrival_s, without.end_s - without.arrival_s + 0.25, atol=1e-6
    )
    np.testing.assert_allclose(with_it.busy_s, without.busy_s, atol=1e-6)
