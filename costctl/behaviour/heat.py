"""Where does waste gather, and when does load come?

In: the waste in the stages, or the requests. Out: ``WasteMap`` (class × stage) and ``LoadMap`` (hour of the day ×
class). Every cell is a sum over whole nanoseconds, requests or tokens, so that rows and columns add up exactly.
"""

from __future__ import annotations

import polars as pl

from costctl.behaviour.bottleneck import StageSum
from costctl.documents.workload_map import LoadMap, LoadRow, WasteMap, WasteRow
from costctl.frames.traffic import Traffic
from costctl.segment.unreported import has_tokens
from costctl.units import NS_PER_S


def waste_map(classes: tuple[str, ...], sums: dict[str, tuple[StageSum, ...]]) -> WasteMap:
    """The map, stages with most waste first; stages in which nothing can be told are left out."""
    totals: dict[str, int] = {}
    for stages in sums.values():
        for each in stages:
            if each.waste_ns is not None:
                totals[each.stage] = totals.get(each.stage, 0) + each.waste_ns
    order = tuple(sorted(totals, key=lambda stage: (-totals[stage], stage)))
    return WasteMap(stages=order, rows=tuple(_waste_row(name, order, sums.get(name, ())) for name in classes))


def _waste_row(name: str, order: tuple[str, ...], stages: tuple[StageSum, ...]) -> WasteRow:
    waste_ns = {each.stage: each.waste_ns for each in stages}
    total_ns = sum(each.self_ns for each in stages)
    unknown = {each.stage: each.unknown_requests for each in stages}
    cells = [waste_ns.get(stage) for stage in order]
    return WasteRow(
        request_class=name,
        seconds=tuple(None if cell is None else cell / NS_PER_S for cell in cells),
        share_ratio=tuple(None if cell is None or not total_ns else cell / total_ns for cell in cells),
        unknown_requests=tuple(unknown.get(stage, 0) for stage in order),
    )


def _unreported(traffic: Traffic) -> dict[tuple[str, int | None], int]:
    """(class, hour of the request's start) → calls that do not report all of their tokens."""
    calls = traffic.calls.filter(~has_tokens()).select("request_id")
    counted = traffic.placed(calls).join(traffic.requests.select("request_id", "hour_utc"), on="request_id")
    return {
        (name, hour): count
        for name, hour, count in counted.group_by("request_class", "hour_utc").len().iter_rows()
    }


def load_map(classes: tuple[str, ...], traffic: Traffic) -> LoadMap:
    """The map. Only hours in which requests started are in it."""
    tokens = pl.sum_horizontal("input_tokens", "output_tokens")
    is_known = pl.col("input_tokens").is_not_null() | pl.col("output_tokens").is_not_null()
    cells = (
        traffic.placed(traffic.requests)
        .group_by("request_class", "hour_utc")
        .agg(
            pl.len().cast(pl.Int64).alias("requests"),
            pl.when(is_known.any()).then(tokens.sum()).cast(pl.Int64).alias("tokens"),
        )
    )
    hours = tuple(cells["hour_utc"].unique().sort(nulls_last=True))
    found = {(name, hour): (count, sum_) for name, hour, count, sum_ in cells.iter_rows()}
    unreported = _unreported(traffic)
    return LoadMap(
        busiest_requests=max((requests for requests, _ in found.values()), default=0),
        busiest_tokens=max((sum_ or 0 for _, sum_ in found.values()), default=0),
        hours_utc=hours,
        rows=tuple(
            LoadRow(
                request_class=name,
                requests=tuple(found.get((name, hour), (0, None))[0] for hour in hours),
                tokens=tuple(found.get((name, hour), (0, None))[1] for hour in hours),
                calls_without_tokens=tuple(unreported.get((name, hour), 0) for hour in hours),
            )
            for name in classes
        ),
    )
