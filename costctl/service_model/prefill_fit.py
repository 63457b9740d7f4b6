"""How long does a prompt token take to read, and do prompts stall decoding or ride along with a step?

In: the calls of one pool, and when each began to be read. Out: γ in seconds a token, from the slope of the time to
read a prompt over its tokens. What that time holds beyond γ a token tells the two apart: nothing where
prefill stalls, one whole step (α + β·n) where it rides along. docs/explanation/service-model.md
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.optimize import least_squares

from costctl.arrays import Bools, Floats
from costctl.service_model.step_intervals import Decoding, found_idle

_FEWEST_PROMPTS: Final = 20
_MOST_PROMPTS: Final = 50_000
_ONE_STEP_TOKENS: Final = 1024  # prompts up to here are read within one step by any usual token budget
_LEAST_SPREAD: Final = 0.05  # of the tokens: standard deviation over mean, below which there is no slope
_LOW_QUANTILE: Final = 0.10


def prefill_begin_s(calls: Decoding) -> Floats:
    """When each prompt began to be read: the end of the queue, or the arrival at an idle replica; else NaN."""
    begin_s: Floats = np.where(
        found_idle(calls.replica, calls.arrival_s, calls.end_s), calls.arrival_s, np.nan
    )
    return np.where(np.isfinite(calls.begin_s), np.maximum(calls.begin_s, calls.arrival_s), begin_s)


def one_step_prompts(calls: Decoding, begin_s: Floats) -> Bools:
    """Prompts that were read by themselves, and within one step where they rode along."""
    readable = (calls.uncached_tokens > 0) & np.isfinite(begin_s) & np.isfinite(calls.first_token_s)
    is_small = readable & (calls.uncached_tokens <= _ONE_STEP_TOKENS)
    chosen = is_small if is_small.sum() >= _FEWEST_PROMPTS else readable
    which = np.flatnonzero(np.isfinite(calls.first_token_s))
    order = which[np.lexsort((calls.first_token_s[which], calls.replica[which]))]
    # Prompts that share a step have their first tokens together: neither of them was alone.
    is_same = np.diff(calls.replica[order]) == 0
    gap_s = np.where(is_same, np.diff(calls.first_token_s[order]), np.inf)
    alone = np.zeros(calls.first_token_s.size, np.bool_)
    length_s = np.nan_to_num(calls.first_token_s - begin_s)[order]
    alone[order] = (np.append(np.inf, gap_s) > 0.5 * length_s) & (
        np.append(gap_s, np.inf) > 0.5 * np.append(length_s[1:], 0.0)
    )
    return chosen & alone


def gamma_by_slope_s(calls: Decoding, begin_s: Floats, active: Floats) -> float | None:
    """Seconds per uncached token, or None where too few prompts were seen or they are all of one size.

    active: sequences decoding while each prompt was read.
    """
    which = np.flatnonzero(one_step_prompts(calls, begin_s))
    which = which[:: max(1, which.size // _MOST_PROMPTS)]
    tokens = calls.uncached_tokens[which].astype(np.float64)
    if which.size < _FEWEST_PROMPTS or tokens.std() < _LEAST_SPREAD * tokens.mean():
        return None
    length_s = (calls.first_token_s - begin_s)[which]
    concurrency = active[which] - active[which].mean()
    columns = [tokens / tokens.mean(), np.ones(which.size)]
    if concurrency.std() > 0:
        columns.append(concurrency / concurrency.std())
    design = np.column_stack(columns)
    start, *_ = np.linalg.lstsq(design, length_s, rcond=None)
    spread_s = float(np.median(np.abs(length_s - design @ start)))
    # Noise is of the clock, in seconds, so that every prompt weighs the same; what waited for something else is robbed
    # of its weight.
    fit = least_squares(
        lambda constants: (design @ constants - length_s) / max(spread_s, 1e-12),
        start,
        jac=lambda _: design / max(spread_s, 1e-12),
        loss="soft_l1",
        f_scale=2.0,
        x_scale=np.maximum(np.abs(start), 1e-9),
        xtol=1e-14,
        ftol=1e-14,
        gtol=1e-14,
    )
    gamma_s = float(fit.x[0] / tokens.mean())
    return gamma_s if gamma_s > 0 else None


def gamma_by_lowest_s(calls: Decoding) -> float | None:
    """A first guess where no prefill can be separated from waiting: the lowest tenth of the times to first token."""
    known = (calls.uncached_tokens > 0) & np.isfinite(calls.first_token_s)
    if not known.any():
        return None
    waited_s = calls.first_token_s - np.fmax(calls.begin_s, calls.arrival_s)
    guess_s = float(np.quantile((waited_s / np.maximum(calls.uncached_tokens, 1))[known], _LOW_QUANTILE))
    return max(guess_s, 1e-9)
