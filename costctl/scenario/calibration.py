"""How well does a replay of today reproduce what was observed, class by class, and of what does it say nothing?

In: the frames, the fits, the replay of today. Out: ``Calibration``.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import polars as pl

from costctl.arrays import Bools, Floats
from costctl.documents.simulation import Calibration, Fit, QuantileError
from costctl.frames.cost import Frames
from costctl.service_model.pool_fit import TRUSTED_ERROR_RATIO, PoolFit, PoolFits
from costctl.simulate.outcome_measures import latency_s, quantile_s, ttft_s
from costctl.simulate.replicas import busy_s_of_pool
from costctl.simulate.workload import Outcome

FEWEST_CALLS: Final = 28  # with fewer a 95th percentile is the slowest call
_MOST_NAMED: Final = 10
Metric = Literal["latency_p50", "latency_p95", "ttft_p50", "ttft_p95", "busy"]


def calibration_of(frames: Frames, fits: PoolFits, today: Outcome) -> Calibration:
    """The report. today: the replay of the whole workload under today's settings."""
    lanes = fits.workload.lane
    classes = tuple(
        _class_fit(fits, today, fits.calls.classes[number], lanes == number) for number in np.unique(lanes)
    )
    pools = tuple(_pool_fit(fits, today, number, fit) for number, fit in enumerate(fits.fitted))
    reasons = tuple(f"{each.name}: {each.reason}" for each in (*pools, *classes) if each.is_trusted is False)
    return Calibration(
        is_trusted=not reasons,
        tolerance_ratio=TRUSTED_ERROR_RATIO,
        reasons=reasons,
        classes=classes,
        pools=pools,
        not_reproduced=(
            *_pools_without_model(frames, fits),
            *_calls_of_no_pool(frames),
            *_requests_without_calls(frames, fits),
            *_guessed(fits),
        ),
    )


def _class_fit(fits: PoolFits, today: Outcome, name: str, here: Bools) -> Fit:
    return _fit(name, int(here.sum()), _errors(fits, today, here))


def _pool_fit(fits: PoolFits, today: Outcome, number: int, fit: PoolFit) -> Fit:
    """Latencies as for classes; busy seconds by the calibration of the fit, of which they are a part."""
    here = fits.pool == number
    busy_s = busy_s_of_pool(today, fits.pools, number)
    ratio = fit.calibration.utilisation_error_ratio
    busy = () if not np.isfinite(ratio) else (QuantileError("busy", busy_s / (1.0 + ratio), busy_s, ratio),)
    return _fit(fit.name, int(here.sum()), (*_errors(fits, today, here), *busy))


def _errors(fits: PoolFits, today: Outcome, here: Bools) -> tuple[QuantileError, ...]:
    calls, which = fits.calls, fits.which[here]
    first_s = calls.first_token_s[which] - calls.arrival_s[which]
    has_first = np.isfinite(first_s)
    return (
        *_quantile_errors(("latency_p50", "latency_p95"), calls.latency_s()[which], latency_s(today)[here]),
        *_quantile_errors(("ttft_p50", "ttft_p95"), first_s[has_first], ttft_s(today)[here][has_first]),
    )


def _quantile_errors(
    metrics: tuple[Metric, Metric], observed_s: Floats, replayed_s: Floats
) -> tuple[QuantileError, ...]:
    """Median and 95th percentile; none where nothing was observed."""
    if observed_s.size == 0:
        return ()
    found = []
    for metric, level in zip(metrics, (0.5, 0.95), strict=True):
        seen_s, again_s = quantile_s(observed_s, level), quantile_s(replayed_s, level)
        found.append(QuantileError(metric, seen_s, again_s, again_s / seen_s - 1.0 if seen_s > 0 else None))
    return tuple(found)


def _fit(name: str, calls: int, errors: tuple[QuantileError, ...]) -> Fit:
    off = [each for each in errors if each.error_ratio is None or abs(each.error_ratio) > TRUSTED_ERROR_RATIO]
    if calls < FEWEST_CALLS:
        return Fit(name, calls, errors, None, f"{calls} calls are too few to say; {FEWEST_CALLS} would do.")
    if not off:
        return Fit(name, calls, errors, True, f"Within {TRUSTED_ERROR_RATIO:.0%} of what was observed.")
    worst = ", ".join(
        f"{each.metric} " + ("of 0 s" if each.error_ratio is None else f"{each.error_ratio:+.0%}")
        for each in off
    )
    return Fit(
        name, calls, errors, False, f"More than {TRUSTED_ERROR_RATIO:.0%} off what was observed: {worst}."
    )


def _pools_without_model(frames: Frames, fits: PoolFits) -> tuple[str, ...]:
    counts = dict(frames.calls.drop_nulls("pool").group_by("pool").len().iter_rows())
    return tuple(
        f"{counts.get(pool, 0):,} calls of the pool {pool}, which take what they took: {reason}."
        for pool, reason in sorted(fits.reasons.items())
    )


def _calls_of_no_pool(frames: Frames) -> tuple[str, ...]:
    """Calls that are bought by the token, or that no configured pool takes, by model."""
    rows = (
        frames.calls.filter(pl.col("pool").is_null())
        .group_by("provider", "model")
        .len()
        .sort(["len", "provider", "model"], descending=[True, False, False])
    )
    lines = [
        f"{calls:,} calls of {'/'.join(part for part in (provider, model) if part) or 'an unnamed model'}, which no "
        "pool of the configuration takes: they take what they took and cost what they cost."
        for provider, model, calls in rows.head(_MOST_NAMED).iter_rows()
    ]
    if rows.height > _MOST_NAMED:
        lines.append(f"Calls of {rows.height - _MOST_NAMED:,} other models that no pool takes.")
    untimed = frames.calls.filter(pl.col("pool").is_not_null() & pl.col("end_ns").is_null()).height
    if untimed:
        lines.append(f"{untimed:,} calls whose end was not observed: they are left out.")
    return tuple(lines)


def _requests_without_calls(frames: Frames, fits: PoolFits) -> tuple[str, ...]:
    replayed = fits.calls.request_ids[np.unique(fits.calls.request[fits.which])]
    rows = (
        frames.request_class.filter(~pl.col("request_id").is_in(replayed.tolist()))
        .group_by("request_class")
        .len()
        .sort("request_class")
    )
    return tuple(
        f"{requests:,} requests of {name} of which no call is replayed: they are in no result."
        for name, requests in rows.iter_rows()
    )


def _guessed(fits: PoolFits) -> tuple[str, ...]:
    """What the traces do not say of calls that are replayed."""
    calls, which, lines = fits.calls, fits.which, []
    for number in np.unique(fits.workload.lane):
        here = which[(fits.workload.lane == number) & calls.is_generation[which]]
        if here.size and not np.isfinite(calls.first_token_s[here]).any():
            lines.append(
                f"{calls.classes[number]}: no time to first token was observed, so that only ends are compared."
            )
    unplaced = sorted(
        {fits.fitted[number].name for number in fits.pool[~calls.is_replica_observed[which]].tolist()}
    )
    lines += [f"{name}: no call says which replica served it; one is assumed." for name in unplaced]
    tokenless = int((calls.output_tokens[which] < 0)[calls.is_generation[which]].sum())
    if tokenless:
        lines.append(
            f"{tokenless:,} calls that report no output tokens decode as many as their time had room for."
        )
    return tuple(lines)
