"""How is the time of one static batch split among the requests in it?

In: the law of the batch, T = α + Σ β_i + γ·max L_i, and the length of each request. Out: the Shapley value of each
request, in closed form: O(n log n) in place of 2ⁿ coalitions. What everybody needs is split among all; what each needs
for itself is its own; and of the padding, each increment of length is split among the requests that are as long:

    φ_i = α/n + β_i + γ·Σ_{k ≤ rank i} (L_(k) − L_(k−1)) / (n − k + 1)        L_(1) ≤ … ≤ L_(n), L_(0) = 0

Source: Littlechild and Owen 1973, the airport game. docs/explanation/attribution.md derives it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from costctl.arrays import Floats


def batch_shares_s(
    alpha_s: float, beta_s: npt.ArrayLike, gamma_s: float, lengths_tokens: npt.ArrayLike
) -> Floats:
    """Seconds of the batch that each of its n requests answers for; they sum to the time of the batch.

    alpha_s: s a batch, whatever is in it.  beta_s: s a request, n of them or one for all.  gamma_s: s per token of
    the longest.  lengths_tokens: n tokens, each ≥ 0; padded to the longest.  Empty for an empty batch.
    """
    lengths = np.asarray(lengths_tokens, np.float64)
    order = np.argsort(lengths, kind="stable")
    still_as_long = np.arange(lengths.size, 0, -1)
    padding = np.empty(lengths.size)
    padding[order] = np.cumsum(np.diff(lengths[order], prepend=0.0) / still_as_long)
    own = np.broadcast_to(np.asarray(beta_s, np.float64), lengths.shape)
    shares: Floats = alpha_s / max(lengths.size, 1) + own + gamma_s * padding
    return shares
