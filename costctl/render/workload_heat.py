"""The heat maps of the workload map: waste by class and stage, load by hour and class."""

from __future__ import annotations

from typing import Final

from costctl.documents.workload_map import LoadMap, WasteMap, WorkloadMap
from costctl.render.cells import Quantity, count, ratio, tokens
from costctl.render.numbers import stage_name
from costctl.render.sections import HeatMap, Section

_WASTE_LEVELS: Final = (0.01, 0.05, 0.15, 0.3)  # part of the class's time from which on a shade is used
_LOAD_LEVELS: Final = (0.05, 0.25, 0.5, 0.75)  # part of the busiest cell


def sections(document: WorkloadMap) -> list[Section]:
    """The maps that have a cell."""
    parts: list[Section] = []
    if document.waste.stages:
        parts.append(_waste(document.waste))
    if document.load.hours_utc:
        parts.extend([_requests(document.load), _tokens(document.load)])
    return parts


def _waste(waste: WasteMap) -> HeatMap:
    rows = tuple(
        (
            row.request_class,
            tuple(
                ratio(part).at_least(unknown)
                for part, unknown in zip(row.share_ratio, row.unknown_requests, strict=True)
            ),
        )
        for row in waste.rows
    )
    return HeatMap(
        "Heat map of waste: class by stage",
        "class",
        tuple(stage_name(stage) for stage in waste.stages),
        rows,
        _WASTE_LEVELS,
        "Part of the class's time wasted in the stage: ░ from 1 %, ▒ 5 %, ▓ 15 %, █ 30 %; · not observed.",
    )


def _requests(load: LoadMap) -> HeatMap:
    rows = tuple((row.request_class, tuple(count(number) for number in row.requests)) for row in load.rows)
    return _load(load, "requests", rows, load.busiest_requests)


def _tokens(load: LoadMap) -> HeatMap:
    rows = tuple(
        (
            row.request_class,
            tuple(
                tokens(number).at_least(missing)
                for number, missing in zip(row.tokens, row.calls_without_tokens, strict=True)
            ),
        )
        for row in load.rows
    )
    return _load(load, "tokens", rows, load.busiest_tokens)


def _load(
    load: LoadMap, what: str, rows: tuple[tuple[str, tuple[Quantity, ...]], ...], busiest: int
) -> HeatMap:
    return HeatMap(
        f"Heat map of load: {what} by class and hour of the day (UTC)",
        "class",
        tuple("no start" if hour is None else f"{hour:02d}h" for hour in load.hours_utc),
        rows,
        _LOAD_LEVELS,
        "░ from 5 % of the busiest cell, ▒ 25 %, ▓ 50 %, █ 75 %; · none.",
        busiest,
    )
