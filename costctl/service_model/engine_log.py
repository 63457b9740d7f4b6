"""What do an engine's own statistics say of its step times and its limits? No call needs to be recorded for it.

In: what an engine that decodes continuously reports every half second or so (vLLM's log line, or its metrics
num_requests_running, num_requests_waiting, generation_tokens_total and prompt_tokens_total). Out: α, β, γ in
seconds, κ where it is told, sequences that it decodes at once, and tokens that a step may carry.
docs/explanation/replay-accuracy.md. How far off they may be: engine_interval.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import nnls

from costctl.arrays import Bools, Floats, Ints

_FEWEST_WINDOWS: Final = 6  # twice the unknowns; how sure so few make it, engine_interval.py says
_FEWEST_FOR_CONTEXTS: Final = 20
_FEWEST_FULL_ROWS: Final = 5
_STRETCHES: Final = 10  # of time, each predicted from the others
_STEPS_IN_A_WINDOW: Final = (100, 50, 25)  # a report cuts a step in two: one in a hundred is one per cent
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
    counts them; else they are told from tokens and from how many sequences ran.  context_tokens: tokens in KV memory
    of what runs at that moment (`costctl.service_model.kv_log`); None where that is not observed.
    """

    at_s: Floats
    running: Ints
    waiting: Ints
    decoded_tokens: Floats
    prompt_tokens: Floats
    steps: Floats | None = None
    context_tokens: Floats | None = None


@dataclass(frozen=True, slots=True)
class EngineFit:
    """A step of b sequences with contexts of C tokens that reads t prompt tokens takes alpha_s + beta_s·b + gamma_s·t +
    kappa_s·C.

    kappa_s: None where the log does not tell it: contexts are not observed, or windows that were left out are not
    predicted better with it. max_num_seqs, max_batched_tokens: None where the log never shows the limit at work;
    without the second, prefill may as well stall decoding.  windows: of a hundred steps, or of 50 or 25 where the log
    is short, on which the fit rests.
    """

    alpha_s: float
    beta_s: float
    gamma_s: float
    max_num_seqs: int | None
    max_batched_tokens: int | None
    windows: int
    kappa_s: float | None = None


def fit_engine_logs(logs: Sequence[EngineLog]) -> EngineFit | str:
    """The step times and limits of replicas that are alike, or why they cannot be had.

    Between two reports Δt = α·s + β·g + γ·p, with s steps, g decoded tokens and p prompt tokens. Each step
    decodes a token of every decoding sequence, so that s = g / n; n is the mean of the two reports. The sums
    of many reports obey the same law, so whole windows are fitted, each by its relative error. κ·C·s is a further term
    where all logs have contexts, and stretches of time that were left out are predicted better with it than without,
    by more than the standard error of the difference.
    """
    most = _max_num_seqs(logs)
    windows = windows_of(logs, most)
    if len(windows) < _FEWEST_WINDOWS:
        return f"the engine was busy in only {len(windows)} windows of {_STEPS_IN_A_WINDOW[0]} steps"
    with_contexts = _times_with_contexts(logs, most)
    if with_contexts is None:
        alpha_s, beta_s, gamma_s = (float(value) for value in step_times(windows))
        return EngineFit(alpha_s, beta_s, gamma_s, most, _max_batched_tokens(logs, most), len(windows))
    alpha_s, beta_s, gamma_s, kappa_s = (float(value) for value in with_contexts)
    return EngineFit(alpha_s, beta_s, gamma_s, most, _max_batched_tokens(logs, most), len(windows), kappa_s)


def windows_of(logs: Sequence[EngineLog], max_num_seqs: int | None) -> Floats:
    """Rows of seconds, steps, decoded tokens and prompt tokens, of about a hundred steps each."""
    return np.concatenate([_windows(log, max_num_seqs, _STEPS_IN_A_WINDOW[0])[:, :4] for log in logs])


def step_times(windows: Floats) -> Floats:
    """α, β, γ that fit the windows, none of them negative, each window by its relative error."""
    return _solved(windows[:, 1:] / windows[:, :1])


def _times_with_contexts(logs: Sequence[EngineLog], most: int | None) -> Floats | None:
    """α, β, γ, κ; None where contexts are not observed, or the windows do not tell κ."""
    if any(log.context_tokens is None for log in logs):
        return None
    for steps in _STEPS_IN_A_WINDOW:
        windows = np.concatenate([_windows(log, most, steps) for log in logs])
        if len(windows) >= _FEWEST_FOR_CONTEXTS:
            design = windows[:, 1:] / windows[:, :1]
            is_told = _gain_is_told(_held_out(design[:, :3]) - _held_out(design))
            return _solved(design) if is_told else None
    return None


def _solved(design: Floats) -> Floats:
    """The times, none negative, by which the parts of windows come closest to the whole of each."""
    scale = np.maximum(np.linalg.norm(design, axis=0), np.finfo(np.float64).tiny)
    solution, _ = nnls(design / scale, np.ones(len(design)))
    found: Floats = solution / scale
    return found


def _held_out(design: Floats) -> Floats:
    """Mean squared relative error of each stretch of time, predicted from the others."""
    stretch = np.arange(len(design)) * _STRETCHES // len(design)
    return np.array(
        [
            np.mean((design[stretch == each] @ _solved(design[stretch != each]) - 1.0) ** 2)
            for each in range(_STRETCHES)
        ]
    )


def _gain_is_told(gains: Floats) -> bool:
    return bool(gains.mean() > gains.std(ddof=1) / np.sqrt(gains.size))


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


def _windows(log: EngineLog, max_num_seqs: int | None, at_least: int) -> Floats:
    """Rows of seconds, steps, decoded tokens, prompt tokens and steps times contexts: busy stretches, cut after this
    many steps at least.
    """
    steps, busy, _ = _steps(log, max_num_seqs)
    contexts = np.zeros(log.at_s.size) if log.context_tokens is None else log.context_tokens
    read = steps * (contexts[1:] + contexts[:-1]) / 2.0
    rows = np.column_stack([np.diff(log.at_s), steps, log.decoded_tokens[1:], log.prompt_tokens[1:], read])
    nothing = np.zeros(rows.shape[1])
    found, window = [], nothing
    for row, is_busy in zip(rows, busy, strict=True):
        window = window + row if is_busy else nothing
        if window[1] >= at_least:
            found.append(window)
            window = nothing
    return np.array(found).reshape(-1, nothing.size)


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
