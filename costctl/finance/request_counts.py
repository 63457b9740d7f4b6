"""How many requests are behind the lines of a file, so that they add up?

In: the lines in the order of the file, and the relation class_day. Out: the same lines, each request counted on one
of them: the first of its day, class and tenant; where these have none, the first of its day and class, or of its class.
What has no price has no line: requests of a class without any are counted nowhere.

    Σ requests over lines = requests of the classes that have a line
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from datetime import date, timedelta

import polars as pl

from costctl.finance.line import Line

_EPOCH = date(1970, 1, 1)


def with_requests(
    lines: Sequence[Line], class_day: pl.DataFrame, name_of: Callable[[str | None], str | None]
) -> tuple[Line, ...]:
    """The lines with their requests and successes: 0 on a class's other lines, None on those of no class.

    name_of: how a tenant is written.
    """
    first = _first_places(lines)
    counts = {place: (0, 0) for place, line in enumerate(lines) if line.whose.request_class is not None}
    for days, request_class, tenant, requests, successes in class_day.iter_rows():
        day = _EPOCH + timedelta(days=days)
        keys = ((day, request_class, name_of(tenant)), (day, request_class), (request_class,))
        place = next((first[key] for key in keys if key in first), None)
        if place is not None:
            held = counts[place]
            counts[place] = (held[0] + requests, held[1] + successes)
    return tuple(
        replace(line, requests=counts[place][0], successes=counts[place][1]) if place in counts else line
        for place, line in enumerate(lines)
    )


def _first_places(lines: Sequence[Line]) -> dict[Hashable, int]:
    """Where the first line of each day, class and tenant stands, of each day and class, and of each class."""
    first: dict[Hashable, int] = {}
    for place, line in enumerate(lines):
        request_class = line.whose.request_class
        if request_class is not None:
            for key in (
                (line.day, request_class, line.whose.tenant),
                (line.day, request_class),
                (request_class,),
            ):
                first.setdefault(key, place)
    return first
