"""What must a reader know before using learned classes? Sentences, each where it is so.

In: what was learned and how good it is. Out: the notes, those about the data first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from costctl.documents.taxonomy import ExplainedVariance
from costctl.segment.learn.features import TOKENS, Features
from costctl.segment.learn.shapes import Shapes, least_requests

_FEW: Final = 1000
_STABLE: Final = 0.9
_AGREES: Final = 0.95
_WORSE: Final = 0.02  # variance explained


def notes_on_data(features: Features, shapes: Shapes, sampled: int) -> Iterator[str]:
    """What the requests do not show."""
    if features.requests < _FEW:
        yield f"Only {features.requests} requests: a rare shape may be missed, or two shapes merged into one."
    if sampled < features.requests:
        yield f"Learned from a random sample of {sampled:,} of {features.requests:,} requests."
    rare = int((~shapes.is_known(features)).sum())
    if rare:
        yield (
            f"{_requests(rare)} with a combination of calls, retrievals and tools that occurs fewer than "
            f"{least_requests(sampled):,} times: assigned to the nearest class."
        )
    has_calls = (features.levels[:, :2] > 0).any(axis=1)
    unseen = int((has_calls & np.isnan(features.raw[:, : len(TOKENS)]).all(axis=1)).sum())
    if unseen:
        yield (
            f"{_requests(unseen)} with model calls but no reported tokens: assigned by their calls, not by "
            "sizes."
        )
    if shapes.shapes == 1:
        yield "One shape: neither call counts nor token counts separate the requests into groups."


def notes_on_quality(stable: float, agreement: float, variance: ExplainedVariance | None) -> Iterator[str]:
    """Where the classes or their rules fall short."""
    if stable < _STABLE:
        yield (
            "Not stable: bootstrap samples of the same requests give different classes (adjusted Rand "
            f"index {stable:.3f}). Treat the rules as a proposal, and repeat with more traces."
        )
    if agreement < _AGREES:
        yield (
            f"The rules agree with the clusters for only {agreement:.1%} of requests: thresholds cannot "
            "separate the clusters. Review the rules before you use them."
        )
    if variance is None:
        yield "Cost per request is unknown or constant: explained variance is not available."
    elif variance.learned < variance.default - _WORSE:
        yield (
            "The built-in rules explain more of the variance between requests: keep them, or add those of "
            "their bounds that matter to you."
        )


def _requests(number: int) -> str:
    return "1 request" if number == 1 else f"{number:,} requests"
