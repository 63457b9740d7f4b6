"""What was observed of the replayed calls: for how much busy time each answers, and the how manieth attempt it is.

In: the relations pool_call and pool_prompt, the calls of a workload. Out: ``OwnCalls``, one entry a call, in the order
of the workload.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Bools, Floats, Ints
from costctl.frames.cost import Frames
from costctl.rebill.attempts import Attempts, attempts_among
from costctl.service_model.pool_fit import PoolFits

_NOT_KNOWN: Final = -1


@dataclass(frozen=True, slots=True)
class OwnCalls:
    """n calls. share_s: of its replica's busy time; 0 where it was not timed.  is_failed: the attempt failed.  number:
    of the attempt, from 1.  first: the first attempt of the same thing, an index into the calls of the whole window.
    """

    share_s: Floats
    is_failed: Bools
    number: Ints
    first: Ints

    @property
    def attempts(self) -> Attempts:
        """The attempts, of the calls of the whole window."""
        return Attempts(self.number, self.first)

    def of(self, keep: Bools) -> OwnCalls:
        """These of the calls."""
        return OwnCalls(self.share_s[keep], self.is_failed[keep], self.number[keep], self.first[keep])


def own_calls_of(frames: Frames, fits: PoolFits) -> OwnCalls:
    """The calls of the fits' workload."""
    known = pl.DataFrame({"call_id": fits.calls.call_ids[fits.which]}).join(
        frames.pool_call.select("call_id", "request_id", "operation", "attempt", "is_failed", "share_s"),
        on="call_id",
        how="left",
        maintain_order="left",
    )
    known = known.with_columns(pl.col("is_failed").fill_null(False))
    attempts = _attempts(known, frames, fits)
    return OwnCalls(
        share_s=np.nan_to_num(known["share_s"].cast(pl.Float64).fill_null(0.0).to_numpy()),
        is_failed=known["is_failed"].to_numpy(),
        number=attempts.number,
        first=attempts.first,
    )


def _attempts(calls: pl.DataFrame, frames: Frames, fits: PoolFits) -> Attempts:
    """Those of the calls; where none failed and none is counted, each is the first of its own."""
    size = calls.height
    if not calls["is_failed"].any() and not (calls["attempt"].fill_null(1) > 1).any():
        return Attempts(np.ones(size, np.int64), np.arange(size))
    times = fits.calls.arrival_s[fits.which], fits.calls.end_s[fits.which]
    return attempts_among(calls, *times, _prompts(calls, frames))


def _prompts(calls: pl.DataFrame, frames: Frames) -> Ints:
    """The number of each whole prompt; -1 where it is not known."""
    if frames.reuse is None:
        return np.full(calls.height, _NOT_KNOWN, np.int64)
    keys = calls.join(
        frames.reuse.pool_prompt.select("call_id", "content_key"),
        on="call_id",
        how="left",
        maintain_order="left",
    )["content_key"]
    found: Ints = keys.rank("dense").cast(pl.Int64).fill_null(_NOT_KNOWN).to_numpy()
    return found
