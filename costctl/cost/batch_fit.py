"""How long does a whole batch take? Fitted on the batches that were seen.

In: the calls of one pool that serves whole batches. Out: α, β, γ in seconds: a batch of n calls with t tokens
takes α + β·n + γ·t. Calls of one replica that end at one instant are one batch; it began when the last of
them stopped waiting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import nnls

from costctl.simulate.workload import Floats, Ints

_FEWEST_BATCHES: Final = 30
_SAME_INSTANT_S: Final = 2e-6  # calls of a batch end together; exporters round to the microsecond


@dataclass(frozen=True, slots=True)
class BatchTimes:
    """alpha_s, beta_s, gamma_s: as above.  calls: how many the fit rests on."""

    alpha_s: float
    beta_s: float
    gamma_s: float
    calls: int


def fit_batch_times(replica: Ints, begin_s: Floats, end_s: Floats, tokens: Ints) -> BatchTimes | str:
    """The batch times, or why they cannot be had. One entry per call; tokens: uncached, -1 where not
    reported.
    """
    if not np.isfinite(begin_s).any():
        return "no call reports how long it waited, so that the beginning of a batch is unknown"
    order = np.lexsort((end_s, replica))
    replica, begin_s, end_s, tokens = replica[order], begin_s[order], end_s[order], tokens[order]
    is_new = np.concatenate([[True], (np.diff(replica) != 0) | (np.diff(end_s) > _SAME_INSTANT_S)])
    starts = np.flatnonzero(is_new)
    lengths_s = end_s[starts] - np.fmax.reduceat(begin_s, starts)
    sizes = np.diff(np.append(starts, replica.size))
    sums = np.add.reduceat(np.maximum(tokens, 0), starts)
    known = (np.minimum.reduceat(tokens, starts) >= 0) & np.isfinite(lengths_s) & (lengths_s > 0)
    if known.sum() < _FEWEST_BATCHES:
        return f"only {int(known.sum())} batches are complete; {_FEWEST_BATCHES} are needed"
    design = np.column_stack([np.ones(known.sum()), sizes[known], sums[known]]).astype(float)
    # Each batch counts by the ratio of its error, or long batches would decide alone.
    weights = 1.0 / lengths_s[known]
    scale = np.linalg.norm(design * weights[:, None], axis=0)
    solution, _ = nnls(design * weights[:, None] / scale, lengths_s[known] * weights)
    alpha_s, beta_s, gamma_s = (float(value) for value in solution / scale)
    return BatchTimes(alpha_s, beta_s, gamma_s, int(sizes[known].sum()))
