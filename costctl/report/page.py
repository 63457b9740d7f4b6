"""The weekly review as one HTML page: nothing is loaded, nothing runs, and all text is escaped.

In: the document of the report. Out: the text of the page. Charts are SVG in the page's own colours, so that the page
needs no script; its policy forbids any (Content-Security-Policy).
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from costctl.documents.report import Report
from costctl.legible import in_one_line, legible
from costctl.render.cells import Cell, Interval, Quantity
from costctl.render.sections import Facts, HeatMap, Listing, Notes, Section, Table, heat_text, level
from costctl.report.chapters import chapters, first_screen, heading, warnings

_CODE: Final = re.compile(r"`([^`]+)`")
_LONGEST: Final = 160  # characters of a text in a cell; the document has all
_KINDS: Final = {Table: "table", Notes: "notes", Listing: "listing", HeatMap: "heat", Facts: "facts"}


def as_page(report: Report) -> str:
    """The page."""
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            heading=heading(report),
            warnings=warnings(report),
            cards=first_screen(report),
            chapters=chapters(report),
            style=Markup(_style()),
        )
    )


@cache
def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("costctl.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"cell": cell, "prose": prose, "kind": kind, "heat": heat_text, "plain": _plain}
    found.globals["level"] = level
    return found


def _style() -> str:
    return (resources.files("costctl.report") / "templates" / "page.css").read_text("utf-8")


def kind(section: Section) -> str:
    """Which part of the template lays it out."""
    return _KINDS[type(section)]


def cell(found: Cell) -> Markup:
    """A cell as people read it; a number carries its every digit, for machines (the ``data`` element of HTML)."""
    said = escape(_short(str(found)))
    match found:
        case Quantity(value=float() | int() as value):
            return Markup('<data value="{}">{}</data>').format(repr(value), said)
        case Interval(estimate=estimate) if estimate is not None:
            return Markup('<data value="{}" data-low="{}" data-high="{}">{}</data>').format(
                repr(estimate.mid), repr(estimate.low), repr(estimate.high), said
            )
        case _:
            return said


def prose(text: str) -> Markup:
    """A sentence, its code in a typeface of its own."""
    parts = _CODE.split(legible(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


def _plain(text: str) -> str:
    return _short(text)


def _short(text: str) -> str:
    said = in_one_line(text)
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"
