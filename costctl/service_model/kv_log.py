"""How much KV memory does an engine have, and how much of it did its sequences hold? From its log and its calls.

In: the share of the memory that the log says is in use, and calls with their times and tokens. Out: tokens.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints

_FEWEST_REPORTS: Final = 10
_LEAST_USE: Final = 0.05  # below, the last block of each sequence, which is half empty, weighs too much
_MOST_USE: Final = 0.9  # above, sequences may have been pre-empted, which calls do not tell
_BLOCK_TOKENS: Final = 16


def context_of_calls(at_steps: Floats, first_steps: Floats, end_steps: Floats, prompt_tokens: Ints) -> Floats:
    """Prompt and generated tokens of the calls that decode at each of these instants, summed.

    One entry in the other arrays for each call, all calls of the replica. Instants are on the axis of the decode steps
    that have passed (`costctl.service_model.engine_log.steps_clock`), inf for what has not happened: a call has one
    token more after each. Too much where sequences were pre-empted meanwhile.
    """
    instants = np.concatenate([first_steps, end_steps])
    order = np.argsort(instants, kind="stable")
    at_first = prompt_tokens + 1.0 - first_steps  # a call has this and the steps that have passed
    constants = np.cumsum(np.concatenate([at_first, -at_first])[order])
    decoding = np.cumsum(np.repeat([1.0, -1.0], first_steps.size)[order])
    place = np.searchsorted(instants[order], at_steps, side="right") - 1
    found: Floats = np.where(place >= 0, constants[place] + decoding[place] * at_steps, 0.0)
    return found


def kv_tokens_seen(use_ratio: Floats, running: Ints, context_tokens: Floats) -> int | None:
    """Tokens of KV memory, by a median over reports; None where too few tell.

    use_ratio: of the memory, 0 to 1.  running: sequences.  context_tokens: theirs, summed. The last block of a
    sequence is half empty on average.
    """
    tells: Bools = (use_ratio >= _LEAST_USE) & (use_ratio <= _MOST_USE) & (context_tokens > 0)
    if int(tells.sum()) < _FEWEST_REPORTS:
        return None
    held = context_tokens[tells] + (_BLOCK_TOKENS - 1) / 2 * running[tells]
    return round(float(np.median(held / use_ratio[tells])))
