"""A chart as SVG that stands in a page: in the page's own colours, by day and by night, without any script.

In: a chart of altair. Out: its SVG, drawn by Vega (vl-convert). Colours are CSS variables, which the page sets.
"""

from __future__ import annotations

from typing import Final

import altair as alt
import vl_convert

INK: Final = "var(--ink)"
_LINE: Final = "var(--line)"
COLOURS: Final = tuple(f"var(--c{number})" for number in range(1, 9))
_FONT: Final = "system-ui, sans-serif"
# Labels are measured in one typeface and shown in the reader's: a wider one has room to the left.
_PADDING: Final = {"left": 32, "right": 16, "top": 2, "bottom": 2}


def drawn(chart: alt.Chart | alt.LayerChart) -> str:
    """The SVG."""
    styled = (
        chart.configure(background="transparent", font=_FONT, padding=_PADDING)
        .configure_axis(
            labelColor=INK,
            titleColor=INK,
            titleFontWeight="normal",
            gridColor=_LINE,
            domainColor=_LINE,
            tickColor=_LINE,
            labelFontSize=12,
            titleFontSize=12,
        )
        .configure_legend(labelColor=INK, titleColor=INK, labelFontSize=12)
        .configure_header(labelColor=INK, labelFontSize=12)
        .configure_view(stroke=None)
    )
    svg: str = vl_convert.vegalite_to_svg(styled.to_dict())
    return svg
