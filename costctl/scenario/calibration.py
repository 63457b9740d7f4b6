"""How well does a replay of today reproduce what was observed, class by class, and of what does it say nothing?

In: the frames, the fits, the settings, the replay of today. Out: ``Calibration``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, get_args

import numpy as np
import polars as pl

from costctl.arrays import Bools
from costctl.documents.calibration import Calibration, Fit, Metric, MetricFit
from costctl.documents.settings import ClassSettings, Settings, Slo
from costctl.frames.cost import Frames
from costctl.scenario.trust import FEWEST_CALLS, all_trusted, metric_fit
from costctl.service_model.pool_calibration import TRUSTED_ERROR_RATIO, observed_busy_s
from costctl.service_model.pool_fit import PoolFit, PoolFits
from costctl.simulate.outcome_measures import latency_s, quantile_s, ttft_s
from costctl.simulate.replicas import busy_s_of_pool
from costctl.simulate.workload import Outcome

_MOST_NAMED: Final = 10
_QUANTILES: Final[tuple[tuple[Metric, Metric, float], ...]] = (
    ("call_latency_p50", "call_ttft_p50", 0.5),
    ("call_latency_p95", "call_ttft_p95", 0.95),
)
_METRICS: Final[tuple[Metric, ...]] = get_args(Metric)


def calibration_of(frames: Frames, fits: PoolFits, settings: Settings, today: Outcome) -> Calibration:
    """The report. today: the replay of the whole workload under today's settings."""
    classes = tuple(_class_fit(fits, settings, today, number) for number in np.unique(fits.workload.lane))
    pools = tuple(_pool_fit(fits, settings, today, number) for number in range(len(fits.fitted)))
    metrics = [each for fit in (*classes, *pools) for each in fit.metrics]
    named = [(f"pool {fit.name}", fit) for fit in pools] + [(fit.name, fit) for fit in classes]
    return Calibration(
        tolerance_ratio=TRUSTED_ERROR_RATIO,
        fewest_calls=FEWEST_CALLS,
        trusted_metrics=_with_verdict(metrics, True),
        untrusted_metrics=_with_verdict(metrics, False),
        reasons=tuple(
            f"{name}: {each.metric} is {each.reason}."
            for name, fit in named
            for each in fit.metrics
            if each.is_trusted is False
        ),
        classes=classes,
        pools=pools,
        not_reproduced=(
            *_pools_without_model(frames, fits),
            *_calls_of_no_pool(frames),
            *_left_out(frames, fits),
            *_requests_without_calls(frames, fits),
            *_guessed(fits),
        ),
        largest_error_ratio=max(_errors_within_tolerance(metrics), default=None),
    )


def _errors_within_tolerance(metrics: Iterable[MetricFit]) -> list[float]:
    """Sizes of the errors of the metrics that may be acted on and are not merely too small to matter."""
    return [
        abs(each.error_ratio)
        for each in metrics
        if each.is_trusted and each.error_ratio is not None and abs(each.error_ratio) <= TRUSTED_ERROR_RATIO
    ]


def _with_verdict(metrics: Iterable[MetricFit], verdict: bool) -> tuple[Metric, ...]:
    """The metrics on which those that could be judged agree, or of which one does not hold."""
    verdicts: dict[Metric, list[bool]] = {}
    for each in metrics:
        if each.is_trusted is not None:
            verdicts.setdefault(each.metric, []).append(each.is_trusted)
    return tuple(name for name in _METRICS if name in verdicts and all_trusted(verdicts[name]) is verdict)


def _class_fit(fits: PoolFits, settings: Settings, today: Outcome, number: int) -> Fit:
    name, here = fits.calls.classes[number], fits.workload.lane == number
    return _fit(name, int(here.sum()), _of_calls(fits, today, here, _slo(settings, name)))


def _pool_fit(fits: PoolFits, settings: Settings, today: Outcome, number: int) -> Fit:
    """Latencies as for classes, and busy seconds."""
    fit: PoolFit = fits.fitted[number]
    here = fits.pool == number
    served = [fits.calls.classes[lane] for lane in np.unique(fits.workload.lane[here])]
    calls = int(here.sum())
    of_calls = _of_calls(fits, today, here, _strictest(settings, served))
    if not of_calls:
        return _fit(fit.name, calls, ())
    observed_s = observed_busy_s(fits.calls, fits.which[here])
    busy = metric_fit("busy", observed_s, busy_s_of_pool(today, fits.pools, number), None, calls)
    return _fit(fit.name, calls, (*of_calls, busy))


def _slo(settings: Settings, request_class: str) -> tuple[float | None, float | None]:
    """The objectives of a class, end to end and for the first token, s."""
    slo: Slo = settings.classes.get(request_class, ClassSettings()).slo
    return slo.e2e_p95_s, slo.ttft_p95_s


def _strictest(settings: Settings, classes: list[str]) -> tuple[float | None, float | None]:
    """The shortest of the classes' objectives; None where no class has one."""
    end_to_end, first = zip(*(_slo(settings, name) for name in classes), strict=True)
    return (
        min((each for each in end_to_end if each is not None), default=None),
        min((each for each in first if each is not None), default=None),
    )


def _of_calls(
    fits: PoolFits, today: Outcome, here: Bools, objectives_s: tuple[float | None, float | None]
) -> tuple[MetricFit, ...]:
    """Quantiles of latency and of time to first token; none where nothing was observed."""
    here = here & fits.calls.is_timed[fits.which]
    calls, which = fits.calls, fits.which[here]
    size = int(here.sum())
    if not size:
        return ()
    first_s = calls.first_token_s[which] - calls.arrival_s[which]
    has_first = np.isfinite(first_s)
    seen_s, again_s = calls.latency_s()[which], latency_s(today)[here]
    first_again_s = ttft_s(today)[here][has_first]
    found = [
        metric_fit(latency, quantile_s(seen_s, level), quantile_s(again_s, level), objectives_s[0], size)
        for latency, _, level in _QUANTILES
    ]
    if has_first.any():
        firsts = int(has_first.sum())
        found += [
            metric_fit(
                ttft,
                quantile_s(first_s[has_first], level),
                quantile_s(first_again_s, level),
                objectives_s[1],
                firsts,
            )
            for _, ttft, level in _QUANTILES
        ]
    return tuple(found)


def _fit(name: str, calls: int, metrics: tuple[MetricFit, ...]) -> Fit:
    return Fit(
        name=name,
        calls=calls,
        metrics=metrics,
        trusted_metrics=_with_verdict(metrics, True),
        untrusted_metrics=_with_verdict(metrics, False),
    )


def _pools_without_model(frames: Frames, fits: PoolFits) -> tuple[str, ...]:
    counts = dict(frames.calls.drop_nulls("pool").group_by("pool").len().iter_rows())
    return tuple(
        f"{counts.get(pool, 0):,} calls of pool {pool} are not replayed and keep their observed times: {reason}."
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
        f"{calls:,} calls of {'/'.join(part for part in (provider, model) if part) or 'an unnamed model'} belong to no "
        "configured pool: they keep their observed times and costs."
        for provider, model, calls in rows.head(_MOST_NAMED).iter_rows()
    ]
    if rows.height > _MOST_NAMED:
        lines.append(f"Calls of {rows.height - _MOST_NAMED:,} more models belong to no configured pool.")
    return tuple(lines)


def _left_out(frames: Frames, fits: PoolFits) -> tuple[str, ...]:
    """Calls of pools whose end was not observed, and that nothing else tells either."""
    untimed = frames.calls.filter(pl.col("pool").is_not_null() & pl.col("end_ns").is_null()).height
    left_out = untimed - int(np.count_nonzero(~fits.calls.is_timed[fits.which]))
    return (f"{left_out:,} calls whose end was not observed are left out.",) if left_out else ()


def _requests_without_calls(frames: Frames, fits: PoolFits) -> tuple[str, ...]:
    replayed = fits.calls.request_ids[np.unique(fits.calls.request[fits.which])]
    rows = (
        frames.request_class.filter(~pl.col("request_id").is_in(replayed.tolist()))
        .group_by("request_class")
        .len()
        .sort("request_class")
    )
    return tuple(
        f"{requests:,} requests of {name} have no call that is replayed: they are in no result."
        for name, requests in rows.iter_rows()
    )


def _guessed(fits: PoolFits) -> tuple[str, ...]:
    """What the traces do not say of calls that are replayed."""
    calls, which, lines = fits.calls, fits.which, []
    untimed = ~calls.is_timed[which]
    for number in np.unique(fits.pool[untimed]).tolist():
        lines.append(
            f"{fits.fitted[number].name}: no call's times were observed to hold the replay to; it rests on step times "
            f"({fits.fitted[number].origins[0]}) alone."
        )
    for number in np.unique(fits.workload.lane):
        here = which[(fits.workload.lane == number) & calls.is_generation[which] & ~untimed]
        if here.size and not np.isfinite(calls.first_token_s[here]).any():
            lines.append(
                f"{calls.classes[number]}: no time to first token was observed, so only end-to-end latency is compared."
            )
    for number in np.unique(fits.pool[~calls.is_replica_observed[which]]).tolist():
        fit = fits.fitted[number]
        assumed = (
            "a single replica is assumed"
            if fit.pool.setup.replicas == 1
            else "each goes to the replica with the fewest calls"
        )
        lines.append(f"{fit.name}: no call says which replica served it; {assumed}.")
    tokenless = int((calls.output_tokens[which] < 0)[calls.is_generation[which]].sum())
    if tokenless:
        lines.append(f"{tokenless:,} calls report no output tokens: output length inferred from duration.")
    return tuple(lines)
