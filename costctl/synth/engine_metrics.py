"""What would scrapes of a world's engines say? Prometheus' text format, in the names of vLLM's metrics.

In: a world and how it was served, replicas asked every so often. Out: lines of text, one scrape after another, the time
behind each value; a scrape has every replica of the pools that decode continuously. A pool whose prompts ride along in
steps counts its steps too: where prompts stall decoding, a step is not always one of the law.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from costctl.synth.platform import SCRAPED, Served
from costctl.synth.world import PoolSpec, World

BLOCK_TOKENS: Final = 16  # of vLLM's KV cache (block_size, 2026)
_BLOCKS_PER_SLOT: Final = 256  # made up: a sequence of 4,096 tokens for each that may run
_NAMES: Final = {
    "vllm:num_requests_running": "running",
    "vllm:num_requests_waiting": "waiting",
    "vllm:generation_tokens_total": "decoded",
    "vllm:prompt_tokens_total": "read",
    "vllm:prefix_cache_hits_total": "cached",
    "vllm:iteration_tokens_total_count": "steps",
}


def kv_tokens_of(pool: PoolSpec) -> int:
    """Tokens that the KV cache of a replica holds; the world does not run into it."""
    return pool.slots * _BLOCKS_PER_SLOT * BLOCK_TOKENS


def metric_lines(world: World, served: Served, scrape_s: float) -> Iterator[bytes]:
    """The lines, in order of time."""
    first = np.concatenate([[0], np.cumsum([pool.replicas for pool in world.pools])])
    engines = [
        (pool, int(first[place]) + number, number)
        for place, pool in enumerate(world.pools)
        if not pool.is_static
        for number in range(pool.replicas)
    ]
    for moment in range(served.scrapes.shape[1]):
        at_ms = world.start_ns // 10**6 + round((moment + 1) * scrape_s * 1000)
        for pool, replica, number in engines:
            values = dict(zip(SCRAPED, served.scrapes[replica, moment], strict=True))
            for name, value, more in _values(pool, values):
                labels = f'instance="{pool.name}-{number}",model_name="{pool.model}"{more}'
                yield f"{name}{{{labels}}} {value:.10g} {at_ms}\n".encode()


def _values(pool: PoolSpec, values: dict[str, float]) -> Iterator[tuple[str, float, str]]:
    """Name, value and further labels of each metric."""
    for name, column in _NAMES.items():
        if column != "steps" or pool.chunk_tokens > 0:
            yield name, values[column], ""
    yield "vllm:kv_cache_usage_perc", values["kv_used"] / kv_tokens_of(pool), ""
    blocks = kv_tokens_of(pool) // BLOCK_TOKENS
    yield "vllm:cache_config_info", 1.0, f',block_size="{BLOCK_TOKENS}",num_gpu_blocks="{blocks}"'
