"""What of a window was asked or fetched before? Hashes of prompts and of what was read, for replays that need them.

In: what the engine fetched. Out: one frozen record. Analyses do without it: a trace of blocks of prompts has many more
hashes than calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Reuse:
    """pool_prompt: a row a call of a pool whose prompt is known.  content_read: a row a read or search that names what
    it fetched, or says its bytes.  held_call: a row a call of a pool that was in progress while its request retrieved.
    All in the columns of the relations.
    """

    pool_prompt: pl.DataFrame
    content_read: pl.DataFrame
    held_call: pl.DataFrame

    @classmethod
    def read(cls, fetch: Callable[[str, Sequence[str]], pl.DataFrame]) -> Reuse:
        """The record of a window."""
        return cls(fetch("pool_prompt", ()), fetch("content_read", ()), fetch("held_call", ()))
