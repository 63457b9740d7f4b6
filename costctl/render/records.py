"""A section for machines: plain values under column names that say their unit, from the cells that people read.

In: a table or a heat map. Out: ``Records``. A quantity without a value is None; an interval has a column for each bound
and one for its mid; a number that may be a bound has a column ``…_bound`` (exact, at least, at most) beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from costctl.render.cells import Cell, Plain, plain
from costctl.render.sections import HeatMap, Table

_BRACKETS: Final = re.compile(r"\([^)]*\)")
_OTHERS: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Records:
    """columns: names, each once.  rows: a value for each column, None where there is none."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Plain, ...], ...]


def records(section: Table | HeatMap) -> Records:
    """The section's rows. Raises ValueError where two columns would have one name."""
    columns, rows = _of_map(section) if isinstance(section, HeatMap) else (section.columns, section.rows)
    told: list[dict[str, Plain]] = [{} for _ in rows]
    names: list[str] = []
    for place, title in enumerate(columns):
        key, own = column_key(title), dict[str, None]()
        for row, record in zip(rows, told, strict=True):
            values = {_named(key, end): value for end, value in plain(row[place]).items()}
            own |= dict.fromkeys(values)
            record |= values
        if not own.keys().isdisjoint(names):
            raise ValueError(f"{section.title}: two columns are called {', '.join(own.keys() & {*names})}")
        names.extend(own)
    return Records(tuple(names), tuple(_row(names, record) for record in told))


def column_key(title: str) -> str:
    """A head of a column as a name: "TTFT p95" is ttft_p95; what stands in brackets is left out."""
    return _OTHERS.sub("_", _BRACKETS.sub("", title.lower().replace("#", "number"))).strip("_")


def _named(key: str, end: str) -> str:
    """The unit is not said twice: tokens_in has no suffix, and neither has usd_per_1m."""
    unit, _, rest = end.removeprefix("_").partition("_")
    return f"{key}_{rest}".rstrip("_") if unit and unit in key.split("_") else f"{key}{end}"


def _row(names: list[str], record: Mapping[str, Plain]) -> tuple[Plain, ...]:
    return tuple(record.get(name) for name in names)


def _of_map(section: HeatMap) -> tuple[tuple[str, ...], tuple[tuple[Cell, ...], ...]]:
    return (section.corner, *section.columns), tuple((name, *cells) for name, cells in section.rows)
