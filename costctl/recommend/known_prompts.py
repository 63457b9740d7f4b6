"""Of which calls of a pool is it known how their prompts begin, and what did caches give of these?

In: the study, a pool. Out: the calls, as an array over all of the window's, and the tokens that they report as read
from caches.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from costctl.arrays import Bools
from costctl.recommend.study import Study

LEAST_KNOWN: Final = (
    0.5  # of a pool's calls: with fewer known prompts most of its load says nothing of caches
)


def known_prompts(study: Study, number: int) -> Bools:
    """The calls of the pool whose prompts are known, of those of the whole window."""
    whole = study.whole.period
    if whole.workload.prefix is None:
        return np.zeros(whole.workload.size, np.bool_)
    known: Bools = (whole.pool == number) & (whole.workload.prefix >= 0)
    return known


def tokens_from_caches(study: Study, known: Bools) -> int:
    """Prompt tokens of these calls that caches gave, as they report."""
    workload = study.whole.period.workload
    prompts = workload.uncached_tokens if workload.prompt_tokens is None else workload.prompt_tokens
    return int((prompts - workload.uncached_tokens)[known].sum())
