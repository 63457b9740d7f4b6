"""Which of latency, success, retries and cache hits changed, class by class, and is that more than noise? Where nothing
has a price, so that no effect tells it: which of requests and tokens?

In: two sides. Out: ``MetricChange`` values. The standard error of a difference comes from blocks of time that are drawn
again, both sides alike where they cover the same hours of the day; a change is named from ``STANDARD_ERRORS`` of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Floats, Ints
from costctl.cost.change_noise import widened
from costctl.cost.difference_noise import FEWEST_BLOCKS
from costctl.documents.analysis import ClassReport
from costctl.documents.difference import MeasureUnit, MetricChange
from costctl.documents.estimate import Estimate
from costctl.documents.metrics import METRICS
from costctl.documents.spending import LEAST_RATIO, STANDARD_ERRORS
from costctl.frames.compared import ComparedTime, Rows
from costctl.stats.blocks import block_weights

STAGE: Final = METRICS["stage_s_per_request"].id
_DRAWS: Final = 200
_ALIKE: Final = 0.01  # of the length of a side, by which the other may differ to be as long
_FEWEST: Final = 30  # requests of a class on each side, below which its quantiles are not compared
_MOST_ROWS: Final = 20_000  # of a class and side from which the spread of a quantile is drawn
_LEAST_STAGE_S: Final = 0.001  # a stage that takes less is nothing that anybody waits for
_DEVIATE: Final = 1.959964
_METHOD: Final = "bootstrap over blocks of time"


@dataclass(frozen=True, slots=True)
class _Known:
    """A metric of one side: its value, and its values when blocks are drawn again (None where that is not known)."""

    value: float | None
    drawn: Floats | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    metric: str
    unit: MeasureUnit
    of: Callable[[pl.DataFrame, Floats | None], _Known]


def metric_changes(
    base: ComparedTime, new: ComparedTime, seed: int, *, is_priced: bool = True
) -> tuple[MetricChange, ...]:
    """All metrics of classes that are on both sides, the most changed first. is_priced: effects tell requests and
    tokens; else these are metrics, of classes that are on one side alone too.
    """
    if base.rows is None or new.rows is None:
        found = [*_of_documents(base, new)]
    else:
        found = [*_of_rows(base, new, base.rows, new.rows, seed, is_priced=is_priced)]
    return tuple(sorted(found, key=_order))


def _order(change: MetricChange) -> tuple[bool, float, str, str, str]:
    size = abs((change.after or 0.0) / change.before - 1.0) if change.before else 0.0
    return not change.is_clear, -size, change.request_class, change.metric, change.stage or ""


def _of_rows(
    base: ComparedTime, new: ComparedTime, before: Rows, after: Rows, seed: int, *, is_priced: bool
) -> Iterator[MetricChange]:
    rng = np.random.default_rng(seed)
    blocks = (base.cells.blocks, new.cells.blocks)
    weights: list[Floats | None] = [None, None]
    if min(blocks) >= FEWEST_BLOCKS:
        first = block_weights(blocks[0], _DRAWS, rng)
        is_paired = base.cells.is_paired(new.cells)
        weights = [first, first if is_paired else block_weights(blocks[1], _DRAWS, rng)]
    on = [{*side.requests["request_class"].to_list()} for side in (before, after)]
    is_as_long = abs(base.cells.seconds - new.cells.seconds) <= _ALIKE * base.cells.seconds
    for name in sorted(on[0] & on[1] if is_priced else on[0] | on[1]):
        rows = [side.requests.filter(pl.col("request_class") == name) for side in (before, after)]
        is_many = min(each.height for each in rows) >= _FEWEST
        chosen: list[Floats | None] = weights if is_many else [None, None]
        if not is_priced:
            counts = [
                _count(each, weight if is_as_long else None)
                for each, weight in zip(rows, chosen, strict=True)
            ]
            yield _change("requests", name, None, "count", (counts[0], counts[1]), min(blocks))
        for wanted in _WANTED if is_priced else (*_TOKENS, *_WANTED):
            sides = [wanted.of(each, weight) for each, weight in zip(rows, chosen, strict=True)]
            if any(each.value is not None for each in sides):
                yield _change(wanted.metric, name, None, wanted.unit, (sides[0], sides[1]), min(blocks))
        yield from _stages(name, (before, after), rows, chosen, min(blocks))


def _stages(
    name: str, sides: tuple[Rows, Rows], rows: list[pl.DataFrame], weights: list[Floats | None], blocks: int
) -> Iterator[MetricChange]:
    """Mean time of a request in each stage, over the requests that were timed, as the analysis has it."""
    of_class = [side.stages.filter(pl.col("request_class") == name) for side in sides]
    for stage in sorted({*of_class[0]["stage"].to_list(), *of_class[1]["stage"].to_list()}):
        known = []
        for stages, requests, weight in zip(of_class, rows, weights, strict=True):
            own = stages.filter(pl.col("stage") == stage)
            top = _by_block(own["at"], (own["self_ns"] / 1e9).to_numpy(), weight)
            timed = requests.filter(pl.col("duration_s").is_not_null())
            bottom = _by_block(timed["at"], np.ones(timed.height), weight)
            known.append(_mean(top, bottom))
        if max(each.value or 0.0 for each in known) >= _LEAST_STAGE_S:
            yield _change(STAGE, name, stage, "s", (known[0], known[1]), blocks)


def _by_block(at: pl.Series, values: Floats, weights: Floats | None) -> tuple[float, Floats | None]:
    """The sum of the values, and as blocks are drawn again."""
    if weights is None:
        return float(values.sum()), None
    return float(values.sum()), weights @ np.bincount(at.to_numpy(), values, weights.shape[1])


def _mean(top: tuple[float, Floats | None], bottom: tuple[float, Floats | None]) -> _Known:
    value = top[0] / bottom[0] if bottom[0] else None
    if top[1] is None or bottom[1] is None:
        return _Known(value)
    return _Known(value, top[1][bottom[1] > 0] / bottom[1][bottom[1] > 0])


def _count(rows: pl.DataFrame, weights: Floats | None) -> _Known:
    """How many requests. weights: None where the other side is longer or shorter, which is no chance."""
    return _Known(*_by_block(rows["at"], np.ones(rows.height), weights))


def _ratio_of(top: pl.Expr, bottom: pl.Expr) -> Callable[[pl.DataFrame, Floats | None], _Known]:
    def of(rows: pl.DataFrame, weights: Floats | None) -> _Known:
        known = rows.select("at", top=top.cast(pl.Float64), bottom=bottom.cast(pl.Float64)).drop_nulls()
        parts = (_by_block(known["at"], known[each].to_numpy(), weights) for each in ("top", "bottom"))
        return _mean(*parts)

    return of


def _quantile_of(column: str, part: float) -> Callable[[pl.DataFrame, Floats | None], _Known]:
    """The smallest value that so many do not exceed, as in the analysis."""

    def of(rows: pl.DataFrame, weights: Floats | None) -> _Known:
        known = rows.select("at", column).drop_nulls().sort(column)
        if known.is_empty():
            return _Known(None)
        values: Floats = known[column].to_numpy()
        value = float(values[_rank(part, values.size) - 1])
        if weights is None or values.size < _FEWEST:
            return _Known(value)
        step = -(-values.size // _MOST_ROWS)
        return _Known(value, _drawn_quantiles(values[::step], known["at"].to_numpy()[::step], weights, part))

    return of


def _rank(part: float, count: int) -> int:
    """⌈p n⌉, in whole numbers."""
    return -(-round(part * 100) * count // 100)


def _drawn_quantiles(values: Floats, at: Ints, weights: Floats, part: float) -> Floats:
    found = np.full(len(weights), np.nan)
    for draw, weight in enumerate(weights):
        up_to = np.cumsum(weight[at])
        if up_to[-1] > 0:
            found[draw] = values[np.searchsorted(up_to, part * up_to[-1] * (1 - 1e-12))]
    known: Floats = found[~np.isnan(found)]
    return known


_WANTED: Final = (
    _Wanted("e2e_p50", "s", _quantile_of("duration_s", 0.50)),
    _Wanted("e2e_p95", "s", _quantile_of("duration_s", 0.95)),
    _Wanted("ttft_p95", "s", _quantile_of("ttft_s", 0.95)),
    _Wanted("success_ratio", "ratio", _ratio_of(pl.col("is_success"), pl.lit(1.0))),
    _Wanted("attempts_per_request", "number", _ratio_of(pl.col("attempts"), pl.lit(1.0))),
    _Wanted(
        "prompt_cache_ratio",
        "ratio",
        _ratio_of(
            pl.when(pl.col("input_tokens").is_not_null()).then(pl.col("cached_input_tokens")),
            pl.when(pl.col("cached_input_tokens").is_not_null()).then(pl.col("input_tokens")),
        ),
    ),
)


_TOKENS: Final = tuple(
    _Wanted(
        f"{kind}_tokens_per_request",
        "tokens",
        _ratio_of(pl.col(f"{kind}_tokens"), pl.when(pl.col(f"{kind}_tokens").is_not_null()).then(1.0)),
    )
    for kind in ("input", "output")
)


def _change(
    metric: str, name: str, stage: str | None, unit: MeasureUnit, sides: tuple[_Known, _Known], blocks: int
) -> MetricChange:
    before, after = sides
    difference = None if before.value is None or after.value is None else after.value - before.value
    change: Estimate | None = None
    is_clear: bool | None = None
    if difference is not None and before.drawn is not None and after.drawn is not None:
        error = _error(before.drawn, after.drawn)
        half = error * _DEVIATE * float(widened(blocks - 1, _DEVIATE))
        change = Estimate(difference - half, difference, difference + half, 0.95, _METHOD)
        bound = STANDARD_ERRORS * error * float(widened(blocks - 1))
        is_clear = abs(difference) > bound and abs(difference) >= LEAST_RATIO * abs(before.value or 0.0)
    return MetricChange(metric, name, stage, unit, before.value, after.value, change, is_clear)


def _error(before: Floats, after: Floats) -> float:
    """Of the difference: drawn together where both were."""
    if before.size == after.size:
        return float(np.std(after - before, ddof=1))
    return float(np.hypot(np.std(before, ddof=1), np.std(after, ddof=1)))


def _of_documents(base: ComparedTime, new: ComparedTime) -> Iterator[MetricChange]:
    """What both sides say, where one of them was saved: without how much is noise."""
    sides = [_values(side) for side in (base, new)]
    for key in sorted(set(sides[0]) & set(sides[1])):
        metric, name = key
        unit: MeasureUnit = "s" if metric.startswith(("e2e", "ttft")) else "ratio"
        yield MetricChange(metric, name, None, unit, sides[0][key], sides[1][key], None, None)


def _values(side: ComparedTime) -> dict[tuple[str, str], float]:
    if side.document is not None:
        return {
            (metric, each.request_class): value
            for each in side.document.classes
            for metric, value in _of_class(each).items()
            if value is not None
        }
    requests = pl.DataFrame() if side.rows is None else side.rows.requests
    found = {}
    for name in sorted(set(requests["request_class"].to_list())):
        rows = requests.filter(pl.col("request_class") == name)
        for wanted in _WANTED:
            known = wanted.of(rows, None)
            if known.value is not None:
                found[wanted.metric, name] = known.value
    return found


def _of_class(report: ClassReport) -> dict[str, float | None]:
    latency, ttft = report.latency_s, report.ttft_s
    return {
        "e2e_p50": None if latency is None else latency.p50,
        "e2e_p95": None if latency is None else latency.p95,
        "ttft_p95": None if ttft is None else ttft.p95,
        "success_ratio": report.success_ratio,
        "prompt_cache_ratio": report.tokens.cached_input_ratio,
    }
