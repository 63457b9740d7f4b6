"""The heat maps of the workload map: waste by class and stage, load by hour and class."""

from __future__ import annotations

from costctl.documents.workload_map import LoadMap, WasteMap, WorkloadMap
from costctl.render.numbers import at_least, short, stage_name
from costctl.render.tables import Cell, HeatMap, Section

_WASTE_LEVELS = (0.01, 0.05, 0.15, 0.3)  # part of the class's time from which on a shade is used
_LOAD_LEVELS = (0.05, 0.25, 0.5, 0.75)  # part of the busiest cell
_NOTHING = Cell("·", 0)


def sections(document: WorkloadMap) -> list[Section]:
    """The maps that have a cell."""
    parts: list[Section] = []
    if document.waste.stages:
        parts.append(_waste(document.waste))
    if document.load.hours_utc:
        parts += [_load(document.load, "requests"), _load(document.load, "tokens")]
    return parts


def _waste(waste: WasteMap) -> HeatMap:
    rows = tuple(
        (
            row.request_class,
            tuple(
                _NOTHING
                if part is None
                else Cell(at_least(f"{part:.1%}", untold), _level(part, _WASTE_LEVELS))
                for part, untold in zip(row.share_ratio, row.unknown_requests, strict=True)
            ),
        )
        for row in waste.rows
    )
    return HeatMap(
        "Heat map of waste: class by stage",
        "class",
        tuple(stage_name(stage) for stage in waste.stages),
        rows,
        "Part of the class's time wasted in the stage: ░ from 1 %, ▒ 5 %, ▓ 15 %, █ 30 %; · not seen or not told.",
    )


def _load(load: LoadMap, what: str) -> HeatMap:
    values = {row.request_class: row.requests if what == "requests" else row.tokens for row in load.rows}
    missing = {
        row.request_class: row.calls_without_tokens if what == "tokens" else (0,) * len(row.requests)
        for row in load.rows
    }
    most = max((value or 0 for row in values.values() for value in row), default=0)
    hours = tuple("no start" if hour is None else f"{hour:02d}h" for hour in load.hours_utc)
    rows = tuple(
        (
            name,
            tuple(
                Cell(at_least(short(value), untold), _level(value / most, _LOAD_LEVELS))
                if value
                else _NOTHING
                for value, untold in zip(row, missing[name], strict=True)
            ),
        )
        for name, row in values.items()
    )
    return HeatMap(
        f"Heat map of load: {what} by class and hour of the day (UTC)",
        "class",
        hours,
        rows,
        "░ from 5 % of the busiest cell, ▒ 25 %, ▓ 50 %, █ 75 %; · none.",
    )


def _level(part: float, bounds: tuple[float, ...]) -> int:
    return sum(part >= bound for bound in bounds)
