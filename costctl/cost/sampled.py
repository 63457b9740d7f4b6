"""How far may the values of an analysis be off by chance? What gates hold against their limits.

In: the frames, which request belongs to which session, what was spent over time, the analysis, the settings, a seed.
Out: ``Sampled`` values.

    cost of one       ratio of sums, bootstrap over sessions, as their requests come together; over requests where
                      nothing names its session
    part of requests  Wilson's interval
    time in a stage   ratio of sums, bootstrap over requests that were timed
    percentiles       bounds by ranks
    sums              ± 1.96 standard errors of ``change_noise``: for comparisons with another window
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import polars as pl

from costctl.behaviour.objectives import class_objectives
from costctl.cost.change_noise import sum_noise_usd
from costctl.documents.analysis import Analysis
from costctl.documents.metric import Subject
from costctl.documents.metric_values import values_of
from costctl.documents.metrics import METRICS
from costctl.documents.sampled import Sampled, SampleUnit
from costctl.documents.settings import ClassSettings, Settings
from costctl.frames.cost import Frames
from costctl.frames.spending import Key, Spending
from costctl.stats.blocks import LEVEL, ratio_over_requests
from costctl.stats.noninferiority import wilson
from costctl.stats.quantiles import quantile
from costctl.stats.rank_bounds import rank_bounds
from costctl.units import NS_PER_S

_PERCENTILES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_TIMES: Final = {"e2e": "duration_s", "ttft": "ttft_s"}
_STANDARD_ERRORS: Final = 1.959964  # of a normal deviate, within which 95 % lie
_WHOLE: Final[Subject] = ()
_CUTS: Final = {"class": "request_class", "tenant": "tenant", "model": "model"}
_MEANS: Final = "ratio of sums, bootstrap over requests"
_RANKS: Final = "ranks of the observed values"
_WILSON: Final = "Wilson's interval"
_SUMS: Final = "sum, standard error by blocks of time"


def sampled_of(
    frames: Frames,
    sessions: pl.DataFrame,
    spending: Spending,
    document: Analysis,
    settings: Settings,
    seed: int,
) -> tuple[Sampled, ...]:
    """All of them, class by class, then of the whole. sessions: request_id and session_id of every request."""
    requests = (
        frames.traffic.placed(frames.requests)
        .join(frames.request_usd.select("request_id", "usd"), on="request_id", how="left")
        .join(sessions.select("request_id", "session_id"), on="request_id", how="left")
        .sort("request_id")
    )
    stage_time = frames.traffic.placed(frames.traffic.stage_time).with_columns(
        pl.col("request_class", "stage").cast(pl.String)
    )
    found: list[Sampled] = []
    for report in document.classes:
        name = report.request_class
        subject: Subject = (("request_class", name),)
        rows = requests.filter(pl.col("request_class").cast(pl.String) == name)
        found.extend(_of_requests(rows, subject, seed, is_priced=report.cost.attributed_usd is not None))
        found.extend(_of_times(rows, subject))
        found.extend(_of_stages(stage_time.filter(pl.col("request_class") == name), subject, seed))
        found.extend(_of_objectives(rows, name, settings.classes.get(name, ClassSettings())))
    is_priced = document.totals.attributed_usd is not None
    found.extend(_of_requests(requests, _WHOLE, seed, is_priced=is_priced))
    found.extend(_of_rows(document))
    found.extend(_of_sums(spending, document))
    return tuple(found)


def _of_requests(rows: pl.DataFrame, subject: Subject, seed: int, *, is_priced: bool) -> Iterator[Sampled]:
    """The part that succeeded, and where anything has a price, what one success and one session cost."""
    successes = int(rows["is_success"].sum())
    low, high = _part_bounds(successes / rows.height, rows.height)
    yield Sampled(
        "success_ratio", subject, rows.height, "requests", successes / rows.height, low, high, LEVEL, _WILSON
    )
    if not is_priced:
        return
    together = pl.coalesce(pl.col("session_id"), pl.format("request {}", pl.col("request_id")))
    groups = rows.group_by(together.alias("group"), maintain_order=True).agg(
        pl.col("usd").sum(), pl.col("is_success").sum().alias("successes"), pl.col("session_id").first()
    )
    unit: SampleUnit = "sessions" if groups.height < rows.height else "requests"
    for metric in ("usd_per_completed_task", *(("usd_per_success",) if subject else ())):
        yield _ratio(metric, subject, groups, "successes", unit, seed)
    named = groups.filter(pl.col("session_id").is_not_null()).with_columns(sessions=pl.lit(1))
    if named.height:
        yield _ratio("usd_per_session", subject, named, "sessions", "sessions", seed)


def _ratio(
    metric: str, subject: Subject, groups: pl.DataFrame, over: str, unit: SampleUnit, seed: int
) -> Sampled:
    method = f"ratio of sums, bootstrap over {unit}"
    estimate = ratio_over_requests(
        groups["usd"].to_numpy(),
        groups[over].cast(pl.Float64).to_numpy(),
        method,
        np.random.default_rng(seed),
    )
    if estimate is None:
        return Sampled(metric, subject, groups.height, unit, None, None, None, LEVEL, method)
    return Sampled(
        metric, subject, groups.height, unit, estimate.mid, estimate.low, estimate.high, LEVEL, method
    )


def _of_times(rows: pl.DataFrame, subject: Subject) -> Iterator[Sampled]:
    for time, column in _TIMES.items():
        known = rows[column].drop_nulls().to_numpy()
        if not known.size:
            continue
        for percentile, at in _PERCENTILES.items():
            low, high = rank_bounds(known, at)
            yield Sampled(
                f"{time}_{percentile}",
                subject,
                known.size,
                "requests",
                quantile(known, at),
                low,
                high,
                LEVEL,
                _RANKS,
            )


def _of_stages(stage_time: pl.DataFrame, subject: Subject, seed: int) -> Iterator[Sampled]:
    """Of requests that were timed: those that did not enter the stage were 0 s in it."""
    timed = stage_time.select("request_id").unique().sort("request_id")
    ones = np.ones(timed.height)
    for stage in stage_time["stage"].unique().sort():
        own = stage_time.filter(pl.col("stage") == stage).group_by("request_id").agg(pl.col("self_ns").sum())
        spent = timed.join(own, on="request_id", how="left", maintain_order="left")["self_ns"].fill_null(0)
        seconds = spent.to_numpy() / NS_PER_S
        estimate = ratio_over_requests(seconds, ones, _MEANS, np.random.default_rng(seed))
        value = float(seconds.mean()) if estimate is None else estimate.mid
        low, high = (None, None) if estimate is None else (estimate.low, estimate.high)
        yield Sampled(
            "stage_s_per_request",
            (*subject, ("stage", stage)),
            timed.height,
            "requests",
            value,
            low,
            high,
            LEVEL,
            _MEANS,
        )


def _of_objectives(rows: pl.DataFrame, name: str, declared: ClassSettings) -> Iterator[Sampled]:
    for each in class_objectives(name, rows, declared.slo, None).objectives:
        if each.met_ratio is None:
            continue
        low, high = _part_bounds(each.met_ratio, each.observed)
        subject = (("request_class", name), ("objective", f"{each.metric} {each.target}"))
        yield Sampled(
            "slo_attainment", subject, each.observed, "requests", each.met_ratio, low, high, LEVEL, _WILSON
        )


def _of_rows(document: Analysis) -> Iterator[Sampled]:
    """The part of the requests of each tenant and model that succeeded."""
    for by in ("tenant", "model"):
        for row in (row for cut in document.cuts if cut.by == by for row in cut.rows):
            if row.value is None or row.success_ratio is None:
                continue
            low, high = _part_bounds(row.success_ratio, row.requests)
            subject: Subject = ((by, row.value),)
            yield Sampled(
                "success_ratio",
                subject,
                row.requests,
                "requests",
                row.success_ratio,
                low,
                high,
                LEVEL,
                _WILSON,
            )


def _of_sums(spending: Spending, document: Analysis) -> Iterator[Sampled]:
    """What classes, tenants, models and all together were charged, where that has an amount."""
    keys: dict[Subject, list[Key]] = {_WHOLE: spending.keys("class")}
    for cut, kind in _CUTS.items():
        for key in spending.keys(cut):
            value = spending.value.get((cut, key[2]))
            if key[1] == "value" and value is not None:
                keys[((kind, value),)] = [key]
    requests = {each.subject: each.value for each in values_of(METRICS["requests"], document)}
    for reading in values_of(METRICS["attributed_usd"], document):
        usd, samples = reading.value, requests.get(reading.subject)
        if isinstance(usd, float) and isinstance(samples, float) and reading.subject in keys:
            half = half_of_sum_usd(spending, keys[reading.subject])
            low, high, counted = usd - half, usd + half, int(samples)
            yield Sampled(
                "attributed_usd", reading.subject, counted, "requests", usd, low, high, LEVEL, _SUMS
            )


def half_of_sum_usd(spending: Spending, keys: Sequence[Key]) -> float:
    """Half of the 95 % interval of what rows of a cut come to in the whole window; each request is in one of them."""
    held = [spending.blocks[key] for key in keys if key in spending.blocks]
    count = (spending.last_ns - spending.slots[0]) // spending.block_ns + 1
    first = (spending.first_ns - spending.slots[0]) // spending.block_ns
    usd = sum((each.usd.sum(axis=0) for each in held), np.zeros(1))
    squared = sum(float(each.usd_squared.sum()) for each in held)
    blocks = usd[first:count] if usd.size > 1 else usd
    return _STANDARD_ERRORS * sum_noise_usd(blocks, squared, _STANDARD_ERRORS)


def _part_bounds(part: float, count: int) -> tuple[float, float]:
    """Wilson's, without what rounding leaves beyond none and all."""
    low, high = wilson(part, count)
    return min(max(0.0, low), part), max(min(1.0, high), part)
