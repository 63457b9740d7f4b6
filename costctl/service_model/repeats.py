"""Which calls of pools ask what was asked before, and how large a cache would have had the answer?

In: calls of pools, of some of them what they asked, as hashes. Out: ``Repeats``, an entry a call. A class and a tenant
share nothing with others; a cache belongs to a class and drops the least recently used first. An answer is had from the
end of the latest call that asked the same; a call that failed leaves none, and is not answered either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Bools, Ints
from costctl.reuse.distances import NEVER, last_uses, stack_distances
from costctl.service_model.pool_calls import PoolCalls

BYTES_PER_TOKEN: Final = 4  # of English text in UTF-8, as tokenizers of 100,000 words and more cut it
BYTES_PER_EMBEDDING: Final = 16_384  # 4,096 numbers of 4 bytes: more than most models give


@dataclass(frozen=True, slots=True)
class Repeats:
    """n calls. is_known: what it asked is known.  is_again: and was asked and answered before it came.  distance: bytes
    that a cache of its class needs to have the answer; -1 where nothing has.  size: bytes of its answer.
    """

    is_known: Bools
    is_again: Bools
    distance: Ints
    size: Ints

    def at(self, which: Ints | Bools) -> Repeats:
        """Those of some calls."""
        return Repeats(self.is_known[which], self.is_again[which], self.distance[which], self.size[which])

    def answered(self, most_bytes: float) -> Bools:
        """The calls that a cache of this size for each class would have answered."""
        found: Bools = self.is_again & (self.distance <= most_bytes)
        return found


def repeats_of(calls: PoolCalls, prompts: pl.DataFrame) -> Repeats:
    """Those of all calls, in their order. prompts: rows of the relation pool_prompt."""
    asked = pl.DataFrame({"call_id": calls.call_ids}).join(
        prompts.filter(pl.col("content_key").is_not_null() & ~pl.col("is_failed")).select(
            "call_id", "content_key", pl.col("tenant").fill_null("")
        ),
        on="call_id",
        how="left",
        maintain_order="left",
    )
    known = asked["content_key"].is_not_null().to_numpy()
    keys = asked.select(pl.struct("content_key", "tenant").hash()).to_series().rank("dense").to_numpy()
    size = np.where(
        calls.is_generation, BYTES_PER_TOKEN * np.maximum(calls.output_tokens, 1), BYTES_PER_EMBEDDING
    )
    distance, is_again = np.full(calls.size, NEVER), np.zeros(calls.size, np.bool_)
    for number in range(len(calls.classes)):
        own = np.flatnonzero(known & (calls.request_class == number))
        key = keys[own].astype(np.int64)
        distance[own] = stack_distances(key, size[own])
        before = last_uses(key)
        had_s = np.where(before >= 0, calls.end_s[own][before], np.inf)
        is_again[own] = had_s <= calls.arrival_s[own]
    return Repeats(known, is_again, distance, size)
