"""What is drawn? One function a chart, from a document to a drawing with its numbers in a table beside it.

In: the documents of a report. Out: ``Chart``, or None where what it would show was not observed. Numbers are those of
the documents as they are: a chart adds none.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from costctl.documents.analysis import Analysis
from costctl.documents.estimate import Estimate
from costctl.documents.recommendations import Recommendation, Recommendations
from costctl.documents.workload_map import WorkloadMap
from costctl.render.cells import Interval, Row, count, ratio, seconds, usd
from costctl.render.recommendation_words import in_words
from costctl.report.drawing import (
    DAY_AND_TIME,
    MOST_DRAWN,
    MOST_ROWS,
    WIDTH,
    Chart,
    Drawing,
    chart_of,
    coloured,
    data,
    label,
    rows_axis,
    tall,
)
from costctl.report.drawn import COLOURS, INK


def spend_over_time(analysis: Analysis) -> Chart | None:
    """USD by time and class; a mark for all together."""
    timeline = analysis.timeline
    if timeline is None or len(timeline.slots) < 2:
        return None
    shown = [each for each in timeline.classes if each.request_class is not None][:MOST_DRAWN]
    bars = [
        {"from": slot.from_, "class": label(str(series.request_class)), "usd": amount}
        for series in shown
        for slot, amount in zip(timeline.slots, series.usd, strict=True)
        if amount is not None
    ]
    totals = [
        {"from": slot.from_, "usd": amount}
        for slot, amount in zip(timeline.slots, timeline.total.usd, strict=True)
        if amount is not None
    ]
    if not totals:
        return None
    order = [label(str(each.request_class)) for each in shown]
    time = alt.X("from:O", title=None, axis=alt.Axis(labelExpr=DAY_AND_TIME, labelAngle=0, labelOverlap=True))
    stacked = (
        data(bars)
        .mark_bar()
        .encode(
            x=time,
            y=alt.Y("usd:Q", title="USD", stack="zero"),
            color=coloured("class:N", order),
            order=alt.Order("class:N"),
        )
    )
    ticks = data(totals).mark_tick(color=INK, thickness=2).encode(x=time, y=alt.Y("usd:Q", title="USD"))
    names = ["all", *(str(each.request_class) for each in timeline.classes)]
    rows: list[Row] = [
        (slot.from_, *(usd(series.usd[place]) for series in (timeline.total, *timeline.classes)))
        for place, slot in enumerate(timeline.slots)
    ]
    left_out = len(timeline.classes) - len(shown)
    more = f" {left_out} smaller classes are in the table only." if left_out else ""
    return chart_of(
        "spend-over-time",
        "Spend over time",
        f"USD by time, stacked by class; a line across each bar is the sum of all classes.{more}",
        (stacked + ticks).properties(width=WIDTH, height=200),
        ("from", *names),
        rows,
    )


def cost_per_success(analysis: Analysis) -> Chart | None:
    """USD of a success by class, with its interval."""
    found = [
        (each.request_class, each.cost.usd_per_success, each.cost.unit_costs.unpriced_charges)
        for each in analysis.classes
        if each.cost.usd_per_success is not None
    ]
    if not found:
        return None
    rows: list[Row] = [
        (name, Interval(estimate, "USD", "").at_least(unpriced)) for name, estimate, unpriced in found
    ]
    return chart_of(
        "cost-per-success",
        "Cost per successful request",
        "USD of a successful request by class; the line is the 95 % interval.",
        _intervals(
            [(name, estimate) for name, estimate, _ in found if estimate is not None], "USD per success"
        ),
        ("class", "cost per success"),
        rows,
    )


def savings(advice: Recommendations) -> Chart | None:
    """Cash that each recommendation would save, with its interval."""
    weekly = advice.baseline.is_weekly_given
    found = [(each, _cash(each, is_weekly=weekly)) for each in advice.made]
    told = [(in_words(each), cash) for each, cash in found if cash is not None]
    if not told:
        return None
    over = "a week" if weekly else "in the window"
    return chart_of(
        "savings",
        f"Cash saved {over}, each alone",
        f"USD that each recommendation would save {over} by itself; the line is the 95 % interval.",
        _intervals(told, f"USD {over}"),
        ("change", "cash"),
        [(name, Interval(cash, "USD", "")) for name, cash in told],
    )


def objectives(workload: WorkloadMap) -> Chart | None:
    """The part of requests within each objective, and the part that it asks for."""
    found = [
        (f"{each.request_class} {one.metric}", one.met_ratio, one.level, one.observed)
        for each in workload.objectives
        for one in each.objectives
        if one.met_ratio is not None
    ]
    if not found:
        return None
    values = [{"name": label(name), "met": met, "level": level} for name, met, level, _ in found]
    base = data(values[:MOST_ROWS])
    bars = base.mark_bar(color=COLOURS[0]).encode(
        y=rows_axis("name"),
        x=alt.X("met:Q", title="requests within the objective", axis=alt.Axis(format="%")),
    )
    ticks = base.mark_tick(color=INK, thickness=3).encode(y=rows_axis("name"), x="level:Q")
    return chart_of(
        "objectives",
        "Requests within their objectives",
        "The part of requests that met each objective; the mark is the part that was promised.",
        tall(bars + ticks, len(values)),
        ("objective", "met", "promised", "requests"),
        [(name, ratio(met), ratio(level), count(observed)) for name, met, level, observed in found],
    )


def queues(workload: WorkloadMap) -> Chart | None:
    """Calls that wait at each pool: median, 95th percentile, most."""
    found = [(each.pool, each.depth) for each in workload.queues if each.depth is not None]
    if not found:
        return None
    values = [
        {"name": label(pool), "p50": depth.p50, "p95": depth.p95, "max": depth.max} for pool, depth in found
    ]
    base = data(values[:MOST_ROWS])
    rule = base.mark_rule(color=INK).encode(
        y=rows_axis("name"), x=alt.X("p50:Q", title="calls waiting"), x2="max:Q"
    )
    point = base.mark_point(filled=True, size=70, color=COLOURS[0]).encode(y=rows_axis("name"), x="p95:Q")
    return chart_of(
        "queues",
        "Calls that wait, by pool",
        "Queue depth weighted by time: from the median to the most, with a point at the 95th percentile.",
        tall(rule + point, len(values)),
        ("pool", "p50", "p95", "most"),
        [(pool, count(depth.p50), count(depth.p95), count(depth.max)) for pool, depth in found],
    )


def cached_input(analysis: Analysis) -> Chart | None:
    """The part of input tokens that was read from a prompt cache, by class."""
    found = [
        (each.request_class, each.tokens.cached_input_ratio)
        for each in analysis.classes
        if each.tokens.cached_input_ratio is not None
    ]
    if not found:
        return None
    values = [{"name": label(name), "part": part} for name, part in found]
    bars = (
        data(values[:MOST_ROWS])
        .mark_bar(color=COLOURS[0])
        .encode(
            y=rows_axis("name"),
            x=alt.X(
                "part:Q",
                title="input tokens read from a cache",
                axis=alt.Axis(format="%"),
                scale=alt.Scale(domain=[0, 1]),
            ),
        )
    )
    return chart_of(
        "cached-input",
        "Input tokens read from a prompt cache",
        "The part of the input tokens of each class that was read from a prompt cache.",
        tall(bars, len(values)),
        ("class", "cached input"),
        [(name, ratio(part)) for name, part in found],
    )


def use_of_pools(analysis: Analysis) -> Chart | None:
    """What the replica seconds of each pool were used for."""
    found = [(each.pool, one) for each in analysis.pools for one in each.use]
    if not found:
        return None
    kinds = list(dict.fromkeys(one.kind for _, one in found))
    values = [{"name": label(pool), "use": one.kind, "part": one.ratio} for pool, one in found]
    bars = (
        data(values)
        .mark_bar()
        .encode(
            y=rows_axis("name"),
            x=alt.X("part:Q", title="replica seconds", axis=alt.Axis(format="%"), stack="zero"),
            color=coloured("use:N", kinds),
        )
    )
    return chart_of(
        "use-of-pools",
        "What replicas were used for",
        "The replica seconds of each pool by what came of them.",
        tall(bars, len({pool for pool, _ in found})),
        ("pool", "use", "part", "time"),
        [(pool, one.kind, ratio(one.ratio), seconds(one.seconds)) for pool, one in found],
    )


def _cash(advice: Recommendation, *, is_weekly: bool) -> Estimate | None:
    return advice.cash_usd_per_week if is_weekly else advice.cash_usd


def _intervals(found: Sequence[tuple[str, Estimate]], title: str) -> Drawing:
    values = [
        {"name": label(name), "low": each.low, "mid": each.mid, "high": each.high} for name, each in found
    ]
    base = data(values[:MOST_ROWS])
    lines = base.mark_rule(color=INK, strokeWidth=2).encode(
        y=rows_axis("name"), x=alt.X("low:Q", title=title), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=70, color=COLOURS[0], opacity=1).encode(
        y=rows_axis("name"), x="mid:Q"
    )
    return tall(lines + points, len(values))
