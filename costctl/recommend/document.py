"""What should change, what does it save, and how sure is that? The recommendations document, from frames and
fits.

In: the frames, the settings, the fitted pools, where the figures come from, a seed. Out: ``Recommendations``.
Settings are chosen on the first three fifths of the window and held to the rest; a kind without enough
evidence appears as withheld.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from costctl.cost.bill import bill_of
from costctl.documents.provenance import Provenance
from costctl.documents.recommendations import (
    SCHEMA_VERSION,
    Baseline,
    Calibration,
    Kind,
    Recommendation,
    Recommendations,
)
from costctl.documents.settings import Settings
from costctl.frames.cost import Frames
from costctl.recommend.advice import Subject, withheld
from costctl.recommend.batch_window import batch_windows
from costctl.recommend.joint import joint_saving
from costctl.recommend.queue_limit import queue_limits
from costctl.recommend.tier_placement import tier_placements
from costctl.recommend.weekly import is_weekly_given, with_savings_of_window
from costctl.scenario.period import period_of
from costctl.scenario.today import why_nothing_fits
from costctl.service_model.pool_fit import TRUSTED_ERROR_RATIO, PoolFit, PoolFits
from costctl.units import S_PER_HOUR, S_PER_WEEK

METHODS: Final = {
    "replay": "event-driven replay of the trace's own calls under fitted service models",
    "saving": "paired replay, block bootstrap",
    "holdout": "chosen on the first three fifths of the window, held to the rest",
    "tier_placement": "mixed-integer program over replayed loads",
}
_KINDS: Final[tuple[Kind, ...]] = ("batch_window", "queue_limit", "tier_placement")
_FIRST_PART: Final = 0.6


def build_recommendations(
    frames: Frames,
    settings: Settings,
    fits: PoolFits,
    provenance: Provenance,
    seed: int,
    *,
    is_weekly_asked: bool = False,
) -> Recommendations:
    """The recommendations document of a window. is_weekly_asked: figures a week are given however short it is."""
    billed = bill_of(frames, settings).billed_usd
    advice = tuple(_advice(frames, settings, fits, seed))
    whole = period_of(frames, fits, settings, 0.0, frames.window_s) if fits.fitted else None
    weeks = frames.window_s / S_PER_WEEK
    is_weekly = is_weekly_given(frames.window_s, is_asked=is_weekly_asked)
    document = Recommendations(
        schema_version=SCHEMA_VERSION,
        provenance=provenance,
        baseline=Baseline(
            usd=billed,
            requests=frames.requests.height,
            observed_hours=frames.window_s / S_PER_HOUR,
            unpriced_charges=frames.charge["usd"].null_count(),
            is_weekly_given=is_weekly,
            usd_per_week=None if billed is None or not is_weekly else billed / weeks,
            requests_per_week=frames.requests.height / weeks if is_weekly else None,
        ),
        calibration=tuple(_calibration(fit) for fit in fits.fitted),
        recommendations=advice,
        joint=None if whole is None else joint_saving(fits, whole, advice, seed),
    )
    return with_savings_of_window(document)


def _advice(frames: Frames, settings: Settings, fits: PoolFits, seed: int) -> list[Recommendation]:
    if not fits.fitted:
        return [withheld(Subject(kind, None, None), why_nothing_fits(settings, fits)) for kind in _KINDS]
    unpriced = [fit.name for fit in fits.fitted if settings.pools[fit.name].usd_per_replica_hour is None]
    if unpriced:
        reason = f"{unpriced[0]} has no price: set pools.{unpriced[0]}.usd_per_replica_hour."
        return [withheld(Subject(kind, None, None), reason) for kind in _KINDS]
    cut_s = _FIRST_PART * frames.window_s
    first = period_of(frames, fits, settings, 0.0, cut_s)
    second = period_of(frames, fits, settings, cut_s, frames.window_s)
    if min(first.workload.size, second.workload.size) == 0:
        reason = (
            "One part of the window has no calls, so that nothing chosen on one can be held to the other."
        )
        return [withheld(Subject(kind, None, None), reason) for kind in _KINDS]
    return [
        *batch_windows(fits, first, second, seed),
        *queue_limits(fits, first, second, seed),
        *tier_placements(fits, settings, first, second, seed),
    ]


def _calibration(fit: PoolFit) -> Calibration:
    errors = fit.calibration
    reason = (
        f"Within {TRUSTED_ERROR_RATIO:.0%} of what was observed."
        if errors.is_trusted
        else f"More than {TRUSTED_ERROR_RATIO:.0%} off what was observed; advice for this pool is withheld."
    )
    return Calibration(
        pool=fit.name,
        p50_error_ratio=_finite(errors.p50_error_ratio),
        p95_error_ratio=_finite(errors.p95_error_ratio),
        utilisation_error_ratio=_finite(errors.utilisation_error_ratio),
        is_trusted=errors.is_trusted,
        reason=reason,
    )


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
