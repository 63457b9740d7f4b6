"""How well does the first half of a real vLLM run predict the second half of it?

Shape in: the folder of one of the runs ``llmservingsim_vllm`` (300 requests of ShareGPT, ten a second, to vLLM 0.19).
Shape out: what was fitted, and of the calls that end in the second half observed beside replayed. Of the second half
the fit knows nothing; the replay is told when requests came and how many tokens they and their answers have. The limits
of the engine are those that its configuration says.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.service_model.engine_log import EngineFit, EngineLog, fit_engine_logs, steps_clock
from costctl.service_model.kv_log import context_of_calls
from costctl.service_model.replay_fit import ReplayFit, Run, fit_by_replay, replay_run
from costctl.simulate.lanes import Lanes
from costctl.simulate.outcome_measures import quantile_s
from costctl.simulate.workload import Outcome, Pool, PoolSetup, ServiceModel, Workload

MACHINES = ("RTX4090", "RTXPRO6000")
MODEL = "Llama-3.1-8B"
MEASURES = ("TTFT mean", "TTFT p50", "TTFT p95", "end-to-end mean", "end-to-end p50", "end-to-end p95")
PEERS_WORDS = {"TTFT": "TTFT", "Latency": "end-to-end", "Mean": "mean", "Median": "p50", "P95": "p95"}


@dataclass(frozen=True)
class Recorded:
    """One run: seconds from the first request, one entry per request in order of arrival."""

    sent_s: Floats
    first_token_s: Floats
    end_s: Floats
    prompt_tokens: Ints
    output_tokens: Ints
    log: EngineLog
    use_ratio: Floats
    setup: PoolSetup


@dataclass(frozen=True)
class Result:
    """What the first half gave, and pairs (observed, replayed) of MEASURES over the calls that end in the second half
    and over all; the peer's errors are over all. preemptions: replayed.
    """

    engine: EngineFit
    fit: ReplayFit
    second_half: tuple[tuple[float, float], ...]
    whole: tuple[tuple[float, float], ...]
    peer_error: dict[str, float]
    preemptions: int

    def error_ratio(self, measure: str) -> float:
        """Of the second half: replayed over observed, less 1."""
        observed, replayed = self.second_half[MEASURES.index(measure)]
        return replayed / observed - 1.0


def measured(folder: Path) -> Result:
    """Fit on the first half of the time, replay all."""
    run = read(folder)
    half_s = float(run.end_s.max()) / 2
    engine = fit_engine_logs([first_half(run, half_s)])
    if isinstance(engine, str):
        raise ValueError(engine)
    model = ServiceModel(
        "continuous",
        engine.alpha_s,
        engine.beta_s,
        engine.gamma_s,
        is_prefill_stalling=False,
        kappa_s=engine.kappa_s or 0.0,
    )
    known = observed(run, half_s)
    fit = fit_by_replay([known], Pool(model, run.setup))
    outcome = replay_run(known, Pool(fit.model, run.setup), fit.overhead_s)
    every = np.ones(run.sent_s.size, np.bool_)
    preemptions = 0 if outcome.preemptions is None else int(outcome.preemptions.sum())
    return Result(
        engine,
        fit,
        _pairs(run, outcome, run.end_s > half_s),
        _pairs(run, outcome, every),
        peer_errors(folder),
        preemptions,
    )


def read(folder: Path) -> Recorded:
    """The run of this folder."""
    lines = (folder / "requests.jsonl").read_text(encoding="utf-8").splitlines()
    requests: list[dict[str, Any]] = sorted(map(json.loads, lines), key=lambda each: each["queued_ts"])
    with (folder / "timeseries.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    def of_requests(name: str) -> Floats:
        return np.array([each[name] for each in requests], np.float64)

    def of_rows(name: str) -> Floats:
        return np.array([row[name] for row in rows], np.float64)

    start_s, at_s = requests[0]["queued_ts"], of_rows("t")
    since_s = np.diff(at_s, prepend=0.0)
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    memory = meta.get("kv_cache", {})
    setup = PoolSetup(
        replicas=1,
        max_num_seqs=meta["engine_kwargs"]["max_num_seqs"],
        dispatch="round_robin",
        batch_window_s=0.0,
        lanes=Lanes.plain(1),
        max_batched_tokens=meta["engine_kwargs"]["max_num_batched_tokens"],
        kv_tokens=memory.get("num_kv_tokens"),
        enable_prefix_caching=bool(memory.get("enable_prefix_caching", False)),
    )
    return Recorded(
        sent_s=of_requests("queued_ts") - start_s,
        first_token_s=of_requests("first_token_ts") - start_s,
        end_s=of_requests("last_token_ts") - start_s,
        prompt_tokens=of_requests("input_toks").astype(np.int64),
        output_tokens=of_requests("output_toks").astype(np.int64),
        log=EngineLog(
            at_s=at_s,
            running=of_rows("running").astype(np.int64),
            waiting=of_rows("waiting").astype(np.int64),
            decoded_tokens=of_rows("gen_throughput") * since_s,
            prompt_tokens=of_rows("prompt_throughput") * since_s,
        ),
        use_ratio=of_rows("kv_cache_pct") / 100.0,
        setup=setup,
    )


def first_half(run: Recorded, half_s: float) -> EngineLog:
    """The log until then, with contexts from the use of the memory or, where that is not logged, from the calls."""
    seen = run.log.at_s <= half_s
    log = EngineLog(
        *(
            getattr(run.log, name)[seen]
            for name in ("at_s", "running", "waiting", "decoded_tokens", "prompt_tokens")
        )
    )
    if run.setup.kv_tokens is not None:
        return replace(log, context_tokens=run.use_ratio[seen] * run.setup.kv_tokens)
    return replace(log, context_tokens=contexts(run, log, half_s))


def contexts(run: Recorded, log: EngineLog, half_s: float) -> Floats:
    """Of what decodes at each report, from what has happened by then."""
    began = run.first_token_s <= half_s
    first_s, end_s = run.first_token_s[began], run.end_s[began]
    at_s, clock = steps_clock(log, first_s, np.minimum(end_s, half_s + 1.0))
    first, end = np.interp(first_s, at_s, clock), np.interp(end_s, at_s, clock)
    return context_of_calls(clock, first, np.where(end_s <= half_s, end, np.inf), run.prompt_tokens[began])


def observed(run: Recorded, half_s: float) -> Run:
    """All requests, and what had become of them by half of the time."""
    size = run.sent_s.size
    workload = Workload(
        arrival_s=run.sent_s,
        after=np.full(size, -1, np.int64),
        think_s=np.zeros(size),
        uncached_tokens=run.prompt_tokens,
        decode_steps=run.output_tokens - 1,
        lane=np.zeros(size, np.int64),
        replica=np.zeros(size, np.int64),
    )
    ttft_s = np.where(run.first_token_s <= half_s, run.first_token_s - run.sent_s, np.nan)
    return Run(workload, ttft_s, np.where(run.end_s <= half_s, run.end_s - run.sent_s, np.nan))


def _pairs(run: Recorded, outcome: Outcome, chosen: Bools) -> tuple[tuple[float, float], ...]:
    """Observed and replayed, in the order of MEASURES."""
    spans = (
        (run.first_token_s - run.sent_s, outcome.first_token_s - outcome.arrival_s),
        (run.end_s - run.sent_s, outcome.end_s - outcome.arrival_s),
    )
    return tuple(
        (measure(seen_s[chosen]), measure(replayed_s[chosen]))
        for seen_s, replayed_s in spans
        for measure in (_mean, _p50, _p95)
    )


def _mean(seconds: Floats) -> float:
    return float(seconds.mean())


def _p50(seconds: Floats) -> float:
    return quantile_s(seconds, 0.5)


def _p95(seconds: Floats) -> float:
    return quantile_s(seconds, 0.95)


def peer_errors(folder: Path) -> dict[str, float]:
    """What the peer says of its own prediction of the whole run, by our names of measures; ratios."""
    text = (folder / "peer_summary.txt").read_text(encoding="utf-8")
    found = re.findall(r"^(TTFT|Latency) (Mean|Median|P95) .*?([-+][\d.]+)%$", text, re.MULTILINE)
    return {f"{PEERS_WORDS[what]} {PEERS_WORDS[of]}": float(percent) / 100 for what, of, percent in found}
