"""For how much busy time does each replayed call answer, as it was observed?

In: the relation pool_call, the calls of a workload. Out: ``OwnCalls``, one entry a call, in the order of the workload.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from costctl.arrays import Bools, Floats
from costctl.frames.cost import Frames
from costctl.service_model.pool_fit import PoolFits


@dataclass(frozen=True, slots=True)
class OwnCalls:
    """n calls. share_s: of its replica's busy time; 0 where it was not timed.  is_failed: the attempt failed."""

    share_s: Floats
    is_failed: Bools

    def of(self, keep: Bools) -> OwnCalls:
        """These of the calls."""
        return OwnCalls(self.share_s[keep], self.is_failed[keep])


def own_calls_of(frames: Frames, fits: PoolFits) -> OwnCalls:
    """The calls of the fits' workload."""
    served = pl.DataFrame({"call_id": fits.calls.call_ids[fits.which]})
    known = served.join(
        frames.pool_call.select("call_id", "share_s", "is_failed"),
        on="call_id",
        how="left",
        maintain_order="left",
    )
    return OwnCalls(
        share_s=np.nan_to_num(known["share_s"].cast(pl.Float64).fill_null(0.0).to_numpy()),
        is_failed=known["is_failed"].fill_null(False).to_numpy(),
    )
