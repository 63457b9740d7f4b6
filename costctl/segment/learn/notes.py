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
        yield f"{features.requests} requests are few: a rare shape may be missing, or two may look like one."
    if sampled < features.requests:
        yield f"Learned from {sampled:,} requests drawn from {features.requests:,}."
    rare = int((~shapes.is_known(features)).sum())
    if rare:
        yield (
            f"{_requests(rare)} with a mix of calls, retrievals and tools that fewer than "
            f"{least_requests(sampled):,} have: placed with the nearest class."
        )
    has_calls = (features.levels[:, :2] > 0).any(axis=1)
    unseen = int((has_calls & np.isnan(features.raw[:, : len(TOKENS)]).all(axis=1)).sum())
    if unseen:
        yield f"{_requests(unseen)} with model calls and no tokens reported: placed by what they do, not by sizes."
    if shapes.shapes == 1:
        yield "One shape: neither counts nor tokens leave a gap by which to tell requests apart."


def notes_on_quality(stable: float, agreement: float, variance: ExplainedVariance | None) -> Iterator[str]:
    """Where the classes or their rules fall short."""
    if stable < _STABLE:
        yield (
            f"Not stable: resamples of the same requests give other classes (adjusted Rand index {stable:.3f}). "
            "Take the rules as a proposal, and look again with more traces."
        )
    if agreement < _AGREES:
        yield (
            f"The rules follow the clusters in {agreement:.1%} of the requests only: the clusters are no boxes. "
            "Read the rules before you use them."
        )
    if variance is None:
        yield "What requests cost is not known or does not differ: no figure for the variance explained."
    elif variance.learned < variance.default - _WORSE:
        yield (
            "The built-in rules explain more of the differences between requests: keep them, or add those of their "
            "bounds that matter to you."
        )


def _requests(number: int) -> str:
    return "1 request" if number == 1 else f"{number:,} requests"
