"""What is drawn? One function a chart, from a document to a drawing with its numbers in a table beside it.

In: the documents of a report. Out: ``Chart``, or None where what it would show was not observed. Numbers are those of
the documents as they are: a chart adds none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import altair as alt

from costctl.documents.analysis import Analysis
from costctl.documents.estimate import Estimate
from costctl.documents.recommendations import Recommendation, Recommendations
from costctl.documents.workload_map import WorkloadMap
from costctl.legible import in_one_line
from costctl.render.cells import Interval, Row, count, ratio, seconds, usd
from costctl.render.recommendation_words import in_words
from costctl.render.sections import Table
from costctl.report.drawn import COLOURS, INK, drawn

MOST_DRAWN: Final = len(COLOURS)
_LONGEST_LABEL: Final = 36
_WIDTH: Final = 560
_ROW: Final = 26
_DAY_AND_TIME: Final = (
    "slice(datum.label, 5, 10) + ' ' + slice(datum.label, 11, 16)"  # of an instant in RFC 3339
)
Drawing = alt.Chart | alt.LayerChart


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing. svg: of it.  alt: what it shows, a sentence.  table: all of its numbers, and those of what there was
    no room for.
    """

    id: str
    title: str
    alt: str
    svg: str
    table: Table


def spend_over_time(analysis: Analysis) -> Chart | None:
    """USD by time and class; a mark for all together."""
    timeline = analysis.timeline
    if timeline is None or len(timeline.slots) < 2:
        return None
    shown = [each for each in timeline.classes if each.request_class is not None][:MOST_DRAWN]
    bars = [
        {"from": slot.from_, "class": _label(str(series.request_class)), "usd": amount}
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
    order = [_label(str(each.request_class)) for each in shown]
    time = alt.X(
        "from:O", title=None, axis=alt.Axis(labelExpr=_DAY_AND_TIME, labelAngle=0, labelOverlap=True)
    )
    stacked = (
        _of(bars)
        .mark_bar()
        .encode(
            x=time,
            y=alt.Y("usd:Q", title="USD", stack="zero"),
            color=_coloured("class:N", order),
            order=alt.Order("class:N"),
        )
    )
    ticks = _of(totals).mark_tick(color=INK, thickness=2).encode(x=time, y=alt.Y("usd:Q", title="USD"))
    names = ["all", *(str(each.request_class) for each in timeline.classes)]
    rows: list[Row] = [
        (slot.from_, *(usd(series.usd[place]) for series in (timeline.total, *timeline.classes)))
        for place, slot in enumerate(timeline.slots)
    ]
    left_out = len(timeline.classes) - len(shown)
    more = f" {left_out} smaller classes are in the table only." if left_out else ""
    return _chart(
        "spend-over-time",
        "Spend over time",
        f"USD by time, stacked by class; a line across each bar is the sum of all classes.{more}",
        (stacked + ticks).properties(width=_WIDTH, height=200),
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
    return _chart(
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
    return _chart(
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
    values = [{"name": _label(name), "met": met, "level": level} for name, met, level, _ in found]
    base = _of(values[:MOST_ROWS])
    bars = base.mark_bar(color=COLOURS[0]).encode(
        y=_rows_axis("name"),
        x=alt.X("met:Q", title="requests within the objective", axis=alt.Axis(format="%")),
    )
    ticks = base.mark_tick(color=INK, thickness=3).encode(y=_rows_axis("name"), x="level:Q")
    return _chart(
        "objectives",
        "Requests within their objectives",
        "The part of requests that met each objective; the mark is the part that was promised.",
        _tall(bars + ticks, len(values)),
        ("objective", "met", "promised", "requests"),
        [(name, ratio(met), ratio(level), count(observed)) for name, met, level, observed in found],
    )


def queues(workload: WorkloadMap) -> Chart | None:
    """Calls that wait at each pool: median, 95th percentile, most."""
    found = [(each.pool, each.depth) for each in workload.queues if each.depth is not None]
    if not found:
        return None
    values = [
        {"name": _label(pool), "p50": depth.p50, "p95": depth.p95, "max": depth.max} for pool, depth in found
    ]
    base = _of(values[:MOST_ROWS])
    rule = base.mark_rule(color=INK).encode(
        y=_rows_axis("name"), x=alt.X("p50:Q", title="calls waiting"), x2="max:Q"
    )
    point = base.mark_point(filled=True, size=70, color=COLOURS[0]).encode(y=_rows_axis("name"), x="p95:Q")
    return _chart(
        "queues",
        "Calls that wait, by pool",
        "Queue depth weighted by time: from the median to the most, with a point at the 95th percentile.",
        _tall(rule + point, len(values)),
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
    values = [{"name": _label(name), "part": part} for name, part in found]
    bars = (
        _of(values[:MOST_ROWS])
        .mark_bar(color=COLOURS[0])
        .encode(
            y=_rows_axis("name"),
            x=alt.X(
                "part:Q",
                title="input tokens read from a cache",
                axis=alt.Axis(format="%"),
                scale=alt.Scale(domain=[0, 1]),
            ),
        )
    )
    return _chart(
        "cached-input",
        "Input tokens read from a prompt cache",
        "The part of the input tokens of each class that was read from a prompt cache.",
        _tall(bars, len(values)),
        ("class", "cached input"),
        [(name, ratio(part)) for name, part in found],
    )


def use_of_pools(analysis: Analysis) -> Chart | None:
    """What the replica seconds of each pool were used for."""
    found = [(each.pool, one) for each in analysis.pools for one in each.use]
    if not found:
        return None
    kinds = list(dict.fromkeys(one.kind for _, one in found))
    values = [{"name": _label(pool), "use": one.kind, "part": one.ratio} for pool, one in found]
    bars = (
        _of(values)
        .mark_bar()
        .encode(
            y=_rows_axis("name"),
            x=alt.X("part:Q", title="replica seconds", axis=alt.Axis(format="%"), stack="zero"),
            color=_coloured("use:N", kinds),
        )
    )
    return _chart(
        "use-of-pools",
        "What replicas were used for",
        "The replica seconds of each pool by what came of them.",
        _tall(bars, len({pool for pool, _ in found})),
        ("pool", "use", "part", "time"),
        [(pool, one.kind, ratio(one.ratio), seconds(one.seconds)) for pool, one in found],
    )


MOST_ROWS: Final = 24  # of a drawing; the table has all


def _cash(advice: Recommendation, *, is_weekly: bool) -> Estimate | None:
    return advice.cash_usd_per_week if is_weekly else advice.cash_usd


def _of(values: Sequence[dict[str, Any]]) -> alt.Chart:
    return alt.Chart({"values": [*values]})


def _label(name: str) -> str:
    """A name as it stands at an axis."""
    said = in_one_line(name)
    return said if len(said) <= _LONGEST_LABEL else f"{said[: _LONGEST_LABEL - 1]}…"


def _rows_axis(field: str) -> alt.Y:
    return alt.Y(f"{field}:N", title=None, sort=None, axis=alt.Axis(labelLimit=240, ticks=False))


def _coloured(field: str, names: Sequence[str]) -> alt.Color:
    colours = [COLOURS[place % len(COLOURS)] for place in range(len(names))]
    legend = alt.Legend(title=None, orient="bottom", columns=4, labelLimit=200)
    return alt.Color(field, scale=alt.Scale(domain=[*names], range=colours), legend=legend)


def _intervals(found: Sequence[tuple[str, Estimate]], title: str) -> Drawing:
    values = [
        {"name": _label(name), "low": each.low, "mid": each.mid, "high": each.high} for name, each in found
    ]
    base = _of(values[:MOST_ROWS])
    lines = base.mark_rule(color=INK, strokeWidth=2).encode(
        y=_rows_axis("name"), x=alt.X("low:Q", title=title), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=70, color=COLOURS[0], opacity=1).encode(
        y=_rows_axis("name"), x="mid:Q"
    )
    return _tall(lines + points, len(values))


def _tall(drawing: Drawing, rows: int) -> Drawing:
    found: Drawing = drawing.properties(width=_WIDTH, height=_ROW * min(rows, MOST_ROWS))
    return found


def _chart(
    name: str, title: str, said: str, drawing: Drawing, columns: tuple[str, ...], rows: Sequence[Row]
) -> Chart:
    return Chart(
        name, title, said, drawn(drawing), Table(title, columns, tuple(rows), frozenset(columns[:1]))
    )
