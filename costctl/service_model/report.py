"""What does the analysis document say of a fitted service model?

In: the fit of a pool. Out: ``ServiceModelReport``: the constants with their errors, why this discipline, how well it
fits at each load and up to which, and how far a replay under it is from what was observed.
"""

from __future__ import annotations

import numpy as np

from costctl.documents.analysis import ModelResidual, ServiceModelReport
from costctl.service_model.pool_fit import PoolFit
from costctl.service_model.residuals import valid_up_to_active


def service_model_report(fit: PoolFit) -> ServiceModelReport:
    """The report of one pool's fit."""
    model, times = fit.pool.model, fit.times
    return ServiceModelReport(
        discipline=_discipline(model.discipline, model.is_prefill_stalling),
        chosen_because=fit.why,
        alpha_s=model.alpha_s,
        beta_s=model.beta_s,
        gamma_s=model.gamma_s,
        alpha_error_s=times.errors_s[0],
        beta_error_s=times.errors_s[1],
        gamma_error_s=times.errors_s[2],
        calls=fit.calls,
        residual_p90_ratio=times.residual_p90_ratio,
        residuals=tuple(
            ModelResidual(
                least_active=each.least_active,
                most_active=each.most_active,
                calls=each.calls,
                residual_ratio=each.residual_ratio,
            )
            for each in times.by_load
        ),
        valid_up_to_active=valid_up_to_active(times.by_load),
        p50_error_ratio=_finite(fit.calibration.p50_error_ratio),
        p95_error_ratio=_finite(fit.calibration.p95_error_ratio),
        utilisation_error_ratio=_finite(fit.calibration.utilisation_error_ratio),
        alpha_from=fit.origins[0],
        beta_from=fit.origins[1],
        gamma_from=fit.origins[2],
    )


def _discipline(discipline: str, is_stalling: bool) -> str:
    if discipline == "static":
        return "static batches"
    return "continuous batching, " + ("stalling prefill" if is_stalling else "chunked prefill")


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
