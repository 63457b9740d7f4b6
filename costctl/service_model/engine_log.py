"""What do an engine's own statistics say of its step times and its limits? No call needs to be recorded for it.

In: what an engine that decodes continuously reports every half second or so (vLLM's log line, or its metrics
num_requests_running, num_requests_waiting, generation_tokens_total and prompt_tokens_total). Out: α, β, γ in
seconds, sequences that it decodes at once, and tokens that a step may carry. docs/explanation/replay-accuracy.md
How far off they may be: engine_interval.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import nnls

from costctl.arrays import Bools, Floats, Ints

_FEWEST_WINDOWS: Final = 6  # twice the unknowns; how sure so few make it, engine_interval.py says
_FEWEST_FULL_ROWS: Final = 5
_STEPS_IN_A_WINDOW: Final = 100  # a report cuts a step in two: one in a hundred is one per cent
_LONGEST_SILENCE: Final = 3.0  # in usual intervals; an engine that has nothing to do reports nothing
_SELDOM_IDLE_S: Final = (
    2.0  # between reports further apart an engine may have been idle, unless as many ran at both
)
_SELDOM_IDLE_RUNNING: Final = 8
_NEARLY_FULL: Final = 0.95
_SAME_BUDGET: Final = 0.03  # the middle half of full steps lies this close to their median
_BLOCK_TOKENS: Final = 16  # of vLLM's KV cache (block_size, 2024); budgets are set in multiples of it


@dataclass(frozen=True, slots=True)
class EngineLog:
    """n reports of one replica, in order of time, two at least.

    at_s: when.  running, waiting: sequences running and queued at that moment.  decoded_tokens,
    prompt_tokens: since the report before; those of the first report are not used.  steps: likewise, where the engine
    counts them; else they are told from the tokens and from how many sequences ran.
    """

    at_s: Floats
    running: Ints
    waiting: Ints
    decoded_tokens: Floats
    prompt_tokens: Floats
    steps: Floats | None = None


@dataclass(frozen=True, slots=True)
class EngineFit:
    """A step of b sequences that reads t prompt tokens takes alpha_s + beta_s·b + gamma_s·t.

    max_num_seqs, max_batched_tokens: None where the log never shows the limit at work; without the second,
    prefill may as well stall decoding.  windows: of about a hundred steps, on which the fit rests.
    """

    alpha_s: float
    beta_s: float
    gamma_s: float
    max_num_seqs: int | None
    max_batched_tokens: int | None
    windows: int


def fit_engine_logs(logs: Sequence[EngineLog]) -> EngineFit | str:
    """The step times and limits of replicas that are alike, or why they cannot be had.

    Between two reports Δt = α·s + β·g + γ·p, with s steps, g decoded tokens and p prompt tokens. Each step
    decodes a token of every decoding sequence, so that s = g / n; n is the mean of the two reports. The sums
    of many reports obey the same law, so whole windows are fitted, each by its relative error.
    """
    most = _max_num_seqs(logs)
    windows = windows_of(logs, most)
    if len(windows) < _FEWEST_WINDOWS:
        return f"the engine was busy in only {len(windows)} windows of {_STEPS_IN_A_WINDOW} steps"
    alpha_s, beta_s, gamma_s = (float(value) for value in step_times(windows))
    return EngineFit(alpha_s, beta_s, gamma_s, most, _max_batched_tokens(logs, most), len(windows))


def windows_of(logs: Sequence[EngineLog], max_num_seqs: int | None) -> Floats:
    """Rows of seconds, steps, decoded tokens and prompt tokens, of about a hundred steps each."""
    return np.concatenate([_windows(log, max_num_seqs) for log in logs])


def step_times(windows: Floats) -> Floats:
    """α, β, γ that fit the windows, none of them negative, each window by its relative error."""
    design = windows[:, 1:] / windows[:, :1]
    scale = np.maximum(np.linalg.norm(design, axis=0), np.finfo(np.float64).tiny)
    solution, _ = nnls(design / scale, np.ones(len(windows)))
    found: Floats = solution / scale
    return found


def steps_clock(log: EngineLog, first_token_s: Floats, end_s: Floats) -> tuple[Floats, Floats]:
    """Instants, and the decode steps that have passed until each: a clock that ticks once a step.

    Calls that were all recorded say exactly how many decoded at each moment, the log how many tokens came:
    a call decoded as many tokens as the clock advanced between its first token and its end. One entry in
    first_token_s and end_s for each call, on the log's axis.
    """
    sequence_s = np.diff(_integral_of_active(first_token_s, end_s, log.at_s))
    length_s = np.diff(log.at_s)
    is_decoding = sequence_s > 0
    steps = np.zeros(length_s.size)
    steps[is_decoding] = (log.decoded_tokens[1:] * length_s)[is_decoding] / sequence_s[is_decoding]
    return log.at_s, np.concatenate([[0.0], np.cumsum(steps)])


def _integral_of_active(first_token_s: Floats, end_s: Floats, at_s: Floats) -> Floats:
    """∫ n dt up to each of these instants, n calls decoding."""
    instants = np.concatenate([first_token_s, end_s])
    order = np.argsort(instants, kind="stable")
    change = np.concatenate([np.ones(first_token_s.size), -np.ones(end_s.size)])[order]
    lengths_s = np.diff(instants[order])
    area_s = np.concatenate([[0.0], np.cumsum(np.cumsum(change)[:-1] * lengths_s)])
    found: Floats = np.interp(at_s, instants[order], area_s)
    return found


def _steps(log: EngineLog, max_num_seqs: int | None) -> tuple[Floats, Bools, Bools]:
    """Of each report but the first: steps since the one before, whether the engine was busy all the while, and
    whether calls then waited though there were sequences to be had, as they do when steps are full.

    Where steps are full one prompt is half read at the end of each: it runs, and does not decode.
    """
    is_held_up = (log.waiting > 0) & (log.running < _NEARLY_FULL * (max_num_seqs or np.inf))
    decoding = (log.running - is_held_up).astype(np.float64)
    length_s = np.diff(log.at_s)
    is_heard = length_s < _LONGEST_SILENCE * np.median(length_s)
    busy = (log.running > 0)[1:] & (log.running > 0)[:-1] & is_heard
    if log.steps is not None:
        fewest = np.minimum(log.running[1:], log.running[:-1])
        busy &= (length_s <= _SELDOM_IDLE_S) | (fewest >= _SELDOM_IDLE_RUNNING)
        return log.steps[1:], busy, is_held_up[1:] & is_held_up[:-1]
    steps: Floats = log.decoded_tokens[1:] / np.maximum((decoding[1:] + decoding[:-1]) / 2.0, 1.0)
    return steps, busy, is_held_up[1:] & is_held_up[:-1]


def _windows(log: EngineLog, max_num_seqs: int | None) -> Floats:
    """Rows of seconds, steps, decoded tokens and prompt tokens: busy stretches, cut every hundred steps."""
    steps, busy, _ = _steps(log, max_num_seqs)
    rows = np.column_stack([np.diff(log.at_s), steps, log.decoded_tokens[1:], log.prompt_tokens[1:]])
    found, window = [], np.zeros(4)
    for row, is_busy in zip(rows, busy, strict=True):
        window = window + row if is_busy else np.zeros(4)
        if window[1] >= _STEPS_IN_A_WINDOW:
            found.append(window)
            window = np.zeros(4)
    return np.array(found).reshape(-1, 4)


def _max_num_seqs(logs: Sequence[EngineLog]) -> int | None:
    """The most sequences that ran, if others waited meanwhile, and often."""
    most = max(int(log.running.max(initial=0)) for log in logs)
    full = sum(int(np.count_nonzero((log.running == most) & (log.waiting > 0))) for log in logs)
    return most if most > 0 and full >= _FEWEST_FULL_ROWS else None


def _max_batched_tokens(logs: Sequence[EngineLog], max_num_seqs: int | None) -> int | None:
    """Tokens of a step that had no room for more, if they are always about as many."""
    full: list[Floats] = []
    for log in logs:
        steps, busy, is_full = _steps(log, max_num_seqs)
        chosen = busy & is_full & (steps >= 1.0) & (log.prompt_tokens[1:] > 0)
        full.append((log.decoded_tokens + log.prompt_tokens)[1:][chosen] / steps[chosen])
    tokens = np.concatenate(full)
    if tokens.size < _FEWEST_FULL_ROWS:
        return None
    low, mid, high = np.quantile(tokens, [0.25, 0.5, 0.75])
    is_one_budget = high - low <= 2 * _SAME_BUDGET * mid
    return max(round(float(mid) / _BLOCK_TOKENS), 1) * _BLOCK_TOKENS if is_one_budget else None
