"""Of what is a chart made? What all charts of the page share: numbers beside the drawing, names, rows, colours.

In: values and marks. Out: ``Chart``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import altair as alt

from costctl.legible import in_one_line
from costctl.render.cells import Row
from costctl.render.sections import Table
from costctl.report.drawn import COLOURS, drawn

MOST_DRAWN: Final = len(COLOURS)
MOST_ROWS: Final = 24  # of a drawing; the table has all
WIDTH: Final = 560
DAY_AND_TIME: Final = (
    "slice(datum.label, 5, 10) + ' ' + slice(datum.label, 11, 16)"  # of an instant in RFC 3339
)
_ROW: Final = 26
_LONGEST_LABEL: Final = 36
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


def data(values: Sequence[dict[str, Any]]) -> alt.Chart:
    """A drawing of these values, without marks yet."""
    return alt.Chart({"values": [*values]})


def label(name: str) -> str:
    """A name as it stands at an axis."""
    said = in_one_line(name)
    return said if len(said) <= _LONGEST_LABEL else f"{said[: _LONGEST_LABEL - 1]}…"


def rows_axis(field: str) -> alt.Y:
    """A row for each name, in the order of the values."""
    return alt.Y(f"{field}:N", title=None, sort=None, axis=alt.Axis(labelLimit=240, ticks=False))


def coloured(field: str, names: Sequence[str]) -> alt.Color:
    """A colour for each name, with a legend below."""
    colours = [COLOURS[place % len(COLOURS)] for place in range(len(names))]
    legend = alt.Legend(title=None, orient="bottom", columns=4, labelLimit=200)
    return alt.Color(field, scale=alt.Scale(domain=[*names], range=colours), legend=legend)


def layered(*drawings: alt.Chart) -> alt.LayerChart:
    """One above the other, the first at the bottom."""
    return alt.LayerChart(layer=[*drawings])


def tall(drawing: Drawing, rows: int) -> Drawing:
    """The drawing with room for so many rows."""
    found: Drawing = drawing.properties(width=WIDTH, height=_ROW * min(rows, MOST_ROWS))
    return found


def chart_of(
    name: str, title: str, said: str, drawing: Drawing, columns: tuple[str, ...], rows: Sequence[Row]
) -> Chart:
    """The chart with these columns as its table. name: its id.  said: what it shows, a sentence."""
    return Chart(
        name, title, said, drawn(drawing), Table(title, columns, tuple(rows), frozenset(columns[:1]))
    )
