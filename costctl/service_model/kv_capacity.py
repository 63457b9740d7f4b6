"""How many tokens does the KV cache of a replica hold?

In: what engines said, and the calls of their pool. Out: ``KvCapacity``, with what it was told by, the surest first: the
engine reports it (vllm:cache_config_info, sglang:max_total_num_tokens, a line of its log); the tokens in its cache over
the part in use; the tokens of the calls in progress over the part in use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Floats
from costctl.documents.estimate import Estimate
from costctl.units import NS_PER_S

_LEAST_USAGE: Final = 0.05  # below, rounding of the part in use decides
_FEWEST_SAMPLES: Final = 20
_METHOD_USED: Final = "tokens in the cache / part in use"
_METHOD_CALLS: Final = "tokens of the calls in progress / part in use"


@dataclass(frozen=True, slots=True)
class InProgress:
    """n calls of one replica: when each began and ended, s; tokens of its prompt, and that it decoded."""

    begin_s: Floats
    first_token_s: Floats
    end_s: Floats
    prompt_tokens: Floats
    output_tokens: Floats


def kv_capacity(
    series: pl.DataFrame, samples: pl.DataFrame, calls: InProgress | None, origin_ns: int
) -> Estimate | None:
    """Tokens that the cache of one replica holds; None where nothing tells. origin_ns: where the calls' axis is 0."""
    reported = series["reported_kv_tokens"].drop_nulls()
    if len(reported):
        return _between(reported.to_numpy(), "reported by the engine")
    used = samples.filter((pl.col("kv_usage_ratio") >= _LEAST_USAGE) & (pl.col("kv_used_tokens") > 0))
    if used.height >= _FEWEST_SAMPLES:
        return _between((used["kv_used_tokens"] / used["kv_usage_ratio"]).to_numpy(), _METHOD_USED)
    in_use = samples.filter(pl.col("kv_usage_ratio") >= _LEAST_USAGE)
    if calls is None or in_use.height < _FEWEST_SAMPLES:
        return None
    at_s = (in_use["at_ns"].to_numpy() - origin_ns) / NS_PER_S
    tokens = _tokens_in_progress(calls, at_s)
    is_known = tokens > 0
    if np.count_nonzero(is_known) < _FEWEST_SAMPLES:
        return None
    return _between(tokens[is_known] / in_use["kv_usage_ratio"].to_numpy()[is_known], _METHOD_CALLS)


def _between(tokens: Floats, method: str) -> Estimate:
    """The median; between the tenth and the ninetieth percentile, which are no confidence interval of it."""
    low, mid, high = (float(value) for value in np.quantile(tokens, [0.1, 0.5, 0.9]))
    return Estimate(low, mid, high, None, method)


def _tokens_in_progress(calls: InProgress, at_s: Floats) -> Floats:
    """Prompt tokens of the calls in progress at each instant, and what they had decoded by then, evenly in time."""
    found = np.zeros(at_s.size)
    for begin_s, first_s, end_s, prompt, output in zip(
        calls.begin_s, calls.first_token_s, calls.end_s, calls.prompt_tokens, calls.output_tokens, strict=True
    ):
        low, high = np.searchsorted(at_s, [begin_s, end_s])
        length_s = max(end_s - first_s, 1e-9)
        found[low:high] += prompt + output * np.clip((at_s[low:high] - first_s) / length_s, 0.0, 1.0)
    return found
