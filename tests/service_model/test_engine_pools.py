"""From files to a service model: an engine's scrapes beside calls that do not tell step times, and such as do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from costctl.arrays import Floats, Ints
from costctl.documents.analysis import Analysis, PoolReport
from costctl.documents.engines import EngineReport
from costctl.observation import Question
from costctl.service_model.engine_log import EngineLog
from costctl.verbs import analyze
from tests.oracles.logging_engine import EngineLaw, serve_step_by_step

LAW = EngineLaw(0.016, 0.0008, 1e-4, max_num_seqs=64, max_batched_tokens=2048)
START_NS = 1_796_025_600 * 10**9
CALLS = 150
POOL = '[pools.chat]\nusd_per_replica_hour = 3.6\nmatch = { operation = "chat" }\n'


def calls_csv(
    arrival_s: Floats, first_s: Floats, end_s: Floats, prompts: Ints, steps: Ints, *, has_ttft: bool
) -> str:
    names = "start_ns,end_ns,operation,model_served,input_tokens,output_tokens" + (
        ",ttft_s,queue_s" if has_ttft else ""
    )
    rows = [
        f"{START_NS + round(start * 1e9)},{START_NS + round(end * 1e9)},chat,org/Small-8B,{prompt},{decoded + 1}"
        + (f",{first - start:.9f},0" if has_ttft else "")
        for start, first, end, prompt, decoded in zip(arrival_s, first_s, end_s, prompts, steps, strict=True)
    ]
    return "\n".join([names, *rows]) + "\n"


def scrapes(log: EngineLog) -> str:
    totals = zip(np.cumsum(log.decoded_tokens), np.cumsum(log.prompt_tokens), strict=True)
    rows = zip(log.at_s, log.running, log.waiting, totals, strict=True)
    return "".join(
        f"# {START_NS / 1e9 + at_s:.6f}\n"
        f'vllm:num_requests_running{{model_name="org/Small-8B"}} {running}\n'
        f'vllm:num_requests_waiting{{model_name="org/Small-8B"}} {waiting}\n'
        f'vllm:generation_tokens_total{{model_name="org/Small-8B"}} {decoded}\n'
        f'vllm:prompt_tokens_total{{model_name="org/Small-8B"}} {read}\n'
        'vllm:cache_config_info{block_size="16",num_gpu_blocks="2588"} 1.0\n'
        for at_s, running, waiting, (decoded, read) in rows
    )


def analysed(folder: Path, *, has_ttft: bool, engines: int = 1) -> Analysis:
    rng = np.random.default_rng(1130)
    arrival_s = np.sort(rng.uniform(0.0, CALLS / 2.4, CALLS))
    prompts, steps = rng.integers(20, 900, CALLS), rng.integers(1, 500, CALLS)
    log, first_s, end_s = serve_step_by_step(LAW, arrival_s, prompts, steps)
    calls = folder / "calls.csv"
    calls.write_text(calls_csv(arrival_s, first_s, end_s, prompts, steps, has_ttft=has_ttft))
    (folder / "costctl.toml").write_text(POOL)
    metrics = [folder / f"engine-{number}.prom" for number in range(engines)]
    for number, file in enumerate(metrics):
        file.write_text(scrapes(log).replace("{", f'{{instance="gpu-{number}",'))
    paths = (str(calls), *map(str, metrics))
    return analyze(Question(paths=paths, config=folder / "costctl.toml"), lambda *_: None)


def pool_and_engine(document: Analysis) -> tuple[PoolReport, EngineReport]:
    ((pool,), (engine,)) = document.pools, document.engines
    return pool, engine


def test_a_pool_whose_calls_have_no_time_to_first_token_is_fitted_to_its_engine(tmp_path: Path) -> None:
    pool, engine = pool_and_engine(analysed(tmp_path, has_ttft=False))
    model = pool.service_model
    assert model is not None
    assert (model.alpha_from, model.beta_from, model.gamma_from, model.calls) == (*["engine metrics"] * 3, 0)
    intervals = (engine.alpha_s, engine.beta_s, engine.gamma_s)
    for interval, truth in zip(intervals, (LAW.alpha_s, LAW.beta_s, LAW.gamma_s), strict=True):
        assert interval is not None
        assert interval.low <= truth <= interval.high
    assert model.p50_error_ratio == pytest.approx(0.0, abs=0.05)
    assert (engine.pool, engine.matched_by) == ("chat", "the only pool")
    assert pool.kv_tokens is not None
    assert (pool.kv_tokens.mid, pool.kv_tokens.method) == (2588 * 16, "reported by the engine")


def test_without_the_engine_it_has_no_model(tmp_path: Path) -> None:
    document = analysed(tmp_path, has_ttft=False, engines=0)
    assert document.engines == ()
    assert [(pool.service_model, pool.kv_tokens) for pool in document.pools] == [(None, None)]


def test_where_calls_tell_step_times_too_each_constant_says_what_it_comes_from(tmp_path: Path) -> None:
    pool, _ = pool_and_engine(analysed(tmp_path, has_ttft=True))
    model = pool.service_model
    assert model is not None
    assert model.calls > 0
    assert model.alpha_from.startswith("calls")
    assert model.alpha_s == pytest.approx(LAW.alpha_s, rel=0.05)


def test_where_two_engines_serve_calls_that_name_neither_busy_time_is_not_observed(tmp_path: Path) -> None:
    pool, engine = pool_and_engine(analysed(tmp_path, has_ttft=False, engines=2))
    model = pool.service_model
    assert model is not None
    assert (engine.engines, pool.replicas) == (2, 2)
    assert model.utilisation_error_ratio is None
