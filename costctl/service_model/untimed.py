"""What did calls take whose times nobody wrote down? As long as a replay of today lets them take.

In: pools of whose calls none has an end, and what else tells how long a step takes: the engine's own metrics, or
costctl.toml. Out: their step times, and the calls with the times of the replay of today. A replay of them is held to
nothing that was observed: ``PoolCalls.is_timed`` tells these calls from the others, and no calibration counts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Ints
from costctl.documents.settings import Settings
from costctl.frames.cost import Frames
from costctl.service_model.engine_pools import PoolEngine
from costctl.service_model.joined_times import JoinedTimes, times_of_both
from costctl.service_model.pool_calls import PoolCalls
from costctl.service_model.step_clock import StepTimes
from costctl.simulate.workload import Outcome

NO_TIMES: Final = "none of its calls has times"
DECLARED: Final = "declared"


def untimed_pools(frames: Frames) -> list[str]:
    """Pools of which calls are known, and of none when it ended."""
    untimed: list[str] = frames.sums.pool_use.filter(pl.col("timed_calls") == 0)["pool"].to_list()
    return untimed


def steps_told(
    pools: Iterable[str], settings: Settings, engines: Mapping[str, PoolEngine]
) -> dict[str, JoinedTimes]:
    """Of these pools those whose step times something else than calls tells: their engine, else what is declared.

    Pools that serve whole batches are none of them: a batch is known by its calls alone.
    """
    told = {}
    for name in pools:
        declared = settings.pools[name]
        if declared.max_batch_size is not None or declared.batch_window is not None:
            continue
        engine = engines.get(name)
        found = times_of_both(NO_TIMES, None if engine is None else engine.times)
        if isinstance(found, JoinedTimes):
            told[name] = found
        elif declared.step_times is not None:
            alpha_s, beta_s, gamma_s = declared.step_times.alpha_beta_gamma_s
            times = StepTimes(alpha_s, beta_s, gamma_s, calls=0, residual_p90_ratio=0.0)
            told[name] = JoinedTimes(times, (DECLARED, DECLARED, DECLARED))
    return told


def with_replayed_times(calls: PoolCalls, which: Ints, today: Outcome) -> PoolCalls:
    """The calls; those that were replayed and not timed end, and give their first token, as in the replay of today.

    which: of each call of the replay its place among the calls.
    """
    first_token_s, end_s = calls.first_token_s.copy(), calls.end_s.copy()
    untimed = np.flatnonzero(~calls.is_timed[which])
    first_token_s[which[untimed]] = today.first_token_s[untimed]
    end_s[which[untimed]] = today.end_s[untimed]
    return replace(calls, first_token_s=first_token_s, end_s=end_s)
