"""Which metrics of a replay may be acted on?

In: a metric as it was observed and as a replay of today gives it; or a calibration, and what is asked of it. Out:
verdicts: yes, no, or None where nobody can say. Each rests on its own two numbers, so that one metric that is off
says nothing against another.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from costctl.documents.calibration import Calibration, Fit, Metric, MetricFit
from costctl.service_model.pool_calibration import TRUSTED_ERROR_RATIO

FEWEST_CALLS: Final = 28  # with fewer a 95th percentile is the slowest call
MATERIAL_RATIO: Final = 0.1  # of an objective: a smaller difference decides nothing
MATERIAL_S: Final = 0.005  # without an objective: below what a person or a gateway's timer tells apart


def metric_fit(
    metric: Metric, observed_s: float, replayed_s: float, objective_s: float | None, calls: int
) -> MetricFit:
    """The metric with its verdict. objective_s: of the class, or the strictest of the pool's; None: none is set.
    calls: that it rests on.
    """
    off_s = replayed_s - observed_s
    material_s = MATERIAL_S if objective_s is None else MATERIAL_RATIO * objective_s
    is_within = abs(off_s) <= TRUSTED_ERROR_RATIO * observed_s
    verdict: bool | None = is_within or abs(off_s) < material_s
    if calls < FEWEST_CALLS:
        verdict, reason = None, f"{calls} calls are too few to say; {FEWEST_CALLS} would do"
    elif is_within:
        reason = f"within {TRUSTED_ERROR_RATIO:.0%} of what was observed"
    elif verdict:
        of = "5 ms" if objective_s is None else f"a tenth of the objective of {objective_s:g} s"
        reason = f"off by {_ms(off_s)}, less than {of}"
    else:
        reason = f"off by {_ms(off_s)}: {_ms(replayed_s)} replayed, {_ms(observed_s)} observed"
    return MetricFit(
        metric=metric,
        observed_s=observed_s,
        replayed_s=replayed_s,
        error_ratio=off_s / observed_s if observed_s > 0 else None,
        material_s=material_s,
        is_trusted=verdict,
        reason=reason,
    )


def is_trusted(
    calibration: Calibration,
    metric: Metric,
    *,
    request_class: str | None = None,
    pool: str | None = None,
) -> bool | None:
    """Whether a metric may be acted on for a class, a pool, or both; without either, for all classes and pools.

    None: it was not observed, there are too few calls to say, or the class or the pool was not replayed.
    """
    asked: list[Fit | None] = []
    if request_class is not None:
        asked.append(_named(calibration.classes, request_class))
    if pool is not None:
        asked.append(_named(calibration.pools, pool))
    if asked:
        return all_trusted(None if fit is None else _verdict(fit, metric) for fit in asked)
    if metric in calibration.untrusted_metrics:
        return False
    return True if metric in calibration.trusted_metrics else None


def all_trusted(verdicts: Iterable[bool | None]) -> bool | None:
    """False where one is, else None where one is or there is none, else True."""
    found = list(verdicts)
    if False in found:
        return False
    return None if None in found or not found else True


def _named(fits: tuple[Fit, ...], name: str) -> Fit | None:
    return next((fit for fit in fits if fit.name == name), None)


def _verdict(fit: Fit, metric: Metric) -> bool | None:
    return next((each.is_trusted for each in fit.metrics if each.metric == metric), None)


def _ms(seconds: float) -> str:
    """Milliseconds below a second, else seconds."""
    return f"{seconds * 1e3:.3g} ms" if abs(seconds) < 1 else f"{seconds:.3g} s"
