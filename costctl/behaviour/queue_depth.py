"""How many calls waited in front of a pool, over time?

In: the calls of one pool. Out: quantiles of the number waiting, weighted by time; None where no call reports a queue.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from costctl.behaviour.waits import waiting
from costctl.documents.analysis import QueueDepth
from costctl.units import NS_PER_S


def queue_depth(calls: pl.DataFrame) -> QueueDepth | None:
    """The depth between the first and the last instant of the pool's calls."""
    known = waiting(calls)
    if known.is_empty():
        return None
    from_ns, to_ns = known["start_ns"].to_numpy(), known["busy_from_ns"].to_numpy()
    at_ns = np.concatenate([from_ns, to_ns, [known["end_ns"].max()]])
    change = np.concatenate([np.ones(from_ns.size), -np.ones(to_ns.size), [0.0]])
    order = np.lexsort((change, at_ns))
    depth = np.cumsum(change[order])[:-1]
    length_s = np.diff(at_ns[order]) / NS_PER_S
    held = length_s > 0
    if not held.any():
        return None
    depth, length_s = depth[held], length_s[held]
    ascending = np.argsort(depth, kind="stable")
    passed = np.cumsum(length_s[ascending]) / length_s.sum()
    p50, p95 = (float(depth[ascending][np.searchsorted(passed, level - 1e-12)]) for level in (0.5, 0.95))
    return QueueDepth(p50=p50, p95=p95, max=float(depth.max()))
