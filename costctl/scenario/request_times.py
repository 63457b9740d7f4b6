"""How long did each request take, and until its first token? As observed; where its calls have no times, as replayed.

In: the fitted pools with their calls, of requests what was observed. Out: seconds by request, NaN where neither tells.
"""

from __future__ import annotations

import numpy as np

from costctl.arrays import Floats
from costctl.service_model.pool_fit import PoolFits


def request_times_s(
    fits: PoolFits, start_s: Floats, duration_s: Floats, ttft_s: Floats
) -> tuple[Floats, Floats]:
    """Durations and times to first token. start_s: of each request, on the clock of the calls.

    duration_s, ttft_s: as observed, NaN where not.
    """
    calls = fits.calls
    untimed = fits.which[~calls.is_timed[fits.which]]
    if not untimed.size:
        return duration_s, ttft_s
    request = calls.request[untimed]
    last_s, first_s = np.full(start_s.size, -np.inf), np.full(start_s.size, np.inf)
    np.fmax.at(last_s, request, calls.end_s[untimed])
    np.fmin.at(first_s, request, calls.first_token_s[untimed])
    return _or_else(duration_s, last_s - start_s), _or_else(ttft_s, first_s - start_s)


def _or_else(observed_s: Floats, replayed_s: Floats) -> Floats:
    known_s = np.where(np.isfinite(replayed_s), replayed_s, np.nan)
    found: Floats = np.where(np.isnan(observed_s), known_s, observed_s)
    return found
