"""What is drawn of pools? One function a chart, from a document to a drawing with its numbers in a table beside it.

In: the documents of a report. Out: ``Chart``, or None where what it would show was not observed. Numbers are those of
the documents as they are: a chart adds none.
"""

from __future__ import annotations

from typing import Any, Final

import altair as alt

from costctl.documents.recommendations import Recommendation, Recommendations
from costctl.documents.reuse import MissRatio, ReuseCurve
from costctl.documents.tried import TriedSetting, TriedSettings
from costctl.documents.workload_map import WorkloadMap
from costctl.render.reuse import REFERENCES, in_words, reuse_tables, size_in_words, whose_memory
from costctl.render.sections import Table
from costctl.render.tried import (
    FEWEST_SHOWN,
    TEXT_COLUMNS,
    axes_in_words,
    columns_of,
    cost_in_words,
    latency_in_words,
    rows_of,
    told_usd,
    whose_settings,
)
from costctl.render.workload_depth import depth_table
from costctl.report.drawing import DAY_AND_TIME, MOST_DRAWN, WIDTH, Chart, data, label, layered
from costctl.report.drawn import COLOURS, INK, drawn

_STRIP: Final = 56  # px, of one pool
_TALL: Final = 200  # px
_MOST_FRONTIERS: Final = 6
_MOST_CURVES: Final = 6
_NEAR: Final = 0.7  # of the objective: where nothing comes so close its line would leave the points no room
_TRIED: Final = {
    "as today": (INK, "diamond"),
    "advised": (COLOURS[2], "square"),
    "frontier": (COLOURS[0], "circle"),
    "keeps the objectives": (COLOURS[7], "circle"),
    "misses one": (COLOURS[1], "cross"),
}


def depth_over_time(workload: WorkloadMap) -> Chart | None:
    """Calls that wait at each pool, over time; of pools where none waited nothing is drawn."""
    found = workload.depth_over_time
    if found is None or len(found.slots) < 2:
        return None
    shown = [each for each in found.pools if any(each.mean)][:MOST_DRAWN]
    if not shown:
        return None
    values = [
        {"from": slot.from_, "pool": label(each.pool), "mean": mean}
        for each in shown
        for slot, mean in zip(found.slots, each.mean, strict=True)
    ]
    strips = (
        data(values)
        .mark_bar(color=COLOURS[0], binSpacing=0)
        .encode(
            x=alt.X(
                "from:O",
                title=None,
                scale=alt.Scale(paddingInner=0.1),
                axis=alt.Axis(labelExpr=DAY_AND_TIME, labelAngle=0, labelOverlap=True, ticks=False),
            ),
            y=alt.Y("mean:Q", title=None, axis=alt.Axis(tickCount=3)),
            row=alt.Row(
                "pool:N",
                title=None,
                sort=[label(each.pool) for each in shown],
                header=alt.Header(labelOrient="top", labelAnchor="start", labelPadding=2),
            ),
        )
        .properties(width=WIDTH, height=_STRIP)
        .resolve_scale(y="independent")
    )
    left_out = len(found.pools) - len(shown)
    more = f" {left_out} other pools are in the table only." if left_out else ""
    return Chart(
        "depth-over-time",
        "Calls that wait, over time",
        f"Mean queue depth by time, a strip for each pool, each with its own scale.{more}",
        drawn(strips),
        depth_table(found),
    )


def frontiers(advice: Recommendations) -> tuple[Chart, ...]:
    """Cost against latency of what was tried, of the first pieces of advice that tried several settings."""
    found = [
        (each, each.tried)
        for each in advice.recommendations
        if each.tried is not None and len(each.tried.settings) >= FEWEST_SHOWN
    ]
    return tuple(
        _frontier(f"tried-{place}", each, tried)
        for place, (each, tried) in enumerate(found[:_MOST_FRONTIERS], 1)
    )


def _frontier(name: str, advice: Recommendation, tried: TriedSettings) -> Chart:
    marked_last = sorted(tried.settings, key=lambda each: each.tried_as != "other")
    values = [
        {
            "usd": told_usd(each),
            "latency": each.latency_s,
            "shown": _shown_as(each),
            "frontier": each.is_on_frontier,
        }
        for each in marked_last
        if each.latency_s is not None
    ]
    is_near = any(each.latency_s >= _NEAR * tried.target_s for each in tried.settings if each.latency_s)
    line, points = _scatter(values, cost_in_words(tried), latency_in_words(tried))
    target = [_dashed(tried.target_s)] if is_near else []
    title = f"Cost against latency: {whose_settings(advice)}"
    line_at = ", the dashed line" if is_near else ""
    return Chart(
        name,
        title,
        f"Each point is a setting that was replayed: {axes_in_words(tried)}{line_at}. The stepped line joins the "
        "frontier: of what keeps every objective nothing is both cheaper and faster.",
        drawn(layered(*target, line, points).properties(width=WIDTH, height=_TALL)),
        Table(title, columns_of(tried), rows_of(tried.settings), TEXT_COLUMNS),
    )


def _scatter(values: list[dict[str, Any]], cost: str, latency: str) -> tuple[alt.Chart, alt.Chart]:
    """The line of those on the frontier, and all points. cost, latency: titles of the axes."""
    few = alt.Axis(tickCount=5, labelOverlap=True)
    x = alt.X("usd:Q", title=cost, scale=alt.Scale(zero=False), axis=few)
    y = alt.Y("latency:Q", title=latency, scale=alt.Scale(zero=False), axis=few)
    line = (
        data(values)
        .transform_filter("datum.frontier")
        .mark_line(interpolate="step-after", color=COLOURS[0], strokeWidth=1.5)
        .encode(x=x, y=y)
    )
    kinds = [each for each in _TRIED if any(value["shown"] == each for value in values)]
    colours, shapes = zip(*(_TRIED[each] for each in kinds), strict=True)
    legend = alt.Legend(title=None, orient="bottom", columns=5, symbolSize=70)
    points = (
        data(values)
        .mark_point(filled=True, size=80, opacity=1)
        .encode(
            x=x,
            y=y,
            color=alt.Color("shown:N", scale=alt.Scale(domain=kinds, range=[*colours]), legend=legend),
            shape=alt.Shape("shown:N", scale=alt.Scale(domain=kinds, range=[*shapes]), legend=legend),
        )
    )
    return line, points


def _dashed(target_s: float) -> alt.Chart:
    """The line of the objective."""
    found: alt.Chart = (
        data([{"target": target_s}])
        .mark_rule(color=COLOURS[1], strokeDash=[6, 4])
        .encode(y=alt.Y("target:Q"))
    )
    return found


def _shown_as(each: TriedSetting) -> str:
    if each.tried_as != "other":
        return "as today" if each.tried_as == "today" else "advised"
    if each.is_on_frontier:
        return "frontier"
    return "keeps the objectives" if each.is_kept else "misses one"


def miss_ratios(advice: Recommendations) -> tuple[Chart, ...]:
    """What memories of other sizes would have missed, of the first pieces of advice that looked at it."""
    found = [(each, each.reuse) for each in advice.recommendations if each.reuse is not None]
    charts = zip(found[:_MOST_CURVES], reuse_tables(advice), strict=False)
    return tuple(
        Chart(
            f"reuse-{place}",
            f"Misses by size: {whose_memory(each)}",
            f"The part of {REFERENCES[curve.references_to]} that one memory would have missed, by its size. Of "
            f"{in_words(curve)}.",
            drawn(_misses(curve)),
            table,
        )
        for place, ((each, curve), table) in enumerate(charts, 1)
    )


def _misses(curve: ReuseCurve) -> alt.LayerChart:
    """The steps, and a mark at today's size."""
    x = alt.X(
        "size:Q",
        title=size_in_words(curve),
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(format="~s", tickCount=6, labelOverlap=True),
    )
    y = alt.Y(
        "missed:Q",
        title=f"{REFERENCES[curve.references_to]} missed",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format="%", tickCount=5),
    )
    today = [] if curve.today is None else [_size_and_missed(curve.today)]
    steps = [*today, *(_size_and_missed(each) for each in curve.points)]
    line = data(steps).mark_line(interpolate="step-after", color=COLOURS[0]).encode(x=x, y=y)
    point = data(today).mark_point(filled=True, size=80, shape="diamond", color=INK, opacity=1)
    said = data(today).mark_text(dy=-12, color=INK, text="today")
    return layered(line, *(each.encode(x=x, y=y) for each in (point, said) if today)).properties(
        width=WIDTH, height=_TALL
    )


def _size_and_missed(each: MissRatio) -> dict[str, Any]:
    return {"size": each.size, "missed": each.miss_ratio}
