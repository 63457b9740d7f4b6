"""How well does the replay predict a real vLLM server under a load that it was not fitted on?

Shape in: the folder of the runs ``vllm_burstgpt_replay`` (500 requests of BurstGPT sent to one 24 GB GPU, the same
ones at speeds 100, 300, 500 and 1000). Shape out: what was fitted, and observed beside replayed. The model is fitted
on speeds 100 and 300. Of a run that is predicted the replay is told when requests were sent (record_time −
total_chunk_time) and how long they and their answers were (in_len, out_len); the other columns are what it is held
against.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from costctl.arrays import Floats, Ints
from costctl.service_model.engine_log import EngineFit, EngineLog, fit_engine_logs, steps_clock
from costctl.service_model.kv_log import context_of_calls, kv_tokens_seen
from costctl.service_model.replay_fit import ReplayFit, Run, fit_by_replay, replay_run
from costctl.simulate.lanes import Lanes
from costctl.simulate.outcome_measures import quantile_s
from costctl.simulate.workload import Outcome, Pool, PoolSetup, ServiceModel, Workload

FITTED, PREDICTED = (100, 300), (500, 1000)
MEASURES = ("TTFT p50", "TTFT p95", "end-to-end p50", "end-to-end p95", "running", "pending")
_LONGEST_SILENCE_S = 1.5  # an engine without work writes no log; then nothing runs and nothing waits
_AT_THE_LIMIT = 0.985  # of the limit: a count of steps is good to about one in a hundred


@dataclass(frozen=True)
class Recorded:
    """One run: seconds from its first log row, one entry per request in order of arrival."""

    speed: int
    sent_s: Floats
    first_token_s: Floats
    end_s: Floats
    in_len: Ints
    out_len: Ints
    most_tokens: Ints
    log: EngineLog
    use_ratio: Floats


@dataclass(frozen=True)
class Lengths:
    """What was learned of tokens on the fitted runs: prompt tokens per unit of in_len, and for each in_len the
    out_len and decode steps of the requests that had it.
    """

    prompt_tokens_per_in_len: float
    seen: dict[int, tuple[Ints, Ints]]


@dataclass(frozen=True)
class Result:
    """What was fitted, the tokens of KV memory that the fitted runs tell of, and for each speed the pairs (observed,
    replayed) of MEASURES; seconds and sequences.
    """

    engine: EngineFit
    fit: ReplayFit
    pairs: dict[int, tuple[tuple[float, float], ...]]
    kv_tokens: int

    def error_ratio(self, speed: int, measure: str) -> float:
        """Replayed over observed, less 1."""
        observed, replayed = self.pairs[speed][MEASURES.index(measure)]
        return replayed / observed - 1.0


def measured(folder: Path) -> Result:
    """Fit on the fitted speeds, replay all."""
    runs = {speed: read(folder, speed) for speed in (*FITTED, *PREDICTED)}
    fitted = [runs[speed] for speed in FITTED]
    lengths = lengths_of(fitted)
    kv_tokens = kv_tokens_of(fitted, lengths)
    engine = fit_engine_logs([replace(run.log, context_tokens=run.use_ratio * kv_tokens) for run in fitted])
    if isinstance(engine, str):
        raise ValueError(engine)
    pool = pool_of(engine)
    known = [observed(run, lengths) for run in fitted]
    fit = fit_by_replay(known, pool)
    pool = replace(pool, model=fit.model)
    pairs = {}
    for speed, run in runs.items():
        outcome = replay_run(observed(run, lengths), pool, fit.overhead_s)
        pairs[speed] = _pairs(run, outcome, fit.overhead_s)
    return Result(engine, fit, pairs, kv_tokens)


def read(folder: Path, speed: int) -> Recorded:
    """The run of this speed."""
    log = _columns(folder / f"vllm_log_scale{speed}.json")
    detail = _columns(folder / f"detail_log_scale{speed}.json")
    start_s = log["timestamp"][0]
    since_s = np.diff(log["timestamp"], prepend=start_s)
    sent_s = detail["record_time"] - detail["total_chunk_time"] - start_s
    order = np.argsort(sent_s, kind="stable")
    return Recorded(
        speed=speed,
        sent_s=sent_s[order],
        first_token_s=(sent_s + detail["first_chunk_time"])[order],
        end_s=(detail["record_time"] - start_s)[order],
        in_len=detail["in_len"][order].astype(np.int64),
        out_len=detail["out_len"][order].astype(np.int64),
        most_tokens=detail["out_len_expected"][order].astype(np.int64),
        log=EngineLog(
            at_s=log["timestamp"] - start_s,
            running=log["num_running"].astype(np.int64),
            waiting=log["num_pending"].astype(np.int64),
            decoded_tokens=log["generation_throughput"] * since_s,
            prompt_tokens=log["prompt_throughput"] * since_s,
        ),
        use_ratio=log["gpu_kvcache_usage"] / 100.0,
    )


def _columns(path: Path) -> dict[str, Floats]:
    rows: list[dict[str, Any]] = list(json.loads(path.read_text(encoding="utf-8")).values())
    return {name: np.array([row[name] for row in rows], np.float64) for name in rows[0]}


def lengths_of(runs: list[Recorded]) -> Lengths:
    """Tokens from the engine's log: in_len and out_len are counts of another tokenizer and of characters."""
    prompts = sum(float(run.log.prompt_tokens[1:].sum()) for run in runs)
    in_len = np.concatenate([run.in_len for run in runs])
    out_len = np.concatenate([run.out_len for run in runs])
    steps = np.concatenate([_steps_seen(run) for run in runs])
    seen = {int(each): (out_len[in_len == each], steps[in_len == each]) for each in np.unique(in_len)}
    return Lengths(prompts / float(in_len.sum()), seen)


def kv_tokens_of(runs: list[Recorded], lengths: Lengths) -> int:
    """Tokens of KV memory: those of the calls that decode, over the share of the memory that is in use."""
    contexts = []
    for run in runs:
        at_s, clock = steps_clock(run.log, run.first_token_s, run.end_s)
        first, end = np.interp(run.first_token_s, at_s, clock), np.interp(run.end_s, at_s, clock)
        prompts = np.round(run.in_len * lengths.prompt_tokens_per_in_len).astype(np.int64)
        contexts.append(context_of_calls(clock, first, end, prompts))
    found = kv_tokens_seen(
        np.concatenate([run.use_ratio for run in runs]),
        np.concatenate([run.log.running for run in runs]),
        np.concatenate(contexts),
    )
    if found is None:
        raise ValueError("the log does not tell how much KV memory there is")
    return found


def _steps_seen(run: Recorded) -> Ints:
    """Decode steps of each request after its first token; those that come within a hair of the limit met it."""
    at_s, clock = steps_clock(run.log, run.first_token_s, run.end_s)
    steps = np.interp(run.end_s, at_s, clock) - np.interp(run.first_token_s, at_s, clock)
    is_cut = steps >= _AT_THE_LIMIT * run.most_tokens
    return np.where(is_cut, run.most_tokens - 1, np.maximum(np.round(steps), 0)).astype(np.int64)


def observed(run: Recorded, lengths: Lengths) -> Run:
    """The run as a workload; an answer has the steps of the one nearest in out_len to the same in_len."""
    steps = np.zeros(run.in_len.size, np.int64)
    for index, (in_len, out_len) in enumerate(zip(run.in_len, run.out_len, strict=True)):
        lengths_seen, steps_seen = lengths.seen[int(in_len)]
        distance = np.abs(lengths_seen - out_len)
        steps[index] = round(float(np.median(steps_seen[distance == distance.min()])))
    size = run.in_len.size
    prompts = np.maximum(np.round(run.in_len * lengths.prompt_tokens_per_in_len), 1).astype(np.int64)
    workload = Workload(
        arrival_s=run.sent_s,
        after=np.full(size, -1, np.int64),
        think_s=np.zeros(size),
        uncached_tokens=prompts,
        decode_steps=steps,
        lane=np.zeros(size, np.int64),
        replica=np.zeros(size, np.int64),
    )
    return Run(workload, run.first_token_s - run.sent_s, run.end_s - run.sent_s)


def pool_of(engine: EngineFit) -> Pool:
    """One replica with the step times and limits of the log."""
    if engine.max_num_seqs is None or engine.max_batched_tokens is None:
        raise ValueError("the log does not show max_num_seqs or max_num_batched_tokens at work")
    setup = PoolSetup(
        replicas=1,
        max_num_seqs=engine.max_num_seqs,
        dispatch="round_robin",
        batch_window_s=0.0,
        lanes=Lanes.plain(1),
        max_batched_tokens=engine.max_batched_tokens,
    )
    model = ServiceModel(
        "continuous",
        engine.alpha_s,
        engine.beta_s,
        engine.gamma_s,
        is_prefill_stalling=False,
        kappa_s=engine.kappa_s or 0.0,
    )
    return Pool(model, setup)


def _pairs(run: Recorded, outcome: Outcome, overhead_s: float) -> tuple[tuple[float, float], ...]:
    """Observed and replayed, in the order of MEASURES."""
    ttft_s = (run.first_token_s - run.sent_s, outcome.first_token_s - outcome.arrival_s)
    latency_s = (run.end_s - run.sent_s, outcome.end_s - outcome.arrival_s)
    span_s = outcome.end_s.max() - run.sent_s.min()
    in_progress_s = (outcome.end_s - outcome.begin_s).sum()
    in_line_s = (outcome.begin_s - outcome.arrival_s - overhead_s).sum()
    return (
        *(
            (quantile_s(a, level), quantile_s(b, level))
            for a, b in (ttft_s, latency_s)
            for level in (0.5, 0.95)
        ),
        (_mean_over_run(run, run.log.running), float(in_progress_s / span_s)),
        (_mean_over_run(run, run.log.waiting), float(in_line_s / span_s)),
    )


def _mean_over_run(run: Recorded, sequences: Ints) -> float:
    """Time average of a column of the log, from the first request to the last end."""
    since_s = np.diff(run.log.at_s)
    spoken = since_s < _LONGEST_SILENCE_S
    total = float((sequences[1:] * since_s)[spoken].sum())
    return total / float(run.end_s.max() - run.sent_s.min())
