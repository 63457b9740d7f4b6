"""Which span says something for each span: itself, or the nearest above it that does?

Shape in: the parent of each span, NONE for entries, and which spans say it. Shape out: for each span the one that
speaks for it, NONE where none up to its entry does.
"""

from __future__ import annotations

import numpy as np

from costctl.arrays import Bools, SmallInts
from costctl.span_trees.tree_loop import NONE


def nearest_above(parent: SmallInts, says: Bools) -> SmallInts:
    """Of each span the nearest that says it, itself included. Every round doubles how far each one looks."""
    size = parent.size
    at = np.arange(size, dtype=parent.dtype)
    ahead = np.where(says | (parent == NONE), at, parent)
    while True:
        farther = ahead[ahead]
        if np.array_equal(farther, ahead):
            return np.where(says[ahead], ahead, NONE).astype(parent.dtype)
        ahead = farther
