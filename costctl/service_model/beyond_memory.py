"""Which calls can no replica of their pool hold, however empty it is? Those of a longer context than its KV memory.

In: a workload, its pools and by which each call is served. Out: a sentence for each class and pool that has such calls:
a replay refuses them (costctl/simulate/kv_memory.py), and so leaves them out of every latency.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from costctl.arrays import Ints
from costctl.documents.setting_names import toml_key
from costctl.service_model.pool_fit import PoolFits
from costctl.simulate.workload import KV_BLOCK_TOKENS, Pool, Workload


def contexts_at_end(workload: Workload) -> Ints:
    """Tokens of each call once it has ended: its whole prompt, and all that it generates."""
    cached = 0 if workload.cached_tokens is None else workload.cached_tokens
    found: Ints = workload.uncached_tokens + cached + workload.decode_steps + 1
    return found


def beyond_memory_today(fits: PoolFits) -> tuple[str, ...]:
    """The same of the calls and pools of today."""
    names = [fit.name for fit in fits.fitted]
    return beyond_memory(fits.workload, fits.pool, fits.pools, names, fits.calls.classes)


def beyond_memory(
    workload: Workload, pool: Ints, pools: Sequence[Pool], names: Sequence[str], classes: Sequence[str]
) -> tuple[str, ...]:
    """What a replay refuses for want of memory, a sentence for each class on each pool.

    pool: of each call its index in pools.  names, classes: of the pools, and of the lanes.
    """
    return tuple(_said(workload, pool, pools, names, classes))


def _said(
    workload: Workload, pool: Ints, pools: Sequence[Pool], names: Sequence[str], classes: Sequence[str]
) -> Iterator[str]:
    contexts = contexts_at_end(workload)
    for number, each in enumerate(pools):
        kv_tokens = each.setup.kv_tokens
        if kv_tokens is None:
            continue
        held = kv_tokens // KV_BLOCK_TOKENS * KV_BLOCK_TOKENS
        for lane in np.unique(workload.lane[pool == number]).tolist():
            of_class = contexts[(pool == number) & (workload.lane == lane)]
            refused = int((of_class > held).sum())
            if refused:
                yield (
                    f"{refused:,} of {of_class.size:,} calls of {classes[lane]} do not fit into the KV memory of a "
                    f"replica of {names[number]}, {held:,} tokens: a replay refuses them. The longest comes to "
                    f"{int(of_class.max()):,} tokens with its answer. If {names[number]} serves such calls, "
                    f"pools.{toml_key(names[number])}.kv_tokens is too small."
                )
