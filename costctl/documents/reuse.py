"""How often is what was needed needed again, and how large a memory would have kept it? Miss-ratio curves."""

from __future__ import annotations

from typing import Literal

import msgspec

ReferencesTo = Literal["prompt_parts", "answers", "objects"]
SizeUnit = Literal["tokens", "bytes"]


class MissRatio(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The part of references that a memory of this size misses, and every larger one up to the next."""

    size: float
    miss_ratio: float


class ReuseCurve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one memory, which forgets the least recently used first, would have missed, by its size.

    references_to: parts of prompts of a pool, answers that the calls of a class ask for, or objects that it reads.
    references: how many.  compulsory_ratio: of them, what any memory misses: first uses.  points: 32 at most, by size,
    from the smallest that finds anything to the one that finds all that is found; a smaller one misses all.  today: one
    memory as it is today, of a pool that of one replica; null where it is not known, or there is none.  one_in: one
    thing in so many was looked at; exact where that is 1.
    """

    references_to: ReferencesTo
    unit: SizeUnit
    references: int
    compulsory_ratio: float
    points: tuple[MissRatio, ...]
    today: MissRatio | None
    one_in: int
