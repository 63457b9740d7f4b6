"""What would the calls be if their prompts and answers were shorter? As many calls, of fewer tokens.

In: calls, a plan. Out: calls with fewer tokens, and prompts of which the cache knows less. A prompt keeps its tools,
its system prompt and its last message; of what lies between the oldest is left out, in part where that is enough. It
is taken from what was cheapest, and nothing behind it is read from a cache: a saving is not overstated.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from costctl.arrays import Bools, Floats, Ints
from costctl.levers.plan import Plan
from costctl.rebill.calls import BoughtCalls, Prefixes, limits_of

_READ, _PLAIN, _WRITTEN, _WRITTEN_1H = "cached_input", "input", "cache_write", "cache_write_1h"


def shortened(calls: BoughtCalls, plan: Plan) -> BoughtCalls:
    """The calls under the limits of the plan; the same where it has none."""
    most_in = limits_of(calls, {name: each.most_input_tokens for name, each in plan.classes.items()})
    most_out = limits_of(calls, {name: each.most_output_tokens for name, each in plan.classes.items()})
    found = calls
    if most_out.any():
        found = replace(found, tokens=_answers_cut(found.tokens, most_out))
    if most_in.any():
        found = _prompts_cut(found, most_in)
    return found


def _answers_cut(tokens: dict[str, Floats], most: Ints) -> dict[str, Floats]:
    """Answers end at their limit; what was thought counts first. most: 0 for no limit."""
    limit = np.where(most > 0, most, np.inf)
    thought = np.minimum(tokens["reasoning"], limit)
    return tokens | {"reasoning": thought, "output": np.minimum(tokens["output"], limit - thought)}


def _prompts_cut(calls: BoughtCalls, most: Ints) -> BoughtCalls:
    whole = calls.frame["input_tokens"].fill_null(0).to_numpy()
    length = kept_tokens(calls, most)
    is_cut = length < whole
    if not is_cut.any():
        return calls
    return replace(
        calls,
        frame=calls.frame.with_columns(
            pl.when(pl.Series(is_cut))
            .then(pl.Series(length))
            .otherwise(pl.col("input_tokens"))
            .alias("input_tokens")
        ),
        tokens=_tokens_cut(calls, is_cut, whole - length),
        prefixes=_prefixes_cut(calls.prefixes, is_cut, length),
    )


def kept_tokens(calls: BoughtCalls, most: Ints) -> Ints:
    """Tokens of each prompt that are sent: all of those that are short enough, and of what is embedded or ranked.

    most: 0 for no limit.
    """
    whole = calls.frame["input_tokens"].fill_null(0).to_numpy()
    most = np.where(calls.frame["is_generation"].to_numpy(), most, 0)
    stays = calls.prefixes.first_tokens + calls.prefixes.last_tokens
    found: Ints = np.where(most > 0, np.minimum(whole, np.maximum(most, stays)), whole)
    return found


def _tokens_cut(calls: BoughtCalls, is_cut: Bools, less: Ints) -> dict[str, Floats]:
    """Tokens of prompts that are shorter by ``less``. What was read behind the system prompt is read no more: it begins
    otherwise. It is written anew by calls that write, and plain input of others.
    """
    tokens = calls.tokens
    kinds = (_READ, _PLAIN, _WRITTEN, _WRITTEN_1H)
    left = np.maximum(sum((tokens[kind] for kind in kinds), np.zeros(calls.size)) - less, 0.0)
    read = np.minimum(np.minimum(tokens[_READ], calls.prefixes.first_tokens), left)
    moved = np.maximum(tokens[_READ] - read - less, 0.0)
    rest = np.maximum(less - (tokens[_READ] - read), 0.0)
    plain = np.maximum(tokens[_PLAIN] - rest, 0.0)
    rest = np.maximum(rest - tokens[_PLAIN], 0.0)
    written = np.maximum(tokens[_WRITTEN] - rest, 0.0)
    rest = np.maximum(rest - tokens[_WRITTEN], 0.0)
    written_1h = np.maximum(tokens[_WRITTEN_1H] - rest, 0.0)
    for_1h, for_5m = tokens[_WRITTEN_1H] > 0, (tokens[_WRITTEN] > 0) & (tokens[_WRITTEN_1H] == 0)
    now = {
        _READ: read,
        _PLAIN: plain + np.where(for_1h | for_5m, 0.0, moved),
        _WRITTEN: written + np.where(for_5m, moved, 0.0),
        _WRITTEN_1H: written_1h + np.where(for_1h, moved, 0.0),
    }
    return tokens | {kind: np.where(is_cut, each, tokens[kind]) for kind, each in now.items()}


def _prefixes_cut(prefixes: Prefixes, is_cut: Bools, length: Ints) -> Prefixes:
    """Of a prompt that is cut its first prefix stays; the whole is one that no other call has."""
    counts = np.diff(prefixes.offset)
    call = np.repeat(np.arange(counts.size), counts)
    place = np.arange(call.size)
    is_first = (place == prefixes.offset[:-1][call]) & ~prefixes.is_by_block[call]
    is_last = place == prefixes.offset[1:][call] - 1
    stays = ~is_cut[call] | is_first | is_last
    is_new = is_cut[call] & is_last
    fresh = int(prefixes.key.max(initial=-1)) + 1 + call
    return Prefixes(
        offset=np.concatenate(
            [np.zeros(1, np.int64), np.cumsum(np.bincount(call[stays], minlength=counts.size))]
        ),
        key=np.where(is_new, fresh, prefixes.key)[stays],
        size=np.where(is_new, length[call], prefixes.size)[stays],
        blocks=np.where(is_cut[call], -1, prefixes.blocks)[stays],
        content=prefixes.content,
        is_by_block=prefixes.is_by_block,
    )
