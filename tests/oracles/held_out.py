"""Does the replay also reproduce what its model was not fitted on? Fitted on the first part, held to the rest.

In: the frames and the settings. Out: for every pool with a model its calibration on the part that was held out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import polars as pl

from costctl.documents.settings import Settings
from costctl.frames.cost import Frames
from costctl.service_model.pool_calibration import Calibration
from costctl.service_model.pool_fit import calibrations_on, fit_pools

FIRST_PART: Final = 0.5


def held_out_calibrations(
    frames: Frames, settings: Settings, first_part: float = FIRST_PART
) -> dict[str, Calibration]:
    """By pool, how a replay of the later requests, under the fit to the earlier ones, compares with what was
    observed. first_part: of the window, 0 to 1; a request belongs where its first call began.
    """
    cut_ns = frames.window_from_ns + int(first_part * (frames.window_to_ns - frames.window_from_ns))
    starts = frames.pool_call.group_by("request_id").agg(pl.col("start_ns").min().alias("from_ns"))
    early = starts.filter(pl.col("from_ns") < cut_ns)["request_id"]
    is_early = frames.pool_call["request_id"].is_in(early.implode())
    fits = fit_pools(replace(frames, pool_call=frames.pool_call.filter(is_early)), settings)
    return calibrations_on(replace(frames, pool_call=frames.pool_call.filter(~is_early)), settings, fits)
